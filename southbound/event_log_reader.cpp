#include "southbound/event_log_reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <string>
#include <utility>

#include "southbound/meter_identity.hpp"
#include "southbound/panel_request.hpp"
#include "southbound/panel_time.hpp"

namespace metergate::southbound {
namespace {

constexpr std::uint64_t number_max = 0xFFFF'FFFF;
/// So long an event that has not ended is waited for.
constexpr std::chrono::hours end_awaited_max{1};

}  // namespace

EventLogReader::EventLogReader(const PanelDriver& driver, std::optional<PanelEventMark> mark)
    : driver_(&driver), mark_(mark) {
    assert(driver.profile().event_log);
    found_.mark.panel = driver.setup().number;
    ask_identity(Stage::identity);
    if (is_done()) {
        identity_ = driver.identity();
        finish_stage({});
    }
}

void EventLogReader::fail(const Error& error) {
    requests_.clear();
    result_ = error.within("event log");
}

void EventLogReader::begin(Stage stage) {
    stage_ = stage;
    book_.clear();
}

/// Of a profile without identity there is nothing to ask.
void EventLogReader::ask_identity(Stage stage) {
    begin(stage);
    if (const auto& identity = driver_->profile().identity) {
        const RegisterSpan span{identity->table, identity->address, identity->count};
        requests_.push_back(
            {panel_request(driver_->setup().unit, driver_->profile().limits, span), span});
    }
}

void EventLogReader::ask(const std::vector<RegisterSpan>& wanted) {
    const ProfileLimits& limits = driver_->profile().limits;
    for (const RegisterSpan& span :
         plan_reads(wanted, {wanted, {}}, read_limits(limits, driver_->setup().character))) {
        requests_.push_back({panel_request(driver_->setup().unit, limits, span), span});
    }
}

void EventLogReader::take(const Result<Reply>& outcome, UtcTime now) {
    assert(!is_done());
    if (!outcome) {
        return fail(outcome.error());
    }
    if (const auto span = requests_.front().span) {
        const RegisterReply reply = *registers_of(outcome);
        if (reply.registers.size() != span->count) {
            return fail({Fault::damaged, "a reply of another length than was asked for"});
        }
        book_.keep(*span, reply.registers);
    }
    requests_.pop_front();
    if (requests_.empty()) {
        finish_stage(now);
    }
}

void EventLogReader::finish_stage(UtcTime now) {
    switch (stage_) {
        case Stage::identity: {
            const auto identity = driver_->profile().identity ? identity_read() : identity_;
            if (!identity) {
                return;
            }
            identity_ = *identity;
            begin(Stage::extent);
            std::vector<RegisterSpan> wanted{span_of(log().oldest), span_of(log().newest)};
            if (driver_->profile().clock) {
                wanted.push_back(span_of(driver_->profile().clock->time));
            }
            return ask(wanted);
        }
        case Stage::extent:
            return take_extent();
        case Stage::events:
            return take_events(now);
        case Stage::again:
            return take_again();
    }
}

std::optional<std::uint64_t> EventLogReader::identity_read() {
    const Profile& profile = driver_->profile();
    const RegisterSpan span{profile.identity->table, profile.identity->address,
                            profile.identity->count};
    const auto serial = serial_in(profile, *book_.registers(span), driver_->setup().unit);
    if (!serial) {
        fail(serial.error());
        return std::nullopt;
    }
    return identity_of(profile.name, *serial);
}

void EventLogReader::take_extent() {
    const std::uint64_t oldest = book_.bits(log().oldest).value_or(0);
    const std::uint64_t newest = book_.bits(log().newest).value_or(0);
    if (driver_->profile().clock) {
        panel_time_ = time_in(driver_->profile().clock->time, book_).value_or(UtcSeconds{});
    }
    if (newest > number_max || (newest != 0 && (oldest < 1 || oldest > newest))) {
        return fail(
            {Fault::damaged, fmt::format("events {} to {}: that cannot be", oldest, newest)});
    }
    newest_ = static_cast<std::uint32_t>(newest);
    const bool is_known = mark_ && mark_->identity == identity_ && mark_->through <= newest_;
    found_.mark.identity = identity_;
    found_.mark.through = is_known ? mark_->through : newest_;
    found_.is_new_log = !is_known;
    if (found_.mark.through == newest_) {
        complete_ = true;
        result_ = std::move(found_);
        return;
    }
    read_events(std::max(found_.mark.through + 1, static_cast<std::uint32_t>(oldest)));
}

/// As many as are shown at once.
void EventLogReader::read_events(std::uint32_t first) {
    begin(Stage::events);
    first_ = first;
    last_ = static_cast<std::uint32_t>(
        std::min<std::uint64_t>(newest_, std::uint64_t{first} + log().count - 1));
    const PanelSetup& setup = driver_->setup();
    if (log().kind == LogKind::windowed) {
        requests_.push_back(
            {panel_write(setup.unit, driver_->profile().limits, *log().window, first),
             std::nullopt});
    }
    std::vector<RegisterSpan> wanted;
    for (std::uint32_t shown = 0; shown <= last_ - first_; ++shown) {
        const std::uint32_t number = first_ + shown;
        for (const auto& field : {std::optional(log().number), std::optional(log().event_kind),
                                  std::optional(log().start), log().phase, log().end}) {
            if (field) {
                wanted.push_back(span_of(placed(*field, number)));
            }
        }
    }
    ask(wanted);
}

RegisterField EventLogReader::placed(RegisterField field, std::uint32_t number) const {
    const std::uint32_t place =
        log().kind == LogKind::ring ? (number - 1) % log().count : number - first_;
    field.address = static_cast<std::uint16_t>(field.address + place * log().stride);
    return field;
}

std::uint64_t EventLogReader::bits(const RegisterField& field, std::uint32_t number) const {
    return book_.bits(placed(field, number)).value_or(0);
}

void EventLogReader::take_events(UtcTime now) {
    for (std::uint32_t number = first_; number <= last_; ++number) {
        if (bits(log().number, number) != number) {
            return fail({Fault::busy,
                         fmt::format("event {} was asked for and {} is shown: does another master "
                                     "read this panel's log?",
                                     number, bits(log().number, number))});
        }
        if (is_still_going_on(number)) {
            complete_ = true;
            return end_of_events();
        }
        if (auto event = event_of(number, now)) {
            found_.events.push_back({number, std::move(*event)});
        }
        found_.mark.through = number;
        if (number == last_) {
            break;  // it may be the last that a number can be
        }
    }
    complete_ = last_ == newest_;
    if (complete_ || found_.events.size() >= events_at_once) {
        end_of_events();
    } else {
        read_events(last_ + 1);
    }
}

void EventLogReader::end_of_events() {
    ask_identity(Stage::again);
    if (is_done()) {
        take_again();
    }
}

bool EventLogReader::is_still_going_on(std::uint32_t number) const {
    if (!log().end || !driver_->profile().clock || bits(*log().end, number) != 0) {
        return false;
    }
    const auto since = utc_from_s(static_cast<std::int64_t>(bits(log().start, number)));
    return panel_time_ - since < end_awaited_max;
}

/// Nothing: of a kind that the profile does not name.
std::optional<Event> EventLogReader::event_of(std::uint32_t number, UtcTime now) const {
    const auto& kinds = log().kinds;
    const auto kind = std::find_if(kinds.begin(), kinds.end(), [&](const LogEventKind& one) {
        return one.number == bits(log().event_kind, number);
    });
    if (kind == kinds.end()) {
        return std::nullopt;
    }
    constexpr std::array<const char*, 4> phases{"", "A", "B", "C"};
    const std::uint64_t phase = log().phase ? bits(*log().phase, number) : 0;
    const auto time_of = [&](const RegisterField& field) {
        return utc_from_s(static_cast<std::int64_t>(bits(field, number)));
    };
    Event event;
    event.at = now;
    event.panel = driver_->setup().number;
    event.source = driver_->setup().id;
    event.kind = kind->kind;
    event.phase = phase < phases.size() ? phases.at(phase) : "";
    event.start = time_of(log().start);
    if (log().end && bits(*log().end, number) != 0) {
        event.end = time_of(*log().end);
    }
    event.text = fmt::format("panel {} noted by its own clock: {}{}, no. {} of its log",
                             event.source, name_of(event.kind),
                             event.phase.empty() ? "" : " on phase " + event.phase, number);
    return event;
}

void EventLogReader::take_again() {
    if (driver_->profile().identity) {
        const auto identity = identity_read();
        if (!identity) {
            return;
        }
        if (*identity != identity_) {
            return fail({Fault::damaged, "another meter answers than when the reading began"});
        }
    }
    result_ = std::move(found_);
}

}  // namespace metergate::southbound
