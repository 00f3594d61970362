#pragma once

#include <string>

#include "config/schema/json.hpp"

namespace metergate::app {

/// What `metergate status` says above the panels of a line: up or not, how loaded. `line` as by
/// status_of_line(); one line of text without its end.
[[nodiscard]] std::string line_heading(const schema::Json& line);

/// What else is to be said of a line: its serial port, an echo, another master on its wire. Each a
/// line of text with its end; empty if there is nothing.
[[nodiscard]] std::string wire_lines(const schema::Json& line);

/// The same of the Modbus gateway, in one or two lines; `modbus` as by status_of_modbus(). Empty if
/// it is off or of a gateway that has none.
[[nodiscard]] std::string modbus_heading(const schema::Json* modbus);

}  // namespace metergate::app
