#pragma once

#include "config/schema/settings.hpp"
#include "southbound/gateway/relay.hpp"

namespace metergate::app {

/// Which unit of the Modbus gateway leads to which panel, and how patiently that is asked. Of
/// checked settings; pure.
[[nodiscard]] southbound::gateway::Routes modbus_routes(const schema::Settings& settings);

}  // namespace metergate::app
