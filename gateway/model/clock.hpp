#pragma once

#include "gateway/model/time.hpp"

namespace metergate {

/// The only source of time. Passed in by reference to whatever needs it; any thread may call it.
class Clock {
  public:
    virtual ~Clock() = default;
    [[nodiscard]] virtual Instant now() const = 0;
    [[nodiscard]] virtual UtcTime utc() const = 0;
};

/// The clocks of the machine: CLOCK_MONOTONIC (CLOCK_BOOTTIME, so that a suspended machine does not
/// stop it) and CLOCK_REALTIME.
class SystemClock final : public Clock {
  public:
    [[nodiscard]] Instant now() const override;
    [[nodiscard]] UtcTime utc() const override;
};

/// A time line that moves only when told: the one clock of tests and simulations. One thread.
class VirtualClock final : public Clock {
  public:
    explicit VirtualClock(UtcTime utc_at_zero) : utc_offset_(utc_at_zero.time_since_epoch()) {}

    [[nodiscard]] Instant now() const override { return now_; }
    [[nodiscard]] UtcTime utc() const override {
        return UtcTime{utc_offset_ +
                       std::chrono::floor<std::chrono::milliseconds>(now_.time_since_epoch())};
    }

    /// Moves forward; an earlier instant changes nothing.
    void advance_to(Instant instant) {
        if (instant > now_) {
            now_ = instant;
        }
    }
    void advance(Duration by) { now_ += by; }

    /// What a wrong hand or a time server does: civil time jumps, monotonic time does not.
    void step_utc(std::chrono::milliseconds by) { utc_offset_ += by; }

  private:
    Instant now_{};
    std::chrono::milliseconds utc_offset_;
};

}  // namespace metergate
