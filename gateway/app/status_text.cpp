#include "gateway/app/status_text.hpp"

#include <fmt/format.h>

namespace metergate::app {
namespace {

/// Nothing of an older gateway, which does not tell.
std::string load_text(const schema::Json& line) {
    const schema::Json* load = line.find("load_percent");
    const schema::Json* used = line.find("wire_used_percent");
    if (load == nullptr || used == nullptr) {
        return {};
    }
    const bool overloaded = load->as_number().value_or(0) > 100;
    return fmt::format(", {:.0f} % loaded{}, wire in use {:.0f} %", load->as_number().value_or(0),
                       overloaded ? " (its panels are polled less often than set)" : "",
                       used->as_number().value_or(0));
}

}  // namespace

std::string line_heading(const schema::Json& line) {
    const std::string* id = line.string_at("line");
    const std::string* fault = line.string_at("fault");
    const std::string name = "line " + (id == nullptr ? std::string("-") : *id);
    return fault == nullptr ? name + ": up" + load_text(line) : name + ": DOWN: " + *fault;
}

}  // namespace metergate::app
