#pragma once

#include <cstdint>
#include <span>
#include <vector>

/// Modbus to the byte, written for the building alone: the gateway's own code is not used here, so
/// that a mistake in it cannot cancel itself.
namespace metergate::building {

using Bytes = std::vector<std::uint8_t>;

/// CRC-16 of Modbus over serial line V1.02, 6.2.2: reflected polynomial 0xA001, start 0xFFFF.
[[nodiscard]] std::uint16_t modbus_crc(std::span<const std::uint8_t> bytes);
/// Unit, PDU, CRC with its low byte first.
[[nodiscard]] Bytes rtu_frame(std::uint8_t unit, std::span<const std::uint8_t> pdu);
/// At least four bytes and the CRC is right.
[[nodiscard]] bool is_rtu_frame(std::span<const std::uint8_t> bytes);
/// Length of the RTU request that starts with these bytes; 0 = more bytes are needed or not known.
[[nodiscard]] std::size_t rtu_request_length(std::span<const std::uint8_t> bytes);

/// Header of Modbus TCP: transaction, protocol 0, length, unit.
[[nodiscard]] Bytes tcp_frame(std::uint16_t transaction, std::uint8_t unit,
                              std::span<const std::uint8_t> pdu);

enum class ModbusException : std::uint8_t {
    illegal_function = 1,
    illegal_address = 2,
    illegal_value = 3,
};
[[nodiscard]] Bytes exception_pdu(std::uint8_t function, ModbusException exception);

[[nodiscard]] inline std::uint16_t u16_at(std::span<const std::uint8_t> bytes, std::size_t at) {
    return static_cast<std::uint16_t>(bytes[at] << 8U | bytes[at + 1]);
}
inline void put_u16(Bytes& bytes, std::uint16_t value) {
    bytes.push_back(static_cast<std::uint8_t>(value >> 8U));
    bytes.push_back(static_cast<std::uint8_t>(value & 0xFFU));
}

}  // namespace metergate::building
