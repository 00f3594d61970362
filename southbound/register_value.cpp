#include "southbound/register_value.hpp"

#include <bit>
#include <cmath>
#include <cstdlib>

namespace metergate::southbound {
namespace {

/// Registers of the largest meters stay a thousand times below; a multiplier of 2500 still fits 64
/// bits.
constexpr std::int64_t value_max = 1'000'000'000'000'000;

std::optional<Milli> scaled_float(std::uint64_t bits, Ratio scale) {
    const double value = std::bit_cast<float>(static_cast<std::uint32_t>(bits));
    const double scaled =
        value * static_cast<double>(scale.numerator) / static_cast<double>(scale.denominator);
    if (!std::isfinite(scaled) || std::abs(scaled) > static_cast<double>(value_max)) {
        return std::nullopt;
    }
    return std::llround(scaled);
}

}  // namespace

std::optional<Ratio> scaled_by_power(Ratio scale, std::int16_t power) {
    constexpr int power_max = 10;
    if (power < -power_max || power > power_max) {
        return std::nullopt;
    }
    std::int64_t& side = power < 0 ? scale.denominator : scale.numerator;
    for (int i = 0; i < std::abs(power); ++i) {
        side *= 10;
    }
    return reduced(scale);
}

std::optional<Milli> scaled_value(std::uint64_t bits, RegisterType type, Ratio scale) {
    std::int64_t count = 0;
    switch (type) {
        case RegisterType::f32:
            return scaled_float(bits, scale);
        case RegisterType::i16:
            count = std::bit_cast<std::int16_t>(static_cast<std::uint16_t>(bits));
            break;
        case RegisterType::i32:
            count = std::bit_cast<std::int32_t>(static_cast<std::uint32_t>(bits));
            break;
        case RegisterType::u16:
        case RegisterType::u32:
        case RegisterType::u64:
            if (bits > static_cast<std::uint64_t>(value_max)) {
                return std::nullopt;
            }
            count = static_cast<std::int64_t>(bits);
            break;
    }
    return scale == Ratio{} ? std::optional(count) : multiplied_within(value_max, count, scale);
}

}  // namespace metergate::southbound
