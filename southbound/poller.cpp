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
/// Guests that no idle time was left for come first after so long, with so much of the wire.
constexpr Duration guest_patience = std::chrono::seconds{1};
constexpr int guests_percent = 5;

/// Longest time a request keeps the wire: its own characters, the wait, a longest reply, silences.
Duration cost_max(const Request& request, std::chrono::nanoseconds character) {
    constexpr std::size_t around_pdu = 3;
    constexpr std::size_t frame_max = 256;
    constexpr std::size_t silences = 7;
    const auto characters =
        static_cast<std::int64_t>(request.pdu.size() + around_pdu + frame_max + silences);
    return request.gap_min + request.reply_timeout +
           std::chrono::ceil<Duration>(character * characters);
}

Duration timeout_of(const PanelDriver& driver) {
    return milliseconds{driver.profile().limits.timeout_ms};
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
      probes_(probes_percent),
      reads_share_(reads_percent),
      guest_share_(guests_percent),
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
    if (poll_) {
        panels_[poll_->panel].health.poll_cut_short(clock_.now());
        poll_.reset();
    }
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

// ---- What comes next ----

/// At each request boundary: people, guests that have waited too long, metering, whatever is left.
bool Poller::start_next() {
    if (reads_may_delay_polls() && start_read()) {
        return true;
    }
    const GuestRequest* guest = next_guest();
    if (guest != nullptr && guest_owed_at() <= clock_.now()) {
        return start_guest(true);
    }
    if (start_poll() || start_read()) {
        return true;
    }
    guest = next_guest();
    return guest != nullptr && fits(*guest) && start_guest(false);
}

bool Poller::start_read() {
    if (!read_ && !begin_waiting_read()) {
        return false;
    }
    under_way_ = Lane::read;
    return resume(read_);
}

bool Poller::start_poll() {
    if (!poll_ && !begin_due_poll()) {
        return false;
    }
    under_way_ = Lane::poll;
    return resume(poll_);
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

void Poller::start(const Request& request) {
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
    for (std::size_t place = 0; place < panels_.size(); ++place) {
        turns.push_back(turn_of(place));
    }
    return turns;
}

PanelTurn Poller::turn_of(std::size_t place) const {
    const Panel& panel = panels_[place];
    const PanelState state = panel.health.state();
    const Duration cost = state == PanelState::ok ? panel.cost.mean() : timeout_of(panel.driver);
    PanelTurn turn{state, due_at(panel), never, cost, panel.health.asked_at()};
    if (poll_ && poll_->panel == place) {
        turn.deadline = turn.due;
        turn.due = turn.asked;
    } else if (turn.due != never) {
        turn.deadline = turn.due + panel.driver.setup().poll_period;
    }
    return turn;
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
    return guests_.empty() ? next : std::min(next, guest_owed_at());
}

/// So long that no poll comes too late for it, or as much of the wire as people may always have.
bool Poller::reads_may_delay_polls() {
    if (!read_ && waiting_.empty()) {
        return false;
    }
    const PanelDriver& driver = panels_[read_ ? read_->panel : waiting_.front().panel].driver;
    const Request request = driver.request_for({Table::holding, 0, 1});
    const Duration cost = cost_max(request, driver.setup().character);
    read_is_owed_ = slack(turns(), clock_.now()) < cost;
    return !read_is_owed_ || reads_share_.free_at() <= clock_.now();
}

Instant Poller::guest_owed_at() const {
    return std::max(guests_.next_since() + guest_patience, guest_share_.free_at());
}

/// Whether no poll would come too late even if this request was answered only at the last moment.
bool Poller::fits(const GuestRequest& guest) const {
    const PanelDriver& driver = panels_[place_of_unit(guest.request.unit)].driver;
    return slack(turns(), clock_.now()) >= cost_max(guest.request, driver.setup().character);
}

/// Whose turn it is. Those whose panels are not to be asked have their answer now.
const GuestRequest* Poller::next_guest() {
    while (!guests_.empty()) {
        const std::optional<Error> refusal = refusal_of(guests_.next().request);
        if (!refusal) {
            return &guests_.next();
        }
        guests_.take().answer(*refusal);
    }
    return nullptr;
}

bool Poller::start_guest(bool is_owed) {
    under_way_ = Lane::guest;
    guest_is_owed_ = is_owed;
    guest_ = guests_.take();
    const ProfileLimits& limits =
        panels_[place_of_unit(guest_->request.unit)].driver.profile().limits;
    Request& request = guest_->request;
    request.late_limit = std::max<Duration>(request.late_limit, milliseconds{limits.late_limit_ms});
    request.gap_min = std::max<Duration>(request.gap_min, milliseconds{limits.min_gap_ms});
    start(request);
    return true;
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

// ---- What others ask ----

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

void Poller::request_guest(GuestRequest guest) {
    const std::optional<Error> refusal = refusal_of(guest.request);
    if (refusal) {
        guest.answer(*refusal);
    } else if (!guests_.has_room_for(guest.client)) {
        guest.answer(Error{Fault::busy, fmt::format("line {}: too many requests of {} are waiting",
                                                    line_id_, guest.client)});
    } else {
        guests_.push(clock_.now(), std::move(guest));
    }
}

/// Why a guest is not to be let through to this panel now. One that fails would cost the line a
/// timeout for each request, and what it has just been asked in vain may be answered late.
std::optional<Error> Poller::refusal_of(const Request& request) const {
    if (line_.fault()) {
        return line_.fault()->within("line " + line_id_);
    }
    const std::size_t place = place_of_unit(request.unit);
    if (place == panels_.size()) {
        return Error{Fault::not_found,
                     fmt::format("line {} has no panel at address {}", line_id_, request.unit)};
    }
    const Id& id = panels_[place].driver.setup().id;
    const PanelHealth& health = panels_[place].health;
    if (health.state() == PanelState::lost) {
        return Error{Fault::timeout,
                     fmt::format("panel {} is lost: {}", id, health.status().problem)};
    }
    if (health.state() != PanelState::ok) {
        return Error{Fault::busy, fmt::format("panel {} is {} and has to answer a poll first", id,
                                              name_of(health.state()))};
    }
    if (line_.muted_until(request.unit) > clock_.now()) {
        return Error{Fault::busy,
                     fmt::format("panel {} is not asked while a late reply may come", id)};
    }
    return std::nullopt;
}

/// panel_count() if there is none.
std::size_t Poller::place_of_unit(std::uint8_t unit) const {
    const auto found = std::find_if(panels_.begin(), panels_.end(), [&](const Panel& panel) {
        return panel.driver.setup().unit == unit;
    });
    return static_cast<std::size_t>(found - panels_.begin());
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
