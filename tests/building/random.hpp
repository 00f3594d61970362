#pragma once

#include <cstdint>
#include <string_view>

namespace metergate::building {

/// Scrambles 64 bits (finaliser of SplitMix64): neighbouring inputs give unrelated outputs.
[[nodiscard]] constexpr std::uint64_t scrambled(std::uint64_t x) {
    x += 0x9E3779B97F4A7C15U;
    x = (x ^ (x >> 30U)) * 0xBF58476D1CE4E5B9U;
    x = (x ^ (x >> 27U)) * 0x94D049BB133111EBU;
    return x ^ (x >> 31U);
}

[[nodiscard]] constexpr std::uint64_t scrambled(std::uint64_t a, std::uint64_t b) {
    return scrambled(scrambled(a) ^ b);
}

/// FNV-1a, 64 bits: a name as part of a seed, or a running hash of bytes.
inline constexpr std::uint64_t fnv_start = 0xCBF29CE484222325U;
[[nodiscard]] constexpr std::uint64_t fnv_step(std::uint64_t hash, std::uint8_t byte) {
    return (hash ^ byte) * 0x100000001B3U;
}
[[nodiscard]] constexpr std::uint64_t hash_of(std::string_view text) {
    std::uint64_t hash = fnv_start;
    for (const char c : text) {
        hash = fnv_step(hash, static_cast<std::uint8_t>(c));
    }
    return hash;
}

/// A seeded sequence, the same on every machine.
class Random {
  public:
    explicit Random(std::uint64_t seed) : state_(seed) {}

    [[nodiscard]] std::uint64_t next() { return scrambled(state_++); }
    /// 0 .. limit - 1; limit > 0.
    [[nodiscard]] std::uint64_t below(std::uint64_t limit) { return next() % limit; }
    [[nodiscard]] bool chance(double probability) {
        return static_cast<double>(next() >> 11U) * 0x1.0p-53 < probability;
    }

  private:
    std::uint64_t state_;
};

}  // namespace metergate::building
