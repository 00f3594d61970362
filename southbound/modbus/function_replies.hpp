#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

/// How long the responses to each function are: what tells where a frame ends on a serial wire.
/// Known: 1 to 6, 15, 16, 17, 43/14, and every exception. Pure; any thread. Source: MODBUS
/// Application Protocol V1.1b3, section 6 (function by function) and 7 (exceptions).
namespace metergate::southbound::modbus {

inline constexpr std::uint8_t exception_bit = 0x80;

struct PduLength {
    std::size_t size = 0;  ///< function code and data, at most 253; 0 = more bytes are needed
    bool possible = true;  ///< false: no response begins like this
};

/// By the first bytes of a response, from the function code on.
[[nodiscard]] PduLength response_length(std::span<const std::uint8_t> pdu);

/// Of the response to `request` (function code and data); nothing: the unit decides it.
[[nodiscard]] std::optional<std::size_t> length_asked_for(std::span<const std::uint8_t> request);

/// False: `reply`, a whole response to the same function, confirms another write than `request`
/// (5, 6, 15, 16: the response repeats value or count).
[[nodiscard]] bool confirms(std::span<const std::uint8_t> request,
                            std::span<const std::uint8_t> reply);

}  // namespace metergate::southbound::modbus
