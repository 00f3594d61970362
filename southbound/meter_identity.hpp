#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "gateway/model/result.hpp"
#include "southbound/profile.hpp"

/// Who answers at an address. Pure; any thread.
namespace metergate::southbound {

/// Stands for one meter, as Reading::identity; never 0. `about`: what else tells it from others.
/// The number is stored, so how it is made must never change: FNV-1a, 64 bits (draft-eastlake-fnv),
/// over the parts with a zero byte between.
[[nodiscard]] std::uint64_t identity_of(std::string_view profile, std::string_view serial,
                                        std::string_view about = {});

/// The serial number that the profile's identity block holds, in decimal digits. `registers`: the
/// whole block. Error: refused, if another kind of device answered; the text says what was expected
/// where.
[[nodiscard]] Result<std::string> serial_in(const Profile& profile,
                                            std::span<const std::uint16_t> registers,
                                            std::uint8_t unit);

}  // namespace metergate::southbound
