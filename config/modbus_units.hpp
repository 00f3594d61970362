#pragma once

#include <vector>

#include "config/schema/settings.hpp"

namespace metergate::config {

/// Which panel clients of the Modbus gateway reach by which unit: as the settings list it, or, if
/// they list nothing, each panel at the address that it has on its line.
[[nodiscard]] std::vector<schema::ModbusUnitSettings> modbus_units(
    const schema::Settings& settings);

}  // namespace metergate::config
