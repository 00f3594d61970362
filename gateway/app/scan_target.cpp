#include "gateway/app/scan_target.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <set>
#include <string_view>
#include <utility>

#include "southbound/modbus/rtu_line.hpp"
#include "southbound/profile.hpp"

namespace metergate::app {
namespace {

using schema::Parity;

struct Format {
    std::int64_t baud = 9600;
    Parity parity = Parity::none;
};

/// What meters leave the factory with first; then what they can be set to.
constexpr std::array<Format, 4> usual{
    {{9600, Parity::none}, {19'200, Parity::even}, {9600, Parity::even}, {19'200, Parity::none}}};
constexpr std::array<std::int64_t, 8> speeds{9600,   19'200, 38'400, 115'200,
                                             57'600, 4800,   2400,   1200};
constexpr std::array<Parity, 3> parities{Parity::none, Parity::even, Parity::odd};

/// Meters mostly begin to answer within 20 to 100 ms.
constexpr Duration serial_timeout = std::chrono::milliseconds{150};
constexpr Duration network_timeout = std::chrono::milliseconds{500};

std::vector<std::string_view> parts_of(std::string_view text) {
    std::vector<std::string_view> parts;
    for (std::size_t at = 0; at <= text.size();) {
        const std::size_t end = std::min(text.find(',', at), text.size());
        parts.push_back(text.substr(at, end - at));
        at = end + 1;
    }
    return parts;
}

std::optional<std::int64_t> number_from(std::string_view text) {
    std::int64_t number = 0;
    const char* end = text.data() + text.size();
    const auto read = std::from_chars(text.data(), end, number);
    return read.ec == std::errc{} && read.ptr == end ? std::optional(number) : std::nullopt;
}

/// All speeds, if none is named.
Result<std::vector<std::int64_t>> bauds_from(const std::string& text) {
    std::vector<std::int64_t> bauds;
    if (text.empty()) {
        bauds.assign(speeds.begin(), speeds.end());
        return bauds;
    }
    for (const std::string_view part : parts_of(text)) {
        const auto baud = number_from(part);
        if (!baud || std::find(speeds.begin(), speeds.end(), *baud) == speeds.end()) {
            return Error{Fault::invalid, "--baud: \"" + std::string(part) +
                                             "\" is none of 1200, 2400, 4800, 9600, 19200, 38400, "
                                             "57600, 115200"};
        }
        bauds.push_back(*baud);
    }
    return bauds;
}

/// All parities, if none is named.
Result<std::vector<Parity>> parities_from(const std::string& text) {
    std::vector<Parity> all;
    if (text.empty()) {
        all.assign(parities.begin(), parities.end());
        return all;
    }
    for (const std::string_view part : parts_of(text)) {
        if (part != "none" && part != "even" && part != "odd") {
            return Error{Fault::invalid,
                         "--parity: \"" + std::string(part) + "\" is none of none, even, odd"};
        }
        all.push_back(part == "none" ? Parity::none : part == "even" ? Parity::even : Parity::odd);
    }
    return all;
}

bool is_in(const std::vector<Format>& formats, const Format& one) {
    return std::any_of(formats.begin(), formats.end(), [&](const Format& format) {
        return format.baud == one.baud && format.parity == one.parity;
    });
}

/// Odd parity is rare: it comes last.
Result<std::vector<Format>> formats_of(const ScanRequest& request) {
    const auto bauds = bauds_from(request.bauds);
    const auto wanted = parities_from(request.parities);
    if (!bauds || !wanted) {
        return bauds ? wanted.error() : bauds.error();
    }
    std::vector<Format> all;
    for (const Format& format : usual) {
        if (std::find(bauds->begin(), bauds->end(), format.baud) != bauds->end() &&
            std::find(wanted->begin(), wanted->end(), format.parity) != wanted->end()) {
            all.push_back(format);
        }
    }
    for (const bool odd : {false, true}) {
        for (const std::int64_t baud : *bauds) {
            for (const Parity parity : *wanted) {
                const Format format{baud, parity};
                if ((parity == Parity::odd) == odd && !is_in(all, format)) {
                    all.push_back(format);
                }
            }
        }
    }
    return all;
}

Result<schema::ModbusTcpSettings> endpoint_from(const std::string& text, bool port_needed) {
    schema::ModbusTcpSettings tcp;
    const bool bracketed = text.starts_with('[');
    const std::size_t colon = text.rfind(':');
    const std::size_t bracket = bracketed ? text.find(']') : std::string::npos;
    const bool has_port =
        colon != std::string::npos && (bracketed ? colon == bracket + 1 : text.find(':') == colon);
    const std::size_t host_end = bracketed ? bracket : has_port ? colon : text.size();
    if (host_end != std::string::npos) {
        tcp.host = text.substr(bracketed ? 1 : 0, host_end - (bracketed ? 1 : 0));
    }
    const auto port =
        has_port ? number_from(std::string_view(text).substr(colon + 1)) : std::optional(tcp.port);
    if (tcp.host.empty() || !port || *port < 1 || *port > 65'535) {
        return Error{Fault::invalid, "--host: \"" + text + "\" is not HOST or HOST:PORT"};
    }
    tcp.port = *port;
    if (port_needed && !has_port) {
        return Error{Fault::invalid, "--host: \"" + text +
                                         "\" lacks the port: of a serial device server "
                                         "HOST:PORT is needed"};
    }
    return tcp;
}

/// The wire behind --host.
Result<schema::LineSettings> network_wire(const ScanRequest& request) {
    const auto endpoint = endpoint_from(request.host, request.rtu_over_tcp);
    if (!endpoint) {
        return endpoint.error();
    }
    schema::LineSettings wire;
    if (!request.rtu_over_tcp) {
        if (!request.bauds.empty()) {
            return Error{Fault::invalid, "--baud: a Modbus TCP gateway itself knows its speed"};
        }
        wire.modbus_tcp = *endpoint;
        return wire;
    }
    const auto bauds = bauds_from(request.bauds.empty() ? "9600" : request.bauds);
    if (!bauds || bauds->size() != 1) {
        return bauds ? Error{Fault::invalid, "--baud: a device server is set to one speed"}
                     : bauds.error();
    }
    wire.rtu_over_tcp = {endpoint->host, endpoint->port, bauds->front()};
    return wire;
}

/// The same port at each of the formats.
void add_wires(ScanTarget& target, const schema::Rs485Settings& port,
               const std::vector<Format>& formats) {
    for (const Format& format : formats) {
        schema::LineSettings& wire = target.wires.emplace_back();
        wire.rs485 = port;
        wire.rs485->baud = format.baud;
        wire.rs485->parity = format.parity;
    }
}

}  // namespace

Result<std::vector<std::uint8_t>> addresses_from(const std::string& text) {
    std::set<std::uint8_t> all;
    for (const std::string_view part : parts_of(text)) {
        const std::size_t dash = part.find('-');
        const auto first = number_from(part.substr(0, dash));
        const auto last =
            dash == std::string_view::npos ? first : number_from(part.substr(dash + 1));
        if (!first || !last || *first < 1 || *last > 247 || *first > *last) {
            return Error{Fault::invalid, "\"" + std::string(part) +
                                             "\" is no address from 1 to 247 and no range like "
                                             "1-32"};
        }
        for (std::int64_t address = *first; address <= *last; ++address) {
            all.insert(static_cast<std::uint8_t>(address));
        }
    }
    return std::vector<std::uint8_t>(all.begin(), all.end());
}

Result<ScanTarget> target_of(const ScanRequest& request) {
    auto addresses = addresses_from(request.addresses);
    if (!addresses) {
        return addresses.error().within("--addresses");
    }
    ScanTarget target;
    target.addresses = std::move(*addresses);
    if (!request.host.empty()) {
        auto wire = network_wire(request);
        if (!wire) {
            return wire.error();
        }
        target.wires.push_back(std::move(*wire));
        return target;
    }
    const auto formats = formats_of(request);
    if (!formats) {
        return formats.error();
    }
    schema::Rs485Settings port;
    port.port = request.port;
    add_wires(target, port, *formats);
    return target;
}

Result<ScanTarget> target_of(const ScanRequest& request, const schema::LineSettings& line) {
    auto target = target_of(request);
    if (!target) {
        return target;
    }
    target->wires.clear();
    const bool others = !request.bauds.empty() || !request.parities.empty();
    if (line.rs485 && others) {
        add_wires(*target, *line.rs485, *formats_of(request));
    } else {
        target->wires.push_back(line);
    }
    for (schema::LineSettings& wire : target->wires) {
        wire.id = line.id;
        wire.panels.clear();
    }
    return target;
}

std::string format_text(const schema::LineSettings& wire) {
    if (!wire.rs485) {
        return wire.rtu_over_tcp ? "rtu over tcp" : "tcp";
    }
    const char parity = wire.rs485->parity == Parity::none   ? 'N'
                        : wire.rs485->parity == Parity::even ? 'E'
                                                             : 'O';
    return std::to_string(wire.rs485->baud) + " 8" + parity + std::to_string(wire.rs485->stop_bits);
}

southbound::ScanPlan scan_plan(const ScanTarget& target, bool all_wires) {
    southbound::ScanPlan plan;
    for (const schema::LineSettings& wire : target.wires) {
        southbound::ScanWire& way = plan.wires.emplace_back();
        way.reply_timeout = wire.rs485 ? serial_timeout : network_timeout;
        if (wire.rs485 || wire.rtu_over_tcp) {
            constexpr std::uint32_t bits_per_character = 11;
            const auto baud =
                static_cast<std::uint32_t>(wire.rs485 ? wire.rs485->baud : wire.rtu_over_tcp->baud);
            way.character = southbound::modbus::WireFormat{baud, bits_per_character}.characters(1);
        }
    }
    plan.units = target.addresses;
    plan.all_wires = all_wires;
    for (const std::string& name : southbound::profile_names()) {
        plan.profiles.push_back(*southbound::profile_named(name));
    }
    return plan;
}

}  // namespace metergate::app
