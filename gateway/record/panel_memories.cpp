#include "gateway/record/panel_memories.hpp"

#include <algorithm>
#include <optional>
#include <utility>

namespace metergate::record {
namespace {

template <typename Memory>
Memory* find(std::vector<Memory>& memories, PanelNumber panel) {
    const auto found = std::find_if(memories.begin(), memories.end(),
                                    [panel](const Memory& one) { return one.panel() == panel; });
    return found == memories.end() ? nullptr : &*found;
}

/// The one of that panel, or a new one.
template <typename Memory>
Memory take_or_make(std::vector<Memory>& memories, const PanelPlan& plan) {
    Memory* known = find(memories, plan.number);
    return known != nullptr ? std::move(*known) : Memory(plan.number, plan.poll_period);
}

bool has_gap(const Batch& batch) {
    return std::any_of(batch.records.begin(), batch.records.end(),
                       [](const Record& record) { return record.flags.has(Flag::long_interval); });
}

}  // namespace

void PanelMemories::arrange(const std::vector<PanelRecorder>& panels) {
    std::vector<Backfill> backfills;
    std::vector<LogIntake> intakes;
    for (const PanelRecorder& panel : panels) {
        if (panel.plan().remembers) {
            backfills.push_back(take_or_make(backfills_, panel.plan()));
        }
        if (!panel.logged().empty()) {
            intakes.push_back(take_or_make(intakes_, panel.plan()));
        }
    }
    backfills_ = std::move(backfills);
    intakes_ = std::move(intakes);
}

void PanelMemories::heard(PanelNumber panel, Instant now) {
    if (Backfill* backfill = find(backfills_, panel)) {
        backfill->heard(now);
    }
    if (LogIntake* intake = find(intakes_, panel)) {
        intake->heard(now);
    }
}

void PanelMemories::order_again() {
    for (Backfill& backfill : backfills_) {
        backfill.order_again();
    }
    for (LogIntake& intake : intakes_) {
        intake.order_again();
    }
}

Backfill::Filled PanelMemories::take(const LogAnswer& answer, Instant now, UtcTime utc,
                                     PanelRecorder& recorder, Store& store) {
    Backfill* backfill = find(backfills_, answer.panel);
    LogIntake* intake = find(intakes_, answer.panel);
    if (answer.use == LogUse::gap && backfill != nullptr) {
        return backfill->take(answer, now, utc, recorder, store);
    }
    Backfill::Filled out;
    if (answer.use != LogUse::gap && intake != nullptr) {
        intake->take(answer, now, utc, recorder, store, out.events);
    }
    return out;
}

std::vector<LogOrder> PanelMemories::next_orders(Instant now, UtcTime utc,
                                                 const PanelRecorder& recorder,
                                                 const std::vector<Batch>& batches, Store& store) {
    std::vector<LogOrder> orders;
    if (Backfill* backfill = find(backfills_, recorder.number())) {
        if (auto order = backfill->next_order(now, recorder, store)) {
            orders.push_back(*order);
        }
    }
    if (LogIntake* intake = find(intakes_, recorder.number())) {
        const bool all_stored = !recorder.has_pending() &&
                                std::none_of(batches.begin(), batches.end(), [&](const Batch& one) {
                                    return one.panel == recorder.number();
                                });
        intake->next_orders(now, utc, recorder, all_stored, orders);
    }
    return orders;
}

void PanelMemories::note_stored(const std::vector<Batch>& batches) {
    for (Backfill& backfill : backfills_) {
        backfill.note_stored();
        const bool has_new_gap = std::any_of(
            batches.begin(), batches.end(),
            [&](const Batch& batch) { return batch.panel == backfill.panel() && has_gap(batch); });
        if (has_new_gap) {
            backfill.note_gap();
        }
    }
}

}  // namespace metergate::record
