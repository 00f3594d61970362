#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "southbound/poller.hpp"

/// The part of the poller that says what comes next on the wire.
namespace metergate::southbound {
namespace {

using std::chrono::milliseconds;

/// Guests that no idle time was left for come first after so long.
constexpr Duration guest_patience = std::chrono::seconds{1};

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

}  // namespace

/// At each request boundary: interval edges, people, guests that have waited too long, metering,
/// whatever is left.
bool Poller::start_next() {
    waits_for_edge_ = false;
    if (start_edge_read() || (reads_may_delay_polls() && start_read())) {
        return true;
    }
    const GuestRequest* guest = next_guest();
    const bool is_owed = guest != nullptr && guest_owed_at() <= clock_.now();
    if ((is_owed && start_guest(true)) || start_poll() || start_read()) {
        return true;
    }
    guest = next_guest();
    return guest != nullptr && fits(*guest) && start_guest(false);
}

bool Poller::start_read() {
    if ((!read_ && !begin_waiting_read()) || free_at(read_->panel) > clock_.now() ||
        must_wait_for_edge(request_cost(read_->panel))) {
        return false;
    }
    under_way_ = Lane::read;
    return resume(read_);
}

bool Poller::start_poll() {
    std::optional<std::size_t> panel = poll_to_go_on();
    panel = panel ? panel : begin_due_poll();
    if (!panel || must_wait_for_edge(request_cost(*panel))) {
        return false;
    }
    under_way_ = Lane::poll;
    return resume(panels_[*panel].poll);
}

/// A poll that has begun comes before those that have not.
std::optional<std::size_t> Poller::poll_to_go_on() const {
    std::optional<std::size_t> first;
    for (std::size_t place = 0; place < panels_.size(); ++place) {
        const Panel& panel = panels_[place];
        const bool goes_on = panel.poll && free_at(place) <= clock_.now();
        if (goes_on && (!first || panel.health.asked_at() < panels_[*first].health.asked_at())) {
            first = place;
        }
    }
    return first;
}

// ---- Interval edges ----

bool Poller::start_edge_read() {
    if (!edge_ && !begin_edge_read()) {
        return false;
    }
    if (const Instant free = free_at(edge_->panel); free > clock_.now()) {
        edge_read_at_ = free;
        return false;
    }
    under_way_ = Lane::edge;
    return resume(edge_);
}

bool Poller::begin_edge_read() {
    const Instant now = clock_.now();
    const UtcTime utc = clock_.utc();
    edge_read_at_ = never;
    edges_.look(utc);
    if (!edges_.is_near(utc)) {
        return false;
    }
    const std::vector<EdgeRider> riders = this->riders();
    auto read = edges_.next(riders, now, utc);
    if (read && read->start <= now && !edges_.has_departed()) {
        edges_.depart(riders, slack(turns(), now));
        read = edges_.next(riders, now, utc);
    }
    if (!read || read->start > now) {
        edge_read_at_ = read ? read->start : never;
        return false;
    }
    edges_.begun(read->panel, utc);
    edge_.emplace();
    edge_->lane = Lane::edge;
    edge_->panel = read->panel;
    panels_[read->panel].driver.begin(now);
    return true;
}

/// Who may cost a timeout, or must say first who it is, would only be in the way of the others.
std::vector<EdgeRider> Poller::riders() const {
    std::vector<EdgeRider> riders;
    riders.reserve(panels_.size());
    for (const Panel& panel : panels_) {
        const bool is_ready = panel.health.state() == PanelState::ok &&
                              !panel.driver.identity_needed() &&
                              line_.muted_until(panel.driver.setup().unit) <= clock_.now();
        riders.push_back({is_ready, panel.edge_cost.mean()});
    }
    return riders;
}

bool Poller::must_wait_for_edge(Duration cost) {
    const bool must_wait = edge_read_at_ != never && clock_.now() + cost > edge_read_at_;
    waits_for_edge_ = waits_for_edge_ || must_wait;
    return must_wait;
}

/// How long the next request to a panel may be expected to take.
Duration Poller::request_cost(std::size_t panel) const {
    const bool is_steady = panels_[panel].health.state() == PanelState::ok;
    return is_steady ? panels_[panel].request_max : 2 * timeout_of(panels_[panel].driver);
}

// ---- Polls and reads ----

/// Starts the job's next request.
bool Poller::resume(std::optional<Job>& job) {
    const PanelDriver& driver = panels_[job->panel].driver;
    job->identity_asked = driver.identity_needed();
    if (job->identity_asked) {
        start(job->panel, driver.identity_request());
        return true;
    }
    if (job->plan_number != driver.plan_number()) {
        job->blocks = BlockRun(blocks_for(*job));
        job->plan_number = driver.plan_number();
    }
    if (!job->blocks.is_done()) {
        RegisterRequest request = driver.request_for(job->blocks.next().span);
        if (job->lane != Lane::read) {
            // What people ask for may be slower than what is polled, and is seldom.
            request.reply_timeout = panels_[job->panel].health.reply_timeout();
        }
        start(job->panel, request);
        return true;
    }
    finish_job(*job);
    return start_next();
}

void Poller::start(std::size_t panel, const Request& request) {
    asked_ = panel;
    started_ = clock_.now();
    line_.start(request);
}

bool Poller::begin_waiting_read() {
    const Instant now = clock_.now();
    const auto next = std::find_if(waiting_.begin(), waiting_.end(), [&](const WaitingRead& read) {
        return free_at(read.panel) <= now;
    });
    if (next == waiting_.end()) {
        return false;
    }
    read_.emplace();
    read_->lane = Lane::read;
    read_->panel = next->panel;
    read_->answer = std::move(next->answer);
    panels_[read_->panel].driver.begin(now);
    waiting_.erase(next);
    return true;
}

std::optional<std::size_t> Poller::begin_due_poll() {
    std::vector<PanelTurn> turns = this->turns();
    for (std::size_t place = 0; place < panels_.size(); ++place) {
        turns[place].due = panels_[place].poll ? never : turns[place].due;
    }
    const std::optional<std::size_t> chosen = schedule_.next_due(turns, clock_.now());
    if (!chosen) {
        return std::nullopt;
    }
    Panel& panel = panels_[*chosen];
    panel.poll.emplace();
    panel.poll->was_steady = schedule_.is_steady(turns[*chosen]);
    schedule_.begun(turns[*chosen]);
    panel.poll->panel = *chosen;
    panel.poll->is_probe = panel.health.state() == PanelState::lost;
    panel.poll->is_retry = panel.health.begin_poll(clock_.now(), panel.driver.setup().poll_period);
    panel.driver.begin(clock_.now());
    return chosen;
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
    PanelTurn turn{state, due_at(panel),           never,
                   cost,  panel.health.asked_at(), panel.replied.value_or(Instant{})};
    if (panel.poll) {
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
    const auto place = static_cast<std::size_t>(&panel - panels_.data());
    return std::max({panel.health.wanted_at(), free_at(place), allowed});
}

/// When the panel may be asked for anything.
Instant Poller::free_at(std::size_t panel) const {
    const Panel& one = panels_[panel];
    const Instant free = line_.muted_until(one.driver.setup().unit);
    const Duration gap = one.gap.gap();
    return one.replied && gap > Duration{} ? std::max(free, *one.replied + gap) : free;
}

/// What is due and waits for an edge waits until then.
Instant Poller::next_start() const {
    const Instant now = clock_.now();
    Instant next = std::min(edge_read_at_, edges_.near_from(now, clock_.utc()));
    const auto consider = [&](Instant start) {
        if (start > now || !waits_for_edge_) {
            next = std::min(next, start);
        }
    };
    for (std::size_t place = 0; place < panels_.size(); ++place) {
        consider(panels_[place].poll ? free_at(place) : due_at(panels_[place]));
    }
    if (read_) {
        consider(free_at(read_->panel));
    } else {
        for (const WaitingRead& read : waiting_) {
            consider(free_at(read.panel));
        }
    }
    if (!guests_.empty()) {
        const Instant free = free_at(place_of_unit(guests_.next().request.unit));
        consider(std::max(guest_owed_at(), free));
        next = free > now ? std::min(next, free) : next;
    }
    return next;
}

/// As long as no poll comes too late for it, then as much of the wire as people may always have.
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

/// One that timed out would also keep its panel from being read at the edge.
bool Poller::start_guest(bool is_owed) {
    const Request& next = guests_.next().request;
    const std::size_t panel = place_of_unit(next.unit);
    const PanelDriver& driver = panels_[panel].driver;
    const Duration late_limit =
        std::max<Duration>(next.late_limit, milliseconds{driver.profile().limits.late_limit_ms});
    if (free_at(panel) > clock_.now() ||
        must_wait_for_edge(cost_max(next, driver.setup().character) + late_limit)) {
        return false;
    }
    under_way_ = Lane::guest;
    guest_is_owed_ = is_owed;
    guest_ = guests_.take();
    Request& request = guest_->request;
    if (guest_->at_start) {
        guest_->at_start(request);
    }
    request.late_limit = late_limit;
    request.gap_min =
        std::max<Duration>(request.gap_min, milliseconds{driver.profile().limits.min_gap_ms});
    start(panel, request);
    return true;
}

std::vector<SharedBlock> Poller::blocks_for(const Job& job) const {
    const Panel& panel = panels_[job.panel];
    const std::size_t count = panel.driver.block_count();
    const std::size_t each_time = panel.driver.every_poll_blocks();
    std::vector<SharedBlock> blocks;
    blocks.reserve(count);
    for (std::size_t place = 0; place < (job.lane == Lane::read ? count : each_time); ++place) {
        const SharedBlock& block = panel.driver.block(place);
        if (job.lane != Lane::edge || block->has_register) {
            blocks.push_back(block);
        }
    }
    if (job.lane != Lane::poll) {
        return blocks;
    }
    if (count > each_time) {
        const std::size_t turn = panel.next_in_turn % (count - each_time);
        blocks.push_back(panel.driver.block(each_time + turn));
    }
    std::vector<SharedBlock> again = panel.driver.blocks_to_retry(clock_.now());
    std::move(again.begin(), again.end(), std::back_inserter(blocks));
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

}  // namespace metergate::southbound
