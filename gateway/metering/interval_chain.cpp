#include "gateway/metering/interval_chain.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

namespace metergate::metering {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

/// So many readings over so long must agree before a register is believed to count from somewhere
/// else: a panel that starts up may show zeros for a while.
constexpr std::size_t agreeing_readings_needed = 3;
constexpr Duration agreeing_time_needed = seconds{30};
/// Of nothing but zeros: a meter that starts up may read 0 for minutes. Never longer than an
/// interval.
constexpr Duration zero_time_needed = std::chrono::minutes{5};
/// So many before a register is believed to have counted at once what it could have counted since
/// it last moved: its steps may be coarse, but one reading may also be garbage.
constexpr std::size_t agreeing_readings_to_catch_up = 2;
/// A gap of more slots than this is told in one event, not slot by slot: 40 days of quarter-hours.
constexpr int missing_slots_max = 3'840;
/// Meters measure, clocks drift and registers step: no step below this is impossible (20 Wh).
constexpr Milli step_always_possible = 20;
/// CTs carry more than rated for a while.
constexpr std::int64_t power_margin = 2;
/// Taken for a point whose full load is not known: more than any low-voltage panel carries.
constexpr std::int64_t power_of_unknown_point_w = 100'000'000;
/// After a restart the time since the last reading is known by civil time only, which may have been
/// set.
constexpr Duration restart_allowance = std::chrono::hours{24};

// 64 x 64 bits: a register difference times milliseconds may not fit 64.
__extension__ using Wide = __int128;

Milli share(Milli whole, milliseconds part, milliseconds of) {
    return static_cast<Milli>(static_cast<Wide>(whole) * part.count() / of.count());
}

}  // namespace

void IntervalChain::resume(const Baseline& baseline) {
    open_ = baseline.identity != ended_chain;
    ended_ = open_ ? std::nullopt : std::optional<Flags>(Flag::config_changed);
    resumed_ = true;
    identity_ = baseline.identity;
    opened_ = {baseline.opened, baseline.opened_register};
    start_ = {baseline.edge, baseline.edge_register};
    counted_ = 0;
    closed_through_ = baseline.closed_through;
    last_ = {Instant{}, baseline.edge, identity_, baseline.edge_register};
    slot_start_ = baseline.edge;
    next_edge_ = grid_->next_edge(baseline.edge);
    open_flags_ = baseline.open_flags;
    if (open_ && !grid_->is_edge(baseline.edge)) {
        open_flags_ |= Flag::short_interval;
    }
    flags_at_last_ = open_flags_;
}

void IntervalChain::resume_reading(UtcTime at, Milli reg) {
    const Milli counted = difference(start_.reg, reg);
    if (!open_ || at <= start_.time || counted < 0) {
        return;
    }
    // Slots up to here have records. A reading beyond the next edge would decide a slot, which
    // needs the reading before it.
    const UtcSeconds last_edge = last_edge_through(at);
    if (last_edge > std::max(slot_start_, closed_through_)) {
        return;
    }
    slot_start_ = std::max(slot_start_, last_edge);
    next_edge_ = grid_->next_edge(slot_start_);
    counted_ = counted;
    last_.at_utc = at;
    last_.reg = reg;
}

IntervalChain IntervalChain::with_rules(const ChainRules& rules) const {
    IntervalChain same = *this;
    same.rules_ = rules;
    return same;
}

void IntervalChain::end(Flags why, ChainOutput& out) {
    if (!open_) {
        return;
    }
    close_at_last(why, out);
    doubtful_.clear();
    open_ = false;
    ended_ = why;
    baseline_due_ = true;
}

void IntervalChain::feed(const RegisterReading& reading, ChainOutput& out) {
    if (!open_) {
        begin(reading, out);
        return;
    }
    if (identity_ == 0 && reading.identity != 0) {
        identity_ = reading.identity;
        baseline_due_ = true;
    }
    if (reading.identity != 0 && reading.identity != identity_) {
        out.notices.push_back({EventKind::meter_changed, reading.at_utc, last_.reg, reading.reg});
        start_over(reading, Flag::meter_changed, out);
    } else if (is_possible(last_.reg, reading.reg, time_since_last(reading))) {
        accept(reading, out);
    } else {
        doubt(reading, out);
    }
}

