#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "southbound/line.hpp"

/// Modbus frames as bytes, without any wire: pure functions, any thread. Sources: MODBUS
/// Application Protocol V1.1b3 (functions 3 and 4, exceptions), MODBUS over Serial Line V1.02 (RTU
/// frame, CRC), MODBUS Messaging on TCP/IP V1.0b (MBAP header).
namespace metergate::southbound::modbus {

inline constexpr std::size_t rtu_frame_max = 256;
inline constexpr std::size_t tcp_frame_max = 260;
/// Unit, function, byte count and CRC around the registers of a reply.
inline constexpr std::size_t rtu_reply_overhead = 5;

/// CRC-16/MODBUS (polynomial 0xA001 reflected, start 0xFFFF). On the wire the low byte comes first.
[[nodiscard]] std::uint16_t crc16(std::span<const std::uint8_t> bytes);

/// A read request ready to be sent.
struct RequestFrame {
    std::array<std::uint8_t, 12> bytes{};
    std::size_t size = 0;

    [[nodiscard]] std::span<const std::uint8_t> view() const { return {bytes.data(), size}; }
};

/// Unit, function, address, count, CRC: 8 bytes.
[[nodiscard]] RequestFrame rtu_read_request(const RegisterRequest& request);
/// MBAP header, function, address, count: 12 bytes.
[[nodiscard]] RequestFrame tcp_read_request(const RegisterRequest& request,
                                            std::uint16_t transaction);

enum class Verdict : std::uint8_t {
    need_more,  ///< the beginning of something; nothing wrong so far
    reply,      ///< the reply to the request
    exception,  ///< the unit's refusal of the request
    foreign,    ///< a whole, intact frame of another unit or transaction
    bad,        ///< not a frame, or not one that answers the request
};

/// What the first bytes of a buffer are.
struct Parsed {
    Verdict verdict = Verdict::need_more;
    std::size_t length = 0;  ///< of the frame, for reply, exception and foreign
    std::uint8_t exception_code = 0;
    std::span<const std::uint8_t>
        registers;         ///< of a reply: big endian pairs, in the caller's buffer
    std::string_view why;  ///< of bad: a few words for the log
};

/// Judges the bytes received since `request` was sent.
[[nodiscard]] Parsed parse_rtu(std::span<const std::uint8_t> bytes, const RegisterRequest& request);
/// Bad means that the stream is out of step: the connection cannot be used any more.
[[nodiscard]] Parsed parse_tcp(std::span<const std::uint8_t> bytes, const RegisterRequest& request,
                               std::uint16_t transaction);

/// Big endian pairs to registers; `out` is overwritten.
void unpack_registers(std::span<const std::uint8_t> pairs, std::vector<std::uint16_t>& out);

/// An exception as an error: timeout for the gateway codes 10 and 11 (the unit behind a gateway
/// does not answer), else refused. The text names code and meaning.
[[nodiscard]] Error exception_error(std::uint8_t code);

}  // namespace metergate::southbound::modbus
