#include "southbound/poller.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <utility>

#include "southbound/poller_events.hpp"

namespace metergate::southbound {
namespace {

using std::chrono::milliseconds;

/// A longest frame at 1200 baud.
constexpr Duration longest_frame = std::chrono::milliseconds{2400};

/// All probes of lost panels together.
constexpr int probes_percent = 2;
/// People's reads take this much of a line that cannot keep up: polls the other three quarters.
constexpr int reads_percent = 25;
/// Guests take this much of it.
constexpr int guests_percent = 5;

std::vector<PanelNumber> numbers_of(const std::vector<PanelDriver>& panels) {
    std::vector<PanelNumber> numbers;
    numbers.reserve(panels.size());
    for (const PanelDriver& driver : panels) {
        numbers.push_back(driver.setup().number);
    }
    return numbers;
}

ReplyTime reply_time_of(const ProfileLimits& limits) {
    return {milliseconds{limits.timeout_min_ms}, milliseconds{limits.timeout_ms}};
}

Error resting_error(const Id& line) {
    return {Fault::busy, "line " + line + " ends just now"};
}

}  // namespace

Poller::Job::Job() = default;

Poller::Poller(const Clock& clock, Line& line, Id line_id, std::vector<PanelDriver> panels,
               Sinks sinks, EdgeClock edges)
    : clock_(clock),
      line_(line),
      line_id_(std::move(line_id)),
      sinks_(std::move(sinks)),
      edges_(std::move(edges), numbers_of(panels)),
      probes_(probes_percent),
      reads_share_(reads_percent),
      guest_share_(guests_percent),
      wire_use_(clock.now()) {
    assert(sinks_.reading && sinks_.event);
    panels_.reserve(panels.size());
    for (PanelDriver& driver : panels) {
        const Instant first_due = driver.has_work() ? clock_.now() : never;
        const ReplyTime reply_time = reply_time_of(driver.profile().limits);
        const milliseconds gap_max{driver.profile().limits.gap_max_ms};
        panels_.push_back(
            {std::move(driver), PanelHealth(first_due, reply_time), LearnedGap(gap_max)});
    }
}

Instant Poller::step() {
    for (;;) {
        const Instant wake = line_.step();
        if (const std::optional<Result<Reply>> outcome = line_.take_outcome()) {
            handle(*outcome);
            continue;
        }
        watch_line();
        if (at_rest()) {
            fail_everything(resting_error(line_id_));
            return never;
        }
        if (line_.ready() ? start_next() : wake <= clock_.now()) {
            continue;
        }
        return line_.ready() ? std::min(wake, next_start()) : wake;
    }
}

void Poller::rest() {
    resting_ = true;
}

Instant Poller::quiet_from() const {
    Instant quiet = clock_.now();
    for (const Panel& panel : panels_) {
        quiet = std::max(quiet, line_.muted_until(panel.driver.setup().unit));
        if (!at_rest() && panel.driver.block_count() > 0) {
            const Duration late_limit = panel.driver.block_request(0).late_limit;
            quiet = std::max(quiet, clock_.now() + late_limit + longest_frame);
        }
    }
    return quiet;
}

// ---- The line ----

void Poller::watch_line() {
    if (line_.counters().reopened != reopened_seen_) {
        reopened_seen_ = line_.counters().reopened;
        doubt_everybody();
    }
    while (const std::optional<WireNews> news = line_.take_news()) {
        sinks_.event(wire_news_event(line_id_, clock_.utc(), *news));
    }
    const std::optional<Error>& fault = line_.fault();
    if (fault.has_value() == line_down_) {
        return;
    }
    line_down_ = fault.has_value();
    if (line_down_) {
        line_down_since_ = clock_.utc();
        doubt_everybody();
        fail_everything(fault->within("line " + line_id_));
        sinks_.event(line_lost_event(line_id_, line_down_since_, *fault));
    } else {
        for (Panel& panel : panels_) {
            panel.health.line_back(clock_.now());
        }
        sinks_.event(line_back_event(line_id_, clock_.utc(), line_down_since_));
    }
}

void Poller::doubt_everybody() {
    for (Panel& panel : panels_) {
        panel.driver.doubt();
    }
}

/// Ends everything that others asked for and gives up the poll under way, whose turn comes again.
void Poller::fail_everything(const Error& error) {
    for (Panel& panel : panels_) {
        if (std::exchange(panel.poll, std::nullopt)) {
            panel.health.poll_cut_short(clock_.now());
        }
    }
    edge_.reset();
    std::deque<WaitingRead> waiting = std::exchange(waiting_, {});
    GuestQueue guests = std::exchange(guests_, {});
    std::optional<GuestRequest> guest = std::exchange(guest_, std::nullopt);
    if (read_) {
        const ReadAnswer answer = std::move(read_->answer);
        read_.reset();
        answer(error);
    }
    for (const WaitingRead& read : waiting) {
        read.answer(error);
    }
    if (guest) {
        guest->answer(error);
    }
    while (!guests.empty()) {
        guests.take().answer(error);
    }
}

// ---- How it is ----

LineLoad Poller::load() const {
    LineLoad load;
    load.used_percent = wire_use_.percent(clock_.now());
    for (const Panel& panel : panels_) {
        if (panel.health.state() != PanelState::lost) {
            load.needed_percent += panel.cost.percent(panel.driver.setup().poll_period);
        }
    }
    return load;
}

std::vector<PanelStatus> Poller::status() const {
    std::vector<PanelStatus> all;
    for (const Panel& panel : panels_) {
        const PanelDriver& driver = panel.driver;
        PanelStatus& status = all.emplace_back(panel.health.status());
        status.number = driver.setup().number;
        status.id = driver.setup().id;
        status.serial = driver.serial();
        status.device = driver.device();
        status.reply_spread = panel.health.reply_spread();
        status.reply_timeout = panel.health.reply_timeout();
        status.gap = panel.gap.gap();
        if (status.problem.empty() && !driver.serial_as_expected()) {
            status.problem = fmt::format("serial number {} instead of {}", status.serial,
                                         driver.setup().expected_serial);
        }
    }
    return all;
}

}  // namespace metergate::southbound
