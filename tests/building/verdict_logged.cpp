#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "tests/building/verdict_point.hpp"

/// Series that are billed as the panel's own log has them, in the eyes of the judge.
namespace metergate::building {
namespace {

constexpr std::int64_t mwh_per_wh = 1000;
/// A panel's clock may be off by this for its log to be used, and it shows whole seconds.
constexpr std::int64_t log_clock_ms = 5000 + 1000;

}  // namespace

bool is_logged_series(std::string_view code) {
    return code.size() > 4 && code.substr(code.size() - 4) == "-log";
}

/// Every value is the one in the log, and what the log has is not left missing.
void PointJudge::judge_logged(const CurrentRecords& records) {
    find_told_spans(records);
    std::int64_t covered_until_s = INT64_MIN;
    for (std::size_t i = 0; i < records.size(); ++i) {
        const ReceivedRecord& record = *records[i];
        length_s_ = length_of_series(record.series);
        if (i > 0 && !records[i - 1]->value) {
            // The first slot of another meter tells what cost the one before.
            told_spans_[i].from_s = told_spans_[i - 1].from_s;
        }
        const LoggedRow* row = logged_at(record.end_s);
        const bool is_first_of_meter = row != nullptr && row->number == 1;
        judge_flags(record, is_first_of_meter, told_spans_[i]);
        if (!edges_.is_edge(record.series, record.end_s)) {
            violate(record, "ends where no interval ends");
        }
        if (record.value.has_value() == record.flags.has(Flag::missing)) {
            violate(record, "MISSING and a value, or neither");
        } else if (record.value) {
            judge_logged_value(record);
            if (record.start_s < covered_until_s) {
                ++verdict_.doubled;
                violate(record, fmt::format("covers time before {} once more", covered_until_s));
            }
            covered_until_s = record.end_s;
        } else {
            demand_logged(record, static_cast<std::int64_t>(records.size()));
        }
    }
}

void PointJudge::judge_logged_value(const ReceivedRecord& record) {
    const LoggedRow* row = logged_at(record.end_s);
    if (row == nullptr || record.origin != "panel_log") {
        return violate(record, row == nullptr ? "the panel has logged nothing that ends there"
                                              : "a value that is not from the panel's log");
    }
    const PanelHistory& history = view_.history();
    const auto place = static_cast<std::size_t>(row - history.logged.data());
    const auto register_in = [&](std::size_t at) {
        return history.logged_wh[at * history.facts.points.size() + point_];
    };
    if (record.reg && *record.reg != register_in(place)) {
        violate(record, fmt::format("register {}, logged was {}", *record.reg, register_in(place)));
    }
    if (std::abs(epoch_ms(row->at) - record.end_s * 1000) > log_clock_ms) {
        violate(record, "taken from a log whose clock was wrong");
    }
    if (record.revision > 0 && !record.flags.has(Flag::recovered)) {
        violate(record, "was read late without saying so");
    }
    const LoggedRow* before = row - 1;  // there always is one: see LoggedRow::number
    const std::int64_t step = register_in(place) - register_in(place - 1);
    const std::int64_t counted = step < 0 ? step + history.facts.modulus_wh : step;
    if (counted != *record.value) {
        violate(record, fmt::format("tells {} Wh, logged were {} Wh", *record.value, counted));
    }
    const bool is_long = row->number != before->number + 1;
    const std::int64_t start_s =
        is_long ? epoch_s(before->end) : edges_.before(record.series, record.end_s);
    if (is_long != record.flags.has(Flag::long_interval) || record.start_s != start_s) {
        violate(record, fmt::format("what was logged begins at {}", start_s));
    }
    const std::int64_t truth_mwh =
        history.truth_of(point_, row->at) - history.truth_of(point_, before->at);
    verdict_.energy_wh += *record.value;
    verdict_.energy_difference_wh += *record.value * mwh_per_wh - truth_mwh;
}

void PointJudge::demand_logged(const ReceivedRecord& record, std::int64_t slots) {
    const bool has_row = logged_at(record.end_s) != nullptr;
    ReceivedRecord gap = record;  // could be of as many slots as there are
    gap.start_s = record.end_s - length_s_;
    const bool answered = view_.answered_since(point_, utc_from_s(record.end_s)).count() >=
                          slots * 2000 + 2LL * 3600 * 1000;
    const bool is_told = record.origin == "panel_log";
    if (has_row && answered && !is_told && could_be_recovered(gap, record.end_s)) {
        ++verdict_.absent_flags;
        violate(record, "stands in the panel's log and was not read");
    }
}

}  // namespace metergate::building
