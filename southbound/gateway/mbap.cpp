#include "southbound/gateway/mbap.hpp"

#include <cassert>

namespace metergate::southbound::gateway {
namespace {

constexpr std::size_t protocol_at = 2;
constexpr std::size_t length_at = 4;
constexpr std::size_t unit_at = 6;
constexpr std::size_t pdu_at = 7;

std::uint16_t big_endian(std::span<const std::uint8_t> bytes, std::size_t at) {
    return static_cast<std::uint16_t>((bytes[at] << 8U) | bytes[at + 1]);
}

void append_big_endian(std::vector<std::uint8_t>& bytes, std::size_t value) {
    bytes.push_back(static_cast<std::uint8_t>((value >> 8U) & 0xFFU));
    bytes.push_back(static_cast<std::uint8_t>(value & 0xFFU));
}

Cut nonsense(std::string_view why) {
    Cut cut;
    cut.nonsense = why;
    return cut;
}

}  // namespace

Cut cut_frame(std::span<const std::uint8_t> bytes) {
    if (bytes.size() >= length_at && big_endian(bytes, protocol_at) != 0) {
        return nonsense("the protocol number is not 0");
    }
    if (bytes.size() < unit_at) {
        return {};
    }
    // Unit and PDU; a PDU has at least its function code.
    const std::size_t following = big_endian(bytes, length_at);
    if (following < 2 || following > 1 + pdu_size_max) {
        return nonsense("the length is not 2 to 254");
    }
    const std::size_t length = unit_at + following;
    if (bytes.size() < length) {
        return {};
    }
    const auto pdu = bytes.subspan(pdu_at, following - 1);
    return {length, {big_endian(bytes, 0), bytes[unit_at], Pdu(pdu.begin(), pdu.end())}, {}};
}

void append_frame(std::vector<std::uint8_t>& bytes, const Frame& frame) {
    assert(!frame.pdu.empty() && frame.pdu.size() <= pdu_size_max);
    append_big_endian(bytes, frame.transaction);
    append_big_endian(bytes, 0);
    append_big_endian(bytes, 1 + frame.pdu.size());
    bytes.push_back(frame.unit);
    bytes.insert(bytes.end(), frame.pdu.begin(), frame.pdu.end());
}

}  // namespace metergate::southbound::gateway