void IntervalChain::mark(Flags flags, UtcTime until) {
    const bool earlier_is_over = std::max(slot_start_, closed_through_) >= flags_until_;
    missing_flags_ = earlier_is_over ? flags : missing_flags_ | flags;
    flags_until_ = std::max(flags_until_, until);
    baseline_due_ = baseline_due_ || (open_flags_ | flags) != open_flags_;
    open_flags_ |= flags;
}

void IntervalChain::close_overdue(UtcTime now, ChainOutput& out) {
    if (is_recording()) {
        declare_missing_through(now - rules_.close_wait, out);
    }
}

UtcSeconds IntervalChain::undecided_edge() const {
    return closed_through_ < next_edge_ ? next_edge_ : grid_->next_edge(closed_through_);
}

IntervalChain::Baseline IntervalChain::baseline() const {
    return {open_ ? identity_ : ended_chain,
            opened_.time,
            opened_.reg,
            start_.time,
            start_.reg,
            closed_through_,
            open_flags_};
}

std::optional<RegisterReading> IntervalChain::last_reading() const {
    return open_ && last_.at_utc > start_.time ? std::optional(last_) : std::nullopt;
}

bool IntervalChain::take_baseline_due() {
    return std::exchange(baseline_due_, false);
}

/// The first reading of all, or the first after an end: slots between the two belong to neither
/// counter.
void IntervalChain::begin(const RegisterReading& reading, ChainOutput& out) {
    const std::optional<Flags> why = std::exchange(ended_, std::nullopt);
    if (why) {
        declare_missing_through(reading.at_utc, out);
    }
    open_at(reading, why.value_or(Flags()));
}

void IntervalChain::open_at(const RegisterReading& reading, Flags why) {
    // After the clock went back: what was booked before keeps its time to itself.
    const auto second = std::max(std::chrono::floor<seconds>(reading.at_utc), start_.time);
    clock_went_back_ = is_before_start(reading);
    open_ = true;
    resumed_ = false;
    baseline_due_ = true;
    identity_ = reading.identity;
    opened_ = {second, reading.reg};
    start_ = opened_;
    counted_ = 0;
    slot_start_ = second;
    next_edge_ = grid_->next_edge(second);
    mark(grid_->is_edge(second) ? why : why | Flags(Flag::short_interval), reading.at_utc);
    last_ = reading;
    flags_at_last_ = open_flags_;
    last_changed_ = reading.at;
}

/// The old counter's last interval: from the last known edge to its last reading.
void IntervalChain::close_at_last(Flags why, ChainOutput& out) {
    const auto second = std::chrono::floor<seconds>(last_.at_utc);
    if (second > start_.time || counted_ != 0) {
        open_flags_ = flags_at_last_ | why | Flags(Flag::short_interval);
        book({std::max(second, start_.time + seconds{1}), last_.reg, counted_}, out);
    }
    slot_start_ = start_.time;
    open_flags_ = {};
}

void IntervalChain::start_over(const RegisterReading& reading, Flags why, ChainOutput& out) {
    close_at_last(why, out);
    doubtful_.clear();
    // Slots that ended between the two counters belong to neither.
    declare_missing_through(reading.at_utc, out);
    open_at(reading, why);
}

bool IntervalChain::is_possible(Milli from, Milli to, Duration time) const {
    const Wide power_w = rules_.power_max_w > 0 ? rules_.power_max_w : power_of_unknown_point_w;
    const Wide most = power_w * power_margin * std::max(time, Duration{0}).count() / 3'600'000'000 +
                      step_always_possible;
    const Wide step = static_cast<Wide>(to) - from;
    if (step >= 0) {
        return step <= most;
    }
    const bool was_near_top = from >= rules_.modulus / 10 * 9;
    const bool is_near_zero = to >= 0 && to <= rules_.modulus / 10;
    return rules_.modulus > 0 && was_near_top && is_near_zero && step + rules_.modulus <= most;
}

