#include "southbound/interval_log_reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>

#include "southbound/meter_identity.hpp"
#include "southbound/panel_time.hpp"

namespace metergate::southbound {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr int failures_max = 3;
constexpr int not_shown_max = 3;
constexpr milliseconds ready_pause{100};
constexpr std::uint64_t number_max = 0xFFFF'FFFF;

/// Whether asking again can help.
bool may_pass(const Error& error) {
    return error.fault == Fault::timeout || error.fault == Fault::damaged;
}

}  // namespace

IntervalLogReader::IntervalLogReader(const PanelSetup& setup, const Profile& profile,
                                     const LogOrder& order)
    : layout_(setup, profile), setup_(setup), profile_(profile), order_(order) {
    answer_.order = order.number;
    answer_.use = order.use;
    answer_.panel = order.panel;
    if (!profile_.interval_log) {
        fail({Fault::not_found, "profile " + profile_.name + " describes no interval log"});
    } else if (profile_.identity) {
        ask(identity_spans());
    } else {
        begin(Stage::extent);
        ask(layout_.extent_spans());
    }
}

void IntervalLogReader::fail(const Error& error) {
    requests_.clear();
    answer_.error = error.within("interval log");
}

std::vector<RegisterSpan> IntervalLogReader::identity_spans() const {
    const ProfileIdentity& identity = *profile_.identity;
    return {{identity.table, identity.address, identity.count}};
}

void IntervalLogReader::ask(const std::vector<RegisterSpan>& spans) {
    for (const RegisterSpan& span : spans) {
        requests_.push_back({layout_.read_request(span), span});
    }
}

void IntervalLogReader::ask_in_window(std::uint32_t number,
                                      const std::vector<RegisterSpan>& spans) {
    number_ = number;
    awaited_ = {};
    book_.clear();
    if (auto window = layout_.window_request(number)) {
        requests_.push_back({std::move(*window), std::nullopt});
    }
    ask(spans);
}

void IntervalLogReader::take(const Result<Reply>& outcome, UtcTime asked_utc) {
    assert(!is_done());
    pause_ = {};
    if (!outcome) {
        const bool again = may_pass(outcome.error()) && ++failures_ < failures_max;
        if (!again) {
            fail(outcome.error());
        }
        return;
    }
    failures_ = 0;
    if (const auto span = requests_.front().span) {
        const RegisterReply reply = *registers_of(outcome);
        if (reply.registers.size() != span->count) {
            fail({Fault::damaged, "a reply of another length than was asked for"});
            return;
        }
        book_.keep(*span, reply.registers);
        if (profile_.clock && lies_in(span_of(profile_.clock->time), *span)) {
            clock_asked_ = asked_utc;
        }
    }
    requests_.pop_front();
    if (requests_.empty()) {
        finish_stage();
    }
}

void IntervalLogReader::finish_stage() {
    switch (stage_) {
        case Stage::identity:
            return take_identity();
        case Stage::extent:
            return take_extent();
        case Stage::newest:
            return take_newest();
        case Stage::search:
            return take_search();
        case Stage::slots:
            return take_slot();
        case Stage::recount:
            return take_recount();
        case Stage::again:
            return take_again();
    }
}

std::optional<std::uint64_t> IntervalLogReader::identity_read() {
    const auto serial =
        serial_in(profile_, *book_.registers(identity_spans().front()), setup_.unit);
    if (!serial) {
        fail(serial.error());
        return std::nullopt;
    }
    return identity_of(profile_.name, *serial);
}

void IntervalLogReader::take_identity() {
    const auto identity = identity_read();
    if (!identity) {
        return;
    }
    answer_.identity = *identity;
    begin(Stage::extent);
    ask(layout_.extent_spans());
}

