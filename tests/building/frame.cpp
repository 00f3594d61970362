#include "tests/building/frame.hpp"

#include <array>

namespace metergate::building {
namespace {

constexpr std::array<std::uint16_t, 256> make_crc_table() {
    std::array<std::uint16_t, 256> table{};
    for (unsigned byte = 0; byte < table.size(); ++byte) {
        unsigned crc = byte;
        for (int bit = 0; bit < 8; ++bit) {
            crc = (crc & 1U) != 0 ? (crc >> 1U) ^ 0xA001U : crc >> 1U;
        }
        table[byte] = static_cast<std::uint16_t>(crc);
    }
    return table;
}
constexpr std::array<std::uint16_t, 256> crc_table = make_crc_table();

constexpr unsigned after_zero(unsigned crc) {
    return (crc >> 8U) ^ crc_table[crc & 0xFFU];
}

/// What the first of two bytes does.
constexpr std::array<std::uint16_t, 256> make_first_table() {
    std::array<std::uint16_t, 256> table{};
    for (unsigned byte = 0; byte < table.size(); ++byte) {
        table[byte] = static_cast<std::uint16_t>(after_zero(crc_table[byte]));
    }
    return table;
}
constexpr std::array<std::uint16_t, 256> first_table = make_first_table();

constexpr std::uint8_t write_several = 16;
constexpr std::size_t short_request = 8;

}  // namespace

std::uint16_t modbus_crc(std::span<const std::uint8_t> bytes) {
    // By twos: simulated days spend much of their time here.
    unsigned crc = 0xFFFF;
    const std::size_t even = bytes.size() & ~std::size_t{1};
    const std::uint8_t* byte = bytes.data();
    for (const std::uint8_t* const end = byte + even; byte != end; byte += 2) {
        const unsigned both = crc ^ byte[0] ^ (static_cast<unsigned>(byte[1]) << 8U);
        crc = unsigned{first_table[both & 0xFFU]} ^ crc_table[both >> 8U];
    }
    if (even != bytes.size()) {
        crc = after_zero(crc ^ *byte);
    }
    return static_cast<std::uint16_t>(crc);
}

Bytes rtu_frame(std::uint8_t unit, std::span<const std::uint8_t> pdu) {
    Bytes frame;
    frame.reserve(pdu.size() + 3);
    frame.push_back(unit);
    frame.insert(frame.end(), pdu.begin(), pdu.end());
    const std::uint16_t crc = modbus_crc(frame);
    frame.push_back(static_cast<std::uint8_t>(crc & 0xFFU));
    frame.push_back(static_cast<std::uint8_t>(crc >> 8U));
    return frame;
}

bool is_rtu_frame(std::span<const std::uint8_t> bytes) {
    if (bytes.size() < 4) {
        return false;
    }
    const std::uint16_t crc = modbus_crc(bytes.first(bytes.size() - 2));
    return bytes[bytes.size() - 2] == (crc & 0xFFU) && bytes[bytes.size() - 1] == crc >> 8U;
}

std::size_t rtu_request_length(std::span<const std::uint8_t> bytes) {
    if (bytes.size() < 2) {
        return 0;
    }
    if (bytes[1] != write_several) {
        return short_request;
    }
    return bytes.size() < 7 ? 0 : 9U + bytes[6];
}

Bytes tcp_frame(std::uint16_t transaction, std::uint8_t unit, std::span<const std::uint8_t> pdu) {
    Bytes frame;
    put_u16(frame, transaction);
    put_u16(frame, 0);
    put_u16(frame, static_cast<std::uint16_t>(pdu.size() + 1));
    frame.push_back(unit);
    frame.insert(frame.end(), pdu.begin(), pdu.end());
    return frame;
}

Bytes exception_pdu(std::uint8_t function, ModbusException exception) {
    return {static_cast<std::uint8_t>(function | 0x80U), static_cast<std::uint8_t>(exception)};
}

}  // namespace metergate::building
