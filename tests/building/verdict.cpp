#include "tests/building/verdict.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "config/schema/json.hpp"
#include "tests/building/verdict_point.hpp"

namespace metergate::building {
namespace {

constexpr std::size_t violations_kept = 50;

/// The current record of each end.
using Slots = std::map<std::int64_t, const ReceivedRecord*>;
using SlotsOfSeries = std::map<std::string, Slots>;

/// Where the ledger has a point.
struct Located {
    std::size_t panel = 0;
    std::size_t point = 0;
};

/// Walks through all that was received, then through each point.
class Judge {
  public:
    Judge(const Ledger& ledger, const VerdictOptions& options)
        : ledger_(ledger), options_(options), edges_(options.zone) {
        for (std::size_t i = 0; i < ledger.panels().size(); ++i) {
            const auto& points = ledger.panels()[i].facts.points;
            for (std::size_t p = 0; p < points.size(); ++p) {
                located_.emplace(points[p], Located{i, p});
            }
        }
        current_.resize(ledger.panels().size());
    }

    [[nodiscard]] Verdict judge(const std::vector<ReceivedBatch>& received) {
        judge_wires();
        take_batches(received);
        judge_numbers();
        for (std::size_t i = 0; i < ledger_.panels().size(); ++i) {
            judge_panel(i);
        }
        verdict_.energy_difference_wh /= 1000;
        return std::move(verdict_);
    }

  private:
    void judge_wires();
    void take_batches(const std::vector<ReceivedBatch>& received);
    void take_records(const ReceivedBatch& batch);
    void judge_numbers();
    void judge_panel(std::size_t panel);
    void count_slots(const SlotsOfSeries& slots_of_series, const Id& point,
                     const std::map<std::string, std::pair<std::int64_t, std::int64_t>>& spans);
    [[nodiscard]] std::vector<Reach> reaches_on(const ServedView& view, std::size_t point) const;
    [[nodiscard]] std::int64_t believed_anew_ms(const ServedView& view, std::size_t point,
                                                const ServedView::Around& jump) const;
    [[nodiscard]] Reach reach_of(const PlannedFault& fault, const ServedView& view,
                                 std::size_t point) const;

