#include "southbound/modbus/function_replies.hpp"

#include <algorithm>

#include "southbound/request.hpp"

namespace metergate::southbound::modbus {
namespace {

constexpr std::size_t write_size = 5;      // function, address, value or count
constexpr std::size_t exception_size = 2;  // function, code
constexpr std::uint8_t device_identification = 14;

constexpr PduLength impossible{0, false};

bool is_write(std::uint8_t function) {
    return function == 5 || function == 6 || function == 15 || function == 16;
}

/// Byte count, then that many bytes.
PduLength counted(std::uint8_t count, std::uint8_t count_max) {
    return count == 0 || count > count_max ? impossible : PduLength{std::size_t{2} + count};
}

/// 6.21: function, type 14, read code, conformity, more follows, next object, number of objects;
/// then each object's id, length and value.
PduLength identification_length(std::span<const std::uint8_t> pdu) {
    constexpr std::size_t head = 7;
    if (pdu[1] != device_identification) {
        return impossible;
    }
    if (pdu.size() < head) {
        return {};
    }
    std::size_t end = head;
    for (unsigned object = 0; object < pdu[head - 1]; ++object) {
        if (end + 2 > pdu_size_max) {
            return impossible;
        }
        if (pdu.size() < end + 2) {
            return {};
        }
        end += std::size_t{2} + pdu[end + 1];
    }
    return end > pdu_size_max ? impossible : PduLength{end};
}

}  // namespace

PduLength response_length(std::span<const std::uint8_t> pdu) {
    if (pdu.size() < 2) {
        return {};
    }
    const std::uint8_t function = pdu[0];
    if ((function & exception_bit) != 0) {
        return {exception_size};
    }
    if (function >= 1 && function <= 4) {
        return counted(pdu[1], 250);
    }
    if (is_write(function)) {
        return {write_size};
    }
    if (function == 17) {
        return counted(pdu[1], pdu_size_max - 2);
    }
    return function == 43 ? identification_length(pdu) : impossible;
}

std::optional<std::size_t> length_asked_for(std::span<const std::uint8_t> request) {
    if (request.size() < write_size) {
        return std::nullopt;
    }
    const std::uint8_t function = request[0];
    const std::size_t count = (std::size_t{request[3]} << 8U) | request[4];
    if (function == 1 || function == 2) {
        return 2 + (count + 7) / 8;
    }
    if (function == 3 || function == 4) {
        return 2 + 2 * count;
    }
    return is_write(function) ? std::optional(write_size) : std::nullopt;
}

bool confirms(std::span<const std::uint8_t> request, std::span<const std::uint8_t> reply) {
    if (!is_write(reply[0])) {
        return true;
    }
    return request.size() >= write_size && reply.size() == write_size &&
           std::equal(reply.begin(), reply.end(), request.begin());
}

}  // namespace metergate::southbound::modbus
