#include "gateway/record/panel_recorder.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "gateway/record/chain_rows.hpp"

namespace metergate::record {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

milliseconds bracket_max(milliseconds poll_period, seconds length) {
    const milliseconds near_enough = std::max<milliseconds>(2 * poll_period, seconds{60});
    return std::min<milliseconds>(near_enough, length);
}

Milli modulus_of(const PointPlan& plan, Quantity quantity) {
    for (const auto& [rolling, modulus] : plan.moduli) {
        if (rolling == quantity) {
            return modulus;
        }
    }
    return 0;
}

std::size_t slot_of(PointNumber point, Quantity quantity) {
    return index_in_panel(point) * quantity_count + static_cast<std::size_t>(quantity);
}

std::string sentence_for(EventKind kind) {
    switch (kind) {
        case EventKind::meter_changed:
            return "another meter answers; its register starts a chain of its own";
        case EventKind::register_reset:
            return "the register jumped and stayed there; a new chain was begun, nothing was "
                   "booked "
                   "for the jump";
        case EventKind::register_rollover:
            return "the register passed its highest value; the energy is booked in full";
        case EventKind::register_rejected:
            return "impossible register values were read for a while and not booked";
        case EventKind::gap_not_recorded:
            return "nothing was read for so long that the missing intervals are not listed one by "
                   "one";
        default:
            return std::string(name_of(kind));
    }
}

}  // namespace

PanelRecorder::PanelRecorder(const PanelPlan& plan, seconds close_wait)
    : plan_(plan), close_wait_(close_wait), logged_(plan.number) {}

Result<PanelRecorder> PanelRecorder::make(const PanelPlan& plan, const RecordPlan& all,
                                          Grids& grids) {
    PanelRecorder panel(plan, all.close_wait);
    std::size_t chains = 0;
    for (const PointPlan& point : plan.points) {
        chains += point.series.size();
    }
    panel.chains_.reserve(chains);  // no more, for years
    for (const PointPlan& point : plan.points) {
        if (auto added = panel.add_point(point, plan, all, grids); !added) {
            return added.error().within("panel " + plan.id);
        }
    }
    return panel;
}

Result<void> PanelRecorder::add_point(const PointPlan& point, const PanelPlan& plan,
                                      const RecordPlan& all, Grids& grids) {
    for (const auto& [series, number] : point.series) {
        if (series.source == BillingSource::panel_log) {
            if (auto added = logged_.add(point, series, number, all, grids); !added) {
                return added;
            }
            continue;
        }
        auto grid = grids.get(series.length, series.time_base);
        if (!grid) {
            return grid.error().within("point " + point.id);
        }
        const metering::ChainRules rules{
            .bracket_max = bracket_max(plan.poll_period, series.length),
            .close_wait = all.close_wait,
            .modulus = modulus_of(point, series.quantity),
            .power_max_w = point.power_max_w,
            .always = all.laboratory ? Flags(Flag::test) : Flags()};
        const std::size_t slot = slot_of(point.number, series.quantity);
        chains_of_.resize(std::max(chains_of_.size(), slot + 1));
        chains_of_[slot].push_back(chains_.size());
        chains_.push_back({point.number, point.id, series.quantity, number,
                           metering::IntervalChain(**grid, rules)});
    }
    return {};
}

void PanelRecorder::resume(const Restart& restart, Flags open_slots, UtcTime now) {
    for (Chain& chain : chains_) {
        resume(chain, restart, open_slots, now);
    }
    logged_.resume(restart);  // its panel went on measuring whatever became of us
    baselines_to_look_at_ = true;
    find_undecided_edge();
}

const std::vector<std::size_t>& PanelRecorder::chains_for(const Measured& measured) const {
    static const std::vector<std::size_t> none;
    const std::size_t slot = slot_of(measured.point, measured.quantity);
    const bool known = measured.valid && panel_of(measured.point) == number();
    return known && slot < chains_of_.size() ? chains_of_[slot] : none;
}

bool PanelRecorder::has_use_for(const Reading& reading) const {
    return std::any_of(reading.values.begin(), reading.values.end(),
                       [this](const Measured& measured) { return !chains_for(measured).empty(); });
}

void PanelRecorder::resume(Chain& chain, const Restart& restart, Flags open_slot, UtcTime now) {
    for (const ChainState& state : restart.chains) {
        if (state.point == chain.point && state.series == chain.series) {
            chain.intervals.resume(baseline_of(state));
        }
    }
    for (const LastReading& reading : restart.last_readings) {
        if (reading.point == chain.point && reading.quantity == chain.quantity) {
            chain.intervals.resume_reading(reading.at, reading.reg);
        }
    }
    if (chain.intervals.is_open()) {
        chain.intervals.mark(open_slot, now);
    }
}

