#pragma once

#include <string>
#include <string_view>

namespace metergate::config {

/// SHA-256 (FIPS 180-4) as 64 small hexadecimal digits.
[[nodiscard]] std::string sha256_hex(std::string_view bytes);

}  // namespace metergate::config
