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
    std::deque<LogOrder>& waiting = lane_of(order.use).waiting;
    const auto same = std::find_if(waiting.begin(), waiting.end(), [&](const LogOrder& other) {
        return other.panel == order.panel && other.use == order.use;
    });
    if (same != waiting.end()) {
        *same = order;
    } else {
        waiting.push_back(order);
    }
}

/// Only one of the lanes has a request with the poller: on one and the same panel they would move
/// each other's window.
void PanelLogs::step() {
    for (Lane* lane : {&fresh_, &other_}) {
        while (!lane->job && !lane->waiting.empty()) {
            begin_next(*lane);
        }
    }
    const bool is_asking = (fresh_.job && fresh_.job->asked) || (other_.job && other_.job->asked);
    for (Lane* lane : {&fresh_, &other_}) {
        if (!is_asking && lane->job && lane->job->not_before <= clock_.now()) {
            return ask(*lane);
        }
    }
}

Instant PanelLogs::next_at() const {
    if ((fresh_.job && fresh_.job->asked) || (other_.job && other_.job->asked)) {
        return never;
    }
    return std::min(next_at(fresh_), next_at(other_));
}

Instant PanelLogs::next_at(const Lane& lane) const {
    if (lane.job) {
        return lane.job->not_before;
    }
    return lane.waiting.empty() ? never : clock_.now();
}

void PanelLogs::begin_next(Lane& lane) {
    const LogOrder order = lane.waiting.front();
    lane.waiting.pop_front();
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
    lane.job.emplace(std::move(reader), order);
}

void PanelLogs::ask(Lane& lane) {
    lane.job->asked = true;
    poller_.request_guest({client, lane.job->reader.request(),
                           [this, &lane](const Result<Reply>& outcome) { take(lane, outcome); }});
}

/// What the poller answers; never asks again by itself, so that a refusal cannot go round for ever.
void PanelLogs::take(Lane& lane, const Result<Reply>& outcome) {
    if (!lane.job) {
        return;  // the line has ended meanwhile
    }
    Job& job = *lane.job;
    const Instant now = clock_.now();
    job.asked = false;
    job.not_before = now;
    // What is fresh of the other panels does not wait for one that is not to be asked.
    const bool busy = !outcome && outcome.error().fault == Fault::busy;
    if (busy && job.order.use != LogUse::fresh && ++job.times_busy < times_busy_max) {
        job.not_before = now + busy_wait;
        return;
    }
    job.times_busy = 0;
    const Duration age = outcome ? now - outcome->asked : Duration{};
    job.reader.take(outcome, clock_.utc() - std::chrono::floor<milliseconds>(age));
    job.not_before = now + job.reader.pause();
    if (job.reader.is_done()) {
        const LogAnswer answer = job.reader.answer();
        lane.job.reset();
        answer_(answer);
    }
}

void PanelLogs::end() {
    end(fresh_);
    end(other_);
}

void PanelLogs::end(Lane& lane) {
    if (lane.job) {
        lane.waiting.push_front(lane.job->order);
        lane.job.reset();
    }
    for (const LogOrder& order : std::exchange(lane.waiting, {})) {
        answer_with(order, {Fault::busy, "line " + poller_.line_id() + " ends"});
    }
}

void PanelLogs::answer_with(const LogOrder& order, const Error& error) {
    LogAnswer answer;
    answer.order = order.number;
    answer.use = order.use;
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
