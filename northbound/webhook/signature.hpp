#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "gateway/model/result.hpp"

/// Signed messages as "Standard Webhooks" 1.0 describes them. Pure; any thread.
namespace metergate::northbound::webhook {

/// The key of a secret: base64, with or without `whsec_` in front. Error: invalid, without the
/// secret in its text.
[[nodiscard]] Result<std::string> key_of_secret(std::string_view secret);

/// The value of `webhook-signature`: HMAC-SHA256 over `<id>.<unix seconds>.<body>`, base64 behind
/// `v1,`. `body`: the bytes as they are sent, after any compression.
[[nodiscard]] std::string signature_of(std::string_view key, std::string_view id,
                                       std::int64_t unix_s, std::string_view body);

/// The same for the same content on the same topic, however often it is sent: `msg_` and 128 bits
/// of SHA-256 in hexadecimal.
[[nodiscard]] std::string id_of(std::string_view topic, std::string_view content);

}  // namespace metergate::northbound::webhook