Duration IntervalChain::time_since_last(const RegisterReading& reading) const {
    return resumed_ ? Duration{reading.at_utc - last_.at_utc} : reading.at - last_.at;
}

Duration IntervalChain::longest_time_to_count(const RegisterReading& reading) const {
    return resumed_ ? std::max(time_since_last(reading), Duration{0}) + restart_allowance
                    : reading.at - last_changed_;
}

Milli IntervalChain::difference(Milli from, Milli to) const {
    const Milli plain = to - from;
    return plain < 0 && rules_.modulus > 0 ? plain + rules_.modulus : plain;
}

bool IntervalChain::is_before_start(const RegisterReading& reading) const {
    // The start may lie up to a second ahead of the reading that made it.
    return reading.at_utc + seconds{1} < start_.time;
}

void IntervalChain::accept(const RegisterReading& reading, ChainOutput& out) {
    if (!doubtful_.empty()) {
        const RegisterReading& rejected = doubtful_.front();
        out.notices.push_back(
            {EventKind::register_rejected, rejected.at_utc, last_.reg, rejected.reg});
        doubtful_.clear();
    }
    if (reading.reg < last_.reg) {
        out.notices.push_back(
            {EventKind::register_rollover, reading.at_utc, last_.reg, reading.reg});
    }
    clock_went_back_ = clock_went_back_ || is_before_start(reading);
    if (reading.at_utc < slot_start_) {
        // The clock went back: what was not booked since the last known edge may be decided again.
        slot_start_ = std::max(start_.time, last_edge_through(reading.at_utc));
        next_edge_ = grid_->next_edge(slot_start_);
    }
    if (next_edge_ <= reading.at_utc) {
        decide_edges(reading, out);
    }
    counted_ += difference(last_.reg, reading.reg);
    if (reading.reg != last_.reg || resumed_) {
        last_changed_ = reading.at;
    }
    resumed_ = false;
    last_ = reading;
    flags_at_last_ = open_flags_;
}

/// Keeps the reading apart. Enough of them that agree are believed: as what the register counted,
/// if it had the time to, else as a register that counts from somewhere else now.
void IntervalChain::doubt(const RegisterReading& reading, ChainOutput& out) {
    const bool agrees = !doubtful_.empty() && is_possible(doubtful_.back().reg, reading.reg,
                                                          reading.at - doubtful_.back().at);
    if (!agrees) {
        doubtful_.clear();
    }
    doubtful_.push_back(reading);
    const RegisterReading first = doubtful_.front();
    const bool catches_up = is_possible(last_.reg, first.reg, longest_time_to_count(first));
    const bool believed = catches_up
                              ? doubtful_.size() >= agreeing_readings_to_catch_up
                              : doubtful_.size() >= agreeing_readings_needed &&
                                    reading.at - first.at >= time_needed_to_believe(reading.reg);
    if (!believed) {
        return;
    }
    const std::vector<RegisterReading> readings = std::exchange(doubtful_, {});
    if (catches_up) {
        accept(first, out);
    } else {
        out.notices.push_back({EventKind::register_reset, first.at_utc, last_.reg, first.reg});
        start_over(first, Flag::register_reset, out);
    }
    for (std::size_t i = 1; i < readings.size(); ++i) {
        accept(readings[i], out);
    }
}

Duration IntervalChain::time_needed_to_believe(Milli reg) const {
    const Duration of_zero = std::min<Duration>(zero_time_needed, grid_->length());
    return reg == 0 ? std::max(of_zero, agreeing_time_needed) : agreeing_time_needed;
}

/// The edges between the last reading and `next`: interpolated if the two are near enough, else
/// missing.
void IntervalChain::decide_edges(const RegisterReading& next, ChainOutput& out) {
    if (next.at_utc - last_.at_utc > rules_.bracket_max) {
        declare_missing_through(next.at_utc, out);
        slot_start_ = last_edge_through(next.at_utc);
        next_edge_ = grid_->next_edge(slot_start_);
        return;
    }
    while (next_edge_ <= next.at_utc) {
        book(knot_between(next), out);
        slot_start_ = next_edge_;
        next_edge_ = grid_->next_edge(next_edge_);
    }
}

