#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "gateway/model/result.hpp"
#include "southbound/request.hpp"

/// Modbus frames as bytes, without any wire: pure functions, any thread. Sources: MODBUS
/// Application Protocol V1.1b3 (functions, exceptions), MODBUS over Serial Line V1.02 (RTU frame,
/// CRC), MODBUS Messaging on TCP/IP V1.0b (MBAP header).
namespace metergate::southbound::modbus {

inline constexpr std::size_t rtu_frame_max = 256;
inline constexpr std::size_t tcp_frame_max = 260;
/// Unit and CRC around the PDU.
inline constexpr std::size_t rtu_overhead = 3;

/// CRC-16/MODBUS (polynomial 0xA001 reflected, start 0xFFFF). On the wire the low byte comes first.
[[nodiscard]] std::uint16_t crc16(std::span<const std::uint8_t> bytes);

/// A request ready to be sent.
struct RequestFrame {
    std::array<std::uint8_t, tcp_frame_max> bytes{};
    std::size_t size = 0;

    [[nodiscard]] std::span<const std::uint8_t> view() const { return {bytes.data(), size}; }
};

/// Unit, PDU, CRC. The PDU has at most 253 bytes, here and below.
[[nodiscard]] RequestFrame rtu_request(const Request& request);
/// MBAP header, PDU.
[[nodiscard]] RequestFrame tcp_request(const Request& request, std::uint16_t transaction);

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
    std::span<const std::uint8_t> pdu;  ///< of a reply: function and data, in the caller's buffer
    std::string_view why;               ///< of bad: a few words for the log
};

/// Judges the bytes received since `request` was sent.
[[nodiscard]] Parsed parse_rtu(std::span<const std::uint8_t> bytes, const Request& request);
/// Bad means that the stream is out of step: the connection cannot be used any more.
[[nodiscard]] Parsed parse_tcp(std::span<const std::uint8_t> bytes, const Request& request,
                               std::uint16_t transaction);

/// An exception as an error: timeout for the gateway codes 10 and 11 (the unit behind a gateway
/// does not answer), else refused. The text names code and meaning.
[[nodiscard]] Error exception_error(std::uint8_t code);

}  // namespace metergate::southbound::modbus
