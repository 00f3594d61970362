#include "gateway/metering/logged_chain.hpp"

#include <algorithm>
#include <cstdlib>
#include <utility>

namespace metergate::metering {
namespace {

/// More slots than this are not declared missing one by one: 40 days of quarter-hours.
constexpr int missing_slots_max = 3'840;

/// What a panel may say of a slot; that it is read late, or stands for others, is ours to say.
constexpr Flags of_panel =
    Flag::short_interval | Flag::long_interval | Flag::clock_set | Flags(Flag::power_fail);

}  // namespace

void LoggedChain::resume(const IntervalChain::Baseline& baseline) {
    open_ = baseline.identity != ended_chain;
    ended_ = !open_;
    identity_ = baseline.identity;
    opened_ = baseline.opened;
    valued_through_ = read_through_ = baseline.edge;
    closed_through_ = std::max(baseline.edge, baseline.closed_through);
    next_flags_ = baseline.open_flags;
    stored_behind_ = valued_through_ < closed_through_;
}

LoggedChain LoggedChain::with_rules(const LoggedRules& rules) const {
    LoggedChain same = *this;
    same.rules_ = rules;
    return same;
}

UtcSeconds LoggedChain::last_edge_through(UtcTime time) const {
    // Where the wall clock jumps, slots are up to an hour longer or shorter.
    UtcSeconds edge = grid_->next_edge(std::chrono::floor<std::chrono::seconds>(time) -
                                       2 * grid_->length() - std::chrono::hours{1});
    for (UtcSeconds next = grid_->next_edge(edge); next <= time; next = grid_->next_edge(edge)) {
        edge = next;
    }
    return edge;
}

void LoggedChain::open(UtcSeconds from, std::uint64_t identity) {
    open_ = true;
    ended_ = false;
    identity_ = identity;
    opened_ = valued_through_ = read_through_ = from;
    reg_.reset();
    baseline_due_ = true;
}

void LoggedChain::hear(UtcTime at, std::uint64_t identity, Output& out) {
    if (!is_recording()) {
        open(last_edge_through(at), identity);
        closed_through_ = opened_;
        return;
    }
    if (open_ && (identity == 0 || identity == identity_)) {
        return;
    }
    if (open_ && identity_ == 0) {
        identity_ = identity;
        baseline_due_ = true;
        return;
    }
    // The slot under way belongs to two meters, or to two registers: neither log has it whole.
    if (open_) {
        out.meter_changed = true;
        next_flags_ |= Flag::meter_changed;
    }
    const Flags why = next_flags_;
    const UtcSeconds from = grid_->next_edge(std::chrono::floor<std::chrono::seconds>(at));
    declare_missing_through(from, out);
    open(std::max(from, closed_through_), identity);
    next_flags_ = why;
}

void LoggedChain::end(Flags why) {
    if (open_) {
        open_ = false;
        ended_ = true;
        next_flags_ |= why;
        baseline_due_ = true;
    }
}

void LoggedChain::mark(Flags flags) {
    baseline_due_ = baseline_due_ || (next_flags_ | flags) != next_flags_;
    next_flags_ |= flags;
}

Flags LoggedChain::use_next_flags() {
    baseline_due_ = baseline_due_ || !next_flags_.none();
    return std::exchange(next_flags_, Flags());
}

/// A first slot that is long holds what was counted before the series began: not its to bill.
LoggedAmount LoggedChain::own(LoggedAmount amount) const {
    if (amount.flags.has(Flag::long_interval) && amount.end == grid_->next_edge(opened_)) {
        amount.value.reset();
    }
    return amount;
}

void LoggedChain::take(const LoggedAmount& logged, UtcTime now, Output& out) {
    const LoggedAmount amount = own(logged);
    if (!open_ || amount.end <= closed_through_ || !grid_->is_edge(amount.end)) {
        return;
    }
    declare_missing_through(amount.end - std::chrono::seconds{1}, out);
    if (has_unread() && amount.flags.has(Flag::long_interval)) {
        // Where it begins stands in the slots before it: it is read with them.
        declare_missing_through(amount.end, out);
        return;
    }
    const bool in_order = !has_unread();
    const UtcSeconds regular_start = closed_through_;
    ClosedInterval interval = interval_of(amount, start_of(amount, regular_start));
    interval.flags |= use_next_flags();
    if (amount.value && now > amount.end + rules_.close_wait) {
        interval.flags |= Flag::recovered;
    }
    out.slots.push_back({interval});
    closed_through_ = amount.end;
    if (in_order) {
        pass(amount, regular_start, out);
        baseline_due_ = baseline_due_ || (stored_behind_ && amount.value);
    }
}

void LoggedChain::take_unread(const LoggedAmount& logged, std::optional<Flags> unread,
                              Output& out) {
    const LoggedAmount amount = own(logged);
    const bool is_next = amount.end > read_through_ && amount.end <= closed_through_;
    if (!open_ || !is_next || !grid_->is_edge(amount.end)) {
        return;
    }
    const UtcSeconds regular_start = last_edge_through(amount.end - std::chrono::seconds{1});
    if (regular_start != read_through_) {
        // Nothing is known of the slots before: what a long one holds of them neither.
        valued_through_ = regular_start;
        reg_.reset();
    }
    if (unread) {
        ClosedInterval interval = interval_of(amount, start_of(amount, regular_start));
        interval.flags |= unread->without(Flag::missing);
        if (amount.value) {
            interval.flags |= Flag::recovered;
        }
        out.slots.push_back({interval});
    }
    pass(amount, regular_start, out);
    baseline_due_ = true;
}

ClosedInterval LoggedChain::interval_of(const LoggedAmount& amount, UtcSeconds start) const {
    ClosedInterval interval{start, amount.end, amount.value, amount.reg, rules_.always};
    interval.flags |= Flags::from_bits(amount.flags.bits() & of_panel.bits());
    if (!amount.value) {
        interval.flags = interval.flags.without(Flag::long_interval).without(Flag::short_interval);
        interval.flags |= Flag::missing;
    }
    return interval;
}

/// A long slot holds all since the newest one that has a value.
UtcSeconds LoggedChain::start_of(const LoggedAmount& amount, UtcSeconds regular) const {
    return amount.value && amount.flags.has(Flag::long_interval) ? valued_through_ : regular;
}

void LoggedChain::pass(const LoggedAmount& amount, UtcSeconds regular_start, Output& out) {
    read_through_ = amount.end;
    if (amount.value) {
        compare(amount, regular_start, out);
        valued_through_ = amount.end;
        reg_ = amount.reg;
    }
}

void LoggedChain::compare(const LoggedAmount& amount, UtcSeconds start, Output& out) {
    const bool comparable = reg_ && amount.reg && valued_through_ == start &&
                            !amount.flags.has(Flag::short_interval) &&
                            !amount.flags.has(Flag::long_interval);
    if (!comparable) {
        return;
    }
    const Milli step = *amount.reg - *reg_;
    const Milli counted = step < 0 ? step + rules_.modulus : step;
    // The increment may have been rounded by one count.
    const bool disagrees = std::abs(counted - *amount.value) > 1;
    if (disagrees && !std::exchange(told_disagreement_, true)) {
        out.disagreements.push_back({start, amount.end, counted, *amount.value});
    }
    told_disagreement_ = disagrees;
}

void LoggedChain::read_up_to(UtcSeconds end) {
    const UtcSeconds through = std::min(end, closed_through_);
    if (open_ && through > read_through_) {
        read_through_ = through;
        reg_.reset();
        baseline_due_ = true;
    }
}

void LoggedChain::close_overdue(UtcTime now, Output& out) {
    if (is_recording()) {
        declare_missing_through(std::chrono::floor<std::chrono::seconds>(now) - rules_.close_wait,
                                out);
    }
}

void LoggedChain::declare_missing_through(UtcSeconds last, Output& out) {
    const UtcSeconds oldest = last - missing_slots_max * grid_->length();
    if (closed_through_ < oldest) {
        out.gap_not_recorded = true;
        closed_through_ = last_edge_through(oldest);
    }
    for (UtcSeconds edge = undecided_edge(); edge <= last; edge = undecided_edge()) {
        const Flags flags = rules_.always | Flag::missing | use_next_flags();
        ClosedInterval missing{};
        missing.start = closed_through_;
        missing.end = edge;
        missing.flags = flags;
        out.slots.push_back({missing, false});
        // From here on it is to be read later, which a restart must not forget.
        baseline_due_ = baseline_due_ || !has_unread();
        closed_through_ = edge;
    }
}

IntervalChain::Baseline LoggedChain::baseline() const {
    return {open_ ? identity_ : ended_chain,
            opened_,
            0,
            valued_through_,
            0,
            closed_through_,
            next_flags_};
}

bool LoggedChain::take_baseline_due() {
    stored_behind_ = baseline_due_ ? valued_through_ < closed_through_ : stored_behind_;
    return std::exchange(baseline_due_, false);
}

}  // namespace metergate::metering
