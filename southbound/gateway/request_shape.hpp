#pragma once

#include <cstdint>
#include <span>

#include "southbound/request.hpp"

/// What a client may ask, function by function. Pure; any thread. Source: MODBUS Application
/// Protocol V1.1b3, sections 6 (requests) and 7 (exceptions).
namespace metergate::southbound::gateway {

/// The exceptions that the gateway gives itself (section 7); a panel's own may be any other.
enum class Exception : std::uint8_t {
    illegal_function = 1,
    illegal_address = 2,
    illegal_value = 3,
    failure = 4,
    busy = 6,
    path_unavailable = 10,  ///< the unit leads nowhere
    target_silent = 11,     ///< the unit leads to a panel that does not answer
};

enum class Access : std::uint8_t {
    read,     ///< 1 to 4, 17, 43/14
    write,    ///< 5, 6, 15, 16
    unknown,  ///< anything else: not passed on, since nobody could tell where its reply ends
};
[[nodiscard]] Access access_of(std::span<const std::uint8_t> pdu);

/// Whether a request that is not unknown has exactly the length, and quantities and values within
/// the limits, of its function. Errors are exceptions: 3, and 2 for registers beyond 65535. Nothing
/// = it is sound.
struct Shape {
    bool sound = true;
    Exception exception{};
};
[[nodiscard]] Shape shape_of(std::span<const std::uint8_t> pdu);

/// An exception as the answer to a function.
[[nodiscard]] Pdu exception_pdu(std::uint8_t function, std::uint8_t code);
[[nodiscard]] Pdu exception_pdu(std::uint8_t function, Exception exception);

}  // namespace metergate::southbound::gateway
