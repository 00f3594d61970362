#include "gateway/record/logged_series.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "gateway/record/chain_rows.hpp"

namespace metergate::record {
namespace {

/// What a slot says of one register; nothing if the log does not have that register.
std::optional<metering::LoggedAmount> amount_in(const LoggedSlot& slot, PointNumber point,
                                                Quantity quantity) {
    const auto value = std::find_if(
        slot.values.begin(), slot.values.end(),
        [&](const LoggedValue& one) { return one.point == point && one.quantity == quantity; });
    if (value == slot.values.end()) {
        return std::nullopt;
    }
    const bool is_missing = slot.flags.has(Flag::missing);
    return metering::LoggedAmount{slot.end, is_missing ? std::nullopt : value->increment,
                                  value->reg, slot.flags};
}

}  // namespace

Result<void> LoggedSeries::add(const PointPlan& point, const Series& series, SeriesNumber number,
                               const RecordPlan& all, Grids& grids) {
    auto grid = grids.get(series.length, series.time_base);
    if (!grid) {
        return grid.error().within("point " + point.id);
    }
    metering::LoggedRules rules{.close_wait = all.close_wait,
                                .modulus = 0,
                                .always = all.laboratory ? Flags(Flag::test) : Flags()};
    for (const auto& [rolling, modulus] : point.moduli) {
        rules.modulus = rolling == series.quantity ? modulus : rules.modulus;
    }
    chains_.push_back(
        {point.number, point.id, series.quantity, number, metering::LoggedChain(**grid, rules)});
    return {};
}

void LoggedSeries::resume(const Restart& restart) {
    for (Chain& chain : chains_) {
        resume(chain, restart);
    }
}

void LoggedSeries::resume(Chain& chain, const Restart& restart) {
    for (const ChainState& state : restart.chains) {
        if (state.point == chain.point && state.series == chain.series) {
            chain.slots.resume(baseline_of(state));
        }
    }
}

void LoggedSeries::take_over(LoggedSeries& before, const Restart& restart,
                             const ChangeOf& change_of) {
    for (Chain& chain : chains_) {
        Chain* known = before.find(chain.point, chain.series);
        if (known == nullptr) {
            resume(chain, restart);
            continue;
        }
        chain.slots = known->slots.with_rules(chain.slots.rules());
        chain.baseline_due = known->baseline_due;
        const Change change = change_of(chain.point, chain.slots.identity());
        if (change == Change::source) {
            chain.slots.end(Flag::config_changed);
        } else if (change == Change::parameters && chain.slots.is_open()) {
            chain.slots.mark(Flag::config_changed);
        }
    }
}

LoggedSeries::Chain* LoggedSeries::find(PointNumber point, SeriesNumber series) {
    const auto found = std::find_if(chains_.begin(), chains_.end(), [&](const Chain& chain) {
        return chain.point == point && chain.series == series;
    });
    return found == chains_.end() ? nullptr : &*found;
}

void LoggedSeries::hear(UtcTime at, std::uint64_t identity, Output& out) {
    const bool is_known = std::all_of(chains_.begin(), chains_.end(), [&](const Chain& chain) {
        return chain.slots.is_open() && (identity == 0 || identity == chain.slots.identity());
    });
    if (is_known) {
        return;  // as nearly always
    }
    for (Chain& chain : chains_) {
        chain.slots.hear(at, identity, output_);
        collect(chain, at, out);
    }
}

void LoggedSeries::take(const LogAnswer& answer, UtcTime now, Output& out) {
    for (Chain& chain : chains_) {
        for (const LoggedSlot& slot : answer.slots) {
            const auto amount = amount_in(slot, chain.point, chain.quantity);
            if (amount && chain.slots.identity() == answer.identity) {
                chain.slots.take(*amount, now, output_);
            }
        }
        collect(chain, now, out);
    }
}

void LoggedSeries::take_unread(const LogAnswer& answer, const std::vector<Record>& unread,
                               UtcSeconds through, UtcTime now, Output& out) {
    for (Chain& chain : chains_) {
        if (chain.slots.identity() != answer.identity) {
            chain.slots.read_up_to(through);
            continue;
        }
        for (const LoggedSlot& slot : answer.slots) {
            const auto record = std::find_if(unread.begin(), unread.end(), [&](const Record& one) {
                return one.end == slot.end && one.point == chain.point &&
                       one.series == chain.series;
            });
            if (const auto amount = amount_in(slot, chain.point, chain.quantity)) {
                chain.slots.take_unread(
                    *amount, record == unread.end() ? std::nullopt : std::optional(record->flags),
                    output_);
            }
        }
        chain.slots.read_up_to(through);
        collect(chain, now, out);
    }
}

void LoggedSeries::close_overdue(UtcTime now, Output& out) {
    for (Chain& chain : chains_) {
        chain.slots.close_overdue(now, output_);
        collect(chain, now, out);
    }
}

void LoggedSeries::collect(const Chain& chain, UtcTime at, Output& out) {
    for (const auto& [interval, from_log] : output_.slots) {
        out.records.push_back(record_of(interval, chain.point, chain.series,
                                        from_log ? Origin::panel_log : Origin::gateway));
    }
    for (const metering::LogDisagreement& sums : output_.disagreements) {
        Event event = event_of(chain, EventKind::log_disagrees, at,
                               "the increments in the panel's own log do not add up to the "
                               "registers in it; the increments are booked");
        event.start = sums.start;
        event.end = sums.end;
        event.old_value = std::to_string(sums.by_register);
        event.new_value = std::to_string(sums.by_log);
        out.events.push_back(std::move(event));
    }
    if (output_.meter_changed) {
        out.events.push_back(event_of(chain, EventKind::meter_changed, at,
                                      "another meter answers; what its log says is billed from "
                                      "the next interval on"));
    }
    if (output_.gap_not_recorded) {
        out.events.push_back(event_of(chain, EventKind::gap_not_recorded, at,
                                      "the panel's log was not read for so long that the missing "
                                      "intervals are not listed one by one"));
    }
    output_ = {};
}

Event LoggedSeries::event_of(const Chain& chain, EventKind kind, UtcTime at,
                             std::string_view text) const {
    Event event;
    event.at = at;
    event.start = at;
    event.panel = panel_;
    event.source = chain.point_id;
    event.kind = kind;
    event.text = "point " + chain.point_id + ": " + std::string(text);
    return event;
}

std::optional<UtcSeconds> LoggedSeries::undecided_edge() const {
    std::optional<UtcSeconds> earliest;
    for (const Chain& chain : chains_) {
        if (chain.slots.is_recording()) {
            const UtcSeconds edge = chain.slots.undecided_edge();
            earliest = earliest ? std::min(*earliest, edge) : edge;
        }
    }
    return earliest;
}

std::optional<UtcSeconds> LoggedSeries::readable_edge() const {
    std::optional<UtcSeconds> earliest;
    for (const Chain& chain : chains_) {
        if (chain.slots.is_open()) {
            const UtcSeconds edge = chain.slots.undecided_edge();
            earliest = earliest ? std::min(*earliest, edge) : edge;
        }
    }
    return earliest;
}

std::optional<LoggedSeries::Unread> LoggedSeries::unread() const {
    std::optional<Unread> span;
    for (const Chain& chain : chains_) {
        if (chain.slots.has_unread()) {
            const Unread own{chain.slots.read_through(), chain.slots.closed_through()};
            span = !span ? own
                         : Unread{std::min(span->after, own.after),
                                  std::max(span->through, own.through)};
        }
    }
    return span;
}

bool LoggedSeries::is_edge(UtcSeconds time) const {
    return std::any_of(chains_.begin(), chains_.end(),
                       [time](const Chain& chain) { return chain.slots.grid().is_edge(time); });
}

bool LoggedSeries::take_baselines(std::optional<UtcSeconds> not_stored_from,
                                  std::vector<ChainState>& out) {
    bool any_waits = false;
    for (Chain& chain : chains_) {
        chain.baseline_due = chain.slots.take_baseline_due() || chain.baseline_due;
        const auto baseline = chain.slots.baseline();
        const bool waits = not_stored_from && baseline.closed_through >= *not_stored_from;
        any_waits = any_waits || (chain.baseline_due && waits);
        if (chain.baseline_due && !waits) {
            chain.baseline_due = false;
            out.push_back(state_of(baseline, chain.point, chain.series));
        }
    }
    return any_waits;
}

}  // namespace metergate::record
