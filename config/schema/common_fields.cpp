#include "config/schema/common_fields.hpp"

#include "config/schema/text_shapes.hpp"

namespace metergate::schema {

ShapeFor<std::int64_t> tcp_port() {
    return integer(1, 65535);
}

Field id_field(Seal seal) {
    return {.key = "id",
            .label = "Id",
            .help = "Unique in the gateway, never reused; another id is another thing",
            .seal = seal,
            .required = true};
}

Field name_field() {
    return {.key = "name", .label = "Name", .help = "For people; may change at any time"};
}

}  // namespace metergate::schema
