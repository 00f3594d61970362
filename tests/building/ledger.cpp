#include "tests/building/ledger.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

namespace metergate::building {
namespace {

constexpr std::chrono::minutes leap_trial{10};

}  // namespace

std::int64_t PanelHistory::truth_of(std::size_t point, UtcTime at) const {
    if (truth_at.empty()) {
        return 0;
    }
    const std::size_t width = facts.points.size();
    const auto value = [this, point, width](std::size_t row) {
        return truth_mwh[row * width + point];
    };
    const auto after = std::upper_bound(truth_at.begin(), truth_at.end(), at);
    if (after == truth_at.begin()) {
        return value(0);
    }
    const auto upper = static_cast<std::size_t>(after - truth_at.begin());
    if (after == truth_at.end()) {
        return value(upper - 1);
    }
    const std::int64_t span_ms = (truth_at[upper] - truth_at[upper - 1]).count();
    const std::int64_t inside_ms = (at - truth_at[upper - 1]).count();
    return value(upper - 1) + (value(upper) - value(upper - 1)) * inside_ms / span_ms;
}

std::size_t Ledger::add_panel(PanelFacts facts) {
    PanelHistory history;
    history.facts = std::move(facts);
    panels_.push_back(std::move(history));
    return panels_.size() - 1;
}

std::size_t Ledger::served(std::size_t panel, UtcTime at, std::size_t first_point,
                           std::span<const std::int64_t> registers_wh, bool certain) {
    PanelHistory& history = panels_.at(panel);
    ServedRow row;
    row.at = at;
    row.first_value = static_cast<std::uint32_t>(history.registers.size());
    row.first_point = static_cast<std::uint16_t>(first_point);
    row.count = static_cast<std::uint16_t>(registers_wh.size());
    row.certain = certain;
    history.rows.push_back(row);
    history.registers.insert(history.registers.end(), registers_wh.begin(), registers_wh.end());
    return history.rows.size() - 1;
}

void Ledger::doubt(std::size_t panel, std::size_t row) {
    panels_.at(panel).rows.at(row).certain = false;
}

void Ledger::truth(std::size_t panel, UtcTime at, std::span<const std::int64_t> energy_mwh) {
    PanelHistory& history = panels_.at(panel);
    assert(energy_mwh.size() == history.facts.points.size());
    if (!history.truth_at.empty() && at <= history.truth_at.back()) {
        return;
    }
    history.truth_at.push_back(at);
    history.truth_mwh.insert(history.truth_mwh.end(), energy_mwh.begin(), energy_mwh.end());
}

void Ledger::logged(std::size_t panel, const LoggedRow& row,
                    std::span<const std::int64_t> registers_wh) {
    PanelHistory& history = panels_.at(panel);
    assert(registers_wh.size() == history.facts.points.size());
    history.logged.push_back(row);
    history.logged_wh.insert(history.logged_wh.end(), registers_wh.begin(), registers_wh.end());
}

UtcTime Ledger::gateway_time(UtcTime building_time) const {
    std::chrono::milliseconds wrong_by{0};
    for (const ClockStep& step : clock_steps_) {
        if (step.at <= building_time || is_leap(wrong_by)) {
            wrong_by += step.by;
        }
    }
    return building_time + wrong_by;
}

UtcTime Ledger::clock_believed_from(UtcTime building_time) const {
    UtcTime believed = building_time;
    std::chrono::milliseconds wrong_by{0};
    for (const ClockStep& step : clock_steps_) {
        if (step.at > building_time && is_leap(wrong_by)) {
            believed = step.at;
        } else if (step.at > building_time) {
            break;
        }
        wrong_by += step.by;
    }
    return is_leap(wrong_by) ? building_time + leap_trial : believed;
}

}  // namespace metergate::building
