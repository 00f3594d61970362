#include "southbound/panel_event_logs.hpp"

#include <algorithm>
#include <utility>

namespace metergate::southbound {
namespace {

/// Whose requests these are, beside those of other guests.
constexpr const char* client = "panel-event-logs";
constexpr Duration look_period = std::chrono::minutes{5};
/// A panel that did not answer, or whose window another master moved.
constexpr Duration retry_wait = std::chrono::minutes{1};

}  // namespace

PanelEventLogs::PanelEventLogs(const Clock& clock, Poller& poller,
                               const std::vector<PanelEventMark>& marks, Sink found)
    : clock_(clock), poller_(poller), found_(std::move(found)) {
    for (std::size_t place = 0; place < poller_.panel_count(); ++place) {
        const PanelDriver& driver = poller_.driver(place);
        if (!driver.profile().event_log) {
            continue;
        }
        Watched& watched = watched_.emplace_back(Watched{place, clock_.now()});
        for (const PanelEventMark& mark : marks) {
            if (mark.panel == driver.setup().number) {
                watched.mark = mark;
            }
        }
    }
}

void PanelEventLogs::step() {
    if (!job_ && !watched_.empty()) {
        const auto next = std::min_element(
            watched_.begin(), watched_.end(),
            [](const Watched& one, const Watched& other) { return one.due < other.due; });
        if (next->due <= clock_.now()) {
            job_.emplace(Job{static_cast<std::size_t>(next - watched_.begin()),
                             EventLogReader(poller_.driver(next->place), next->mark)});
        }
    }
    if (job_ && !asked_) {
        ask();
    }
}

Instant PanelEventLogs::next_at() const {
    if (job_) {
        return asked_ ? never : clock_.now();
    }
    Instant next = never;
    for (const Watched& watched : watched_) {
        next = std::min(next, watched.due);
    }
    return next;
}

void PanelEventLogs::ask() {
    asked_ = true;
    poller_.request_guest(
        {client, job_->reader.request(), [this](const Result<Reply>& outcome) { take(outcome); }});
}

/// What the poller answers; never asks again by itself, so that a refusal cannot go round for ever.
void PanelEventLogs::take(const Result<Reply>& outcome) {
    asked_ = false;
    job_->reader.take(outcome, clock_.utc());
    if (job_->reader.is_done()) {
        finish();
    }
}

void PanelEventLogs::finish() {
    Watched& watched = watched_[job_->watched];
    const Result<PanelEvents>& result = job_->reader.result();
    const bool is_refused = !result && result.error().fault == Fault::refused;
    watched.due = clock_.now() + (result || is_refused ? look_period : retry_wait);
    if (result && watched.mark != result->mark) {
        watched.mark = result->mark;
        watched.due = job_->reader.is_complete() ? watched.due : clock_.now();
        found_(*result);
    }
    job_.reset();
}

}  // namespace metergate::southbound
