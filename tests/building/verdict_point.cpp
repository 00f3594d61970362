#include "tests/building/verdict_point.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <utility>

namespace metergate::building {
namespace {

using std::chrono::milliseconds;

constexpr std::int64_t mwh_per_wh = 1000;
/// Chains begin and end at whole seconds, cut off from the time of a reading.
constexpr std::int64_t cut_off_ms = 1000;

bool carries_break(const ReceivedRecord& record) {
    return record.flags.has(Flag::meter_changed) || record.flags.has(Flag::register_reset) ||
           record.flags.has(Flag::config_changed);
}

/// After the clock was set back, a counter ended before time had caught up with its last edge:
/// where its last record is put tells nothing of when its last reading was taken. The register
/// still does.
bool is_held_back(const ReceivedRecord& record) {
    return record.flags.has(Flag::short_interval) && record.flags.has(Flag::long_interval) &&
           carries_break(record);
}

UtcTime utc(std::int64_t seconds) {
    return utc_from_s(seconds);
}

}  // namespace

PointJudge::PointJudge(const VerdictOptions& options, LocalEdges& edges, const ServedView& view,
                       std::size_t point, std::vector<Reach> reaches, Verdict& verdict)
    : options_(options),
      edges_(edges),
      view_(view),
      point_(point),
      reaches_(std::move(reaches)),
      verdict_(verdict) {}

void PointJudge::violate(const ReceivedRecord& record, const std::string& text) {
    verdict_.violate(fmt::format("point {} {} {}..{}: {}", record.point, record.series,
                                 record.start_s, record.end_s, text));
}

std::int64_t PointJudge::tolerance_ms(const ReceivedRecord& record) const {
    const bool cut = record.flags.has(Flag::short_interval) || carries_break(record);
    return options_.stamp_tolerance_ms + (cut ? cut_off_ms : 0);
}

/// After the clock was set back a chain opens where the one before it ended, up to so much later
/// than its first reading.
milliseconds PointJudge::held_back(const ReceivedRecord& record) const {
    milliseconds most{};
    for (const Reach& reach : reaches_) {
        const bool is_step = reach.fault->kind == FaultKind::clock_step;
        if (is_step && record.flags.has(Flag::long_interval) && reach.touches(record)) {
            most = std::max(most, milliseconds{-reach.fault->ms});
        }
    }
    return most;
}

void PointJudge::judge(const CurrentRecords& records) {
    if (!records.empty() && is_logged_series(records.front()->series)) {
        return judge_logged(records);
    }
    chain_ = {};
    find_told_spans(records);
    for (std::size_t i = 0; i < records.size(); ++i) {
        const ReceivedRecord* record = records[i];
        length_s_ = length_of_series(record->series);
        const bool has_value = record->value.has_value();
        if (has_value == record->flags.has(Flag::missing)) {
            violate(*record, has_value ? "has a value and the flag MISSING"
                                       : "has no value, but not the flag MISSING");
        }
        const bool first = has_value && starts_chain(*record);
        if (first) {
            end_chain();
            chain_ = {record, record, record->reg.value_or(0) - *record->value, 0};
        }
        judge_shape(*record, first);
        judge_flags(*record, first, told_spans_[i]);
        if (has_value) {
            judge_sum(*record);
            judge_register(*record, first);
            judge_energy(*record, *record, *record->value, false);
            chain_.last = record;
        }
    }
    end_chain();
    judge_absent_flags(records);
    judge_recovery(records);
}

bool PointJudge::starts_chain(const ReceivedRecord& record) const {
    if (chain_.first == nullptr) {
        return true;
    }
    if (!carries_break(record)) {
        return false;
    }
    if (record.start_s != chain_.last->end_s) {
        return true;
    }
    // Two chains may meet in one second: then the register tells.
    const std::int64_t modulus = view_.history().facts.modulus_wh;
    const std::int64_t continued = (chain_.opening + chain_.sum + *record.value) % modulus;
    return carries_break(*chain_.last) && record.reg && continued != *record.reg % modulus;
}

void PointJudge::judge_shape(const ReceivedRecord& record, bool first_of_chain) {
    const bool ends_at_edge = edges_.is_edge(record.series, record.end_s);
    if (!ends_at_edge && !carries_break(record)) {
        violate(record, "ends where no interval ends, and no meter was changed or reset");
    }
    const std::int64_t length_s = record.end_s - record.start_s;
    const bool is_short = record.flags.has(Flag::short_interval);
    const bool is_long = record.flags.has(Flag::long_interval);
    if (length_s <= 0) {
        violate(record, "ends before it starts");
    }
    if (!record.value) {
        return;
    }
    // A slot around a jump of the wall clock is a regular one, however long.
    const std::int64_t regular_s =
        ends_at_edge ? record.end_s - edges_.before(record.series, record.end_s) : length_s_;
    if ((length_s > regular_s && !is_long) || (length_s < regular_s && !is_short)) {
        violate(record, fmt::format("covers {} s of a {} s interval without saying so", length_s,
                                    regular_s));
    }
    if (first_of_chain || chain_.last == nullptr) {
        return;
    }
    const std::int64_t known_until = chain_.last->end_s;
    if (record.start_s < known_until) {
        ++verdict_.doubled;
        violate(record,
                fmt::format("covers time that the record before it covers, which ends at {}",
                            known_until));
    } else if (record.start_s > known_until) {
        violate(record, fmt::format("starts after the last known edge at {}: energy is left out",
                                    known_until));
    }
}

void PointJudge::judge_sum(const ReceivedRecord& record) {
    const std::int64_t modulus = view_.history().facts.modulus_wh;
    chain_.sum += *record.value;
    if (*record.value < 0) {
        violate(record, fmt::format("negative energy {} Wh", *record.value));
    }
    if (!record.reg) {
        return;
    }
    const std::int64_t expected = chain_.opening + chain_.sum;
    if (expected == *record.reg) {
        return;
    }
    const bool over_modulus = (expected - *record.reg) % modulus == 0;
    if (over_modulus && record.flags.has(Flag::rollover)) {
        chain_.opening -= expected - *record.reg;
        return;
    }
    violate(record, fmt::format("the chain's records add up to register {}, but it says {}",
                                expected, *record.reg));
    chain_.opening = *record.reg - chain_.sum;
}

void PointJudge::judge_register(const ReceivedRecord& record, bool first_of_chain) {
    const milliseconds tolerance{tolerance_ms(record)};
    const auto served_around = [this, tolerance](std::int64_t time_s, std::int64_t reg,
                                                 milliseconds earlier = {}) {
        const auto brackets = view_.brackets(point_, utc(time_s), tolerance + earlier);
        return std::any_of(brackets.begin(), brackets.end(), [this, reg](const Bracket& bracket) {
            return view_.holds(bracket, point_, reg);
        });
    };
    const bool as_logged = ends_as_logged(record);
    if (record.reg && !as_logged && !served_around(record.end_s, *record.reg) &&
        !view_.may_hold(point_, utc(record.end_s), tolerance, *record.reg)) {
        violate(record, fmt::format("register {} does not lie between what the panel served before "
                                    "and after the end",
                                    *record.reg));
    }
    if (first_of_chain && record.reg) {
        const std::int64_t modulus = view_.history().facts.modulus_wh;
        const std::int64_t opening = (chain_.opening % modulus + modulus) % modulus;
        if (!served_around(record.start_s, opening, held_back(record)) &&
            !view_.may_have_told(point_, utc(record.start_s), tolerance, opening)) {
            violate(record, fmt::format("the chain opens with register {}, which the panel did not "
                                        "serve around the start",
                                        opening));
        }
    }
    if (as_logged || !edges_.is_edge(record.series, record.end_s)) {
        return;
    }
    const std::int64_t bracket_max_ms =
        std::min(std::max(2 * options_.poll_period_ms, std::int64_t{60'000}), length_s_ * 1000) +
        2 * options_.stamp_tolerance_ms;
    const auto brackets =
        view_.brackets_near(point_, utc(record.end_s), milliseconds{options_.stamp_tolerance_ms});
    const bool far = std::all_of(brackets.begin(), brackets.end(), [&](const Bracket& bracket) {
        return view_.certain_gap(bracket).count() > bracket_max_ms;
    });
    if (far && !brackets.empty() && !carries_break(record)) {
        violate(record, "its edge lies in a gap too long to interpolate over");
    }
}

/// Compares `told` with the true energy from the start of `first` to the end of `last`.
void PointJudge::judge_energy(const ReceivedRecord& first, const ReceivedRecord& last,
                              std::int64_t told, bool chain) {
    const bool opens = &first == chain_.first;
    const milliseconds start_tolerance{tolerance_ms(first) + (opens ? cut_off_ms : 0)};
    const milliseconds end_tolerance{tolerance_ms(last)};
    const bool from_logged = !opens && chain_.last != nullptr && ends_as_logged(*chain_.last);
    std::int64_t nearest = INT64_MAX;
    std::int64_t true_mwh = 0;
    for (const auto& from : truths(first.start_s, start_tolerance, from_logged)) {
        for (const auto& until : truths(last.end_s, end_tolerance, ends_as_logged(last))) {
            const std::int64_t truth = until.energy_mwh - from.energy_mwh;
            const std::int64_t allowed = std::abs(truth) * options_.class_permille / 1000 +
                                         from.doubt_mwh + until.doubt_mwh + steps_mwh(last);
            const std::int64_t beyond = std::abs(told * mwh_per_wh - truth) - allowed;
            if (beyond < nearest) {
                nearest = beyond;
                true_mwh = truth;
            }
        }
    }
    if (nearest > 0 && !is_spoilt(first, last) && !is_held_back(last)) {
        violate(last, fmt::format("{} {} Wh, true are {}.{:03} Wh",
                                  chain ? "the whole chain tells" : "tells", told,
                                  true_mwh / mwh_per_wh, std::abs(true_mwh) % mwh_per_wh));
    }
    if (!chain) {
        verdict_.energy_wh += told;
        verdict_.energy_difference_wh += told * mwh_per_wh - true_mwh;
    }
}

/// Whether the registers themselves do not tell the truth between the two.
bool PointJudge::is_spoilt(const ReceivedRecord& first, const ReceivedRecord& last) const {
    return std::any_of(reaches_.begin(), reaches_.end(), [&](const Reach& reach) {
        const bool at_an_end = reach.touches(first) || reach.touches(last);
        const bool between = first.start_s <= reach.until_s && last.end_s >= reach.from_s;
        return (flag_rule_of(reach.fault->kind).spoils_energy && at_an_end) ||
               (reach.hidden && reach.fault->kind == FaultKind::register_reset && between);
    });
}

/// What the steps of the register leave open.
std::int64_t PointJudge::steps_mwh(const ReceivedRecord& record) const {
    const PanelFacts& facts = view_.history().facts;
    std::int64_t steps_wh = facts.resolution_wh + 1;
    if (facts.float_registers && record.reg) {
        const auto shown = static_cast<float>(*record.reg);
        steps_wh += std::llround(std::nextafter(shown, 2 * shown + 1) - shown);
    }
    return steps_wh * mwh_per_wh;
}

/// The last interval of a counter stood open until the next one was read, and may tell of what
/// happened meanwhile. Of a gap that was filled, its ends tell what is known of the whole.
void PointJudge::find_told_spans(const CurrentRecords& records) {
    told_spans_.clear();
    for (const ReceivedRecord* record : records) {
        told_spans_.push_back({record->start_s, record->end_s});
    }
    for (std::size_t i = records.size(); i-- > 0;) {
        const bool is_filled = records[i]->flags.has(Flag::recovered);
        if (is_filled && i + 1 < records.size() && records[i + 1]->flags.has(Flag::recovered)) {
            told_spans_[i].until_s = told_spans_[i + 1].until_s;
        }
        for (std::size_t next = i + 1;
             carries_break(*records[i]) && !is_filled && next < records.size(); ++next) {
            if (records[next]->value) {
                told_spans_[i].until_s = std::max(told_spans_[i].until_s, records[next]->start_s);
                break;
            }
        }
    }
    for (std::size_t i = 1; i < records.size(); ++i) {
        // What is left of a gap that was filled in part still tells of all of it.
        const bool continues =
            records[i]->flags.has(Flag::recovered) || records[i]->flags.has(Flag::long_interval);
        if (continues && records[i - 1]->flags.has(Flag::recovered)) {
            told_spans_[i].from_s = told_spans_[i - 1].from_s;
        }
    }
}

void PointJudge::judge_flags(const ReceivedRecord& record, bool first_of_chain,
                             const ToldSpan& told) {
    Flags allowed = Flag::interpolated;
    if (options_.laboratory) {
        allowed |= Flag::test;
    }
    if (first_of_chain) {
        allowed |= Flag::short_interval;
    }
    for (const Reach& reach : reaches_) {
        if (told.touches(reach)) {
            allowed |= flag_rule_of(*reach.fault).allowed;
        }
    }
    const Flags unexplained = Flags::from_bits(record.flags.bits() & ~allowed.bits());
    for (const std::string& name : names_of(unexplained)) {
        ++verdict_.unexplained_flags;
        violate(record, "flag " + name + " without a fault in reach");
    }
    if (options_.laboratory && !record.flags.has(Flag::test)) {
        ++verdict_.absent_flags;
        violate(record, "flag TEST is absent in a laboratory");
    }
}

void PointJudge::judge_absent_flags(const CurrentRecords& records) {
    if (records.empty()) {
        return;
    }
    const std::int64_t begin_s = records.front()->start_s;
    const std::int64_t end_s = records.back()->end_s;
    for (const Reach& reach : reaches_) {
        const Flags required = flag_rule_of(*reach.fault).required;
        const bool concerns = reach.from_s > begin_s && reach.until_s <= end_s;
        if (required.none() || !concerns || reach.hidden) {
            continue;
        }
        bool told = false;
        for (std::size_t i = 0; i < records.size() && !told; ++i) {
            told =
                told_spans_[i].touches(reach) && (records[i]->flags.bits() & required.bits()) != 0;
        }
        if (!told) {
            ++verdict_.absent_flags;
            verdict_.violate(fmt::format("point {} {}: {} at {} left no flag {}",
                                         records.front()->point, records.front()->series,
                                         name_of(reach.fault->kind), reach.from_s,
                                         names_of(required).front()));
        }
    }
}

void PointJudge::end_chain() {
    if (chain_.first != nullptr && chain_.first != chain_.last) {
        judge_energy(*chain_.first, *chain_.last, chain_.sum, true);
    }
    chain_ = {};
}

}  // namespace metergate::building
