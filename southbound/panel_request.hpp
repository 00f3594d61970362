#pragma once

#include <cstdint>

#include "southbound/profile.hpp"
#include "southbound/request.hpp"

namespace metergate::southbound {

/// Asks for these registers and waits as long, and leaves the panel in peace as long, as its
/// profile's limits say. Pure; any thread.
[[nodiscard]] RegisterRequest panel_request(std::uint8_t unit, const ProfileLimits& limits,
                                            const RegisterSpan& span);

}  // namespace metergate::southbound
