#pragma once

#include <string>

#include "northbound/formats/encoder.hpp"

/// What the formats have in common.
namespace metergate::northbound::formats {

/// Empty if there is none.
[[nodiscard]] std::string decimal_or_nothing(const std::optional<Milli>& value);
/// The names of the flags with `|` in between; MISSING where there is no record.
[[nodiscard]] std::string quality_text(const Row& row);

}  // namespace metergate::northbound::formats
