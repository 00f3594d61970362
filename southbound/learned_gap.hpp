#pragma once

#include <chrono>
#include <optional>

#include "gateway/model/time.hpp"

namespace metergate::southbound {

/// How long one panel is left in peace after its own reply. Some ignore a request that comes too
/// soon: that shows as timeouts of hurried requests, those that follow a reply of the same panel
/// within the ceiling. Pure; one thread.
///
/// A first such timeout may be chance and costs 5 ms; the next ones, if they come soon, four times
/// the pause before, so that a panel is not lost before it is understood. A pause without trouble
/// is shortened bit by bit, never to one that was seen to be too short.
class LearnedGap {
  public:
    static constexpr Duration first = std::chrono::milliseconds{5};
    /// Timeouts of hurried requests further apart than so many are chance.
    static constexpr unsigned soon = 8;
    /// A gap is shortened after so many hurried requests without a timeout.
    static constexpr unsigned calm_needed = 1000;

    /// Never longer than `ceiling`; 0 = nothing is learned.
    explicit LearnedGap(Duration ceiling) : ceiling_(ceiling) {}

    [[nodiscard]] Duration gap() const { return gap_; }
    /// A request begun `waited` after the panel's last reply was answered, or refused.
    void answered(Duration waited);
    /// It was not.
    void timed_out(Duration waited);

  private:
    Duration ceiling_;
    Duration gap_{};
    Duration floor_{};                ///< shorter ones were too short
    std::optional<Duration> proven_;  ///< long enough: that before the last shortening
    unsigned since_timeout_ = 0;      ///< hurried requests
};

}  // namespace metergate::southbound
