#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
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

PtyLine::PtyLine(Bus& bus, std::string link) : bus_(bus), link_(std::move(link)) {
    facts_.line = bus.plan().id;
}

PtyLine::~PtyLine() {
    pull_out();
}

Result<void> PtyLine::plug_in() {
    termios raw{};
    cfmakeraw(&raw);
    raw.c_cflag |= CLOCAL | CREAD;
    std::array<char, 256> name{};
    if (openpty(&master_, &slave_, nullptr, &raw, nullptr) != 0 ||
        ttyname_r(slave_, name.data(), name.size()) != 0) {
        return Error{Fault::refused, "no pseudo-terminal for line " + id() + ": " +
                                         std::string(std::strerror(errno))};
    }
    fcntl(master_, F_SETFL, fcntl(master_, F_GETFL) | O_NONBLOCK);
    fcntl(master_, F_SETFD, FD_CLOEXEC);
    fcntl(slave_, F_SETFD, FD_CLOEXEC);
    unlink(link_.c_str());
    if (symlink(name.data(), link_.c_str()) != 0) {
        return Error{Fault::refused,
                     link_ + ": cannot be made: " + std::string(std::strerror(errno))};
    }
    return {};
}

void PtyLine::pull_out() {
    if (master_ < 0) {
        return;
    }
    unlink(link_.c_str());
    close(master_);
    close(slave_);
    master_ = slave_ = -1;
    heard_.clear();
    for (const Outgoing& frame : outgoing_) {
        bus_.doubt(frame.reply);
    }
    outgoing_.clear();
}

void PtyLine::watch(std::vector<pollfd>& descriptors) const {
    if (master_ >= 0) {
        descriptors.push_back({master_, POLLIN, 0});
    }
}

Result<Instant> PtyLine::step(Instant now) {
    const bool missing = bus_.port_missing(now);
    if (missing) {
        pull_out();
        return now + std::chrono::milliseconds{100};
    }
    if (master_ < 0) {
        if (auto plugged = plug_in(); !plugged) {
            return plugged.error();
        }
    }
    read_requests(now);
    take_requests(now);
    write_due(now);
    // Faults that remove the port begin without anything on the line.
    return std::min(next_write(now), now + std::chrono::milliseconds{100});
}

void PtyLine::read_requests(Instant now) {
    if (!heard_.empty() && now - heard_last_ > forget_after) {
        heard_.clear();
    }
    std::array<std::uint8_t, 512> buffer{};
    for (;;) {
        const ssize_t count = read(master_, buffer.data(), buffer.size());
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

void PtyLine::take_requests(Instant now) {
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

void PtyLine::answer(Bytes frame, Instant now) {
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

/// What has passed at `now` since the last byte on the wire; 0 while a reply is still to come.
Duration PtyLine::silence_at(Instant now) const {
    return outgoing_.empty() ? std::max(now - quiet_since_, Duration{}) : Duration{};
}

void PtyLine::note(const RequestRow& row) {
    if (log_ != nullptr) {
        log_->add(row);
    }
}

void PtyLine::write_due(Instant now) {
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
                bus_.doubt(frame.reply);  // nobody reads: the terminal is full
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

Instant PtyLine::next_write(Instant now) const {
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
