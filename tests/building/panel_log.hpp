#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <vector>

#include "gateway/model/time.hpp"

namespace metergate::building {

/// Bits of a slot as southbound/profiles/metergate-panel.md lists them.
namespace log_flag {
inline constexpr std::uint16_t short_slot = 0x0001;
inline constexpr std::uint16_t long_slot = 0x0002;
inline constexpr std::uint16_t missing = 0x0004;
inline constexpr std::uint16_t clock_set = 0x0010;
inline constexpr std::uint16_t power_failed = 0x0040;
}  // namespace log_flag

/// What a panel remembers of one slot. Energies in Wh, -1 = not available.
struct LoggedSlot {
    UtcSeconds end;  ///< by the panel's own clock
    std::uint16_t flags = 0;
    std::vector<std::int64_t> increments_wh;  ///< per point
    std::vector<std::int64_t> registers_wh;   ///< per point, at the end
};

/// The interval log of one meter: a ring of slots, numbered from 1 for ever. It only counts what it
/// is given; who asks and when is not its business. Times are those of the panel's own clock.
class IntervalLog {
  public:
    /// What the meter shows at one moment.
    struct Registers {
        std::vector<std::int64_t> wh;
        std::vector<std::uint32_t> restarts;  ///< how often the register was set; per point
    };

    /// How a kind of meter keeps it.
    struct Habits {
        bool counts_without_power = true;  ///< a slot without power has a place of its own
        std::size_t erased_at_once = 1;    ///< slots that are given up when it is full
    };

    IntervalLog(std::chrono::minutes length, std::size_t capacity, std::int64_t modulus_wh,
                Habits habits)
        : length_(length), capacity_(capacity), modulus_wh_(modulus_wh), habits_(habits) {}

    /// The meter begins to remember: with its first power, or in another meter's place.
    void begin(UtcTime clock, Registers registers);
    /// When the slot under way ends.
    [[nodiscard]] UtcSeconds next_end() const { return next_end_; }
    /// The slot under way ends now; without registers if the electronics are without power.
    void close(const std::optional<Registers>& registers);
    /// The electronics were without power for a while.
    void note_power_failure() { power_failed_ = true; }
    /// The clock was set: the slot under way ends at the next multiple by the new one.
    void note_clock_set(UtcTime clock);

    [[nodiscard]] std::chrono::minutes length() const { return length_; }
    [[nodiscard]] std::size_t capacity() const { return capacity_; }
    [[nodiscard]] std::uint32_t oldest() const {
        return newest_ - static_cast<std::uint32_t>(slots_.size()) + 1;
    }
    [[nodiscard]] std::uint32_t newest() const { return newest_; }
    /// Null if it is not kept.
    [[nodiscard]] const LoggedSlot* find(std::uint32_t number) const;

  private:
    [[nodiscard]] UtcSeconds end_after(UtcTime clock) const;
    void add(LoggedSlot slot);

    std::chrono::minutes length_;
    std::size_t capacity_;
    std::int64_t modulus_wh_;
    Habits habits_;
    std::deque<LoggedSlot> slots_;
    std::uint32_t newest_ = 0;
    UtcSeconds next_end_;
    Registers last_;       ///< at the end of the newest slot that has any
    UtcTime last_at_;      ///< when that was
    bool missed_ = false;  ///< slots since then have none
    bool power_failed_ = false;
    bool clock_set_ = false;
};

/// One entry of the event log.
struct LoggedEvent {
    std::uint16_t kind = 0;   ///< as the map page numbers them
    std::uint16_t phase = 0;  ///< 0 none, 1 A, 2 B, 3 C
    UtcSeconds start;
    std::optional<UtcSeconds> end;
};

}  // namespace metergate::building
