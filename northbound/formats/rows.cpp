#include "northbound/formats/rows.hpp"

#include "northbound/native_encoder.hpp"

namespace metergate::northbound::formats {

std::string decimal_or_nothing(const std::optional<Milli>& value) {
    return value ? decimal_text(*value) : "";
}

std::string quality_text(const Row& row) {
    if (!row.revision) {
        return "MISSING";
    }
    std::string text;
    for (const std::string& name : names_of(row.flags)) {
        text += (text.empty() ? "" : "|") + name;
    }
    return text;
}

}  // namespace metergate::northbound::formats