    const Ledger& ledger_;
    const VerdictOptions& options_;
    LocalEdges edges_;
    Verdict verdict_;
    std::map<Id, Located> located_;
    std::vector<std::map<Id, SlotsOfSeries>> current_;  ///< per panel, by point
    std::map<std::pair<std::string, Id>, std::map<std::uint64_t, const ReceivedBatch*>> numbers_;
    std::set<std::tuple<std::string, Id, std::int64_t, std::uint32_t>> revisions_;
};

void Judge::judge_wires() {
    for (const WireFacts& wire : ledger_.wires()) {
        if (wire.short_silences > 0) {
            verdict_.violate(
                fmt::format("line {}: {} requests after less than 3.5 characters of "
                            "silence",
                            wire.line, wire.short_silences));
        }
        if (wire.overlaps > 0) {
            verdict_.violate(fmt::format("line {}: {} requests while another frame was on the wire",
                                         wire.line, wire.overlaps));
        }
    }
}

void Judge::take_batches(const std::vector<ReceivedBatch>& received) {
    for (const ReceivedBatch& batch : received) {
        const auto [place, is_new] =
            numbers_[{batch.epoch, batch.panel}].emplace(batch.number, &batch);
        if (!is_new) {
            if (*place->second == batch) {
                ++verdict_.redelivered;
            } else {
                ++verdict_.doubled;
                verdict_.violate(fmt::format("panel {}: batch {} came twice with unlike content",
                                             batch.panel, batch.number));
            }
            continue;
        }
        if (!batch.records.empty()) {
            if (!revisions_.emplace(batch.epoch, batch.panel, batch.end_s, batch.revision).second) {
                ++verdict_.doubled;
                verdict_.violate(fmt::format("panel {}: two batches have end {} and revision {}",
                                             batch.panel, batch.end_s, batch.revision));
            }
            take_records(batch);
        }
    }
}

void Judge::take_records(const ReceivedBatch& batch) {
    for (const ReceivedRecord& record : batch.records) {
        const auto found = located_.find(record.point);
        if (found == located_.end() ||
            ledger_.panels()[found->second.panel].facts.id != batch.panel) {
            verdict_.violate(fmt::format("panel {}: a record of point {}, which it does not have",
                                         batch.panel, record.point));
            continue;
        }
        Slots& slots = current_[found->second.panel][record.point][record.series];
        const auto [place, is_new] = slots.emplace(record.end_s, &record);
        if (is_new) {
            continue;
        }
        if (place->second->revision == record.revision) {
            ++verdict_.doubled;
            verdict_.violate(fmt::format("point {} {}: end {} has revision {} twice", record.point,
                                         record.series, record.end_s, record.revision));
        } else if (place->second->revision < record.revision) {
            place->second = &record;
        }
    }
}

void Judge::judge_numbers() {
    for (const auto& [stream, batches] : numbers_) {
        std::uint64_t next = options_.from_first_batch ? 1 : batches.begin()->first;
        for (const auto& [number, batch] : batches) {
            if (number != next) {
                verdict_.lost += number - next;
                verdict_.violate(fmt::format("panel {}: batches {}..{} of epoch {} never came",
                                             stream.second, next, number - 1, stream.first));
            }
            next = number + 1;
        }
    }
}

std::vector<Reach> Judge::reaches_on(const ServedView& view, std::size_t point) const {
    const PanelFacts& panel = view.history().facts;
    std::vector<Reach> reaches;
    for (const PlannedFault& fault : ledger_.faults()) {
        const bool concerns = fault.target == panel.id || fault.target == panel.line ||
                              fault.target == panel.points[point] || fault.target == "gateway";
        if (concerns) {
            reaches.push_back(reach_of(fault, view, point));
        }
    }
    return reaches;
}

/// A jump is believed only after some minutes: if the gateway ends before, it is seen anew by the
/// first reading afterwards, and the counter begins with that one.
std::int64_t Judge::believed_anew_ms(const ServedView& view, std::size_t point,
                                     const ServedView::Around& jump) const {
    std::int64_t anew_ms = epoch_ms(*jump.first_after);
    for (const PlannedFault& end : ledger_.faults()) {
        const bool ends =
            end.kind == FaultKind::gateway_stop || end.kind == FaultKind::gateway_kill;
        if (ends && end.from > jump.after_at && end.from <= jump.settled_at) {
            const auto after = view.around(point, end.from, end.until).first_after;
            anew_ms = std::max(anew_ms, epoch_ms(after.value_or(UtcTime::max())));
        }
    }
    return anew_ms;
}

Reach Judge::reach_of(const PlannedFault& fault, const ServedView& view, std::size_t point) const {
    // An edge just before a fault may lack the reading that was to follow it.
    const std::int64_t before_s = options_.poll_period_ms / 1000 + 5;
    std::int64_t from_ms = epoch_ms(ledger_.gateway_time(fault.from));
    std::int64_t until_ms = epoch_ms(ledger_.gateway_time(fault.until));
    if (fault.kind == FaultKind::clock_step && is_leap(std::chrono::milliseconds{fault.ms})) {
        from_ms = std::min(from_ms, epoch_ms(fault.from));
        until_ms = epoch_ms(ledger_.gateway_time(ledger_.clock_believed_from(fault.until)));
    } else if (fault.kind == FaultKind::clock_step) {
        from_ms = std::min(from_ms, from_ms - fault.ms);
        until_ms = std::max(until_ms, until_ms - fault.ms);
    } else if (fault.kind == FaultKind::swap || fault.kind == FaultKind::register_reset) {
        // One counter ends with its last reading and the other begins with its first, whatever
        // outage lies between, and never in time that was told before the clock was set back.
        const ServedView::Around read = view.around(point, fault.from, fault.until);
        from_ms = std::min(from_ms, epoch_ms(read.last_before.value_or(fault.from)));
        until_ms = std::max(until_ms, epoch_ms(read.newest_before.value_or(fault.from)));
        until_ms = std::max(until_ms, epoch_ms(read.first_after.value_or(UtcTime::max())));
        if (fault.kind == FaultKind::register_reset && read.first_after) {
            until_ms = std::max(until_ms, believed_anew_ms(view, point, read));
        }
    }
    return {&fault, std::min(from_ms, until_ms) / 1000 - before_s,
            std::max(from_ms, until_ms) / 1000 + options_.reach_s, view.is_hidden(fault, point)};
}

/// A gap of very many slots is told by one long record alone.
std::int64_t end_of_unlisted_gap(const Slots& slots, std::int64_t end, std::int64_t length_s) {
    constexpr std::int64_t slots_listed = 3840;
    const auto next = slots.lower_bound(end);
    const bool in_gap = next != slots.end() && next->second->start_s < end &&
                        next->second->end_s - next->second->start_s > slots_listed * length_s;
    return in_gap ? next->first : end;
}

void Judge::count_slots(const SlotsOfSeries& slots_of_series, const Id& point,
                        const std::map<std::string, std::pair<std::int64_t, std::int64_t>>& spans) {
    static const Slots no_slots;
    for (const auto& [series, span] : spans) {
        const auto found = slots_of_series.find(series);
        const Slots& slots = found == slots_of_series.end() ? no_slots : found->second;
        const std::int64_t first = options_.expect_from_s.value_or(span.first - 1);
        const std::int64_t last = options_.expect_until_s.value_or(span.second);
        if (first >= last) {
            continue;  // no point of this panel has that series
        }
        std::uint64_t lost = 0;
        for (std::int64_t end = edges_.after(series, first); end <= last;
             end = edges_.after(series, end)) {
            end = end_of_unlisted_gap(slots, end, length_of_series(series));
            ++verdict_.expected;
            const auto slot = slots.find(end);
            lost += slot == slots.end() ? 1U : 0U;
            verdict_.received += slot == slots.end() ? 0U : 1U;
            verdict_.recovered +=
                slot != slots.end() && slot->second->flags.has(Flag::recovered) ? 1U : 0U;
            verdict_.missing +=
                slot != slots.end() && slot->second->flags.has(Flag::missing) ? 1U : 0U;
        }
        if (lost > 0) {
            verdict_.lost += lost;
            verdict_.violate(
                fmt::format("point {} {}: {} intervals have no record", point, series, lost));
        }
    }
}

void Judge::judge_panel(std::size_t panel) {
    const PanelHistory& history = ledger_.panels()[panel];
    const ServedView view(ledger_, history);
    const std::map<Id, SlotsOfSeries>& of_points = current_[panel];
    std::map<std::string, std::pair<std::int64_t, std::int64_t>> spans;
    for (const std::string& series : options_.series) {
        spans[series] = {INT64_MAX, INT64_MIN};
    }
    for (const auto& [point, slots_of_series] : of_points) {
        for (const auto& [series, slots] : slots_of_series) {
            auto& span = spans.emplace(series, std::pair(INT64_MAX, INT64_MIN)).first->second;
            span.first = std::min(span.first, slots.begin()->first);
            span.second = std::max(span.second, slots.rbegin()->first);
        }
    }
    std::erase_if(spans, [](const auto& entry) { return length_of_series(entry.first) <= 0; });
    if (of_points.empty() && !view.empty()) {
        verdict_.violate(fmt::format("panel {}: nothing was received", history.facts.id));
    }
    static const SlotsOfSeries no_series;
    for (std::size_t p = 0; p < history.facts.points.size(); ++p) {
        const Id& point = history.facts.points[p];
        const auto found = of_points.find(point);
        const SlotsOfSeries& slots_of_series = found == of_points.end() ? no_series : found->second;
        if (!of_points.empty()) {
            count_slots(slots_of_series, point, spans);
        }
        for (const auto& [series, slots] : slots_of_series) {
            CurrentRecords records;
            for (const auto& [end, record] : slots) {
                records.push_back(record);
            }
            PointJudge(options_, edges_, view, p, reaches_on(view, p), verdict_).judge(records);
        }
    }
}

std::string row(std::string_view name, const std::string& value) {
    return fmt::format("  {:<20} {:>14}\n", name, value);
}

}  // namespace

void Verdict::violate(std::string text) {
    ++violation_count;
    if (violations.size() < violations_kept) {
        violations.push_back(std::move(text));
    }
}

VerdictOptions options_for(const RunFacts& run) {
    VerdictOptions options;
    options.laboratory = run.laboratory;
    options.poll_period_ms = run.poll_period_ms;
    options.series = run.series;
    options.zone = run.zone;
    return options;
}

Verdict judge(const Ledger& ledger, const std::vector<ReceivedBatch>& received,
              const VerdictOptions& options) {
    return Judge(ledger, options).judge(received);
}

std::string table_of(const Verdict& verdict) {
    std::string text = "Verdict of the ledger\n";
    text += row("expected", std::to_string(verdict.expected));
    text += row("received", std::to_string(verdict.received));
    text += row("  of them missing", std::to_string(verdict.missing));
    text += row("  recovered", std::to_string(verdict.recovered));
    text += row("lost", std::to_string(verdict.lost));
    text += row("doubled", std::to_string(verdict.doubled));
    text += row("delivered again", std::to_string(verdict.redelivered));
    text += row("energy", fmt::format("{} Wh", verdict.energy_wh));
    text += row("energy difference", fmt::format("{} Wh", verdict.energy_difference_wh));
    text += row("unexplained flags", std::to_string(verdict.unexplained_flags));
    text += row("absent flags", std::to_string(verdict.absent_flags));
    text += row("violations", std::to_string(verdict.violation_count));
    for (const std::string& violation : verdict.violations) {
        text += "  - " + violation + "\n";
    }
    if (verdict.violation_count > verdict.violations.size()) {
        text +=
            fmt::format("  - and {} more\n", verdict.violation_count - verdict.violations.size());
    }
    return text + (verdict.clean() ? "clean\n" : "not clean\n");
}

std::string json_of(const Verdict& verdict) {
    using schema::Json;
    Json json = Json::object();
    json.set("expected", verdict.expected);
    json.set("received", verdict.received);
    json.set("missing", verdict.missing);
    json.set("recovered", verdict.recovered);
    json.set("lost", verdict.lost);
    json.set("doubled", verdict.doubled);
    json.set("redelivered", verdict.redelivered);
    json.set("energy_wh", verdict.energy_wh);
    json.set("energy_difference_wh", verdict.energy_difference_wh);
    json.set("unexplained_flags", verdict.unexplained_flags);
    json.set("absent_flags", verdict.absent_flags);
    json.set("violation_count", verdict.violation_count);
    json.set("violations", verdict.violations);
    json.set("clean", verdict.clean());
    return schema::write_compact(json);
}

}  // namespace metergate::building
