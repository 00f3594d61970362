#include "southbound/modbus/tcp_line.hpp"

#include <cassert>
#include <cstring>
#include <utility>

namespace metergate::southbound::modbus {

TcpLine::TcpLine(const Clock& clock, std::unique_ptr<Transport> transport)
    : PortLine(clock, std::move(transport)) {}

Instant TcpLine::muted_until(std::uint8_t /*unit*/) const {
    return Instant{};
}

void TcpLine::start(const Request& request) {
    assert(ready());
    assert(!request.pdu.empty() && request.pdu.size() <= pdu_size_max);
    request_ = request;
    state_ = State::gap;
}

Instant TcpLine::step() {
    if (!port_.is_open()) {
        if (!port_.try_open()) {
            return port_.next_try();
        }
        opened();
    }
    if (!read_available()) {
        return port_.next_try();
    }
    if (state_ == State::gap) {
        return send_when_due();
    }
    return judge();
}

void TcpLine::opened() {
    received_ = 0;
    last_activity_ = clock_.now() - request_.gap_min;
    counters_.reopened = port_.reopened();
}

void TcpLine::vanished(const Error& error) {
    port_.lost(error);
    received_ = 0;
    if (state_ != State::idle) {
        finish(error);
    }
}

/// Takes what has arrived. False: the connection went.
bool TcpLine::read_available() {
    while (received_ < buffer_.size()) {
        const Result<std::size_t> got =
            port_.transport().receive(std::span(buffer_).subspan(received_));
        if (got.has_error()) {
            vanished(got.error());
            return false;
        }
        if (*got == 0) {
            return true;
        }
        received_ += *got;
        last_activity_ = clock_.now();
    }
    return true;
}

Instant TcpLine::send_when_due() {
    const Instant now = clock_.now();
    if (now < last_activity_ + request_.gap_min) {
        return port_.transport().wake_by(last_activity_ + request_.gap_min);
    }
    ++transaction_;
    const Result<void> sent = port_.transport().send(tcp_request(request_, transaction_).view());
    if (sent.has_error()) {
        vanished(sent.error());
        return port_.next_try();
    }
    ++counters_.requests;
    asked_ = now;
    last_activity_ = now;
    deadline_ = now + request_.reply_timeout;
    state_ = State::reply;
    return port_.transport().wake_by(deadline_);
}

/// While nothing is asked, whatever has arrived is judged against the last transaction number, and
/// is foreign or out of step.
Instant TcpLine::judge() {
    for (;;) {
        const Parsed parsed = parse_tcp({buffer_.data(), received_}, request_, transaction_);
        if (parsed.verdict == Verdict::need_more) {
            break;
        }
        if (parsed.verdict == Verdict::bad) {
            out_of_step(parsed.why);
            return port_.next_try();
        }
        if (parsed.verdict != Verdict::foreign && state_ == State::reply) {
            accept(parsed);
            return clock_.now();
        }
        ++counters_.foreign_frames;
        drop_front(parsed.length);
    }
    if (state_ == State::idle) {
        return port_.transport().wake_by(never);
    }
    if (clock_.now() < deadline_) {
        return port_.transport().wake_by(deadline_);
    }
    finish(timed_out());
    return clock_.now();
}

void TcpLine::accept(const Parsed& parsed) {
    finish(outcome_of(parsed, asked_, last_activity_));
    drop_front(parsed.length);
}

void TcpLine::out_of_step(std::string_view why) {
    ++counters_.bad_frames;
    const Error error{Fault::damaged, "damaged reply: " + std::string(why)};
    port_.lost(error);
    received_ = 0;
    if (state_ != State::idle) {
        finish(error);
    }
}

void TcpLine::drop_front(std::size_t count) {
    std::memmove(buffer_.data(), buffer_.data() + count, received_ - count);
    received_ -= count;
}

void TcpLine::finish(Result<Reply> outcome) {
    outcome_ = std::move(outcome);
    state_ = State::idle;
}

}  // namespace metergate::southbound::modbus
