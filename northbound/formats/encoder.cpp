#include "northbound/formats/encoder.hpp"

#include "northbound/formats/encoders.hpp"

namespace metergate::northbound::formats {

const std::vector<std::string>& format_names() {
    static const std::vector<std::string> names{"csv", "ndjson", "cmep"};
    return names;
}

std::unique_ptr<Encoder> make_encoder(std::string_view format, const FileFacts& facts) {
    if (format == "csv") {
        return make_csv(facts);
    }
    if (format == "ndjson") {
        return make_ndjson(facts);
    }
    return format == "cmep" ? make_cmep(facts) : nullptr;
}

}  // namespace metergate::northbound::formats
