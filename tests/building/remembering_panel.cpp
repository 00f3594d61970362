#include <algorithm>
#include <utility>

#include "tests/building/panel_model.hpp"

namespace metergate::building {
namespace {

IntervalLog::Habits habits_of(const PanelPlan& plan) {
    if (plan.kind == PanelKind::acuvim) {
        return {.counts_without_power = false,
                .erased_at_once = static_cast<std::size_t>(plan.log_sector)};
    }
    return {};
}

}  // namespace

RememberingPanel::RememberingPanel(PanelPlan plan, UtcTime start, std::chrono::seconds utc_offset,
                                   Ledger& ledger)
    : PanelModel(std::move(plan), start, utc_offset, ledger),
      clock_offset_s_(this->plan().clock_offset_s),
      log_(std::chrono::minutes{this->plan().log_minutes},
           static_cast<std::size_t>(this->plan().log_slots), this->plan().modulus_wh,
           habits_of(this->plan())),
      slot_since_(start),
      ran_until_(start) {
    begin_log(start);
}

void RememberingPanel::begin_log(UtcTime at) {
    IntervalLog::Registers now = registers(at);
    ledger().logged(ledger_panel(), {at, std::chrono::floor<std::chrono::seconds>(clock(at)), 0},
                    now.wh);
    log_.begin(clock(at), std::move(now));
}

IntervalLog::Registers RememberingPanel::registers(UtcTime at) {
    IntervalLog::Registers now;
    for (std::size_t i = 0; i < plan().points.size(); ++i) {
        now.wh.push_back(counted_wh(i, at));
        now.restarts.push_back(restarts(i));
    }
    return now;
}

/// Slots end by the panel's own clock; each is closed as things stood at its end. Another meter's
/// memory begins when it has been installed.
void RememberingPanel::run_until(UtcTime at) {
    note_events(at);
    for (const PlannedFault& fault : plan().faults) {
        if (fault.kind == FaultKind::swap && fault.until > ran_until_ && fault.until <= at) {
            close_slots(fault.until);
            apply_changes(fault.until);
            begin_log(fault.until);
        }
    }
    close_slots(at);
    PanelModel::run_until(at);
    ran_until_ = std::max(ran_until_, at);
}

void RememberingPanel::close_slots(UtcTime until) {
    const auto next_end = [this] {
        return log_.next_end() - std::chrono::seconds{clock_offset_s_};
    };
    for (UtcTime end = next_end(); end <= until; end = next_end()) {
        apply_changes(end);
        if (was_cut(slot_since_, end)) {
            log_.note_power_failure();
        }
        std::optional<IntervalLog::Registers> now;
        if (!is_off(end)) {
            now = registers(end);
            ledger().logged(ledger_panel(), {end, log_.next_end(), log_.newest() + 1}, now->wh);
        }
        log_.close(now);
        slot_since_ = end;
    }
}

bool RememberingPanel::was_cut(UtcTime after, UtcTime until) const {
    return std::any_of(plan().faults.begin(), plan().faults.end(), [&](const PlannedFault& fault) {
        return fault.kind == FaultKind::power_cut && fault.from < until && fault.until > after;
    });
}

void RememberingPanel::set_clock(std::int64_t told_s, UtcTime at) {
    clock_offset_s_ = told_s - epoch_ms(at) / 1000;
    log_.note_clock_set(clock(at));
}

}  // namespace metergate::building
