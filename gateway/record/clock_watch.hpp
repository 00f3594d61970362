#pragma once

#include <chrono>
#include <optional>

#include "gateway/model/time.hpp"

namespace metergate::record {

/// Judges civil time by monotonic time. One thread.
///
/// Time is trusted if it is not before `valid_from` (when the program was built, and the newest
/// record of the store: time does not run backwards over what was written). A jump of more than a
/// day, either way, is not believed at once: forward it is trusted when it has stood for ten
/// minutes; backward only when it has passed the newest time that was trusted, because sent records
/// are never rewritten.
class ClockWatch {
  public:
    explicit ClockWatch(UtcTime valid_from) : valid_from_(valid_from) {}

    struct Step {
        UtcTime expected;  ///< what the clock would have said
        UtcTime found;
    };
    struct Observation {
        bool trusted = false;
        std::optional<Step> step;  ///< a step larger than clocks drift, since the last observation
    };
    [[nodiscard]] Observation observe(Instant now, UtcTime utc);

  private:
    struct Pair {
        Instant now;
        UtcTime utc;
    };
    /// A great leap forward that is not believed yet.
    struct Trial {
        Pair before;    ///< what the clock would say without it
        Instant begin;  ///< of the ten minutes
    };
    void judge_step(const Step& step, Instant now);

    UtcTime valid_from_;
    std::optional<Pair> last_;
    std::optional<Trial> trial_;
};

/// The same question for two moments of which both times are known, such as those of two readings:
/// the step between them, nothing if it is within what clocks drift and are slewed.
[[nodiscard]] std::optional<std::chrono::milliseconds> clock_step_between(Instant from_at,
                                                                          UtcTime from_utc,
                                                                          Instant to_at,
                                                                          UtcTime to_utc);

}  // namespace metergate::record
