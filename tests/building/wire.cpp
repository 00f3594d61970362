#include "tests/building/wire.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace metergate::building {
namespace {

constexpr Duration network_delay{500};
/// Rounding of character times to microseconds, on either side.
constexpr Duration rounding{2};

}  // namespace

void VirtualWire::note_request(std::span<const std::uint8_t> frame) {
    ++facts_.requests;
    auto sent_us = static_cast<std::uint64_t>((clock_.now() - bus_.timeline().zero).count());
    std::string line;
    if (keeps_text_) {
        line = fmt::format("{}", sent_us);
    }
    for (int i = 0; i < 8; ++i, sent_us >>= 8U) {
        facts_.transcript = fnv_step(facts_.transcript, static_cast<std::uint8_t>(sent_us & 0xFFU));
    }
    for (const std::uint8_t byte : frame) {
        facts_.transcript = fnv_step(facts_.transcript, byte);
        if (keeps_text_) {
            line += fmt::format(" {:02x}", byte);
        }
    }
    if (keeps_text_) {
        text_.push_back(std::move(line));
    }
}

Error VirtualWire::gone() const {
    return {Fault::disconnected, "simulated line " + bus_.plan().id + " went away"};
}

// ---- RTU ----------------------------------------------------------------------------------------

Result<void> VirtualRtuWire::open() {
    const Instant now = this->now();
    if (bus().port_missing(now)) {
        return Error{Fault::not_found,
                     "simulated port of line " + bus().plan().id + ": no such port"};
    }
    set_open(true);
    // What arrived while nobody listened is lost; what is still to come will arrive.
    for (Incoming& frame : incoming_) {
        const std::size_t here = arrived(frame, now);
        if (here > frame.taken) {
            frame.taken = here;
            bus().doubt(frame.reply);
        }
    }
    return {};
}

std::size_t VirtualRtuWire::arrived(const Incoming& frame, Instant now) const {
    if (now <= frame.reply.begin) {
        return 0;
    }
    const std::int64_t elapsed_us = (now - frame.reply.begin).count();
    const auto count = static_cast<std::size_t>(elapsed_us * bus().plan().baud / 11'000'000);
    return std::min(count, frame.reply.bytes.size());
}

void VirtualRtuWire::watch_silence(Instant now) {
    bool overlaps = sent_until_ > now;
    for (const Incoming& frame : incoming_) {
        const std::size_t here = arrived(frame, now);
        if (here > 0) {
            heard_until_ = std::max(heard_until_, frame.reply.begin + characters_of(here));
            overlaps = overlaps || here < frame.reply.bytes.size();
        }
    }
    const Instant quiet_since = std::max(sent_until_, heard_until_);
    if (overlaps) {
        note_overlap();
    } else if (quiet_since != Instant::min() &&
               now + rounding < quiet_since + silence_min(bus().plan().baud)) {
        note_short_silence();
    }
}

/// Spoils every frame that is on the wire between `begin` and `end`. True if there was one.
bool VirtualRtuWire::collide(Instant begin, Instant end) {
    bool collided = false;
    for (Incoming& frame : incoming_) {
        if (frame.reply.begin < end && end_of(frame) > begin) {
            bus().spoil(frame.reply.bytes, arrived(frame, begin));
            bus().doubt(frame.reply);
            collided = true;
        }
    }
    return collided;
}

void VirtualRtuWire::expect(Reply reply) {
    const Instant end = reply.begin + characters_of(reply.bytes.size());
    if (collide(reply.begin, end)) {
        bus().spoil(reply.bytes, 0);
        bus().doubt(reply);
    }
    const auto place = std::upper_bound(
        incoming_.begin(), incoming_.end(), reply.begin,
        [](Instant begin, const Incoming& frame) { return begin < frame.reply.begin; });
    incoming_.insert(place, Incoming{std::move(reply), 0});
}

void VirtualRtuWire::lose_connection() {
    set_open(false);
    for (const Incoming& frame : incoming_) {
        bus().doubt(frame.reply);
    }
    incoming_.clear();
}

Result<void> VirtualRtuWire::send(std::span<const std::uint8_t> frame) {
    const Instant now = this->now();
    if (is_open() && bus().port_missing(now)) {
        lose_connection();
    }
    if (!is_open()) {
        return gone();
    }
    note_request(frame);
    watch_silence(now);
    const Instant end = now + characters_of(frame.size());
    const bool collided = collide(now, end) || sent_until_ > now;
    sent_until_ = std::max(sent_until_, end);
    if (bus().echoes(now)) {
        Reply echo;
        echo.begin = now;
        echo.bytes.assign(frame.begin(), frame.end());
        incoming_.push_front(Incoming{std::move(echo), 0});
    }
    if (collided) {
        return {};
    }
    if (std::optional<Reply> reply = bus().rtu_reply(frame, end)) {
        expect(std::move(*reply));
    }
    return {};
}

