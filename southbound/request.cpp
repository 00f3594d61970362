#include "southbound/request.hpp"

#include <cassert>
#include <span>

namespace metergate::southbound {
namespace {

constexpr std::uint8_t high_byte(std::uint16_t value) {
    return static_cast<std::uint8_t>(value >> 8U);
}
constexpr std::uint8_t low_byte(std::uint16_t value) {
    return static_cast<std::uint8_t>(value & 0xFFU);
}

}  // namespace

RegisterRequest::operator Request() const {
    assert(count >= 1 && count <= 125);
    const std::uint8_t function = table == Table::holding ? 3 : 4;
    Request request;
    request.unit = unit;
    request.pdu = {function, high_byte(address), low_byte(address), high_byte(count),
                   low_byte(count)};
    request.reply_timeout = reply_timeout;
    request.late_limit = late_limit;
    request.gap_min = gap_min;
    return request;
}

Result<RegisterReply> registers_of(const Result<Reply>& outcome) {
    if (!outcome) {
        return outcome.error();
    }
    constexpr std::size_t head = 2;  // function, byte count
    RegisterReply reply;
    reply.asked = outcome->asked;
    reply.answered = outcome->answered;
    const std::span<const std::uint8_t> data = std::span(outcome->pdu).subspan(head);
    reply.registers.resize(data.size() / 2);
    auto byte = data.begin();
    for (std::uint16_t& value : reply.registers) {
        const unsigned high = *byte++;
        value = static_cast<std::uint16_t>((high << 8U) | *byte++);
    }
    return reply;
}

}  // namespace metergate::southbound
