#pragma once

#include <string>

#include "config/schema/json.hpp"
#include "gateway/app/paths.hpp"
#include "gateway/model/result.hpp"

namespace metergate::app {

/// Reads a panel without a daemon: opens the line of the settings file, reads, and closes it.
/// Errors: of the settings, not_found (line or panel), and what the line or panel answered.
[[nodiscard]] Result<schema::Json> read_directly(const Paths& paths, const std::string& line,
                                                 const std::string& panel);

}  // namespace metergate::app
