#pragma once

#include <cstdint>
#include <numeric>
#include <optional>
#include <span>

#include "gateway/model/multiplier.hpp"
#include "gateway/model/quantity.hpp"
#include "southbound/profile.hpp"

/// From registers to numbers. Pure; any thread.
namespace metergate::southbound {

/// The registers of one value put together, most significant first. `words` has width_of(type) of
/// them.
[[nodiscard]] inline std::uint64_t bits_of(std::span<const std::uint16_t> words, WordOrder order) {
    const auto append = [](std::uint64_t bits, std::uint16_t word) { return (bits << 16U) | word; };
    return order == WordOrder::big
               ? std::accumulate(words.begin(), words.end(), std::uint64_t{0}, append)
               : std::accumulate(words.rbegin(), words.rend(), std::uint64_t{0}, append);
}

/// scale x 10^power, for numerator and denominator up to a million. Nothing: the power is not
/// -10..10, so that it is none.
[[nodiscard]] std::optional<Ratio> scaled_by_power(Ratio scale, std::int16_t power);

/// The value in thousandths of its unit: count x scale, floored for integers, rounded to the
/// nearest for floats. Nothing: NaN, infinite, or beyond what 64 bits hold with room for a
/// multiplier.
[[nodiscard]] std::optional<Milli> scaled_value(std::uint64_t bits, RegisterType type, Ratio scale);

}  // namespace metergate::southbound
