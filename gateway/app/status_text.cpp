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

std::int64_t number_at(const schema::Json& object, std::string_view key) {
    const schema::Json* value = object.find(key);
    const auto number = value == nullptr ? std::nullopt : value->as_number();
    return number ? static_cast<std::int64_t>(*number) : 0;
}

std::size_t items_at(const schema::Json& object, std::string_view key) {
    const schema::Json* list = object.find(key);
    return list == nullptr || list->as_array() == nullptr ? 0 : list->as_array()->size();
}

std::string character_errors_text(const schema::Json& port) {
    const auto count = [&](std::string_view key) {
        const schema::Json* number = port.find(key);
        return number == nullptr || number->is_null() ? std::string{}
                                                      : schema::write_compact(*number);
    };
    const std::string parity = count("parity_errors");
    return parity.empty() ? "character errors are not counted by the driver"
                          : fmt::format("{} parity errors, {} framing errors, {} overruns", parity,
                                        count("framing_errors"), count("overruns"));
}

std::string port_text(const schema::Json& port) {
    std::string text = "  serial port: " + character_errors_text(port);
    if (const auto* latency = port.string_at("latency"); latency != nullptr && !latency->empty()) {
        text += "; " + *latency;
    }
    if (const auto* how = port.string_at("direction"); how != nullptr && !how->empty()) {
        text += "; direction switched " + *how;
    }
    return text + "\n";
}

}  // namespace

std::string wire_lines(const schema::Json& line) {
    std::string text;
    if (const auto* port = line.find("serial_port"); port != nullptr && !port->is_null()) {
        text += port_text(*port);
    }
    if (const auto* echoes = line.find("echoes");
        echoes != nullptr && echoes->as_bool() != nullptr && *echoes->as_bool()) {
        text += "  the adapter has a local echo: it is taken out of each reply\n";
    }
    if (const auto* master = line.string_at("foreign_master");
        master != nullptr && !master->empty()) {
        text += "  another master asks on this wire: " + *master + "\n";
    }
    return text;
}

std::string line_heading(const schema::Json& line) {
    const std::string* id = line.string_at("line");
    const std::string* fault = line.string_at("fault");
    const std::string name = "line " + (id == nullptr ? std::string("-") : *id);
    return fault == nullptr ? name + ": up" + load_text(line) : name + ": DOWN: " + *fault;
}

std::string modbus_heading(const schema::Json* modbus) {
    const std::string* address = modbus == nullptr ? nullptr : modbus->string_at("address");
    if (address == nullptr) {
        return {};
    }
    const std::string name =
        fmt::format("modbus gateway {} port {}", *address, number_at(*modbus, "port"));
    if (const std::string* fault = modbus->string_at("fault")) {
        return name + ": DOWN: " + *fault;
    }
    const std::string* problem = modbus->string_at("last_problem");
    return fmt::format(
        "{}: {} clients; {} requests, {} answered ({} from the cache), {} exceptions of panels, {} "
        "refused{}",
        name, items_at(*modbus, "clients"), number_at(*modbus, "requests"),
        number_at(*modbus, "answered"), number_at(*modbus, "from_cache"),
        number_at(*modbus, "exceptions"), number_at(*modbus, "refused"),
        problem == nullptr || problem->empty() ? "" : "\nlast trouble with a client: " + *problem);
}

}  // namespace metergate::app
