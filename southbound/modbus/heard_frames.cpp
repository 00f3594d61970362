#include "southbound/modbus/heard_frames.hpp"

#include <algorithm>
#include <cstring>

#include "southbound/modbus/function_replies.hpp"

namespace metergate::southbound::modbus {
namespace {

using Bytes = std::span<const std::uint8_t>;

constexpr std::uint8_t unit_max = 247;

/// What can be said of the frame that `bytes` begin with, of one kind.
struct Shape {
    std::size_t size = 0;   ///< 0 = more bytes are needed to tell
    bool possible = false;  ///< false: nothing of this kind begins like this
};

/// MODBUS Application Protocol V1.1b3, section 6.
Shape request_shape(Bytes bytes) {
    if (bytes.size() < 2) {
        return {0, true};
    }
    constexpr std::size_t counted_head = 7;  // unit, function, address, count, byte count
    switch (bytes[1]) {
        case 1:
        case 2:
        case 3:
        case 4:
        case 5:
        case 6:
            return {8, true};
        case 15:
        case 16:
            return bytes.size() < counted_head
                       ? Shape{0, true}
                       : Shape{counted_head + bytes[counted_head - 1] + 2,
                               counted_head + bytes[counted_head - 1] + 2 <= rtu_frame_max};
        case 17:
            return {4, true};
        case 43:
            return {7, true};
        default:
            return {};
    }
}

Shape response_shape(Bytes bytes) {
    const PduLength pdu = response_length(bytes.subspan(1));
    return {pdu.size == 0 ? 0 : rtu_overhead + pdu.size, pdu.possible};
}

bool is_whole(Shape shape, Bytes bytes) {
    return shape.possible && shape.size != 0 && shape.size <= bytes.size() &&
           crc16(bytes.first(shape.size)) == 0;
}

bool may_become_whole(Shape shape, Bytes bytes) {
    return shape.possible && (shape.size == 0 || shape.size > bytes.size());
}

/// 5 and 6 are confirmed by a copy.
bool only_masters_send(std::uint8_t function) {
    return function != 5 && function != 6;
}

}  // namespace

void HeardFrames::hear(Bytes bytes, Instant now, Duration gap) {
    if (now - last_ > gap) {
        clear();
    }
    last_ = now;
    compact();
    // More than fits has no frame in it that anybody asked next() for.
    const std::size_t count = std::min(bytes.size(), buffer_.size());
    if (count > buffer_.size() - size_) {
        clear();
    }
    std::memcpy(buffer_.data() + size_, bytes.data() + (bytes.size() - count), count);
    size_ += count;
}

std::optional<HeardFrame> HeardFrames::next() {
    for (; size_ - begin_ >= 2; ++begin_) {
        const Bytes rest(buffer_.data() + begin_, size_ - begin_);
        if (rest[0] == 0 || rest[0] > unit_max) {
            continue;
        }
        const Shape request = request_shape(rest);
        const Shape response = response_shape(rest);
        const bool is_request = is_whole(request, rest);
        if (is_request || is_whole(response, rest)) {
            const std::size_t size = is_request ? request.size : response.size;
            begin_ += size;
            return HeardFrame{rest[0], rest[1], is_request && only_masters_send(rest[1]),
                              rest.first(size)};
        }
        if (may_become_whole(request, rest) || may_become_whole(response, rest)) {
            return std::nullopt;
        }
    }
    return std::nullopt;
}

void HeardFrames::compact() {
    std::memmove(buffer_.data(), buffer_.data() + begin_, size_ - begin_);
    size_ -= begin_;
    begin_ = 0;
}

}  // namespace metergate::southbound::modbus
