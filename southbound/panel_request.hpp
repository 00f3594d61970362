#pragma once

#include <chrono>
#include <cstdint>

#include "southbound/profile.hpp"
#include "southbound/read_plan.hpp"
#include "southbound/request.hpp"

namespace metergate::southbound {

/// Asks for these registers and waits as long, and leaves the panel in peace as long, as its
/// profile's limits say. All here is pure; any thread.
[[nodiscard]] RegisterRequest panel_request(std::uint8_t unit, const ProfileLimits& limits,
                                            const RegisterSpan& span);

/// Writes the bits of one value: functions 6 (one register) and 16 (MODBUS Application Protocol
/// V1.1b3, 6.6 and 6.12). The panel confirms; that the value stands there, reading it back tells.
[[nodiscard]] Request panel_write(std::uint8_t unit, const ProfileLimits& limits,
                                  const RegisterField& field, std::uint64_t bits);

/// What a plan for reading the panel may do and what it costs. `character`: on the panel's wire; 0
/// on a network.
[[nodiscard]] ReadLimits read_limits(const ProfileLimits& limits,
                                     std::chrono::nanoseconds character);

}  // namespace metergate::southbound