void PanelRecorder::take_over(PanelRecorder& before, const Restart& restart, UtcTime now) {
    pending_ = std::move(before.pending_);
    events_ = std::move(before.events_);
    for (Chain& chain : chains_) {
        if (Chain* known = before.find_chain(chain.point, chain.series)) {
            go_on(chain, *known, before, now);
        } else {
            resume(chain, restart, Flag::config_changed, now);
        }
    }
    for (Chain& chain : before.chains_) {
        if (!chain.goes_on) {
            end(chain);
        }
    }
    logged_.take_over(before.logged_, restart, [&](PointNumber point, std::uint64_t identity) {
        return change_of(point, identity, before);
    });
    baselines_to_look_at_ = true;
    find_undecided_edge();
}

/// The register behind a chain is the same if the settings say so; one that may have moved to
/// another meter is, if that meter tells its identity, which the chain itself watches.
void PanelRecorder::go_on(Chain& chain, Chain& before, const PanelRecorder& from, UtcTime now) {
    chain.intervals = before.intervals.with_rules(chain.intervals.rules());
    chain.baseline_due = before.baseline_due;
    before.goes_on = true;
    const auto change = change_of(chain.point, chain.intervals.identity(), from);
    if (change == LoggedSeries::Change::source) {
        end(chain);
    } else if (change == LoggedSeries::Change::parameters && chain.intervals.is_open()) {
        chain.intervals.mark(Flag::config_changed, now);
    }
}

LoggedSeries::Change PanelRecorder::change_of(PointNumber point, std::uint64_t identity,
                                              const PanelRecorder& from) const {
    const PointPlan& planned = *find_point(point);
    const PointPlan& earlier = *from.find_point(point);
    if (planned.source != earlier.source || (plan_.place != from.plan_.place && identity == 0)) {
        return LoggedSeries::Change::source;
    }
    const bool same =
        planned.parameters == earlier.parameters && plan_.parameters == from.plan_.parameters;
    return same ? LoggedSeries::Change::nothing : LoggedSeries::Change::parameters;
}

void PanelRecorder::end(Chain& chain) {
    chain.intervals.end(Flag::config_changed, output_);
    collect(chain);
}

void PanelRecorder::end_all() {
    for (Chain& chain : chains_) {
        end(chain);
    }
}

PanelRecorder::Chain* PanelRecorder::find_chain(PointNumber point, SeriesNumber series) {
    const auto found = std::find_if(chains_.begin(), chains_.end(), [&](const Chain& chain) {
        return chain.point == point && chain.series == series;
    });
    return found == chains_.end() ? nullptr : &*found;
}

std::optional<PanelRecorder::Recorded> PanelRecorder::find(PointNumber point,
                                                           SeriesNumber series) const {
    const auto found = std::find_if(chains_.begin(), chains_.end(), [&](const Chain& chain) {
        return chain.point == point && chain.series == series;
    });
    return found == chains_.end()
               ? std::nullopt
               : std::optional(Recorded{&found->intervals, found->quantity, found->point_id});
}

const PointPlan* PanelRecorder::find_point(PointNumber point) const {
    const auto found =
        std::find_if(plan_.points.begin(), plan_.points.end(),
                     [&](const PointPlan& candidate) { return candidate.number == point; });
    return found == plan_.points.end() ? nullptr : &*found;
}

void PanelRecorder::feed(const Reading& reading) {
    bool edges_moved = false;
    for (const Measured& measured : reading.values) {
        for (const std::size_t index : chains_for(measured)) {
            baselines_to_look_at_ = true;
            Chain& chain = chains_[index];
            const bool opens = !chain.intervals.is_open();
            if (measured.modulus != 0) {
                chain.intervals.set_modulus(measured.modulus);
            }
            chain.intervals.feed({reading.at, reading.at_utc, reading.identity, measured.value},
                                 output_);
            edges_moved =
                edges_moved || opens || !output_.intervals.empty() || !output_.notices.empty();
            collect(chain);
        }
    }
    logged_.hear(reading.at_utc, reading.identity, logged_output_);
    const bool log_opens = !logged_.empty() && !undecided_edge_;
    if (edges_moved || log_opens || !logged_output_.records.empty()) {
        collect_logged();
        find_undecided_edge();
    }
}

void PanelRecorder::mark(Flags flags, UtcTime until) {
    baselines_to_look_at_ = true;
    for (Chain& chain : chains_) {
        if (chain.intervals.is_open()) {
            chain.intervals.mark(flags, until);
        }
    }
}

void PanelRecorder::close_overdue(UtcTime now) {
    if (!undecided_edge_ || *undecided_edge_ + close_wait_ > now) {
        return;
    }
    baselines_to_look_at_ = true;
    for (Chain& chain : chains_) {
        chain.intervals.close_overdue(now, output_);
        collect(chain);
    }
    logged_.close_overdue(now, logged_output_);
    collect_logged();
    find_undecided_edge();
}

void PanelRecorder::take_fresh(const LogAnswer& answer, UtcTime now) {
    logged_.take(answer, now, logged_output_);
    collect_logged();
    find_undecided_edge();
}

