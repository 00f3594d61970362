#pragma once

#include <cstdint>
#include <string>

/// What is known of a serial port beyond the bytes that it passes on. Pure values; any thread.
namespace metergate::southbound {

/// Characters that arrived wrong or were lost, as the serial driver counts them.
struct CharacterErrors {
    std::uint64_t parity = 0;
    std::uint64_t framing = 0;  ///< the stop bit was missing: wrong speed, or noise
    std::uint64_t overrun = 0;  ///< lost, because nobody fetched them in time

    bool operator==(const CharacterErrors&) const = default;
};

[[nodiscard]] constexpr CharacterErrors operator+(const CharacterErrors& a,
                                                  const CharacterErrors& b) {
    return {a.parity + b.parity, a.framing + b.framing, a.overrun + b.overrun};
}

/// What came of preparing a serial port when it was opened last, in words for people.
struct SerialPortFacts {
    std::string latency;    ///< whether received bytes are handed on at once, and what helps if not
    std::string direction;  ///< who switches the transceiver; empty = it was left alone

    bool operator==(const SerialPortFacts&) const = default;
};

}  // namespace metergate::southbound
