#include "gateway/record/backfill.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "gateway/record/chain_rows.hpp"

namespace metergate::record {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

/// A portion: a day of quarter-hours, 2300 records of 24 points.
constexpr std::size_t slots_at_once = 96;
/// LONG records looked at in one read: more than a panel can have at one end.
constexpr std::size_t records_at_once = 1024;
constexpr Duration retry_after_min = minutes{1};
constexpr Duration retry_after_max = minutes{64};
/// Then an order is taken for lost. A slow line that is full may need hours for all its panels.
constexpr Duration answer_time_max = std::chrono::hours{24};
constexpr Duration silence_min = seconds{60};

std::vector<metering::LoggedEdge> edges_of(const LogAnswer& answer, PointNumber point,
                                           Quantity quantity) {
    std::vector<metering::LoggedEdge> edges;
    for (const LoggedSlot& slot : answer.slots) {
        const auto value = std::find_if(
            slot.values.begin(), slot.values.end(),
            [&](const LoggedValue& one) { return one.point == point && one.quantity == quantity; });
        if (value != slot.values.end() && value->reg) {
            edges.push_back({slot.end, *value->reg, value->increment, slot.flags});
        }
    }
    return edges;
}

Event disagreement_event(const metering::LogDisagreement& sums, bool took_slots, UtcTime at) {
    Event event;
    event.at = at;
    event.kind = EventKind::log_disagrees;
    event.start = sums.start;
    event.end = sums.end;
    event.old_value = std::to_string(sums.by_register);
    event.new_value = std::to_string(sums.by_log);
    event.text =
        took_slots ? "the increments in the panel's own log do not add up to the registers in it; "
                     "the registers are booked"
                   : "the panel's own log has registers beyond those read around the gap; nothing "
                     "of it is booked";
    return event;
}

}  // namespace

Backfill::Backfill(PanelNumber panel, Duration poll_period)
    : panel_(panel), silence_max_(std::max(3 * poll_period, silence_min)) {}

void Backfill::note_gap() {
    if (state_ == State::finished) {
        state_ = State::looking;
    }
}

void Backfill::note_stored() {
    if (state_ == State::storing) {
        state_ = State::looking;
    }
}

void Backfill::order_again() {
    if (state_ == State::ordered) {
        state_ = State::looking;
        retry_at_ = {};
    }
}

void Backfill::try_later(Instant now) {
    retry_after_ = std::clamp(retry_after_ * 2, retry_after_min, retry_after_max);
    retry_at_ = now + retry_after_;
    state_ = State::looking;
}

std::optional<LogOrder> Backfill::next_order(Instant now, const PanelRecorder& recorder,
                                             Store& store) {
    if (state_ == State::ordered && now >= retry_at_) {
        try_later(now);
    }
    const bool is_there = heard_at_ && now - *heard_at_ <= silence_max_;
    if (state_ != State::looking || now < retry_at_ || !is_there) {
        return std::nullopt;
    }
    while (place_ || find_place(recorder, store)) {
        const auto left = gaps(place_->end - seconds{1}, place_->end, recorder, store);
        if (!left) {
            break;
        }
        if (!left->empty()) {
            state_ = State::ordered;
            retry_at_ = now + answer_time_max;
            return order_for(*left, recorder);
        }
        leave_place();
    }
    if (state_ == State::looking) {
        try_later(now);  // the store cannot be read
    }
    return std::nullopt;
}

/// The LONG records within (after, through] that stand for gaps of the chains recorded now.
Result<std::vector<Record>> Backfill::gaps(UtcSeconds after, UtcSeconds through,
                                           const PanelRecorder& recorder, Store& store) {
    auto found = store.long_records(panel_, after, through, records_at_once);
    if (!found) {
        return found.error();
    }
    std::erase_if(*found, [&](const Record& record) {
        const auto chain = recorder.find(record.point, record.series);
        const bool of_this_chain = chain && chain->intervals->is_open() &&
                                   record.start >= chain->intervals->baseline().opened;
        return !of_this_chain || !record.reg || record.end <= log_begins_ ||
               chain->intervals->grid().next_edge(record.start) >= record.end;
    });
    return found;
}