IntervalChain::Knot IntervalChain::knot_between(const RegisterReading& next) const {
    const milliseconds whole = next.at_utc - last_.at_utc;
    const milliseconds part = next_edge_ - last_.at_utc;
    const Milli step = difference(last_.reg, next.reg);
    const Milli before_edge = share(step, part, whole);
    Knot knot{.time = next_edge_,
              .reg = last_.reg + before_edge,
              .counted = counted_ + before_edge,
              .uncertainty = std::max(before_edge, step - before_edge),
              .interpolated = true};
    if (part == whole) {
        knot.uncertainty = 0;
        knot.interpolated = false;
    }
    const bool rolls_over = next.reg < last_.reg;
    if (rolls_over && knot.reg >= rules_.modulus) {
        knot.reg -= rules_.modulus;
    }
    return knot;
}

void IntervalChain::book(const Knot& knot, ChainOutput& out) {
    assert(knot.counted >= 0 && knot.time > start_.time);
    ClosedInterval interval{.start = start_.time,
                            .end = knot.time,
                            .value = knot.counted,
                            .reg = knot.reg,
                            .flags = open_flags_ | rules_.always,
                            .uncertainty = start_.uncertainty + knot.uncertainty};
    if (start_.interpolated || knot.interpolated) {
        interval.flags |= Flag::interpolated;
    }
    if (knot.counted != knot.reg - start_.reg) {
        interval.flags |= Flag::rollover;
    }
    if (start_.time < slot_start_) {
        interval.flags = interval.flags.without(Flag::short_interval) | Flag::long_interval;
    } else if (clock_went_back_) {
        // It holds what flowed while the clock ran up to its start again; by that clock it may be
        // short all the same.
        interval.flags |= Flag::long_interval;
    }
    out.intervals.push_back(interval);
    closed_through_ = std::max(closed_through_, knot.time);
    start_ = knot;
    counted_ -= knot.counted;
    open_flags_ = {};
    clock_went_back_ = false;
}

void IntervalChain::declare_missing(UtcSeconds edge, ChainOutput& out) {
    // The first of a gap: what was known before it must survive purge and restart.
    baseline_due_ = baseline_due_ || closed_through_ <= start_.time;
    const UtcSeconds start = edge == next_edge_ ? slot_start_ : closed_through_;
    const Flags reasons =
        start < flags_until_ ? missing_flags_.without(Flag::short_interval) : Flags();
    out.intervals.push_back({.start = start,
                             .end = edge,
                             .value = std::nullopt,
                             .reg = std::nullopt,
                             .flags = Flags(Flag::missing) | reasons | rules_.always,
                             .uncertainty = 0});
    closed_through_ = edge;
}

/// All undecided slots that ended by `time`; in one event if they are too many.
void IntervalChain::declare_missing_through(UtcTime time, ChainOutput& out) {
    UtcSeconds edge = undecided_edge();
    if (time - edge > missing_slots_max * grid_->length()) {
        out.notices.push_back({EventKind::gap_not_recorded, time, last_.reg, last_.reg});
        closed_through_ = last_edge_through(time);
        baseline_due_ = true;
        return;
    }
    for (; edge <= time; edge = grid_->next_edge(edge)) {
        declare_missing(edge, out);
    }
}

UtcSeconds IntervalChain::last_edge_through(UtcTime time) const {
    const auto second = std::chrono::floor<seconds>(time);
    UtcSeconds from = second - grid_->length();
    // Once more for each length by which a jump of the wall clock made the slot longer.
    while (grid_->next_edge(from) > second) {
        from -= grid_->length();
    }
    UtcSeconds edge = grid_->next_edge(from);
    for (UtcSeconds next = grid_->next_edge(edge); next <= second; next = grid_->next_edge(next)) {
        edge = next;
    }
    return edge;
}

}  // namespace metergate::metering