Result<std::size_t> VirtualRtuWire::receive(std::span<std::uint8_t> buffer) {
    const Instant now = this->now();
    if (is_open() && bus().port_missing(now)) {
        lose_connection();
    }
    if (!is_open()) {
        return gone();
    }
    let_others_speak(now);
    std::size_t filled = 0;
    for (Incoming& frame : incoming_) {
        const std::size_t here = arrived(frame, now);
        const std::size_t count = std::min(here - frame.taken, buffer.size() - filled);
        std::copy_n(frame.reply.bytes.begin() + static_cast<std::ptrdiff_t>(frame.taken), count,
                    buffer.begin() + static_cast<std::ptrdiff_t>(filled));
        frame.taken += count;
        filled += count;
        if (here > 0) {
            heard_until_ = std::max(heard_until_, frame.reply.begin + characters_of(here));
        }
    }
    while (!incoming_.empty() && incoming_.front().taken == incoming_.front().reply.bytes.size()) {
        incoming_.pop_front();
    }
    return filled;
}

Instant VirtualRtuWire::wake_by(Instant deadline) {
    for (const Incoming& frame : incoming_) {
        // One that is through may still stand behind a longer one that it has met.
        if (frame.taken < frame.reply.bytes.size()) {
            deadline = std::min(deadline, std::max(end_of(frame), now()));
        }
    }
    if (incoming_.empty()) {
        const Instant others = std::max(bus().foreign_due(now()), sent_until_);
        deadline = std::min(deadline, std::max(others, now() + Duration{1}));
    }
    return deadline;
}

void VirtualRtuWire::let_others_speak(Instant now) {
    if (sent_until_ > now || !incoming_.empty()) {
        return;
    }
    const std::optional<Bytes> request = bus().foreign_request(now);
    if (!request) {
        return;
    }
    Reply heard;
    heard.begin = now;
    heard.bytes = *request;
    expect(std::move(heard));
    if (auto reply = bus().rtu_reply(*request, now + characters_of(request->size()))) {
        expect(std::move(*reply));
    }
}

// ---- TCP ----------------------------------------------------------------------------------------

Result<void> VirtualTcpWire::open() {
    if (bus().port_missing(now())) {
        return Error{Fault::refused,
                     "simulated device of line " + bus().plan().id + ": connection refused"};
    }
    set_open(true);
    return {};
}

void VirtualTcpWire::close() {
    set_open(false);
    for (const Reply& reply : incoming_) {
        bus().doubt(reply);
    }
    incoming_.clear();
    taken_ = 0;
}

Result<void> VirtualTcpWire::send(std::span<const std::uint8_t> frame) {
    const Instant now = this->now();
    if (is_open() && bus().port_missing(now)) {
        close();
    }
    if (!is_open()) {
        return gone();
    }
    note_request(frame);
    if (std::optional<Reply> reply = bus().tcp_reply(frame, now + network_delay)) {
        reply->begin += network_delay;
        const auto place = std::upper_bound(
            incoming_.begin() + (taken_ > 0 ? 1 : 0), incoming_.end(), reply->begin,
            [](Instant begin, const Reply& other) { return begin < other.begin; });
        incoming_.insert(place, std::move(*reply));
    }
    return {};
}

Result<std::size_t> VirtualTcpWire::receive(std::span<std::uint8_t> buffer) {
    const Instant now = this->now();
    if (is_open() && bus().port_missing(now)) {
        close();
    }
    if (!is_open()) {
        return gone();
    }
    std::size_t filled = 0;
    while (!incoming_.empty() && incoming_.front().begin <= now && filled < buffer.size()) {
        const Bytes& bytes = incoming_.front().bytes;
        const std::size_t count = std::min(bytes.size() - taken_, buffer.size() - filled);
        std::copy_n(bytes.begin() + static_cast<std::ptrdiff_t>(taken_), count,
                    buffer.begin() + static_cast<std::ptrdiff_t>(filled));
        filled += count;
        taken_ += count;
        if (taken_ == bytes.size()) {
            incoming_.pop_front();
            taken_ = 0;
        }
    }
    return filled;
}

Instant VirtualTcpWire::wake_by(Instant deadline) {
    return incoming_.empty() ? deadline
                             : std::min(deadline, std::max(incoming_.front().begin, now()));
}

}  // namespace metergate::building
