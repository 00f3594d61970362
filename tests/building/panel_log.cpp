#include "tests/building/panel_log.hpp"

#include <utility>

namespace metergate::building {

UtcSeconds IntervalLog::end_after(UtcTime clock) const {
    return std::chrono::floor<std::chrono::seconds>(clock) -
           std::chrono::floor<std::chrono::seconds>(clock).time_since_epoch() % length_ + length_;
}

void IntervalLog::begin(UtcTime clock, Registers registers) {
    slots_.clear();
    newest_ = 0;
    next_end_ = end_after(clock);
    last_ = std::move(registers);
    last_at_ = clock;
    missed_ = power_failed_ = clock_set_ = false;
}

void IntervalLog::close(const std::optional<Registers>& registers) {
    LoggedSlot slot;
    slot.end = next_end_;
    next_end_ += length_;
    slot.flags |= power_failed_ ? log_flag::power_failed : 0U;
    slot.flags |= clock_set_ ? log_flag::clock_set : 0U;
    if (!registers && !habits_.counts_without_power) {
        missed_ = true;
        return;
    }
    if (!registers) {
        slot.flags |= log_flag::missing | log_flag::power_failed;
        slot.increments_wh.assign(last_.wh.size(), -1);
        slot.registers_wh = slot.increments_wh;
        missed_ = power_failed_ = true;
        add(std::move(slot));
        return;
    }
    const bool is_short = !missed_ && slot.end - last_at_ < length_;
    const bool is_long = missed_ || slot.end - last_at_ > length_;
    slot.flags |= is_short ? log_flag::short_slot : 0U;
    slot.flags |= is_long ? log_flag::long_slot : 0U;
    for (std::size_t i = 0; i < registers->wh.size(); ++i) {
        const bool counted_on = registers->restarts[i] == last_.restarts[i];
        const std::int64_t step = registers->wh[i] - last_.wh[i];
        slot.increments_wh.push_back(!counted_on ? -1 : step < 0 ? step + modulus_wh_ : step);
    }
    slot.registers_wh = registers->wh;
    last_ = *registers;
    last_at_ = slot.end;
    missed_ = power_failed_ = clock_set_ = false;
    add(std::move(slot));
}

void IntervalLog::note_clock_set(UtcTime clock) {
    clock_set_ = true;
    next_end_ = end_after(clock);
}

void IntervalLog::add(LoggedSlot slot) {
    ++newest_;
    slots_.push_back(std::move(slot));
    if (slots_.size() > capacity_) {
        slots_.erase(slots_.begin(),
                     slots_.begin() + static_cast<std::ptrdiff_t>(habits_.erased_at_once));
    }
}

const LoggedSlot* IntervalLog::find(std::uint32_t number) const {
    const bool kept = number != 0 && number >= oldest() && number <= newest_;
    return kept ? &slots_[number - oldest()] : nullptr;
}

}  // namespace metergate::building
