#include "southbound/modbus/echo_watch.hpp"

#include <algorithm>

namespace metergate::southbound::modbus {
namespace {

/// One lost or spoilt echo does not make another adapter.
constexpr unsigned changed_after = 3;

}  // namespace

void EchoWatch::opened() {
    wire_ = Wire::unknown;
    against_ = 0;
}

void EchoWatch::sent(std::span<const std::uint8_t> frame) {
    frame_ = frame;
    stripped_ = false;
}

bool EchoWatch::reply_is_copy() const {
    return frame_[1] == 5 || frame_[1] == 6;
}

bool EchoWatch::expected() const {
    return !stripped_ && (!reply_is_copy() || wire_ == Wire::echoes);
}

EchoWatch::Look EchoWatch::look(std::span<const std::uint8_t> received) const {
    const std::size_t known = std::min(received.size(), frame_.size());
    if (!expected() || known == 0 ||
        !std::equal(received.begin(), received.begin() + static_cast<std::ptrdiff_t>(known),
                    frame_.begin())) {
        return Look::no_echo;
    }
    return known == frame_.size() ? Look::echo : Look::perhaps;
}

bool EchoWatch::answered() {
    if (!reply_is_copy()) {
        saw(stripped_);
        return true;
    }
    return wire_ != Wire::unknown && against_ == 0;
}

void EchoWatch::silent() {
    // Of a single write what was stripped may as well have been the reply.
    if (!reply_is_copy() || !stripped_) {
        saw(stripped_);
    }
}

void EchoWatch::saw(bool echo) {
    const Wire seen = echo ? Wire::echoes : Wire::quiet;
    if (seen == wire_) {
        against_ = 0;
        return;
    }
    ++against_;
    if (wire_ == Wire::unknown || against_ == changed_after) {
        wire_ = seen;
        against_ = 0;
    }
}

std::optional<bool> EchoWatch::take_news() {
    if (wire_ == Wire::unknown || hears_itself() == told_) {
        return std::nullopt;
    }
    told_ = hears_itself();
    return told_;
}

}  // namespace metergate::southbound::modbus
