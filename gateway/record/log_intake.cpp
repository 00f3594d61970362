#include "gateway/record/log_intake.hpp"

#include <algorithm>
#include <utility>

namespace metergate::record {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

/// A portion: a day of quarter-hours.
constexpr std::size_t slots_at_once = 96;
/// A panel needs a moment to enter a slot that has just ended.
constexpr milliseconds settling = seconds{2};
/// A slot that is not there yet is looked for again; so is one that a lost reply hid.
constexpr Duration look_again_after = seconds{3};
/// Then an order is taken for lost. That for slots of long ago may wait for hours on a full line.
constexpr Duration fresh_time_max = minutes{10};
constexpr Duration unread_time_max = std::chrono::hours{24};
constexpr Duration pause_min = minutes{1};
constexpr Duration pause_max = minutes{64};
constexpr Duration silence_min = seconds{60};

}  // namespace

LogIntake::LogIntake(PanelNumber panel, Duration poll_period)
    : panel_(panel), silence_max_(std::max(3 * poll_period, silence_min)) {}

void LogIntake::order_again() {
    for (Asking* asking : {&fresh_, &unread_}) {
        if (asking->is_open) {
            asking->is_open = false;
            asking->not_before = {};
        }
    }
}

void LogIntake::try_later(Asking& asking, Instant now) {
    asking.is_open = false;
    asking.pause = std::clamp(asking.pause * 2, pause_min, pause_max);
    asking.not_before = now + asking.pause;
}

bool LogIntake::may_ask(Asking& asking, Instant now) {
    if (asking.is_open && now >= asking.not_before) {
        try_later(asking, now);
    }
    const bool is_there = heard_at_ && now - *heard_at_ <= silence_max_;
    return !asking.is_open && now >= asking.not_before && is_there;
}

LogOrder LogIntake::place(Asking& asking, LogUse use, UtcSeconds first, UtcSeconds last,
                          Instant now) {
    asking.order = {.number = ++orders_,
                    .use = use,
                    .panel = panel_,
                    .first = first,
                    .last = last,
                    .newest_first = false,
                    .skip_unusable = use == LogUse::unread,
                    .slots_max = slots_at_once};
    asking.is_open = true;
    asking.not_before = now + (use == LogUse::fresh ? fresh_time_max : unread_time_max);
    return asking.order;
}

void LogIntake::next_orders(Instant now, UtcTime utc, const PanelRecorder& recorder,
                            bool all_stored, std::vector<LogOrder>& out) {
    const auto edge = recorder.logged().readable_edge();
    if (edge && utc >= *edge + settling + clock_behind_ && may_ask(fresh_, now)) {
        out.push_back(place(fresh_, LogUse::fresh, *edge, std::chrono::floor<seconds>(utc), now));
    }
    const auto unread = recorder.logged().unread();
    if (unread && all_stored && may_ask(unread_, now)) {
        const UtcSeconds last = std::min(unread->through, std::chrono::floor<seconds>(utc));
        if (unread->after < last) {
            out.push_back(place(unread_, LogUse::unread, unread->after + seconds{1}, last, now));
        }
    }
}

void LogIntake::take(const LogAnswer& answer, Instant now, UtcTime utc, PanelRecorder& recorder,
                     Store& store, std::vector<Event>& events) {
    Asking& asking = answer.use == LogUse::fresh ? fresh_ : unread_;
    if (!asking.is_open || answer.order != asking.order.number) {
        return;
    }
    const auto fault = answer.error ? answer.error : misfit(answer, recorder.logged());
    if (fault && LogComplaint::may_pass(*fault) && &asking == &fresh_) {
        asking.is_open = false;
        asking.not_before = now + look_again_after;
        return;
    }
    if (fault) {
        if (auto event = complaint_.event_for(*fault, utc, recorder,
                                              "intervals billed from its log are missing")) {
            events.push_back(std::move(*event));
        }
        return try_later(asking, now);
    }
    complaint_.forget();
    clock_behind_ = std::max(-answer.clock_ahead, milliseconds{0});
    if (&asking == &fresh_) {
        take_fresh(answer, now, utc, recorder);
    } else {
        take_unread(answer, now, utc, recorder, store);
    }
}

/// A log of another length than was set cannot be bent to the series.
std::optional<Error> LogIntake::misfit(const LogAnswer& answer, const LoggedSeries& logged) {
    if (!answer.newest_end || logged.empty()) {
        return std::nullopt;
    }
    if (answer.length != logged.length()) {
        return Error{Fault::refused, "its slots have " + std::to_string(answer.length.count()) +
                                         " s, the series billed from it " +
                                         std::to_string(logged.length().count()) + " s"};
    }
    const bool fits = answer.slots.empty() ||
                      std::any_of(answer.slots.begin(), answer.slots.end(),
                                  [&](const LoggedSlot& slot) { return logged.is_edge(slot.end); });
    return fits ? std::nullopt
                : std::optional(Error{Fault::refused,
                                      "its slots do not end where the intervals of the series "
                                      "billed from it end"});
}

void LogIntake::take_fresh(const LogAnswer& answer, Instant now, UtcTime utc,
                           PanelRecorder& recorder) {
    const auto before = recorder.logged().readable_edge();
    recorder.take_fresh(answer, utc);
    fresh_.is_open = false;
    fresh_.pause = {};
    const bool went_on = recorder.logged().readable_edge() != before;
    fresh_.not_before = went_on ? now : now + look_again_after;
}

void LogIntake::take_unread(const LogAnswer& answer, Instant now, UtcTime utc,
                            PanelRecorder& recorder, Store& store) {
    const LogOrder& order = unread_.order;
    UtcSeconds through = order.first;
    if (!answer.slots.empty() && !answer.complete) {
        through = answer.slots.back().end;
    } else if (answer.newest_end) {
        through = std::min(order.last, *answer.newest_end);
    }
    const auto unread = store.unread_records(panel_, order.first, through);
    if (!unread) {
        return try_later(unread_, now);
    }
    const auto before = recorder.logged().unread();
    recorder.take_unread(answer, *unread, through, utc);
    const auto after = recorder.logged().unread();
    if (before && after && after->after == before->after) {
        return try_later(unread_, now);  // the log ends before
    }
    unread_.is_open = false;
    unread_.pause = {};
    unread_.not_before = now;
}

}  // namespace metergate::record
