#include "tests/building/served_view.hpp"

#include <algorithm>
#include <cstdlib>
#include <iterator>
#include <utility>

#include "tests/building/received.hpp"

namespace metergate::building {
namespace {

/// The replies to the requests of one poll come within this time.
constexpr std::chrono::milliseconds one_poll{500};
/// A register that jumped, to 0 above all, is believed by then.
constexpr std::chrono::minutes believed_after{6};

std::int64_t modular(std::int64_t difference, std::int64_t modulus) {
    const std::int64_t rest = difference % modulus;
    return rest < 0 ? rest + modulus : rest;
}

/// A reply that a gateway asked for just before it was stopped may have died with it. Such a one is
/// followed by the next after another time than a poll period. The last of all is not set aside:
/// what was booked up to it lies before it.
bool may_have_died(const Ledger& ledger, const PanelHistory& history, std::size_t row) {
    const UtcTime at = history.rows[row].at;
    const bool stopped_around = std::any_of(
        ledger.faults().begin(), ledger.faults().end(), [at](const PlannedFault& fault) {
            return (fault.kind == FaultKind::gateway_stop ||
                    fault.kind == FaultKind::gateway_kill) &&
                   at + std::chrono::seconds{2} >= fault.from && at < fault.until;
        });
    if (!stopped_around || row + 1 == history.rows.size()) {
        return false;
    }
    const std::int64_t period_ms = ledger.run().poll_period_ms;
    return std::abs((history.rows[row + 1].at - at).count() - period_ms) > period_ms / 5;
}

/// A reply takes this long at most to come, from when its registers were read.
constexpr std::chrono::milliseconds on_wire{1000};

/// Whether the clock was stepped while the reply was on its way: its stamp is counted back from
/// when it arrived, so that it may show either time.
bool has_two_stamps(const Ledger& ledger, const ServedRow& row) {
    return std::any_of(
        ledger.clock_steps().begin(), ledger.clock_steps().end(),
        [&](const ClockStep& step) { return row.at <= step.at && step.at <= row.at + on_wire; });
}

/// The last one by then, or `by`.
UtcTime last_reply(const PanelHistory& history, UtcTime by) {
    const auto next =
        std::upper_bound(history.rows.begin(), history.rows.end(), by,
                         [](UtcTime time, const ServedRow& row) { return time < row.at; });
    return next == history.rows.begin() ? by : std::prev(next)->at;
}

/// What a gateway may have forgotten: a reply just before it was stopped; when killed, all it had
/// read since the last edge that it had stored, however long ago that was.
bool may_be_forgotten(const Ledger& ledger, const PanelHistory& history, UtcTime at) {
    std::chrono::seconds since_edge{0};
    for (const std::string& series : ledger.run().series) {
        since_edge = std::max(since_edge, std::chrono::seconds{length_of_series(series)});
    }
    return std::any_of(
        ledger.faults().begin(), ledger.faults().end(), [&](const PlannedFault& fault) {
            const bool killed = fault.kind == FaultKind::gateway_kill;
            const auto before = std::chrono::seconds{killed ? 12 : 2} +
                                (killed ? since_edge : std::chrono::seconds{0});
            const UtcTime known = killed ? last_reply(history, fault.from) : fault.from;
            return (killed || fault.kind == FaultKind::gateway_stop) && at + before >= known &&
                   at < fault.until;
        });
}

}  // namespace

ServedView::ServedView(const Ledger& ledger, const PanelHistory& history)
    : ledger_(ledger), history_(history) {
    seen_.reserve(history.rows.size());
    for (std::size_t i = 0; i < history.rows.size(); ++i) {
        if (!history.rows[i].certain || may_have_died(ledger, history, i)) {
            continue;
        }
        const Seen seen{ledger.gateway_time(history.rows[i].at), i,
                        may_be_forgotten(ledger, history, history.rows[i].at)};
        if (seen_.empty() || seen.gateway_time < seen_.back().gateway_time) {
            runs_.push_back({seen_.size(), seen_.size()});
        }
        seen_.push_back(seen);
        runs_.back().end = seen_.size();
    }
    for (const PlannedFault& fault : ledger.faults()) {
        const bool anew = fault.kind == FaultKind::register_reset || fault.kind == FaultKind::swap;
        if (!anew) {
            continue;
        }
        const auto& points = history.facts.points;
        for (std::size_t point = 0; point < points.size(); ++point) {
            const bool concerns = fault.target == history.facts.id || fault.target == points[point];
            if (concerns && !is_hidden(fault, point)) {
                breaks_.push_back({fault.from, point});
            }
        }
    }
}

bool ServedView::is_hidden(const PlannedFault& fault, std::size_t point) const {
    const bool is_reset = fault.kind == FaultKind::register_reset;
    if (!is_reset && fault.kind != FaultKind::clock_step) {
        return false;
    }
    const Around read = around(point, fault.from, fault.until);
    if (!read.last_before || !read.first_after) {
        return false;
    }
    const auto& faults = ledger_.faults();
    const bool swapped = std::any_of(faults.begin(), faults.end(), [&](const PlannedFault& other) {
        return other.kind == FaultKind::swap && other.target == history_.facts.id &&
               other.from > read.before_at &&
               other.from <= (is_reset ? read.settled_at : read.after_at);
    });
    return swapped || (is_reset && read.register_after >= read.register_before);
}

ServedView::Around ServedView::around(std::size_t point, UtcTime from, UtcTime until) const {
    Around found;
    for (std::size_t i = 0; i < seen_.size(); ++i) {
        const UtcTime at = row_of(i).at;
        if (found.first_after) {
            found.settled_at = at;
            if (at >= found.after_at + believed_after) {
                break;
            }
            continue;
        }
        if (seen_[i].may_be_forgotten || !carries(i, point)) {
            continue;
        }
        const UtcTime seen = seen_[i].gateway_time;
        if (at < from) {
            found.last_before = seen;
            found.before_at = at;
            found.register_before = history_.register_of(row_of(i), point);
            found.newest_before = std::max(found.newest_before.value_or(seen), seen);
        } else if (at >= until) {
            found.first_after = seen;
            found.after_at = at;
            found.settled_at = at;
            found.register_after = history_.register_of(row_of(i), point);
        }
    }
    return found;
}

std::size_t ServedView::meter_at(std::size_t point, UtcTime building_time) const {
    return static_cast<std::size_t>(
        std::count_if(breaks_.begin(), breaks_.end(), [point, building_time](const Break& when) {
            return when.at <= building_time && when.point == point;
        }));
}

std::vector<Bracket> ServedView::brackets(std::size_t point, UtcTime gateway_time,
                                          std::chrono::milliseconds tolerance) const {
    std::vector<Bracket> found;
    for (const Run& run : runs_) {
        const auto first_after = [this, &run](UtcTime time) {
            const auto begin = seen_.begin() + static_cast<std::ptrdiff_t>(run.begin);
            const auto end = seen_.begin() + static_cast<std::ptrdiff_t>(run.end);
            const auto after = std::upper_bound(
                begin, end, time,
                [](UtcTime wanted, const Seen& seen) { return wanted < seen.gateway_time; });
            return static_cast<std::size_t>(after - seen_.begin());
        };
        std::size_t low = first_after(gateway_time - tolerance);
        std::size_t high = first_after(gateway_time + tolerance);
        const bool outside = (low == run.begin && run.begin != 0 && high == low) ||
                             (high == run.end && run.end != seen_.size() && high == low);
        if (outside) {
            continue;
        }
        while (low > run.begin && !carries(low - 1, point)) {
            --low;
        }
        while (high < run.end && !carries(high, point)) {
            ++high;
        }
        // Nothing was served before: what was served within the tolerance is the earliest there is.
        const bool starts_inside = low == run.begin && high > low;
        const std::size_t earliest = starts_inside ? low : Bracket::none;
        // The same at the end.
        const std::size_t latest = high == run.end && high > low ? high - 1 : Bracket::none;
        found.push_back(with_neighbours(
            {low > run.begin ? low - 1 : earliest, high < run.end ? high : latest}, run, point));
    }
    return found;
}

std::vector<Bracket> ServedView::brackets_near(std::size_t point, UtcTime gateway_time,
                                               std::chrono::milliseconds stamp) const {
    std::vector<Bracket> found;
    for (const auto shift : {-stamp, std::chrono::milliseconds{0}, stamp}) {
        for (const Bracket& bracket :
             brackets(point, gateway_time + shift, std::chrono::milliseconds{0})) {
            found.push_back(bracket);
        }
    }
    return found;
}

/// A poll of several requests may be served a register twice and use either reply; a gateway that
/// was stopped or killed may not know of what it had read.
Bracket ServedView::with_neighbours(Bracket bracket, const Run& run, std::size_t point) const {
    const auto near = [this, point](std::size_t one, std::size_t other) {
        return carries(other, point) &&
               (seen_[one].may_be_forgotten ||
                std::chrono::abs(seen_[one].gateway_time - seen_[other].gateway_time) <= one_poll);
    };
    if (bracket.low == Bracket::none || bracket.high == Bracket::none) {
        return bracket;
    }
    while (bracket.low > run.begin && near(bracket.low, bracket.low - 1)) {
        --bracket.low;
    }
    while (bracket.high + 1 < run.end && near(bracket.high, bracket.high + 1)) {
        ++bracket.high;
    }
    return bracket;
}

bool ServedView::holds(const Bracket& bracket, std::size_t point, std::int64_t reg) const {
    if (bracket.low == Bracket::none && bracket.high == Bracket::none) {
        return false;
    }
    const std::size_t first = bracket.low != Bracket::none ? bracket.low : bracket.high;
    const std::size_t last = bracket.high != Bracket::none ? bracket.high : bracket.low;
    const std::int64_t modulus = history_.facts.modulus_wh;
    std::size_t i = first;
    while (i <= last) {
        const std::size_t meter = meter_at(point, row_of(i).at);
        const std::int64_t least = history_.register_of(row_of(i), point);
        std::int64_t most = least;
        for (; i <= last && meter_at(point, row_of(i).at) == meter; ++i) {
            const std::int64_t served = history_.register_of(row_of(i), point);
            most = served >= 0 ? served : most;
        }
        if (least >= 0 && modular(reg - least, modulus) <= modular(most - least, modulus)) {
            return true;
        }
    }
    return false;
}

bool ServedView::may_hold(std::size_t point, UtcTime gateway_time,
                          std::chrono::milliseconds tolerance, std::int64_t reg) const {
    const std::int64_t modulus = history_.facts.modulus_wh;
    const ServedRow* low = nullptr;
    for (const ServedRow& high : history_.rows) {
        const std::int64_t most = history_.register_of(high, point);
        if (most < 0) {
            continue;
        }
        const ServedRow* before = std::exchange(low, &high);
        if (before == nullptr || (before->certain && high.certain) ||
            ledger_.gateway_time(before->at) > gateway_time + tolerance ||
            ledger_.gateway_time(high.at) < gateway_time - tolerance ||
            meter_at(point, before->at) != meter_at(point, high.at)) {
            continue;
        }
        const std::int64_t least = history_.register_of(*before, point);
        if (modular(reg - least, modulus) <= modular(most - least, modulus)) {
            return true;
        }
    }
    return false;
}

bool ServedView::may_have_told(std::size_t point, UtcTime gateway_time,
                               std::chrono::milliseconds tolerance, std::int64_t reg) const {
    return std::any_of(history_.rows.begin(), history_.rows.end(), [&](const ServedRow& row) {
        return !row.certain && history_.register_of(row, point) == reg &&
               std::chrono::abs(ledger_.gateway_time(row.at) - gateway_time) <= tolerance;
    });
}

std::chrono::milliseconds ServedView::certain_gap(const Bracket& bracket) const {
    if (bracket.low == Bracket::none || bracket.high == Bracket::none ||
        seen_[bracket.high].row != seen_[bracket.low].row + 1 ||
        has_two_stamps(ledger_, row_of(bracket.low))) {
        return {};
    }
    return seen_[bracket.high].gateway_time - seen_[bracket.low].gateway_time;
}

std::chrono::milliseconds ServedView::answered_since(std::size_t point,
                                                     UtcTime gateway_time) const {
    constexpr std::chrono::milliseconds poll_after_poll{60'000};
    std::chrono::milliseconds sum{0};
    std::optional<UtcTime> before;
    for (std::size_t i = 0; i < seen_.size(); ++i) {
        const UtcTime at = seen_[i].gateway_time;
        if (at < gateway_time || !carries(i, point)) {
            continue;
        }
        const auto step = at - before.value_or(at);
        sum += step <= poll_after_poll ? step : std::chrono::milliseconds{0};
        before = at;
    }
    return sum;
}

ServedView::Truth ServedView::truth(const Bracket& bracket, std::size_t point, UtcTime gateway_time,
                                    std::chrono::milliseconds tolerance) const {
    const auto energy = [this, point](UtcTime at) { return history_.truth_of(point, at); };
    if (bracket.low == Bracket::none || bracket.high == Bracket::none) {
        const std::size_t only = bracket.low != Bracket::none ? bracket.low : bracket.high;
        if (only == Bracket::none) {
            return {};
        }
        const UtcTime at = row_of(only).at + (gateway_time - seen_[only].gateway_time);
        return {energy(at), energy(at + tolerance) - energy(at - tolerance)};
    }
    const UtcTime low = row_of(bracket.low).at;
    const UtcTime high = row_of(bracket.high).at;
    const UtcTime at = low + (gateway_time - seen_[bracket.low].gateway_time);
    const std::int64_t whole = energy(high) - energy(low);
    const bool clock_stepped =
        seen_[bracket.high].gateway_time - high != seen_[bracket.low].gateway_time - low;
    const bool doubtful_between =
        seen_[bracket.high].row - seen_[bracket.low].row != bracket.high - bracket.low;
    if (clock_stepped || doubtful_between || high == low) {
        return {energy(std::min(at, high)), whole};
    }
    return {energy(at), interpolation_doubt_mwh(bracket, point, at) + energy(at + tolerance) -
                            energy(at - tolerance)};
}

/// Where several readings stand on one side, the gateway may have used any of them.
std::int64_t ServedView::interpolation_doubt_mwh(const Bracket& bracket, std::size_t point,
                                                 UtcTime at) const {
    const auto energy = [this, point](UtcTime time) { return history_.truth_of(point, time); };
    std::int64_t doubt_mwh = 0;
    for (std::size_t l = bracket.low; l < bracket.high; ++l) {
        const UtcTime low = row_of(l).at;
        for (std::size_t h = bracket.high; h > l; --h) {
            const UtcTime high = row_of(h).at;
            const bool usable = carries(l, point) && carries(h, point) && low < high;
            const bool around =
                (low <= at || l == bracket.low) && (at <= high || h == bracket.high);
            if (usable && around) {
                const std::int64_t straight = energy(low) + (energy(high) - energy(low)) *
                                                                (at - low).count() /
                                                                (high - low).count();
                doubt_mwh = std::max(doubt_mwh, std::abs(energy(at) - straight));
            }
        }
    }
    return doubt_mwh;
}

}  // namespace metergate::building
