#include "southbound/modbus/rtu_line.hpp"

#include <algorithm>
#include <cassert>
#include <cstring>
#include <utility>

#include "southbound/modbus/function_replies.hpp"

namespace metergate::southbound::modbus {
namespace {

/// Of a reply: an exception.
constexpr std::size_t shortest_pdu = 2;

/// Before the first request the wire must have been silent for so long: shorter than masters pause.
constexpr Duration listen_quiet = std::chrono::milliseconds{300};

/// A wire that never falls silent is given up on after this long.
constexpr Duration babble_limit = std::chrono::seconds{2};

}  // namespace

RtuLine::RtuLine(const Clock& clock, std::unique_ptr<Transport> transport, WireFormat wire,
                 RtuOptions options)
    : PortLine(clock, std::move(transport)), wire_(wire), options_(options) {
    assert(wire.baud > 0);
    muted_until_.fill(Instant{});
    replies_until_.fill(Instant{});
}

bool RtuLine::ready() const {
    return PortLine::ready() && !foreign_fault_ && clock_.now() >= listen_until_;
}

const std::optional<Error>& RtuLine::fault() const {
    return port_.fault() ? port_.fault() : foreign_fault_;
}

Instant RtuLine::muted_until(std::uint8_t unit) const {
    return muted_until_[unit];
}

void RtuLine::start(const Request& request) {
    assert(ready());
    assert(request.unit >= 1 && request.unit <= 247);
    assert(!request.pdu.empty() && request.pdu.size() <= pdu_size_max);
    assert(clock_.now() >= muted_until_[request.unit]);
    request_ = request;
    frame_ = rtu_request(request);
    started_ = clock_.now();
    state_ = State::silence;
}

Instant RtuLine::step() {
    if (!port_.is_open()) {
        if (!port_.try_open()) {
            return port_.next_try();
        }
        opened();
    }
    if (!read_available()) {
        return port_.next_try();
    }
    watch_others();
    switch (state_) {
        case State::silence:
            return send_when_quiet();
        case State::reply:
            return judge();
        case State::quieting:
            return wait_for_quiet();
        case State::idle:
            break;
    }
    return port_.transport().wake_by(idle_until());
}

void RtuLine::opened() {
    last_activity_ = clock_.now();
    received_ = 0;
    counters_.reopened = port_.reopened();
    begin_counting();
    echo_.opened();
    heard_.clear();
    listen_end_ = last_activity_ + options_.listen_max;
    listen_until_ = std::min(listen_end_, last_activity_ + listen_quiet);
}

void RtuLine::vanished(const Error& error) {
    port_.lost(error);
    received_ = 0;
    if (state_ != State::idle) {
        if (state_ != State::silence) {
            mute();
        }
        state_ = State::idle;
        outcome_ = error;
    }
}

/// Takes what has arrived. False: the wire went.
bool RtuLine::read_available() {
    for (;;) {
        const std::span<std::uint8_t> room = std::span(buffer_).subspan(received_);
        const Result<std::size_t> got = port_.transport().receive(room);
        if (got.has_error()) {
            vanished(got.error());
            return false;
        }
        if (*got == 0) {
            return true;
        }
        last_activity_ = clock_.now();
        received_ += *got;
        if (state_ != State::reply) {
            discard_unsolicited();
        } else if (received_ == buffer_.size()) {
            return true;  // more than two longest frames: judge() finds it bad
        }
    }
}

void RtuLine::discard_unsolicited() {
    if (state_ == State::quieting) {
        received_ = 0;
        return;
    }
    hear_others();
    received_ = 0;
    if (last_activity_ >= quiet_from_) {
        ++counters_.unsolicited;
    }
    // Where turns are taken, the end of the other master's exchange is the moment to ask.
    const bool its_turn_is_over =
        foreign_.is_there() && !foreign_.reply_is_due() && heard_.is_empty();
    quiet_from_ =
        last_activity_ +
        (its_turn_is_over ? wire_.silence() : std::max(options_.lump_gap, wire_.silence()));
    if (clock_.now() < listen_until_) {
        listen_until_ = std::min(listen_end_, last_activity_ + listen_quiet);
    }
}

Instant RtuLine::send_when_quiet() {
    const Instant now = clock_.now();
    const Duration gap = std::max(wire_.silence(), request_.gap_min);
    const Instant earliest = std::max({last_activity_ + gap, quiet_from_, foreign_.free_from()});
    if (now < earliest) {
        if (now - started_ < babble_limit) {
            return port_.transport().wake_by(earliest);
        }
        const std::string why =
            "the wire does not fall silent: something sends without being asked";
        finish(Error{Fault::damaged, why});
        if (options_.damaged_max > 0) {
            doubt_wire(why);
        }
        return now;
    }
    const Result<void> sent = port_.transport().send(frame_.view());
    if (sent.has_error()) {
        vanished(sent.error());
        return port_.next_try();
    }
    ++counters_.requests;
    asked_ = now + wire_.characters(frame_.size);
    last_activity_ = asked_;
    set_deadlines();
    replies_until_[request_.unit] = asked_ + request_.late_limit + wire_.characters(rtu_frame_max);
    echo_.sent(frame_.view());
    heard_.clear();
    received_ = 0;
    state_ = State::reply;
    return port_.transport().wake_by(deadline_);
}

/// Where the unit decides how long its reply is, a silent one does not cost a longest frame.
void RtuLine::set_deadlines() {
    const std::optional<std::size_t> length = length_asked_for(request_.pdu);
    const std::size_t first = rtu_overhead + length.value_or(shortest_pdu);
    const std::size_t whole = length ? first : rtu_frame_max;
    deadline_ = asked_ + request_.reply_timeout + wire_.characters(first);
    whole_by_ = asked_ + request_.reply_timeout + wire_.characters(whole);
}

Instant RtuLine::judge() {
    strip_echo();
    if (received_ > 0 && !may_be_echo()) {
        deadline_ = whole_by_;
    }
    while (!may_be_echo()) {
        const Parsed parsed = parse_rtu(received(), request_);
        if (parsed.verdict == Verdict::need_more) {
            break;
        }
        if (parsed.verdict == Verdict::bad) {
            begin_quieting(std::string(parsed.why));
            return wait_for_quiet();
        }
        if (parsed.verdict != Verdict::foreign) {
            accept(parsed);
            return clock_.now();
        }
        ++counters_.foreign_frames;
        drop_front(parsed.length);
    }
    if (clock_.now() < deadline_) {
        return port_.transport().wake_by(deadline_);
    }
    if (received_ > 0) {
        begin_quieting("incomplete reply: " + std::to_string(received_) + " bytes");
        return wait_for_quiet();
    }
    echo_.silent();
    mute();
    finish(timed_out());
    return clock_.now();
}

void RtuLine::strip_echo() {
    if (echo_.look(received()) == EchoWatch::Look::echo) {
        drop_front(frame_.size);
        echo_.stripped();
        ++counters_.echoes;
    }
}

bool RtuLine::may_be_echo() const {
    return echo_.look(received()) == EchoWatch::Look::perhaps;
}

void RtuLine::accept(const Parsed& parsed) {
    const bool is_certain = echo_.answered();
    if (!is_certain && parsed.verdict == Verdict::reply) {
        begin_quieting("a copy of the request, and it is not known yet whether the wire echoes");
        return;
    }
    // Two answers of one unit in one go: one of them is not ours, and nobody can tell which.
    if (received_ > parsed.length && buffer_[parsed.length] == request_.unit) {
        begin_quieting("more than one reply of this unit");
        return;
    }
    if (received_ > parsed.length) {
        ++counters_.unsolicited;
    }
    damaged_ = 0;
    // A simulated or buffered wire may answer faster than its baud rate.
    finish(outcome_of(parsed, std::min(asked_, last_activity_), last_activity_));
}

void RtuLine::begin_quieting(std::string why) {
    hear_foreign_requests();
    ++counters_.bad_frames;
    bad_why_ = std::move(why);
    received_ = 0;
    quieting_until_ = clock_.now() + options_.lump_gap + wire_.characters(rtu_frame_max);
    state_ = State::quieting;
}

/// A noisy wire is held until it is quiet, at most one longest frame.
Instant RtuLine::wait_for_quiet() {
    const Instant quiet_at = last_activity_ + std::max(options_.lump_gap, wire_.silence());
    const Instant until = std::min(quiet_at, quieting_until_);
    if (clock_.now() < until) {
        return port_.transport().wake_by(until);
    }
    mute();
    finish(Error{Fault::damaged, "damaged reply: " + bad_why_});
    if (++damaged_ == options_.damaged_max) {
        doubt_wire(std::to_string(damaged_) +
                   " damaged replies in a row, the last one: " + bad_why_);
    }
    return clock_.now();
}

/// A connection may be out of step: it is made anew. Units stay muted, so that what the device
/// server still holds back meets nobody.
void RtuLine::doubt_wire(const std::string& why) {
    damaged_ = 0;
    port_.lost({Fault::damaged, why});
}

void RtuLine::finish(Result<Reply> outcome) {
    state_ = State::idle;
    received_ = 0;
    outcome_ = std::move(outcome);
    count_characters();
    foreign_.own_turn_ended(clock_.now());
}

void RtuLine::mute() {
    muted_until_[request_.unit] =
        std::max(asked_ + request_.late_limit + wire_.characters(rtu_frame_max), clock_.now());
}

// ---- Who else is on the wire --------------------------------------------------------------------

Instant RtuLine::idle_until() const {
    Instant until = foreign_.is_there() ? foreign_.gone_at() : never;
    if (clock_.now() < listen_until_) {
        until = std::min(until, listen_until_);
    }
    return until;
}

/// What was received while nothing of ours was awaited.
void RtuLine::hear_others() {
    heard_.hear(received(), last_activity_, options_.lump_gap);
    while (const std::optional<HeardFrame> frame = heard_.next()) {
        if (!may_be_ours(*frame)) {
            foreign_.heard(*frame, last_activity_);
        }
    }
}

/// Of what came in the place of a reply only requests say that somebody else asks: another unit
/// that answers may be a misled one.
void RtuLine::hear_foreign_requests() {
    heard_.clear();
    heard_.hear(received(), last_activity_, options_.lump_gap);
    while (const std::optional<HeardFrame> frame = heard_.next()) {
        if (frame->is_request && !may_be_ours(*frame)) {
            foreign_.heard(*frame, last_activity_);
        }
    }
    heard_.clear();
}

/// An echo that came late, or a reply to what was asked some time ago.
bool RtuLine::may_be_ours(const HeardFrame& frame) const {
    if (frame.is_request) {
        return std::ranges::equal(frame.bytes, frame_.view());
    }
    return clock_.now() < replies_until_[frame.unit] && !foreign_.is_answer(frame, clock_.now());
}

void RtuLine::watch_others() {
    foreign_.look(clock_.now());
    if (!foreign_.is_there() || options_.when_foreign == WhenForeign::share) {
        foreign_fault_.reset();
        return;
    }
    if (!foreign_fault_) {
        foreign_fault_ =
            Error{Fault::busy, "another master asks on this wire (" + foreign_.words() +
                                   "): waiting until it has been silent for 60 s"};
    }
    if (state_ == State::silence) {
        finish(Error{Fault::disconnected, foreign_fault_->text});
    }
}

WireState RtuLine::wire_state() const {
    return {port_.transport().serial_facts(), echo_.hears_itself(),
            foreign_.is_there() ? foreign_.words() : std::string{}};
}

std::optional<WireNews> RtuLine::take_news() {
    if (const auto echoes = echo_.take_news()) {
        return WireNews{EventKind::local_echo,
                        *echoes ? "hears what it sends: its adapter has a local echo, which is "
                                  "taken out of each reply"
                                : "no longer hears what it sends"};
    }
    const auto foreign = foreign_.take_news();
    if (!foreign) {
        return std::nullopt;
    }
    if (!*foreign) {
        return WireNews{EventKind::foreign_master, "has no other master any more"};
    }
    const bool shares = options_.when_foreign == WhenForeign::share;
    return WireNews{EventKind::foreign_master,
                    "has another master (" + foreign_.words() + "): " +
                        (shares ? "polls take turns with it" : "polling waits until it has gone")};
}

void RtuLine::drop_front(std::size_t count) {
    std::memmove(buffer_.data(), buffer_.data() + count, received_ - count);
    received_ -= count;
}

}  // namespace metergate::southbound::modbus
