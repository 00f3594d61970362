#pragma once

#include "config/findings.hpp"
#include "config/schema/settings.hpp"

namespace metergate::config {

/// What other masters reach: units name panels that exist, each unit one; the panels are not open
/// to everybody by accident.
void check_modbus_gateway(const schema::Settings& settings, Findings& findings);

}  // namespace metergate::config
