#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "southbound/request.hpp"

/// Modbus TCP frames as a server meets them: pure functions, any thread. Source: MODBUS Messaging
/// on TCP/IP Implementation Guide V1.0b, 3.1.3 (MBAP header).
namespace metergate::southbound::gateway {

/// Transaction (2), protocol (2), length (2), unit (1), then a longest PDU.
inline constexpr std::size_t frame_size_max = 260;

struct Frame {
    std::uint16_t transaction = 0;  ///< chosen by the client; its answer carries the same
    std::uint8_t unit = 0;          ///< 0..255, not yet judged
    Pdu pdu;                        ///< 1..253 bytes, not yet judged
};

/// What the first bytes of a stream are.
struct Cut {
    std::size_t length = 0;  ///< of the frame; 0 = more bytes are needed, or nonsense
    Frame frame;
    std::string_view nonsense;  ///< set: no frame begins like this, and where the next one begins
                                ///< cannot be known
};
[[nodiscard]] Cut cut_frame(std::span<const std::uint8_t> bytes);

/// Writes a frame behind what is there.
void append_frame(std::vector<std::uint8_t>& bytes, const Frame& frame);

}  // namespace metergate::southbound::gateway
