#include "southbound/panel_clocks.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include "southbound/panel_request.hpp"
#include "southbound/panel_time.hpp"

namespace metergate::southbound {
namespace {

using std::chrono::milliseconds;

/// Whose requests these are, beside those of other guests.
constexpr const char* client = "panel-clocks";
constexpr Duration look_period = std::chrono::hours{1};
/// A panel that did not answer, or an own clock that is not known yet.
constexpr Duration retry_wait = std::chrono::minutes{1};
/// Better than its registers show and a busy line delays, a clock cannot be set.
constexpr milliseconds error_left_alone{2000};
constexpr int sets_in_vain_max = 3;

Event clock_event(EventKind kind, const PanelSetup& panel, UtcTime at) {
    Event event;
    event.kind = kind;
    event.at = at;
    event.start = at;
    event.panel = panel.number;
    event.source = panel.id;
    return event;
}

std::string text_of(const ClockReading& found) {
    return found.knows_time ? ahead_text(found.ahead) : "not known to the panel itself";
}

bool is_near(const ClockReading& found) {
    return found.knows_time && std::chrono::abs(found.ahead) <= error_left_alone;
}

}  // namespace

PanelClocks::Job::Job() = default;

PanelClocks::PanelClocks(const Clock& clock, Poller& poller, Sinks sinks)
    : clock_(clock), poller_(poller), sinks_(std::move(sinks)) {
    for (std::size_t place = 0; place < poller_.panel_count(); ++place) {
        const PanelDriver& driver = poller_.driver(place);
        if (driver.profile().clock && driver.setup().clock_care != ClockCare::leave) {
            watched_.push_back({place, clock_.now()});
        }
    }
}

void PanelClocks::step() {
    if (job_ || watched_.empty()) {
        return;
    }
    const auto next = std::min_element(
        watched_.begin(), watched_.end(),
        [](const Watched& one, const Watched& other) { return one.due < other.due; });
    if (next->due > clock_.now()) {
        return;
    }
    if (!sinks_.is_time_known()) {
        next->due = clock_.now() + retry_wait;
        return;
    }
    begin(static_cast<std::size_t>(next - watched_.begin()));
}

Instant PanelClocks::next_at() const {
    Instant next = never;
    for (const Watched& watched : watched_) {
        next = std::min(next, watched.due);
    }
    return job_ ? never : next;
}

void PanelClocks::add_to(std::vector<PanelStatus>& panels) const {
    for (const Watched& watched : watched_) {
        if (watched.found && watched.found->knows_time) {
            panels.at(watched.place).clock_ahead = watched.found->ahead;
        }
    }
}

// ---- Looking ----

void PanelClocks::begin(std::size_t watched) {
    const PanelDriver& driver = driver_of(watched_[watched]);
    job_.emplace();
    job_->watched = watched;
    const std::vector<RegisterSpan> wanted = clock_spans(*driver.profile().clock);
    for (const RegisterSpan& span :
         plan_reads(wanted, {wanted, {}},
                    read_limits(driver.profile().limits, driver.setup().character))) {
        job_->spans.push_back(span);
    }
    read_next();
}

void PanelClocks::read_next() {
    const PanelDriver& driver = driver_of(watched_[job_->watched]);
    poller_.request_guest(
        {client, panel_request(driver.setup().unit, driver.profile().limits, job_->spans.front()),
         [this](const Result<Reply>& outcome) { take_registers(outcome); }});
}

/// A panel that does not answer now is looked at later: its state is told elsewhere.
void PanelClocks::take_registers(const Result<Reply>& outcome) {
    const auto reply = registers_of(outcome);
    if (!reply || reply->registers.size() != job_->spans.front().count) {
        rest(reply || reply.error().fault == Fault::refused ? look_period : retry_wait);
        return;
    }
    const ProfileClock& clock = *driver_of(watched_[job_->watched]).profile().clock;
    job_->book.keep(job_->spans.front(), reply->registers);
    if (lies_in(span_of(clock.time), job_->spans.front())) {
        const auto age = std::chrono::floor<milliseconds>(clock_.now() - reply->asked);
        job_->asked = clock_.utc() - age;
    }
    job_->spans.pop_front();
    if (!job_->spans.empty()) {
        read_next();
        return;
    }
    take_reading(clock_in(clock, job_->book, job_->asked));
}

void PanelClocks::take_reading(const ClockReading& found) {
    Watched& watched = watched_[job_->watched];
    watched.found = found;
    if (job_->before) {
        judge_set(watched, *job_->before);
        return;
    }
    if (!is_near(found) && is_to_be_set(watched)) {
        set(found);
        return;
    }
    if (found.is_right()) {
        watched.told.clear();
    } else {
        tell_wrong(watched, "");
    }
    rest(look_period);
}

// ---- Setting ----

bool PanelClocks::is_to_be_set(const Watched& watched) const {
    const PanelDriver& driver = driver_of(watched);
    return driver.setup().clock_care == ClockCare::set && driver.profile().clock->writable;
}

/// In the middle of five minutes, after another look.
void PanelClocks::set(const ClockReading& found) {
    if (const Duration wait = wait_to_set_clock(clock_.utc()); wait > Duration{}) {
        rest(wait);
        return;
    }
    const PanelDriver& driver = driver_of(watched_[job_->watched]);
    job_->before = found;
    GuestRequest guest{client, clock_write(driver.setup(), driver.profile(), clock_.utc()),
                       [this](const Result<Reply>& outcome) { take_set(outcome); }};
    guest.at_start = [this, &driver](Request& request) {
        request.pdu = clock_write(driver.setup(), driver.profile(), clock_.utc()).pdu;
    };
    poller_.request_guest(std::move(guest));
}

void PanelClocks::take_set(const Result<Reply>& outcome) {
    Watched& watched = watched_[job_->watched];
    if (!outcome && outcome.error().fault == Fault::refused) {
        tell_wrong(watched, ", and it refuses to be set: " + outcome.error().text);
        rest(look_period);
        return;
    }
    if (!outcome) {
        rest(retry_wait);  // perhaps it was set all the same: that is seen then
        return;
    }
    const ClockReading before = *job_->before;
    begin(job_->watched);
    if (job_) {
        job_->before = before;
    }
}

void PanelClocks::judge_set(Watched& watched, const ClockReading& before) {
    if (is_near(*watched.found)) {
        const PanelSetup& panel = driver_of(watched).setup();
        Event event = clock_event(EventKind::panel_clock_set, panel, clock_.utc());
        event.old_value = text_of(before);
        event.new_value = text_of(*watched.found);
        event.text = "clock of panel " + panel.id + " was set; it was " + event.old_value;
        sinks_.event(std::move(event));
        watched.told.clear();
        watched.sets_in_vain = 0;
        rest(look_period);
        return;
    }
    const bool give_up = ++watched.sets_in_vain % sets_in_vain_max == 0;
    if (give_up) {
        tell_wrong(watched, ", although it was set");
    }
    rest(give_up ? look_period : retry_wait);
}

/// Once, until something else is wrong or it was right in between.
void PanelClocks::tell_wrong(Watched& watched, const std::string& more) {
    if (watched.told == "wrong" + more) {
        return;
    }
    watched.told = "wrong" + more;
    const PanelSetup& panel = driver_of(watched).setup();
    Event event = clock_event(EventKind::panel_clock_wrong, panel, clock_.utc());
    event.new_value = text_of(*watched.found);
    event.text = "clock of panel " + panel.id + " is " + event.new_value + more;
    sinks_.event(std::move(event));
}

void PanelClocks::rest(Duration pause) {
    watched_[job_->watched].due = clock_.now() + pause;
    job_.reset();
}

}  // namespace metergate::southbound
