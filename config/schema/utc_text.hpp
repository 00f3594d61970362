#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "gateway/model/time.hpp"

namespace metergate::schema {

/// Reads a UTC time as people write it in settings and requests: `2025-03-01T00:00:00Z`, years
/// 2000..2199. Nothing if it is none.
[[nodiscard]] std::optional<UtcSeconds> utc_from_text(std::string_view text);

/// Writes it so.
[[nodiscard]] std::string utc_text(UtcSeconds time);

}  // namespace metergate::schema