void PanelRecorder::take_unread(const LogAnswer& answer, const std::vector<Record>& unread,
                                UtcSeconds through, UtcTime now) {
    logged_.take_unread(answer, unread, through, now, logged_output_);
    collect_logged();
}

void PanelRecorder::collect_logged() {
    baselines_to_look_at_ = true;
    for (const Record& record : logged_output_.records) {
        add_record(record);
    }
    std::move(logged_output_.events.begin(), logged_output_.events.end(),
              std::back_inserter(events_));
    logged_output_ = {};
}

void PanelRecorder::collect(const Chain& chain) {
    for (const auto& interval : output_.intervals) {
        add_record(record_of(interval, chain.point, chain.series, Origin::gateway));
    }
    for (const auto& notice : output_.notices) {
        add_event(chain, notice);
    }
    output_.intervals.clear();
    output_.notices.clear();
}

void PanelRecorder::add_record(const Record& record) {
    Batch& batch = pending_[record.end];
    batch.panel = number();
    batch.end = record.end;
    std::vector<Record>& records = batch.records;
    const auto same = std::find_if(records.begin(), records.end(), [&](const Record& other) {
        return other.point == record.point && other.series == record.series;
    });
    // Decided again before it was stored: only the last word is written.
    if (same != records.end()) {
        *same = record;
    } else {
        records.push_back(record);
    }
}

void PanelRecorder::add_event(const Chain& chain, const metering::ChainNotice& notice) {
    Event event;
    event.at = notice.at;
    event.start = notice.at;
    event.panel = number();
    event.source = chain.point_id;
    event.kind = notice.kind;
    event.old_value = std::to_string(notice.old_register);
    event.new_value = std::to_string(notice.new_register);
    event.text = "point " + chain.point_id + ": " + sentence_for(notice.kind);
    // Each series of a register notices the same.
    if (std::find(events_.begin(), events_.end(), event) == events_.end()) {
        events_.push_back(std::move(event));
    }
}

void PanelRecorder::find_undecided_edge() {
    undecided_edge_.reset();
    for (const Chain& chain : chains_) {
        if (chain.intervals.is_recording()) {
            const UtcSeconds edge = chain.intervals.undecided_edge();
            undecided_edge_ = undecided_edge_ ? std::min(*undecided_edge_, edge) : edge;
        }
    }
    if (const auto edge = logged_.undecided_edge()) {
        undecided_edge_ = undecided_edge_ ? std::min(*undecided_edge_, *edge) : *edge;
    }
}

void PanelRecorder::take_ready(UtcTime now, std::vector<Batch>& out) {
    for (auto place = pending_.begin(); place != pending_.end();) {
        const auto& [end, batch] = *place;
        const bool complete = !undecided_edge_ || *undecided_edge_ > end;
        if (complete || end + close_wait_ <= now) {
            out.push_back(std::move(place->second));
            place = pending_.erase(place);
        } else {
            ++place;
        }
    }
}

void PanelRecorder::take_all(std::vector<Batch>& out) {
    for (auto& [end, batch] : pending_) {
        out.push_back(std::move(batch));
    }
    pending_.clear();
}

void PanelRecorder::take_baselines(std::vector<ChainState>& out) {
    if (!std::exchange(baselines_to_look_at_, false)) {
        return;
    }
    for (Chain& chain : chains_) {
        chain.baseline_due = chain.intervals.take_baseline_due() || chain.baseline_due;
        if (!chain.baseline_due) {
            continue;
        }
        const auto baseline = chain.intervals.baseline();
        if (pending_.empty() || baseline.closed_through < pending_.begin()->first) {
            chain.baseline_due = false;
            out.push_back(state_of(baseline, chain.point, chain.series));
        }
        // One that waits for its batches is looked at again.
        baselines_to_look_at_ = baselines_to_look_at_ || chain.baseline_due;
    }
    const bool waits = logged_.take_baselines(
        pending_.empty() ? std::nullopt : std::optional(pending_.begin()->first), out);
    baselines_to_look_at_ = baselines_to_look_at_ || waits;
}

void PanelRecorder::take_events(std::vector<Event>& out) {
    std::move(events_.begin(), events_.end(), std::back_inserter(out));
    events_.clear();
}

void PanelRecorder::last_readings(std::vector<LastReading>& out) const {
    for (const std::vector<std::size_t>& chains : chains_of_) {
        std::optional<LastReading> newest;  // the series of one register share it
        for (const std::size_t index : chains) {
            const Chain& chain = chains_[index];
            const auto last = chain.intervals.last_reading();
            if (last && (!newest || last->at_utc > newest->at)) {
                newest = LastReading{chain.point, chain.quantity, last->at_utc, last->reg};
            }
        }
        if (newest) {
            out.push_back(*newest);
        }
    }
}

}  // namespace metergate::record
