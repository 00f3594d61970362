#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace metergate {

/// What a reader must know about a record before using its value. The bit values are stored and
/// published: a bit is never given another meaning.
enum class Flag : std::uint32_t {
    short_interval = 1U << 0,   ///< covers less than its slot, with its own start and end
    long_interval = 1U << 1,    ///< covers more than its slot: stands for a gap or a held clock
    missing = 1U << 2,          ///< no value: the value is NULL, not zero
    interpolated = 1U << 3,     ///< an edge register lies between two readings; see the uncertainty
    clock_set = 1U << 4,        ///< the clock was stepped inside the interval
    clock_unsync = 1U << 5,     ///< stamped before the clock was known to be right
    power_fail = 1U << 6,       ///< the gateway was off inside the interval
    estimated = 1U << 7,        ///< not measured
    recovered = 1U << 8,        ///< came late, from the panel's own memory
    meter_changed = 1U << 9,    ///< first or last record of a meter's chain
    rollover = 1U << 10,        ///< the register passed its modulus
    register_reset = 1U << 11,  ///< first or last record around a register that jumped
    overrange = 1U << 12,       ///< beyond what the point can carry
    test = 1U << 13,            ///< laboratory: never bill
    config_changed = 1U << 14,  ///< a sealed or logged parameter changed inside the interval
    edited = 1U << 15,          ///< a person corrected it
};

class Flags {
  public:
    constexpr Flags() = default;
    constexpr Flags(Flag flag) : bits_(static_cast<std::uint32_t>(flag)) {}
    [[nodiscard]] static constexpr Flags from_bits(std::uint32_t bits) {
        Flags flags;
        flags.bits_ = bits;
        return flags;
    }

    [[nodiscard]] constexpr std::uint32_t bits() const { return bits_; }
    [[nodiscard]] constexpr bool has(Flag flag) const {
        return (bits_ & static_cast<std::uint32_t>(flag)) != 0;
    }
    [[nodiscard]] constexpr bool none() const { return bits_ == 0; }
    constexpr Flags& operator|=(Flags other) {
        bits_ |= other.bits_;
        return *this;
    }
    [[nodiscard]] friend constexpr Flags operator|(Flags a, Flags b) { return a |= b; }
    [[nodiscard]] constexpr Flags without(Flag flag) const {
        return from_bits(bits_ & ~static_cast<std::uint32_t>(flag));
    }
    constexpr bool operator==(const Flags&) const = default;

  private:
    std::uint32_t bits_ = 0;
};

[[nodiscard]] constexpr Flags operator|(Flag a, Flag b) {
    return Flags(a) | Flags(b);
}

/// The published words, in bit order: "SHORT", "MISSING", ...
[[nodiscard]] std::vector<std::string> names_of(Flags flags);

}  // namespace metergate
