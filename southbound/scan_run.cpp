#include "southbound/scan_run.hpp"

#include <algorithm>
#include <utility>

namespace metergate::southbound {

ScanRun::ScanRun(const Clock& clock, ScanPlan plan, MakeLine make_line)
    : clock_(clock), scan_(std::move(plan)), make_line_(std::move(make_line)) {}

Instant ScanRun::step() {
    while (!done()) {
        choose_line();
        const Instant wake = line_->step();
        notice_unasked();
        take_outcome();
        if (!watch_fault()) {
            continue;
        }
        const Instant next = line_->ready() ? start_next(wake) : wake;
        if (next > clock_.now()) {
            return next;
        }
    }
    line_.reset();
    return never;
}

void ScanRun::choose_line() {
    if (line_ && line_of_ == scan_.wire()) {
        return;
    }
    line_.reset();  // a port has one owner
    line_of_ = scan_.wire();
    line_ = make_line_(line_of_);
    unasked_seen_ = 0;
    asked_seen_ = 0;
    foreign_seen_ = 0;
    down_since_.reset();
}

/// A port that is not there is not there at any speed; one that refuses this speed may know others.
/// A connection may come back. False: this line is given up.
bool ScanRun::watch_fault() {
    const std::optional<Error>& fault = line_->fault();
    if (!fault) {
        down_since_.reset();
        return true;
    }
    if (fault->fault == Fault::invalid && !under_way_) {
        const Error why = *fault;
        scan_.skip_wire();
        line_.reset();
        if (scan_.done() && scan_.found().empty()) {
            failure_ = why;
        }
        return false;
    }
    const Instant now = clock_.now();
    const bool was_open = line_->counters().requests > 0;
    down_since_ = down_since_.value_or(now);
    if (!was_open || now - *down_since_ >= patience) {
        failure_ = *fault;
        return false;
    }
    return true;
}

void ScanRun::take_outcome() {
    if (const std::optional<Result<Reply>> outcome = line_->take_outcome()) {
        under_way_ = false;
        scan_.take(*outcome);
        unasked_seen_ = line_->counters().unsolicited;
        asked_seen_ = line_->counters().requests;
    }
}

/// Between two requests: whoever answered last has answered twice, or another one with it, or
/// somebody is late. While a reply is awaited, only frames of other units are a sign.
void ScanRun::notice_unasked() {
    const LineCounters& counters = line_->counters();
    const bool more = counters.unsolicited != std::exchange(unasked_seen_, counters.unsolicited);
    if (more && counters.requests == asked_seen_) {
        scan_.heard_unasked();
    }
    if (counters.foreign_frames != std::exchange(foreign_seen_, counters.foreign_frames)) {
        scan_.heard_late();
    }
}

Instant ScanRun::start_next(Instant wake) {
    const Scan::Turn turn =
        scan_.next(clock_.now(), [this](std::uint8_t unit) { return line_->muted_until(unit); });
    if (turn.request && line_of_ == scan_.wire()) {
        line_->start(*turn.request);
        under_way_ = true;
        return clock_.now();
    }
    return scan_.done() ? clock_.now() : std::min(wake, turn.at);
}

}  // namespace metergate::southbound
