#include "config/modbus_units.hpp"

namespace metergate::config {

std::vector<schema::ModbusUnitSettings> modbus_units(const schema::Settings& settings) {
    if (!settings.modbus_gateway.units.empty()) {
        return settings.modbus_gateway.units;
    }
    std::vector<schema::ModbusUnitSettings> units;
    for (const auto& line : settings.lines) {
        for (const auto& panel : line.panels) {
            units.push_back({panel.address, panel.id});
        }
    }
    return units;
}

}  // namespace metergate::config
