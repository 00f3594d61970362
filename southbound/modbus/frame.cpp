#include "southbound/modbus/frame.hpp"

namespace metergate::southbound::modbus {
namespace {

constexpr std::uint8_t exception_bit = 0x80;
constexpr std::uint8_t unit_max = 247;
constexpr std::size_t mbap_size = 6;  // transaction, protocol, length; the unit belongs to the rest

constexpr std::array<std::uint16_t, 256> make_crc_table() {
    std::array<std::uint16_t, 256> table{};
    for (unsigned byte = 0; byte < table.size(); ++byte) {
        unsigned crc = byte;
        for (int bit = 0; bit < 8; ++bit) {
            crc = (crc & 1U) != 0 ? (crc >> 1U) ^ 0xA001U : crc >> 1U;
        }
        table.at(byte) = static_cast<std::uint16_t>(crc);
    }
    return table;
}
constexpr auto crc_table = make_crc_table();

constexpr std::uint8_t high_byte(std::uint16_t value) {
    return static_cast<std::uint8_t>(value >> 8U);
}
constexpr std::uint8_t low_byte(std::uint16_t value) {
    return static_cast<std::uint8_t>(value & 0xFFU);
}
constexpr std::uint16_t big_endian(std::uint8_t high, std::uint8_t low) {
    return static_cast<std::uint16_t>((high << 8U) | low);
}

std::uint8_t function_of(const RegisterRequest& request) {
    return request.table == Table::holding ? 3 : 4;
}

/// Function, address, count into `out` from `at` on.
void put_read_pdu(RequestFrame& out, std::size_t at, const RegisterRequest& request) {
    out.bytes.at(at) = function_of(request);
    out.bytes.at(at + 1) = high_byte(request.address);
    out.bytes.at(at + 2) = low_byte(request.address);
    out.bytes.at(at + 3) = high_byte(request.count);
    out.bytes.at(at + 4) = low_byte(request.count);
}

Parsed need_more() {
    return {};
}

Parsed bad(std::string_view why) {
    Parsed parsed;
    parsed.verdict = Verdict::bad;
    parsed.why = why;
    return parsed;
}

Parsed whole(Verdict verdict, std::size_t length) {
    Parsed parsed;
    parsed.verdict = verdict;
    parsed.length = length;
    return parsed;
}

bool crc_is_right(std::span<const std::uint8_t> frame) {
    const std::uint16_t crc = crc16(frame.first(frame.size() - 2));
    return frame[frame.size() - 2] == low_byte(crc) && frame[frame.size() - 1] == high_byte(crc);
}

/// Length of a response by its first three bytes; 0 if no response begins like this.
std::size_t response_length(std::uint8_t function, std::uint8_t third_byte) {
    if ((function & exception_bit) != 0) {
        return rtu_reply_overhead;
    }
    if (function >= 1 && function <= 4) {
        return third_byte == 0 || third_byte > 250 ? 0 : rtu_reply_overhead + third_byte;
    }
    const bool is_write = function == 5 || function == 6 || function == 15 || function == 16;
    return is_write ? 8 : 0;
}

Parsed parse_foreign(std::span<const std::uint8_t> bytes) {
    if (bytes[0] == 0 || bytes[0] > unit_max) {
        return bad("no frame begins like this");
    }
    if (bytes.size() < 3) {
        return need_more();
    }
    const std::size_t length = response_length(bytes[1], bytes[2]);
    if (length == 0) {
        return bad("no frame begins like this");
    }
    if (bytes.size() < length) {
        return need_more();
    }
    return crc_is_right(bytes.first(length)) ? whole(Verdict::foreign, length) : bad("wrong CRC");
}

Parsed exception(std::size_t length, std::uint8_t code) {
    Parsed parsed = whole(Verdict::exception, length);
    parsed.exception_code = code;
    return parsed;
}

}  // namespace

std::uint16_t crc16(std::span<const std::uint8_t> bytes) {
    std::uint16_t crc = 0xFFFF;
    for (const std::uint8_t byte : bytes) {
        crc = static_cast<std::uint16_t>((crc >> 8U) ^ crc_table[(crc ^ byte) & 0xFFU]);
    }
    return crc;
}

RequestFrame rtu_read_request(const RegisterRequest& request) {
    RequestFrame frame;
    frame.bytes[0] = request.unit;
    put_read_pdu(frame, 1, request);
    const std::uint16_t crc = crc16({frame.bytes.data(), 6});
    frame.bytes[6] = low_byte(crc);
    frame.bytes[7] = high_byte(crc);
    frame.size = 8;
    return frame;
}

RequestFrame tcp_read_request(const RegisterRequest& request, std::uint16_t transaction) {
    RequestFrame frame;
    frame.bytes[0] = high_byte(transaction);
    frame.bytes[1] = low_byte(transaction);
    frame.bytes[5] = 6;  // bytes that follow: unit and the read request
    frame.bytes[6] = request.unit;
    put_read_pdu(frame, 7, request);
    frame.size = 12;
    return frame;
}

Parsed parse_rtu(std::span<const std::uint8_t> bytes, const RegisterRequest& request) {
    if (bytes.size() < 2) {
        return need_more();
    }
    if (bytes[0] != request.unit) {
        return parse_foreign(bytes);
    }
    const std::uint8_t function = function_of(request);
    if (bytes[1] != function && bytes[1] != (function | exception_bit)) {
        return bad("answer to another function");
    }
    if (bytes.size() < 3) {
        return need_more();
    }
    const bool refused = bytes[1] != function;
    if (!refused && bytes[2] != request.count * 2) {
        return bad("another number of registers than asked");
    }
    const std::size_t length = rtu_reply_overhead + (refused ? 0U : bytes[2]);
    if (bytes.size() < length) {
        return need_more();
    }
    if (!crc_is_right(bytes.first(length))) {
        return bad("wrong CRC");
    }
    if (refused) {
        return exception(length, bytes[2]);
    }
    Parsed parsed = whole(Verdict::reply, length);
    parsed.registers = bytes.subspan(3, bytes[2]);
    return parsed;
}

Parsed parse_tcp(std::span<const std::uint8_t> bytes, const RegisterRequest& request,
                 std::uint16_t transaction) {
    if (bytes.size() < mbap_size) {
        return need_more();
    }
    const std::size_t following = big_endian(bytes[4], bytes[5]);
    if (bytes[2] != 0 || bytes[3] != 0) {
        return bad("protocol number is not 0");
    }
    if (following < 3 || following > tcp_frame_max - mbap_size) {
        return bad("impossible length");
    }
    const std::size_t length = mbap_size + following;
    if (bytes.size() < length) {
        return need_more();
    }
    if (big_endian(bytes[0], bytes[1]) != transaction || bytes[6] != request.unit) {
        return whole(Verdict::foreign, length);
    }
    const std::uint8_t function = function_of(request);
    if (bytes[7] == (function | exception_bit)) {
        return following == 3 ? exception(length, bytes[8]) : bad("impossible length");
    }
    if (bytes[7] != function) {
        return bad("answer to another function");
    }
    if (bytes[8] != request.count * 2 || following != 3U + bytes[8]) {
        return bad("another number of registers than asked");
    }
    Parsed parsed = whole(Verdict::reply, length);
    parsed.registers = bytes.subspan(9, bytes[8]);
    return parsed;
}

void unpack_registers(std::span<const std::uint8_t> pairs, std::vector<std::uint16_t>& out) {
    out.resize(pairs.size() / 2);
    for (std::size_t i = 0; i < out.size(); ++i) {
        out[i] = big_endian(pairs[2 * i], pairs[2 * i + 1]);
    }
}

Error exception_error(std::uint8_t code) {
    static constexpr std::array<std::string_view, 12> meanings{
        "",
        "function not supported",
        "no such register",
        "value not allowed",
        "device failure",
        "accepted, takes long",
        "device busy",
        "",
        "memory error",
        "",
        "gateway: path not available",
        "gateway: the unit behind it does not answer"};
    std::string text = "exception " + std::to_string(code);
    if (code < meanings.size() && !meanings.at(code).empty()) {
        text += " (" + std::string(meanings.at(code)) + ")";
    }
    return {code == 10 || code == 11 ? Fault::timeout : Fault::refused, std::move(text)};
}

}  // namespace metergate::southbound::modbus
