#include <fmt/format.h>

#include <utility>

#include "southbound/poller.hpp"
#include "southbound/poller_events.hpp"

/// The part of the poller that takes what came back.
namespace metergate::southbound {
namespace {

using std::chrono::milliseconds;

std::string asked_text(const RegisterSpan& span) {
    return fmt::format("registers {}-{}", span.address, end_of(span) - 1);
}

/// Illegal data address, illegal data value: a request for less may be served. Other exceptions say
/// nothing about registers.
bool is_of_registers(std::uint8_t exception_code) {
    return exception_code == 2 || exception_code == 3;
}

}  // namespace

// ---- What came back ----

void Poller::handle(const Result<Reply>& outcome) {
    wire_use_.busy(started_, clock_.now());
    learn_gap(outcome);
    if (under_way_ == Lane::guest) {
        handle_guest(outcome);
        return;
    }
    if (under_way_ == Lane::read && read_is_owed_) {
        reads_share_.spent(started_, clock_.now());
    }
    handle_registers(job_of(under_way_), registers_of(outcome));
}

std::optional<Poller::Job>& Poller::job_of(Lane lane) {
    return lane == Lane::read ? read_ : lane == Lane::edge ? edge_ : panels_[asked_].poll;
}

void Poller::learn_gap(const Result<Reply>& outcome) {
    Panel& panel = panels_[asked_];
    const Duration waited = panel.replied ? started_ - *panel.replied : Duration::max();
    if (outcome.has_value() || outcome.error().fault == Fault::refused) {
        panel.gap.answered(waited);
        panel.replied = clock_.now();
    } else if (outcome.error().fault == Fault::timeout) {
        panel.gap.timed_out(waited);
    }
}

void Poller::handle_registers(std::optional<Job>& job, const Result<RegisterReply>& outcome) {
    const Instant now = clock_.now();
    if (!job) {
        return;  // the line went down in between
    }
    Panel& panel = panels_[job->panel];
    if (job->is_probe && outcome.has_error()) {
        probes_.spent(started_, now);
    }
    if (job->was_steady && outcome.has_error() && outcome.error().fault == Fault::timeout) {
        schedule_.timed_out(started_);
    } else if (job->was_steady) {
        schedule_.answered();
    }
    if (!job->identity_asked) {
        note_cost(*job, now - started_);
    }
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

void Poller::note_cost(Job& job, Duration taken) {
    constexpr int forgets = 64;
    Panel& panel = panels_[job.panel];
    panel.request_max = std::max(taken, panel.request_max - panel.request_max / forgets);
    job.on_wire += taken;
    if (!job.blocks.is_done() && job.blocks.next().has_register) {
        job.on_wire_at_edge += taken;
    }
}

/// A panel may well ignore what it does not know: a guest's failure is not held against it. But its
/// late reply is feared and its identity doubted as after any other.
void Poller::handle_guest(const Result<Reply>& outcome) {
    if (guest_is_owed_) {
        guest_share_.spent(started_, clock_.now());
    }
    if (!guest_) {
        return;  // the line went down in between
    }
    if (outcome.has_error() && outcome.error().fault == Fault::disconnected) {
        doubt_everybody();
        fail_everything(outcome.error().within("line " + line_id_));
        return;
    }
    const GuestRequest done = *std::exchange(guest_, std::nullopt);
    const std::size_t place = place_of_unit(done.request.unit);
    if (outcome.has_value()) {
        done.answer(outcome);
        return;
    }
    const Error error = outcome.error().within("panel " + panels_[place].driver.setup().id);
    if (error.fault != Fault::refused) {
        panels_[place].driver.doubt();
        cut_short(place, error);
    }
    guest_exception_code_ = line_.exception_code();
    done.answer(error);
    guest_exception_code_ = 0;
}

/// The panel cannot be asked any further now, through no fault of its own.
void Poller::cut_short(std::size_t panel, const Error& error) {
    if (panels_[panel].poll) {
        panels_[panel].health.poll_cut_short(clock_.now());
    }
    drop_jobs_of(panel, error);
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
    if (job.lane == Lane::read) {
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
    drop_jobs_of(job.panel, where.within("panel " + panel.driver.setup().id));
    panel_failed(panel, where, was_retry);
}

void Poller::drop_jobs_of(std::size_t panel, const Error& error) {
    panels_[panel].poll.reset();
    if (edge_ && edge_->panel == panel) {
        edge_.reset();
    }
    if (read_ && read_->panel == panel) {
        const ReadAnswer answer = std::move(read_->answer);
        read_.reset();
        answer(error);
    }
}

void Poller::finish_job(Job& job) {
    Panel& panel = panels_[job.panel];
    if (job.lane == Lane::edge) {
        panel.driver.learn_served(job.blocks.found().served, clock_.now());
        panel.edge_cost.polled(job.on_wire);
        edge_.reset();
        return;
    }
    if (job.lane == Lane::read) {
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
    panel.poll.reset();
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
    panel.edge_cost.polled(done.on_wire_at_edge);
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

}  // namespace metergate::southbound