/// The oldest gap that was not seen to yet. False: there is none, or the store cannot be read.
bool Backfill::find_place(const PanelRecorder& recorder, Store& store) {
    const UtcSeconds after = std::max(done_through_, log_begins_);
    const auto found = gaps(after, UtcSeconds::max(), recorder, store);
    if (!found) {
        return false;
    }
    if (found->empty()) {
        state_ = State::finished;
        return false;
    }
    place_ = Place{found->front().end, found->front().end, false};
    return true;
}

void Backfill::leave_place() {
    done_through_ = place_->found_at;
    place_.reset();
}

LogOrder Backfill::order_for(const std::vector<Record>& gaps, const PanelRecorder& recorder) {
    UtcSeconds first = place_->end;
    for (const Record& gap : gaps) {
        const auto& grid = recorder.find(gap.point, gap.series)->intervals->grid();
        first = std::min(first, grid.next_edge(gap.start));
    }
    return {.number = ++order_,
            .panel = panel_,
            .first = first,
            .last = place_->end - seconds{1},
            .newest_first = place_->newest_first,
            .slots_max = slots_at_once};
}

Backfill::Filled Backfill::take(const LogAnswer& answer, Instant now, UtcTime at,
                                const PanelRecorder& recorder, Store& store) {
    Filled out;
    if (state_ != State::ordered || answer.order != order_ || !place_) {
        return out;
    }
    if (answer.error) {
        if (auto event = complaint_.event_for(*answer.error, at, recorder,
                                              "gaps are not filled from its log")) {
            out.events.push_back(std::move(*event));
        }
        try_later(now);
        return out;
    }
    const auto left = gaps(place_->end - seconds{1}, place_->end, recorder, store);
    if (!left) {
        try_later(now);
        return out;
    }
    complaint_.forget();
    retry_after_ = {};
    retry_at_ = now;
    Batches batches;
    for (const Record& gap : *left) {
        fill(gap, answer, at, recorder, batches, out);
    }
    for (auto& [end, batch] : batches) {
        out.batches.push_back(std::move(batch));
    }
    go_on(answer, !out.batches.empty());
    return out;
}

void Backfill::fill(const Record& gap, const LogAnswer& answer, UtcTime at,
                    const PanelRecorder& recorder, Batches& batches, Filled& out) const {
    const auto chain = *recorder.find(gap.point, gap.series);
    if (chain.intervals->identity() != answer.identity) {
        return;
    }
    const auto repaired = metering::repair(
        {gap.start, gap.end, *gap.value, *gap.reg, gap.flags, gap.uncertainty},
        edges_of(answer, gap.point, chain.quantity),
        {&chain.intervals->grid(), chain.intervals->rules().modulus, answer.length});
    for (const metering::Repair::Slot& slot : repaired.slots) {
        Batch& batch = batches[slot.interval.end];
        batch.panel = panel_;
        batch.end = slot.interval.end;
        batch.records.push_back(record_of(slot.interval, gap.point, gap.series,
                                          slot.from_log ? Origin::panel_log : Origin::gateway));
    }
    if (repaired.disagreement) {
        Event event = disagreement_event(*repaired.disagreement, !repaired.slots.empty(), at);
        event.panel = panel_;
        event.source = chain.point_id;
        event.text = "point " + chain.point_id + ": " + event.text;
        out.events.push_back(std::move(event));
    }
}

/// From the beginning as far as there are slots, then from the end back.
void Backfill::go_on(const LogAnswer& answer, bool took_some) {
    state_ = took_some ? State::storing : State::looking;
    if (answer.oldest_end) {
        log_begins_ = std::max(log_begins_, *answer.oldest_end);
    }
    if (!place_->newest_first) {
        place_->newest_first = answer.complete || !took_some;
    } else if (took_some && !answer.complete) {
        place_->end = answer.slots.front().end;
    } else {
        leave_place();
    }
}

}  // namespace metergate::record
