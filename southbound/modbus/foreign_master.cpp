#include "southbound/modbus/foreign_master.hpp"

namespace metergate::southbound::modbus {
namespace {

constexpr Duration window = std::chrono::seconds{60};
constexpr unsigned requests_alone = 3;
constexpr unsigned replies_alone = 8;
/// Slow panels take this long; after that the other master asks again or gives up.
constexpr Duration reply_wait = std::chrono::seconds{1};
/// After an own exchange: most masters pause shorter than this between two requests.
constexpr Duration room = std::chrono::milliseconds{100};

}  // namespace

void ForeignMaster::heard(const HeardFrame& frame, Instant now) {
    begin_window(now);
    const bool is_exchange = is_answer(frame, now);
    ++(frame.is_request ? requests_ : replies_);
    ++frames_;
    unit_ = frame.unit;
    function_ = frame.function;
    last_heard_ = now;
    reply_is_due_ = frame.is_request;
    own_turn_ended_.reset();
    there_ = there_ || is_exchange || requests_ >= requests_alone || replies_ >= replies_alone;
}

void ForeignMaster::begin_window(Instant now) {
    if (now - window_begin_ > window) {
        window_begin_ = now;
        requests_ = replies_ = 0;
        frames_ = there_ ? frames_ : 0;
    }
}

bool ForeignMaster::is_answer(const HeardFrame& frame, Instant now) const {
    return reply_is_due_ && !frame.is_request && frame.unit == unit_ &&
           (frame.function & 0x7FU) == function_ && now - last_heard_ <= reply_wait;
}

void ForeignMaster::own_turn_ended(Instant now) {
    if (there_) {
        own_turn_ended_ = now;
    }
}

void ForeignMaster::look(Instant now) {
    if (there_ && now >= gone_at()) {
        there_ = false;
        requests_ = replies_ = 0;
        frames_ = 0;
    }
}

Instant ForeignMaster::free_from() const {
    // Also of one that is not believed yet: its reply would look like ours.
    if (reply_is_due_) {
        return last_heard_ + reply_wait;
    }
    return there_ && own_turn_ended_ ? *own_turn_ended_ + room : Instant{};
}

std::string ForeignMaster::words() const {
    return std::to_string(frames_) +
           " frames heard that this gateway has not asked for, the last one of unit " +
           std::to_string(unit_) + ", function " + std::to_string(function_ & 0x7FU);
}

std::optional<bool> ForeignMaster::take_news() {
    if (there_ == told_) {
        return std::nullopt;
    }
    told_ = there_;
    return told_;
}

}  // namespace metergate::southbound::modbus
