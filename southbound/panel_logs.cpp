#include "southbound/panel_logs.hpp"

#include <algorithm>
#include <chrono>
#include <string>
#include <utility>

namespace metergate::southbound {
namespace {

using std::chrono::milliseconds;

/// Whose requests these are, beside those of other guests.
constexpr const char* client = "panel-logs";
/// A panel that is not to be asked just now has to answer a poll first.
constexpr Duration busy_wait = std::chrono::seconds{10};
constexpr int times_busy_max = 30;

}  // namespace

PanelLogs::PanelLogs(const Clock& clock, Poller& poller, Sink answer)
    : clock_(clock), poller_(poller), answer_(std::move(answer)) {}

void PanelLogs::order(const LogOrder& order) {
    const auto same = std::find_if(waiting_.begin(), waiting_.end(), [&](const LogOrder& other) {
        return other.panel == order.panel;
    });
    if (same != waiting_.end()) {
        *same = order;
    } else {
        waiting_.push_back(order);
    }
}

void PanelLogs::step() {
    while (!job_ && !waiting_.empty()) {
        begin_next();
    }
    if (job_ && !job_->asked && job_->not_before <= clock_.now()) {
        ask();
    }
}

Instant PanelLogs::next_at() const {
    if (!job_) {
        return waiting_.empty() ? never : clock_.now();
    }
    return job_->asked ? never : job_->not_before;
}

void PanelLogs::begin_next() {
    const LogOrder order = waiting_.front();
    waiting_.pop_front();
    const PanelDriver* driver = driver_of(order.panel);
    if (driver == nullptr) {
        answer_with(order, {Fault::not_found, "line " + poller_.line_id() + " has no such panel"});
        return;
    }
    IntervalLogReader reader(driver->setup(), driver->profile(), order);
    if (reader.is_done()) {
        answer_(reader.answer());
        return;
    }
    job_.emplace(std::move(reader), order.panel);
}

void PanelLogs::ask() {
    job_->asked = true;
    poller_.request_guest(
        {client, job_->reader.request(), [this](const Result<Reply>& outcome) { take(outcome); }});
}

/// What the poller answers; never asks again by itself, so that a refusal cannot go round for ever.
void PanelLogs::take(const Result<Reply>& outcome) {
    if (!job_) {
        return;  // the line has ended meanwhile
    }
    const Instant now = clock_.now();
    job_->asked = false;
    job_->not_before = now;
    const bool busy = !outcome && outcome.error().fault == Fault::busy;
    if (busy && ++job_->times_busy < times_busy_max) {
        job_->not_before = now + busy_wait;
        return;
    }
    job_->times_busy = 0;
    const Duration age = outcome ? now - outcome->asked : Duration{};
    job_->reader.take(outcome, clock_.utc() - std::chrono::floor<milliseconds>(age));
    if (job_->reader.is_done()) {
        const LogAnswer answer = job_->reader.answer();
        job_.reset();
        answer_(answer);
    }
}

void PanelLogs::end() {
    for (const LogOrder& order : std::exchange(waiting_, {})) {
        answer_with(order, {Fault::busy, "line " + poller_.line_id() + " ends"});
    }
    if (job_) {
        const LogAnswer unfinished = job_->reader.answer();
        LogOrder order;
        order.number = unfinished.order;
        order.panel = job_->panel;
        job_.reset();
        answer_with(order, {Fault::busy, "line " + poller_.line_id() + " ends"});
    }
}

void PanelLogs::answer_with(const LogOrder& order, const Error& error) {
    LogAnswer answer;
    answer.order = order.number;
    answer.panel = order.panel;
    answer.error = error;
    answer_(std::move(answer));
}

const PanelDriver* PanelLogs::driver_of(PanelNumber panel) const {
    for (std::size_t place = 0; place < poller_.panel_count(); ++place) {
        if (poller_.driver(place).setup().number == panel) {
            return &poller_.driver(place);
        }
    }
    return nullptr;
}

}  // namespace metergate::southbound
