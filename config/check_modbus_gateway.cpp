#include "config/check_modbus_gateway.hpp"

#include <algorithm>
#include <map>

#include "config/modbus_units.hpp"

namespace metergate::config {
namespace {

using schema::item_path;
using schema::member_path;
using schema::ModbusGatewaySettings;
using schema::Settings;

constexpr const char* units_path = "modbus_gateway.units";

std::vector<std::string> all_panels(const Settings& settings) {
    std::vector<std::string> ids;
    for (const auto& line : settings.lines) {
        for (const auto& panel : line.panels) {
            ids.push_back(panel.id);
        }
    }
    return ids;
}

void check_units(const Settings& settings, Findings& findings) {
    const std::vector<std::string> known = all_panels(settings);
    const auto& units = settings.modbus_gateway.units;
    std::map<std::int64_t, Id> owners;
    for (std::size_t i = 0; i < units.size(); ++i) {
        const std::string path = item_path(units_path, i);
        const std::string unit_path = member_path(path, "unit");
        const std::string panel_path = member_path(path, "panel");
        if (!findings.readable(path)) continue;
        if (findings.sound(panel_path) && std::ranges::find(known, units[i].panel) == known.end()) {
            findings.error(panel_path, "there is no panel " + quoted(units[i].panel) +
                                           did_you_mean(units[i].panel, known));
        }
        if (!findings.sound(unit_path)) continue;
        const auto [at, is_new] = owners.emplace(units[i].unit, units[i].panel);
        if (!is_new) {
            findings.error(unit_path, std::to_string(units[i].unit) +
                                          " is already the unit of panel " + quoted(at->second));
        }
    }
}

/// Without a list a panel goes by its address, which two lines may both use.
void check_own_addresses(const Settings& settings, Findings& findings) {
    std::map<std::int64_t, Id> owners;
    for (const auto& [unit, panel] : modbus_units(settings)) {
        const auto [at, is_new] = owners.emplace(unit, panel);
        if (!is_new) {
            findings.error(units_path, "is needed: panels " + quoted(at->second) + " and " +
                                           quoted(panel) + " both have the address " +
                                           std::to_string(unit));
            return;
        }
    }
}

bool is_loopback(const std::string& address) {
    return address == "::1" || address.starts_with("127.");
}

void warn_of_what_is_open(const ModbusGatewaySettings& gateway, Findings& findings) {
    if (gateway.clients.empty() && !is_loopback(gateway.address)) {
        findings.warning(
            "modbus_gateway.clients",
            "is empty: whoever reaches " + gateway.address + ":" + std::to_string(gateway.port) +
                (gateway.allow_writes ? " can write to the panels" : " can read the panels"));
    } else if (gateway.allow_writes) {
        findings.warning("modbus_gateway.allow_writes",
                         "clients can write to the panels, and so change what is billed");
    }
}

}  // namespace

void check_modbus_gateway(const Settings& settings, Findings& findings) {
    check_units(settings, findings);
    if (!settings.modbus_gateway.enabled) return;
    if (settings.modbus_gateway.units.empty() && findings.sound(units_path) &&
        findings.sound("lines")) {
        check_own_addresses(settings, findings);
    }
    warn_of_what_is_open(settings.modbus_gateway, findings);
}

}  // namespace metergate::config