void IntervalLogReader::take_extent() {
    const ProfileIntervalLog& log = layout_.log();
    const auto bits = [this](const RegisterField& field) { return book_.bits(field).value_or(0); };
    const std::uint64_t oldest = log.oldest ? bits(*log.oldest) : 1;
    const std::uint64_t newest = bits(log.newest);
    const std::uint64_t minutes = bits(log.length_minutes);
    if (const auto fault = layout_.fault_of_setting(book_)) {
        return fail(*fault);
    }
    if (const auto fault = fault_of_clock()) {
        return fail(*fault);
    }
    if (newest == 0 && !log.oldest) {
        return fail({Fault::refused, "its log is empty: it is being set up, or switched off"});
    }
    if (newest == 0) {
        answer_.complete = true;
        return;
    }
    constexpr std::uint64_t minutes_of_day = 1440;
    const bool plausible = oldest >= 1 && oldest <= newest && newest <= number_max &&
                           newest - oldest < std::max<std::uint64_t>(bits(log.capacity), 1) &&
                           minutes >= 1 && minutes <= minutes_of_day;
    if (!plausible) {
        return fail(
            {Fault::damaged, fmt::format("slots {} to {} of {} min in a log of {}: that cannot be",
                                         oldest, newest, minutes, bits(log.capacity))});
    }
    answer_.length = std::chrono::minutes{minutes};
    oldest_ = static_cast<std::uint32_t>(oldest);
    newest_ = static_cast<std::uint32_t>(newest);
    begin(Stage::newest);
    ask_in_window(newest_, layout_.stamp_spans(newest_));
}

std::optional<Error> IntervalLogReader::fault_of_clock() {
    if (!profile_.clock) {
        return Error{Fault::refused,
                     "the panel's clock cannot be read, so its stamps mean nothing"};
    }
    const ClockReading clock = clock_in(*profile_.clock, book_, clock_asked_);
    answer_.clock_ahead = clock.ahead;
    zone_ = clock.zone;
    if (!clock.knows_time) {
        return Error{Fault::refused, "the panel does not know the time"};
    }
    if (clock.is_right()) {
        return std::nullopt;
    }
    return Error{Fault::refused, "the panel's clock is " + ahead_text(clock.ahead) +
                                     ": its slots are not those they seem"};
}

bool IntervalLogReader::is_shown(const std::vector<RegisterSpan>& spans) {
    const std::uint32_t shown = layout_.shown(number_, book_);
    if (shown == number_) {
        not_shown_ = 0;
        return true;
    }
    if (awaited_.count() < layout_.log().ready_ms) {
        awaited_ += ready_pause;
        pause_ = ready_pause;
        book_.clear();
        ask(spans);
        return false;
    }
    if (++not_shown_ < not_shown_max) {
        ask_in_window(number_, spans);
    } else if (stage_ == Stage::slots && shown == 0 && layout_.log().oldest) {
        end_of_slots(true);  // it has moved on
    } else {
        const std::string instead = shown == 0 ? "none" : std::to_string(shown);
        fail({Fault::busy, fmt::format("slot {} was asked for and {} is shown: does another "
                                       "master read this panel's log?",
                                       number_, instead)});
    }
    return false;
}

std::optional<UtcSeconds> IntervalLogReader::end_read(std::uint32_t number) const {
    const auto stamp = layout_.end_of(number, book_);
    if (!stamp) {
        return std::nullopt;
    }
    // Other makers' stamps may be a moment late; their slots have whole minutes.
    constexpr seconds late_max{2};
    const UtcSeconds minute = std::chrono::round<std::chrono::minutes>(*stamp);
    const bool is_near = !layout_.log().oldest && std::chrono::abs(*stamp - minute) <= late_max;
    return (is_near ? minute : *stamp) - zone_;
}

