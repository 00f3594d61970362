#pragma once

#include <optional>

#include "gateway/model/time.hpp"
#include "southbound/profile.hpp"
#include "southbound/register_book.hpp"

/// Moments as a panel's registers hold them. Pure; any thread.
namespace metergate::southbound {

/// What the panel's clock showed, as if that were UTC: civil time says nothing of its zone.
/// Nothing: not read, or no day and time of day.
[[nodiscard]] std::optional<UtcSeconds> time_in(const TimeField& field, const RegisterBook& book);

}  // namespace metergate::southbound
