#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "tests/building/verdict_point.hpp"

/// What panels remember, in the eyes of the judge.
namespace metergate::building {
namespace {

using std::chrono::milliseconds;

/// A panel's clock may be off by this for its log to be used, by the profiles' page; and it shows
/// whole seconds.
constexpr std::int64_t log_clock_ms = 5000 + 1000;
/// So long a panel must have answered after a gap for what it remembers to be there: retries have
/// pauses of minutes, and each slot takes its requests.
constexpr std::int64_t recovery_ms = 2LL * 3600 * 1000;
constexpr std::int64_t recovery_of_slot_ms = 2000;

UtcTime utc(std::int64_t seconds) {
    return utc_from_s(seconds);
}

}  // namespace

std::vector<ServedView::Truth> PointJudge::truths(std::int64_t edge_s, milliseconds tolerance,
                                                  bool as_logged) const {
    std::vector<ServedView::Truth> found;
    if (as_logged) {
        found.push_back({view_.history().truth_of(point_, logged_at(edge_s)->at), 0});
        return found;
    }
    const milliseconds stamp{options_.stamp_tolerance_ms};
    for (const Bracket& bracket : view_.brackets_near(point_, utc(edge_s), stamp)) {
        found.push_back(view_.truth(bracket, point_, utc(edge_s), tolerance));
    }
    return found;
}

const LoggedRow* PointJudge::logged_at(std::int64_t edge_s) const {
    const auto& rows = view_.history().logged;
    // By its own clock the panel logs in order, but where that was set back.
    const auto row = std::find_if(rows.rbegin(), rows.rend(), [edge_s](const LoggedRow& one) {
        return epoch_s(one.end) == edge_s && one.number > 0;
    });
    return row == rows.rend() ? nullptr : &*row;
}

bool PointJudge::ends_as_logged(const ReceivedRecord& record) const {
    const LoggedRow* row =
        record.flags.has(Flag::recovered) && record.reg ? logged_at(record.end_s) : nullptr;
    if (row == nullptr) {
        return false;
    }
    const PanelHistory& history = view_.history();
    const auto place = static_cast<std::size_t>(row - history.logged.data());
    return history.logged_wh[place * history.facts.points.size() + point_] == *record.reg;
}

/// What a panel remembers of a gap must not be left missing: of each gap the slots at its beginning
/// and at its end.
void PointJudge::judge_recovery(const CurrentRecords& records) {
    for (const ReceivedRecord* record : records) {
        if (record->flags.has(Flag::recovered) && record->origin != "panel_log") {
            violate(*record, "RECOVERED, but not from the panel's log");
        }
        if (ends_as_logged(*record) && std::abs(epoch_ms(logged_at(record->end_s)->at) -
                                                record->end_s * 1000) > log_clock_ms) {
            violate(*record, "recovered by a clock that was wrong");
        }
        const bool is_gap = record->value && record->flags.has(Flag::long_interval) &&
                            edges_.is_edge(record->series, record->end_s);
        const std::int64_t first = is_gap ? edges_.after(record->series, record->start_s) : 0;
        if (is_gap && first < record->end_s) {
            demand_recovered(*record, first, "the first slot of a gap");
            if (!view_.history().facts.log_onward_only) {
                demand_recovered(*record, edges_.before(record->series, record->end_s),
                                 "the last slot of a gap");
            }
        }
    }
}

void PointJudge::demand_recovered(const ReceivedRecord& gap, std::int64_t edge_s,
                                  const std::string& what) {
    if (could_be_recovered(gap, edge_s)) {
        ++verdict_.absent_flags;
        violate(gap, fmt::format("{}, at {}, stands in the panel's log and was not recovered", what,
                                 edge_s));
    }
}

bool PointJudge::could_be_recovered(const ReceivedRecord& gap, std::int64_t edge_s) const {
    const PanelHistory& history = view_.history();
    const LoggedRow* row = logged_at(edge_s);
    if (row == nullptr || history.logged.back().number - row->number >= history.facts.log_slots ||
        std::abs(epoch_ms(row->at) - edge_s * 1000) > log_clock_ms - 2000) {
        return false;
    }
    // A chain that ended since has no gaps any more that a later one could fill; and a gateway
    // whose clock is wrong does not know the panel's slots.
    std::int64_t clock_wrong_ms = 0;
    bool is_lost = false;
    for (const Reach& reach : reaches_) {
        const FaultKind kind = reach.fault->kind;
        const bool before = reach.fault->from < utc(gap.start_s);
        const bool ends_chain = kind == FaultKind::swap || kind == FaultKind::register_reset ||
                                kind == FaultKind::removed;
        is_lost = is_lost || (ends_chain && reach.until_s >= gap.start_s) ||
                  (kind == FaultKind::clock_step && !before);
        clock_wrong_ms += kind == FaultKind::clock_step && before ? reach.fault->ms : 0;
    }
    if (is_lost || std::abs(clock_wrong_ms) > log_clock_ms - 3000) {
        return false;
    }
    const std::int64_t slots = (gap.end_s - gap.start_s) / length_s_;
    return view_.answered_since(point_, utc(gap.end_s)).count() >=
           recovery_ms + slots * recovery_of_slot_ms;
}

}  // namespace metergate::building
