#pragma once

#include <string>

#include "config/schema/json.hpp"

namespace metergate::app {

/// What `metergate status` says above the panels of a line: up or not, how loaded. `line` as by
/// status_of_line(); one line of text without its end.
[[nodiscard]] std::string line_heading(const schema::Json& line);

}  // namespace metergate::app
