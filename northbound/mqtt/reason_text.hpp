#pragma once

#include <string>

#include "config/schema/settings.hpp"
#include "gateway/model/result.hpp"

namespace metergate::northbound::mqtt {

/// A reason code of MQTT 5 (OASIS MQTT 5.0, 2.4) in plain words: "not authorized (0x87)".
[[nodiscard]] std::string reason_text(int reason);

/// Why the broker did not accept the connection. `return_code` is the library's: 1..5 are the codes
/// of an MQTT 3.1.1 CONNACK (OASIS MQTT 3.1.1, 3.2.2.3), 128 and above those of an MQTT 5 one,
/// negative ones mean that none arrived. The library does not fill the reason code of a failed
/// connect.
[[nodiscard]] Error connect_error(const schema::MqttSettings& settings, int return_code);

/// Why the library failed a message without a word from the broker.
[[nodiscard]] std::string library_text(int return_code);

}  // namespace metergate::northbound::mqtt
