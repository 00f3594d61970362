#include "southbound/gateway/request_shape.hpp"

#include <cstddef>

namespace metergate::southbound::gateway {
namespace {

constexpr std::uint8_t exception_bit = 0x80;
constexpr std::uint8_t device_identification = 14;
constexpr std::size_t plain_size = 5;  // function, address, quantity or value
constexpr std::size_t write_head = 6;  // the same and a byte count
constexpr std::size_t registers_of_all = 65'536;

constexpr Shape sound{};
constexpr Shape illegal_value{false, Exception::illegal_value};
constexpr Shape illegal_address{false, Exception::illegal_address};

std::size_t big_endian(std::span<const std::uint8_t> pdu, std::size_t at) {
    return (std::size_t{pdu[at]} << 8U) | pdu[at + 1];
}

/// `quantity` things from the address on.
Shape span_shape(std::span<const std::uint8_t> pdu, std::size_t quantity_max) {
    const std::size_t quantity = big_endian(pdu, 3);
    if (quantity < 1 || quantity > quantity_max) {
        return illegal_value;
    }
    return big_endian(pdu, 1) + quantity > registers_of_all ? illegal_address : sound;
}

Shape read_shape(std::span<const std::uint8_t> pdu, std::size_t quantity_max) {
    return pdu.size() == plain_size ? span_shape(pdu, quantity_max) : illegal_value;
}

/// A coil is 0x0000 or 0xFF00 (6.5), a register anything (6.6).
Shape write_one_shape(std::span<const std::uint8_t> pdu, bool is_coil) {
    if (pdu.size() != plain_size) {
        return illegal_value;
    }
    const std::size_t value = big_endian(pdu, 3);
    return !is_coil || value == 0 || value == 0xFF00 ? sound : illegal_value;
}

/// `bits` of each thing that is written.
Shape write_many_shape(std::span<const std::uint8_t> pdu, std::size_t quantity_max,
                       std::size_t bits) {
    if (pdu.size() < write_head) {
        return illegal_value;
    }
    const std::size_t bytes = (big_endian(pdu, 3) * bits + 7) / 8;
    const bool fits = pdu[write_head - 1] == bytes && pdu.size() == write_head + bytes;
    return fits ? span_shape(pdu, quantity_max) : illegal_value;
}

/// 6.21: function, type 14, read code 1..4, object.
Shape identification_shape(std::span<const std::uint8_t> pdu) {
    constexpr std::size_t size = 4;
    return pdu.size() == size && pdu[2] >= 1 && pdu[2] <= 4 ? sound : illegal_value;
}

}  // namespace

Access access_of(std::span<const std::uint8_t> pdu) {
    const std::uint8_t function = pdu.empty() ? 0 : pdu[0];
    switch (function) {
        case 1:
        case 2:
        case 3:
        case 4:
        case 17:
            return Access::read;
        case 43:
            return pdu.size() > 1 && pdu[1] != device_identification ? Access::unknown
                                                                     : Access::read;
        case 5:
        case 6:
        case 15:
        case 16:
            return Access::write;
        default:
            return Access::unknown;
    }
}

Shape shape_of(std::span<const std::uint8_t> pdu) {
    switch (pdu.empty() ? 0 : pdu[0]) {
        case 1:
        case 2:
            return read_shape(pdu, 2000);
        case 3:
        case 4:
            return read_shape(pdu, 125);
        case 5:
            return write_one_shape(pdu, true);
        case 6:
            return write_one_shape(pdu, false);
        case 15:
            return write_many_shape(pdu, 1968, 1);
        case 16:
            return write_many_shape(pdu, 123, 16);
        case 17:
            return pdu.size() == 1 ? sound : illegal_value;
        case 43:
            return identification_shape(pdu);
        default:
            return {false, Exception::illegal_function};
    }
}

Pdu exception_pdu(std::uint8_t function, std::uint8_t code) {
    return {static_cast<std::uint8_t>(function | exception_bit), code};
}

Pdu exception_pdu(std::uint8_t function, Exception exception) {
    return exception_pdu(function, static_cast<std::uint8_t>(exception));
}

}  // namespace metergate::southbound::gateway