void IntervalLogReader::take_newest() {
    if (!is_shown(layout_.stamp_spans(number_))) {
        return;
    }
    const auto end = end_read(newest_);
    if (!end) {
        return fail({Fault::damaged, "its newest slot has no time"});
    }
    newest_end_ = *end;
    const auto age = clock_asked_ - newest_end_;
    if (age > answer_.length + panel_clock_error_max || age < -panel_clock_error_max) {
        return fail(
            {Fault::refused,
             fmt::format("its newest slot ended {} s ago by our clock, and slots have {} "
                         "s: the panel's clock was set, or it does not log",
                         std::chrono::floor<seconds>(age).count(), answer_.length.count())});
    }
    answer_.oldest_end = regular_end(oldest_);
    answer_.newest_end = newest_end_;
    if (order_.newest_first && !layout_.log().oldest) {
        return end_of_slots(true);
    }
    const UtcSeconds begin_end = order_.newest_first ? std::min(order_.last, newest_end_)
                                                     : std::max(order_.first, *answer_.oldest_end);
    if (begin_end > newest_end_ || begin_end < *answer_.oldest_end) {
        return end_of_slots(true);
    }
    // Going back, the last slot that ends by then; else the first that does not end before.
    const seconds back =
        newest_end_ - begin_end + (order_.newest_first ? answer_.length - seconds{1} : seconds{0});
    begin(Stage::slots);
    read_slot(newest_ - static_cast<std::uint32_t>(back / answer_.length));
}

bool IntervalLogReader::is_wanted(std::uint32_t number) const {
    return number >= oldest_ && number <= newest_ && regular_end(number) >= order_.first &&
           regular_end(number) <= order_.last;
}

/// If it is wanted; else all have been read.
void IntervalLogReader::read_slot(std::uint32_t number) {
    if (!is_wanted(number)) {
        end_of_slots(true);
    } else if (read_.size() >= order_.slots_max) {
        end_of_slots(false);
    } else {
        ask_in_window(number, layout_.slot_spans(number));
    }
}

void IntervalLogReader::take_slot() {
    if (!is_shown(layout_.slot_spans(number_))) {
        return;
    }
    LoggedSlot slot = layout_.slot_of(number_, book_);
    slot.end = regular_end(number_);
    if (end_read(number_) != slot.end) {
        if (!order_.skip_unusable || order_.newest_first || !read_.empty()) {
            return end_of_slots(true);
        }
        not_usable_ = number_;
        usable_ = newest_;
        return search();
    }
    read_.emplace_back(number_, std::move(slot));
    read_slot(order_.newest_first ? number_ - 1 : number_ + 1);
}

void IntervalLogReader::search() {
    if (usable_ - not_usable_ <= 1) {
        begin(Stage::slots);
        return read_slot(usable_);
    }
    const std::uint32_t middle = not_usable_ + (usable_ - not_usable_) / 2;
    begin(Stage::search);
    ask_in_window(middle, layout_.stamp_spans(middle));
}

void IntervalLogReader::take_search() {
    if (!is_shown(layout_.stamp_spans(number_))) {
        return;
    }
    const bool usable = end_read(number_) == regular_end(number_);
    (usable ? usable_ : not_usable_) = number_;
    search();
}

void IntervalLogReader::end_of_slots(bool complete) {
    answer_.complete = complete;
    if (layout_.log().oldest) {
        return read_again();
    }
    begin(Stage::recount);
    ask_in_window(newest_, layout_.stamp_spans(newest_));
}

void IntervalLogReader::take_recount() {
    if (!is_shown(layout_.stamp_spans(newest_))) {
        return;
    }
    if (end_read(newest_) != newest_end_) {
        return fail({Fault::busy, "the panel gave up old slots while they were read"});
    }
    read_again();
}

void IntervalLogReader::read_again() {
    begin(Stage::again);
    ask(layout_.extent_spans());
    if (profile_.identity) {
        ask(identity_spans());
    }
}

void IntervalLogReader::take_again() {
    if (profile_.identity) {
        const auto identity = identity_read();
        if (!identity) {
            return;
        }
        if (*identity != answer_.identity) {
            return fail({Fault::damaged, "another meter answers than when the reading began"});
        }
    }
    const auto& counted = layout_.log().oldest;
    const std::uint64_t oldest = counted ? book_.bits(*counted).value_or(number_max) : 1;
    for (auto& [number, slot] : read_) {
        if (number >= oldest) {
            answer_.slots.push_back(std::move(slot));
        }
    }
    if (order_.newest_first) {
        std::reverse(answer_.slots.begin(), answer_.slots.end());
    }
}

}  // namespace metergate::southbound
