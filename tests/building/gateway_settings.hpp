#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "gateway/model/ids.hpp"
#include "tests/building/scenario.hpp"

namespace metergate::building {

/// Where the gateway finds the building, and the broker.
struct GatewayConnections {
    Id gateway = "demo";
    std::map<Id, std::string> serial_ports;  ///< full path per RTU line; default /dev/sim-<line>
    std::map<Id, std::uint16_t> tcp_ports;   ///< on 127.0.0.1, per TCP line; default 502
    std::optional<std::uint16_t> mqtt_port;  ///< absent = no destination
    std::string mqtt_host = "127.0.0.1";
    /// Where a new destination begins: now, oldest or a UTC time.
    std::string mqtt_from = "oldest";
};

/// The text of a settings file for a gateway that reads this scenario's building.
[[nodiscard]] std::string settings_for(const Scenario& scenario,
                                       const GatewayConnections& connections);

}  // namespace metergate::building
