#pragma once

#include <chrono>
#include <cstdint>

namespace metergate {

/// Tag of the monotonic time line: timeouts, plans, rates. Its zero means nothing; it never steps.
struct MonotonicTimeline {
    using duration = std::chrono::microseconds;
    using rep = duration::rep;
    using period = duration::period;
    using time_point = std::chrono::time_point<MonotonicTimeline, duration>;
    static constexpr bool is_steady = true;
};

/// A point of monotonic time. Never mixed with UtcTime.
using Instant = MonotonicTimeline::time_point;
using Duration = std::chrono::microseconds;

/// "Not before something else happens."
inline constexpr Instant never = Instant::max();

/// Civil time for stamps, as the system clock tells it; it may step.
using UtcTime = std::chrono::sys_time<std::chrono::milliseconds>;

/// Edges of intervals: whole seconds of UTC.
using UtcSeconds = std::chrono::sys_seconds;

[[nodiscard]] constexpr std::int64_t epoch_s(UtcSeconds time) {
    return time.time_since_epoch().count();
}
[[nodiscard]] constexpr std::int64_t epoch_ms(UtcTime time) {
    return time.time_since_epoch().count();
}
[[nodiscard]] constexpr UtcSeconds utc_from_s(std::int64_t seconds) {
    return UtcSeconds{std::chrono::seconds{seconds}};
}
[[nodiscard]] constexpr UtcTime utc_from_ms(std::int64_t milliseconds) {
    return UtcTime{std::chrono::milliseconds{milliseconds}};
}

}  // namespace metergate
