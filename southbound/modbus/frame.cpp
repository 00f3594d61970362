#include "southbound/modbus/frame.hpp"

#include <algorithm>
#include <cassert>

#include "southbound/modbus/function_replies.hpp"

namespace metergate::southbound::modbus {
namespace {

constexpr std::uint8_t unit_max = 247;
constexpr std::size_t mbap_size = 6;  // transaction, protocol, length; the unit belongs to the rest

/// [k][byte]: what a byte with k bytes behind it does to the CRC. Four at a time, since each single
/// one has to wait for the one before.
using CrcTables = std::array<std::array<std::uint16_t, 256>, 4>;

constexpr CrcTables make_crc_tables() {
    CrcTables tables{};
    for (unsigned byte = 0; byte < 256; ++byte) {
        unsigned crc = byte;
        for (std::array<std::uint16_t, 256>& table : tables) {
            for (int bit = 0; bit < 8; ++bit) {
                crc = (crc & 1U) != 0 ? (crc >> 1U) ^ 0xA001U : crc >> 1U;
            }
            table.at(byte) = static_cast<std::uint16_t>(crc);
        }
    }
    return tables;
}
constexpr CrcTables crc_tables = make_crc_tables();

constexpr std::uint8_t high_byte(std::uint16_t value) {
    return static_cast<std::uint8_t>(value >> 8U);
}
constexpr std::uint8_t low_byte(std::uint16_t value) {
    return static_cast<std::uint8_t>(value & 0xFFU);
}
constexpr std::uint16_t big_endian(std::uint8_t high, std::uint8_t low) {
    return static_cast<std::uint16_t>((high << 8U) | low);
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

Parsed parse_foreign(std::span<const std::uint8_t> bytes) {
    if (bytes[0] == 0 || bytes[0] > unit_max) {
        return bad("no frame begins like this");
    }
    if (bytes.size() < 3) {
        return need_more();
    }
    const PduLength pdu = response_length(bytes.subspan(1));
    if (!pdu.possible) {
        return bad("no frame begins like this");
    }
    const std::size_t length = rtu_overhead + pdu.size;
    if (pdu.size == 0 || bytes.size() < length) {
        return need_more();
    }
    return crc_is_right(bytes.first(length)) ? whole(Verdict::foreign, length) : bad("wrong CRC");
}

Parsed exception(std::size_t length, std::uint8_t code) {
    Parsed parsed = whole(Verdict::exception, length);
    parsed.exception_code = code;
    return parsed;
}

/// What can be told of a reply from its first bytes.
struct Begun {
    std::size_t size = 0;  ///< of its PDU; 0 = not known yet
    std::string_view why;  ///< set: it does not answer the request
};

/// `begun` is not empty.
Begun begun_reply(std::span<const std::uint8_t> begun, std::span<const std::uint8_t> request) {
    const std::uint8_t function = request.empty() ? 0 : request[0];
    if (begun[0] != function && begun[0] != (function | exception_bit)) {
        return {0, "answer to another function"};
    }
    const PduLength length = response_length(begun);
    if (length.size == 0 && length.possible) {
        return {};
    }
    const bool is_exception = begun[0] != function;
    const std::size_t wanted =
        is_exception ? length.size : length_asked_for(request).value_or(length.size);
    if (!length.possible || length.size != wanted) {
        return {0, "another length than asked for"};
    }
    return {length.size, {}};
}

/// A whole, intact reply of the unit that was asked.
Parsed judged(std::size_t length, std::span<const std::uint8_t> pdu,
              std::span<const std::uint8_t> request) {
    if (pdu[0] != request[0]) {
        return exception(length, pdu[1]);
    }
    if (!confirms(request, pdu)) {
        return bad("confirms another write than asked for");
    }
    Parsed parsed = whole(Verdict::reply, length);
    parsed.pdu = pdu;
    return parsed;
}

}  // namespace

std::uint16_t crc16(std::span<const std::uint8_t> bytes) {
    unsigned crc = 0xFFFF;
    for (; bytes.size() >= 4; bytes = bytes.subspan(4)) {
        crc = crc_tables[3][(crc ^ bytes[0]) & 0xFFU] ^ crc_tables[2][(crc >> 8U) ^ bytes[1]] ^
              crc_tables[1][bytes[2]] ^ crc_tables[0][bytes[3]];
    }
    for (const std::uint8_t byte : bytes) {
        crc = (crc >> 8U) ^ crc_tables[0][(crc ^ byte) & 0xFFU];
    }
    return static_cast<std::uint16_t>(crc);
}

RequestFrame rtu_request(const Request& request) {
    assert(!request.pdu.empty() && request.pdu.size() <= pdu_size_max);
    RequestFrame frame;
    frame.bytes[0] = request.unit;
    std::copy(request.pdu.begin(), request.pdu.end(), frame.bytes.begin() + 1);
    const std::size_t end = 1 + request.pdu.size();
    const std::uint16_t crc = crc16({frame.bytes.data(), end});
    frame.bytes.at(end) = low_byte(crc);
    frame.bytes.at(end + 1) = high_byte(crc);
    frame.size = end + 2;
    return frame;
}

RequestFrame tcp_request(const Request& request, std::uint16_t transaction) {
    assert(!request.pdu.empty() && request.pdu.size() <= pdu_size_max);
    RequestFrame frame;
    frame.bytes[0] = high_byte(transaction);
    frame.bytes[1] = low_byte(transaction);
    frame.bytes[5] = static_cast<std::uint8_t>(1 + request.pdu.size());  // unit and PDU
    frame.bytes[6] = request.unit;
    std::copy(request.pdu.begin(), request.pdu.end(), frame.bytes.begin() + mbap_size + 1);
    frame.size = mbap_size + 1 + request.pdu.size();
    return frame;
}

Parsed parse_rtu(std::span<const std::uint8_t> bytes, const Request& request) {
    if (bytes.size() < 2) {
        return need_more();
    }
    if (bytes[0] != request.unit) {
        return parse_foreign(bytes);
    }
    const std::span<const std::uint8_t> begun = bytes.subspan(1);
    const Begun reply = begun_reply(begun, request.pdu);
    if (!reply.why.empty()) {
        return bad(reply.why);
    }
    const std::size_t length = rtu_overhead + reply.size;
    if (reply.size == 0 || bytes.size() < length) {
        return need_more();
    }
    if (!crc_is_right(bytes.first(length))) {
        return bad("wrong CRC");
    }
    return judged(length, begun.first(reply.size), request.pdu);
}

Parsed parse_tcp(std::span<const std::uint8_t> bytes, const Request& request,
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
    const std::span<const std::uint8_t> pdu = bytes.subspan(mbap_size + 1, following - 1);
    const Begun reply = begun_reply(pdu, request.pdu);
    if (!reply.why.empty()) {
        return bad(reply.why);
    }
    return reply.size == pdu.size() ? judged(length, pdu, request.pdu) : bad("impossible length");
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
