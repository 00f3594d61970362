#pragma once

#include <cstdint>
#include <span>
#include <vector>

/// Modbus RTU and TCP frames as a panel makes them; computed apart from the code under test.
namespace metergate::southbound {

using Bytes = std::vector<std::uint8_t>;
using Registers = std::vector<std::uint16_t>;

/// Bit by bit, as in MODBUS over Serial Line V1.02, 6.2.2.
inline std::uint16_t reference_crc(std::span<const std::uint8_t> bytes) {
    unsigned crc = 0xFFFF;
    for (const unsigned byte : bytes) {
        crc ^= byte;
        for (int bit = 0; bit < 8; ++bit) {
            const bool carry = (crc & 1U) != 0;
            crc >>= 1U;
            if (carry) {
                crc ^= 0xA001U;
            }
        }
    }
    return static_cast<std::uint16_t>(crc);
}

inline Bytes with_crc(Bytes bytes) {
    const std::uint16_t crc = reference_crc(bytes);
    bytes.push_back(static_cast<std::uint8_t>(crc & 0xFFU));
    bytes.push_back(static_cast<std::uint8_t>(crc >> 8U));
    return bytes;
}

inline Bytes reply_pdu(std::uint8_t unit, std::uint8_t function, const Registers& registers) {
    Bytes bytes{unit, function, static_cast<std::uint8_t>(registers.size() * 2)};
    for (const std::uint16_t value : registers) {
        bytes.push_back(static_cast<std::uint8_t>(value >> 8U));
        bytes.push_back(static_cast<std::uint8_t>(value & 0xFFU));
    }
    return bytes;
}

inline Bytes rtu_reply(std::uint8_t unit, std::uint8_t function, const Registers& registers) {
    return with_crc(reply_pdu(unit, function, registers));
}

inline Bytes rtu_exception(std::uint8_t unit, std::uint8_t function, std::uint8_t code) {
    return with_crc({unit, static_cast<std::uint8_t>(function | 0x80U), code});
}

/// MBAP header in front of unit and PDU.
inline Bytes tcp_frame(std::uint16_t transaction, const Bytes& unit_and_pdu) {
    Bytes bytes{static_cast<std::uint8_t>(transaction >> 8U),
                static_cast<std::uint8_t>(transaction & 0xFFU),
                0,
                0,
                0,
                static_cast<std::uint8_t>(unit_and_pdu.size())};
    bytes.insert(bytes.end(), unit_and_pdu.begin(), unit_and_pdu.end());
    return bytes;
}

inline Bytes joined(Bytes first, const Bytes& second) {
    first.insert(first.end(), second.begin(), second.end());
    return first;
}

/// What a read request asks for; `frame` begins with the unit.
struct AskedFor {
    std::uint8_t unit;
    std::uint8_t function;
    std::uint16_t address;
    std::uint16_t count;
};
inline AskedFor asked_for(std::span<const std::uint8_t> frame) {
    const auto pair = [&](std::size_t at) {
        return static_cast<std::uint16_t>((frame[at] << 8U) | frame[at + 1]);
    };
    return {frame[0], frame[1], pair(2), pair(4)};
}

}  // namespace metergate::southbound
