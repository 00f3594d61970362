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

std::string asked_text(const RegisterSpan& span) {
    return fmt::format("registers {}-{}", span.address, end_of(span) - 1);
}

/// Illegal data address, illegal data value: a request for less may be served. Other exceptions say
/// nothing about registers.
bool is_of_registers(std::uint8_t exception_code) {
    return exception_code == 2 || exception_code == 3;
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
               Sinks sinks)
    : clock_(clock),
      line_(line),
      line_id_(std::move(line_id)),
      sinks_(std::move(sinks)),
      wire_use_(clock.now()) {
    assert(sinks_.reading && sinks_.event);
    panels_.reserve(panels.size());
    for (PanelDriver& driver : panels) {
        const Instant first_due = driver.has_work() ? clock_.now() : never;
        const ReplyTime reply_time = reply_time_of(driver.profile().limits);
        panels_.push_back({std::move(driver), PanelHealth(first_due, reply_time)});
    }
}

Instant Poller::step() {
    for (;;) {
        const Instant wake = line_.step();
        if (const std::optional<Result<Reply>> outcome = line_.take_outcome()) {
            handle(registers_of(*outcome));
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

/// Ends every read on request and gives up the poll under way, whose turn comes again.
void Poller::fail_everything(const Error& error) {
    if (poll_) {
        panels_[poll_->panel].health.poll_cut_short(clock_.now());
        poll_.reset();
    }
    std::deque<WaitingRead> waiting = std::exchange(waiting_, {});
    if (read_) {
        const ReadAnswer answer = std::move(read_->answer);
        read_.reset();
        answer(error);
    }
    for (const WaitingRead& read : waiting) {
        read.answer(error);
    }
}

// ---- What comes next ----

bool Poller::start_next() {
    if (read_ || begin_waiting_read()) {
        read_under_way_ = true;
        return resume(read_);
    }
    read_under_way_ = false;
    if (poll_ || begin_due_poll()) {
        return resume(poll_);
    }
    return false;
}

/// Starts the job's next request.
bool Poller::resume(std::optional<Job>& job) {
    const PanelDriver& driver = panels_[job->panel].driver;
    job->identity_asked = driver.identity_needed();
    if (job->identity_asked) {
        start(driver.identity_request());
        return true;
    }
    if (job->plan_number != driver.plan_number()) {
        job->blocks = BlockRun(blocks_for(*job));
        job->plan_number = driver.plan_number();
    }
    if (!job->blocks.is_done()) {
        RegisterRequest request = driver.request_for(job->blocks.next().span);
        if (!job->answer) {
            // What people ask for may be slower than what is polled, and is seldom.
            request.reply_timeout = panels_[job->panel].health.reply_timeout();
        }
        start(request);
        return true;
    }
    finish_job(*job);
    return start_next();
}

void Poller::start(const RegisterRequest& request) {
    started_ = clock_.now();
    line_.start(request);
}

bool Poller::begin_waiting_read() {
    const Instant now = clock_.now();
    const auto next = std::find_if(waiting_.begin(), waiting_.end(), [&](const WaitingRead& read) {
        return line_.muted_until(panels_[read.panel].driver.setup().unit) <= now;
    });
    if (next == waiting_.end()) {
        return false;
    }
    read_.emplace();
    read_->panel = next->panel;
    read_->answer = std::move(next->answer);
    panels_[read_->panel].driver.begin(now);
    waiting_.erase(next);
    return true;
}

bool Poller::begin_due_poll() {
    const std::vector<PanelTurn> turns = this->turns();
    const std::optional<std::size_t> chosen = schedule_.next_due(turns, clock_.now());
    if (!chosen) {
        return false;
    }
    schedule_.begun(turns[*chosen]);
    Panel& panel = panels_[*chosen];
    poll_.emplace();
    poll_->panel = *chosen;
    poll_->is_probe = panel.health.state() == PanelState::lost;
    poll_->is_retry = panel.health.begin_poll(clock_.now(), panel.driver.setup().poll_period);
    panel.driver.begin(clock_.now());
    return true;
}

std::vector<PanelTurn> Poller::turns() const {
    std::vector<PanelTurn> turns;
    turns.reserve(panels_.size());
    for (const Panel& panel : panels_) {
        turns.push_back({panel.health.state(), due_at(panel), panel.health.asked_at()});
    }
    return turns;
}

Instant Poller::due_at(const Panel& panel) const {
    const Instant allowed =
        panel.health.state() == PanelState::lost ? probes_.free_at() : Instant{};
    return std::max(
        {panel.health.wanted_at(), line_.muted_until(panel.driver.setup().unit), allowed});
}

Instant Poller::next_start() const {
    Instant next = never;
    for (const Panel& panel : panels_) {
        next = std::min(next, due_at(panel));
    }
    for (const WaitingRead& read : waiting_) {
        next = std::min(next, line_.muted_until(panels_[read.panel].driver.setup().unit));
    }
    return next;
}

std::vector<PanelBlock> Poller::blocks_for(const Job& job) const {
    const Panel& panel = panels_[job.panel];
    const std::size_t count = panel.driver.block_count();
    const std::size_t each_time = panel.driver.every_poll_blocks();
    std::vector<PanelBlock> blocks;
    for (std::size_t place = 0; place < (job.answer ? count : each_time); ++place) {
        blocks.push_back(panel.driver.block(place));
    }
    if (!job.answer) {
        if (count > each_time) {
            const std::size_t turn = panel.next_in_turn % (count - each_time);
            blocks.push_back(panel.driver.block(each_time + turn));
        }
        for (PanelBlock& block : panel.driver.blocks_to_retry(clock_.now())) {
            blocks.push_back(std::move(block));
        }
    }
    return blocks;
}

// ---- What came back ----

void Poller::handle(Result<RegisterReply> outcome) {
    const Instant now = clock_.now();
    wire_use_.busy(started_, now);
    std::optional<Job>& job = read_under_way_ ? read_ : poll_;
    if (!job) {
        return;  // the line went down in between
    }
    Panel& panel = panels_[job->panel];
    if (job->is_probe && outcome.has_error()) {
        probes_.spent(started_, now);
    }
    job->on_wire += job->identity_asked ? Duration{} : now - started_;
    panel.health.count(outcome, outcome ? panel.driver.time_on_wire(*outcome) : Duration{});
    if (outcome.has_value()) {
        if (job->identity_asked) {
            handle_identity(*job, *outcome);
        } else {
            handle_reply(*job, *outcome);
        }
        return;
    }
    switch (outcome.error().fault) {
        case Fault::disconnected:
            doubt_everybody();
            fail_everything(outcome.error().within("line " + line_id_));
            break;
        case Fault::refused:
            handle_refusal(*job, outcome.error());
            break;
        default:
            fail_job(*job, outcome.error());
    }
}

void Poller::handle_reply(Job& job, const RegisterReply& reply) {
    PanelDriver& driver = panels_[job.panel].driver;
    const Duration age = clock_.now() - reply.asked;
    const UtcTime asked_utc = clock_.utc() - std::chrono::floor<milliseconds>(age);
    std::optional<Reading> reading = driver.accept(job.blocks.next(), reply, asked_utc);
    if (!reading) {
        return;  // the driver wants the identity first
    }
    ++job.good;
    job.is_probe = false;
    PanelHealth& health = panels_[job.panel].health;
    if (health.good(reply.asked)) {
        sinks_.event(panel_back_event(driver.setup(), line_id_, clock_.utc(), health));
    }
    if (job.answer) {
        job.readings.push_back(*reading);
    }
    sinks_.reading(std::move(*reading));
    job.blocks.served(driver.fields());
    advance(job);
}

void Poller::handle_identity(Job& job, const RegisterReply& reply) {
    const Result<void> accepted = panels_[job.panel].driver.accept_identity(reply);
    if (accepted.has_error()) {
        fail_job(job, accepted.error());
        return;
    }
    report_serial(panels_[job.panel]);
}

void Poller::handle_refusal(Job& job, const Error& error) {
    PanelDriver& driver = panels_[job.panel].driver;
    if (job.identity_asked) {
        if (!driver.accept_refused_identity()) {
            fail_job(job, error);
        }
        return;
    }
    const bool of_registers = is_of_registers(line_.exception_code());
    if (!job.refusal || (job.refusal_is_of_registers && !of_registers)) {
        job.refusal = error.within(asked_text(job.blocks.next().span));
        job.refusal_is_of_registers = of_registers;
    }
    if (of_registers) {
        job.blocks.refused(driver.fields());
    } else {
        job.blocks.passed_over(driver.fields());
    }
    advance(job);
}

void Poller::advance(Job& job) {
    if (job.blocks.is_done()) {
        finish_job(job);
    }
}

/// Timeout, damage or another device: whatever else was to be read of this panel now is left.
void Poller::fail_job(Job& job, const Error& error) {
    Panel& panel = panels_[job.panel];
    const Error where =
        error.within(job.identity_asked ? "identity" : asked_text(job.blocks.next().span));
    const bool was_retry = job.is_retry;
    if (job.identity_asked && error.fault == Fault::timeout) {
        panel.driver.no_identity_reply();
    }
    panel.driver.doubt();
    drop_jobs_of(job.panel, where);
    panel_failed(panel, where, was_retry);
}

void Poller::drop_jobs_of(std::size_t panel, const Error& error) {
    if (poll_ && poll_->panel == panel) {
        poll_.reset();
    }
    if (read_ && read_->panel == panel) {
        const ReadAnswer answer = std::move(read_->answer);
        read_.reset();
        answer(error.within("panel " + panels_[panel].driver.setup().id));
    }
}

void Poller::finish_job(Job& job) {
    Panel& panel = panels_[job.panel];
    if (job.answer) {
        Job done = std::move(job);
        read_.reset();
        panel.driver.learn_served(done.blocks.found().served, clock_.now());
        if (done.readings.empty() && done.refusal) {
            done.answer(done.refusal->within("panel " + panel.driver.setup().id));
        } else {
            done.answer(PanelRead{std::move(done.readings), panel.driver.device()});
        }
        return;
    }
    const Job done = std::move(job);
    poll_.reset();
    finish_poll(panel, done);
}

void Poller::finish_poll(Panel& panel, const Job& done) {
    ++panel.next_in_turn;
    panel.driver.learn(done.blocks.found(), clock_.now());
    panel.health.poll_answered();
    if (done.refusal && done.good == 0) {
        panel_failed(panel, *done.refusal, done.is_retry);
        return;
    }
    panel.cost.polled(done.on_wire);
    std::string problem = panel.driver.unserved();
    if (done.refusal && (problem.empty() || !done.refusal_is_of_registers)) {
        problem = done.refusal->text + (problem.empty() ? "" : "; " + problem);
    }
    panel.health.set_problem(std::move(problem));
}

// ---- How the panels are ----

void Poller::panel_failed(Panel& panel, const Error& error, bool was_retry) {
    panel.health.set_problem(error.text);
    if (panel.health.failed(clock_.now(), clock_.utc(), was_retry)) {
        sinks_.event(panel_lost_event(panel.driver.setup(), line_id_, clock_.utc(), panel.health));
    }
}

void Poller::report_serial(Panel& panel) {
    if (panel.reported_serial == panel.driver.serial()) {
        return;
    }
    panel.reported_serial = panel.driver.serial();
    if (!panel.driver.serial_as_expected()) {
        sinks_.event(serial_unexpected_event(panel.driver, clock_.utc()));
    }
}

void Poller::request_read(std::string_view panel, ReadAnswer answer) {
    const auto found = std::find_if(panels_.begin(), panels_.end(), [&](const Panel& known) {
        return known.driver.setup().id == panel;
    });
    if (found == panels_.end()) {
        answer(Error{Fault::not_found, fmt::format("line {} has no panel {}", line_id_, panel)});
    } else if (line_.fault()) {
        answer(line_.fault()->within("line " + line_id_));
    } else if (waiting_.size() >= reads_waiting_max) {
        answer(Error{Fault::busy, fmt::format("line {}: {} reads are waiting already", line_id_,
                                              reads_waiting_max)});
    } else {
        waiting_.push_back({static_cast<std::size_t>(found - panels_.begin()), std::move(answer)});
    }
}

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
        if (status.problem.empty() && !driver.serial_as_expected()) {
            status.problem = fmt::format("serial number {} instead of {}", status.serial,
                                         driver.setup().expected_serial);
        }
    }
    return all;
}

}  // namespace metergate::southbound
