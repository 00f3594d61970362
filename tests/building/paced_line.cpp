#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <utility>

#include "tests/building/live_line.hpp"

namespace metergate::building {
namespace {

/// Bytes that do not become a request within this time are forgotten.
constexpr Duration forget_after = std::chrono::milliseconds{50};
/// Bytes of a reply are written in portions of about this length of time.
constexpr Duration portion = std::chrono::milliseconds{1};
/// A thread that sleeps wakes up to this late: while requests are noted, the end of a reply is
/// waited for without sleeping. Not the silence behind it: the kernel may want the same processor
/// to hand the bytes over.
constexpr Duration wakes_late{100};

}  // namespace

PacedLine::PacedLine(Bus& bus) : bus_(bus) {
    facts_.line = bus.plan().id;
}

/// What was on its way reaches nobody.
void PacedLine::forget_frames() {
    heard_.clear();
    for (const Outgoing& frame : outgoing_) {
        bus_.doubt(frame.reply);
    }
    outgoing_.clear();
}

void PacedLine::watch(std::vector<pollfd>& descriptors) const {
    if (master_ >= 0) {
        descriptors.push_back({master_, POLLIN, 0});
    }
}

Result<Instant> PacedLine::step(Instant now) {
    if (bus_.port_missing(now)) {
        pull_out();
        forget_frames();
        return now + std::chrono::milliseconds{100};
    }
    if (auto plugged = plug_in(); !plugged) {
        return plugged.error();
    }
    read_requests(now);
    take_requests(now);
    let_others_speak(now);
    write_due(now);
    // Faults that remove the port begin without anything on the line.
    return std::min({next_write(now), std::max(bus_.foreign_due(now), now + portion),
                     now + std::chrono::milliseconds{100}});
}

void PacedLine::read_requests(Instant now) {
    if (!heard_.empty() && now - heard_last_ > forget_after) {
        heard_.clear();
    }
    std::array<std::uint8_t, 512> buffer{};
    while (master_ >= 0) {
        const ssize_t count = read(master_, buffer.data(), buffer.size());
        if (count == 0) {
            hung_up();
            forget_frames();
        }
        if (count <= 0) {
            return;
        }
        if (heard_.empty()) {
            heard_since_ = now;
        }
        heard_last_ = now;
        heard_.insert(heard_.end(), buffer.begin(), buffer.begin() + count);
    }
}

void PacedLine::take_requests(Instant now) {
    for (;;) {
        const std::size_t length = rtu_request_length(heard_);
        if (length == 0 || heard_.size() < length) {
            return;
        }
        Bytes frame(heard_.begin(), heard_.begin() + static_cast<std::ptrdiff_t>(length));
        heard_.erase(heard_.begin(), heard_.begin() + static_cast<std::ptrdiff_t>(length));
        answer(std::move(frame), now);
        heard_since_ = now;
    }
}

void PacedLine::answer(Bytes frame, Instant now) {
    ++facts_.requests;
    RequestRow row;
    row.heard = heard_since_;
    row.silence = silence_at(heard_since_);
    row.request = time_of(frame.size());
    row.ended = row.heard;
    // A pseudo-terminal hands a request over at once; a wire takes its time.
    const Instant end = std::max(now, heard_since_ + row.request);
    quiet_since_ = end;
    if (bus_.echoes(now)) {
        Reply echo;
        echo.begin = heard_since_;
        echo.bytes = frame;
        outgoing_.push_back({std::move(echo), 0, std::nullopt});
    }
    std::optional<Reply> reply = bus_.rtu_reply(frame, end);
    row.frame = std::move(frame);
    if (!reply) {
        note(row);
        return;
    }
    row.turnaround = reply->begin - end;
    row.reply = time_of(reply->bytes.size());
    row.reply_bytes = reply->bytes.size();
    outgoing_.push_back({std::move(*reply), 0, std::move(row)});
}

/// Another master, if there is one, asks when nothing is on the wire.
void PacedLine::let_others_speak(Instant now) {
    if (!outgoing_.empty() || !heard_.empty() || now < quiet_since_) {
        return;
    }
    const std::optional<Bytes> request = bus_.foreign_request(now);
    if (!request) {
        return;
    }
    Reply heard;
    heard.begin = now;
    heard.bytes = *request;
    outgoing_.push_back({std::move(heard), 0, std::nullopt});
    if (auto reply = bus_.rtu_reply(*request, now + time_of(request->size()))) {
        outgoing_.push_back({std::move(*reply), 0, std::nullopt});
    }
}

/// What has passed at `now` since the last byte on the wire; 0 while a reply is still to come.
Duration PacedLine::silence_at(Instant now) const {
    return outgoing_.empty() ? std::max(now - quiet_since_, Duration{}) : Duration{};
}

void PacedLine::note(const RequestRow& row) {
    if (log_ != nullptr) {
        log_->add(row);
    }
}

void PacedLine::write_due(Instant now) {
    for (Outgoing& frame : outgoing_) {
        if (now <= frame.reply.begin) {
            continue;
        }
        const auto due = std::min(static_cast<std::size_t>((now - frame.reply.begin).count() *
                                                           bus_.plan().baud / 11'000'000),
                                  frame.reply.bytes.size());
        if (due > frame.sent) {
            const ssize_t written =
                write(master_, frame.reply.bytes.data() + frame.sent, due - frame.sent);
            if (written != static_cast<ssize_t>(due - frame.sent)) {
                bus_.doubt(frame.reply);  // nobody reads: the terminal is full, or gone
            }
            frame.sent = due;
            quiet_since_ = now;
            if (due == frame.reply.bytes.size() && frame.request) {
                frame.request->ended = now;
                note(*frame.request);
            }
        }
    }
    std::erase_if(outgoing_,
                  [](const Outgoing& frame) { return frame.sent == frame.reply.bytes.size(); });
}

Instant PacedLine::next_write(Instant now) const {
    Instant next = never;
    for (const Outgoing& frame : outgoing_) {
        const Instant end = frame.reply.begin + time_of(frame.reply.bytes.size());
        next = std::min(next, std::min(end, std::max(now, frame.reply.begin) + portion));
        if (log_ != nullptr && end - next < wakes_late) {
            next = std::max(now, end - wakes_late);
        }
    }
    return next;
}

}  // namespace metergate::building
