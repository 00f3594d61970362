#include "gateway/record/clock_watch.hpp"

#include <algorithm>

namespace metergate::record {
namespace {

using std::chrono::milliseconds;

/// A day, and what the two clocks are read apart.
constexpr milliseconds leap_min = std::chrono::hours{24} + std::chrono::seconds{1};
constexpr Duration leap_trial = std::chrono::minutes{10};

UtcTime moved(UtcTime utc, Duration by) {
    return utc + std::chrono::floor<milliseconds>(by);
}

bool is_leap(const ClockWatch::Step& step) {
    return std::chrono::abs(step.found - step.expected) > leap_min;
}

}  // namespace

std::optional<milliseconds> clock_step_between(Instant from_at, UtcTime from_utc, Instant to_at,
                                               UtcTime to_utc) {
    const Duration elapsed = to_at - from_at;
    const milliseconds step = to_utc - moved(from_utc, elapsed);
    // A time server slews by up to 500 ppm; smaller differences are not worth a word.
    const milliseconds drift = milliseconds{1500} + std::chrono::floor<milliseconds>(
                                                        std::max(elapsed, Duration{0}) / 2000);
    return step > drift || step < -drift ? std::optional(step) : std::nullopt;
}

ClockWatch::Observation ClockWatch::observe(Instant now, UtcTime utc) {
    Observation seen;
    if (last_ && clock_step_between(last_->now, last_->utc, now, utc)) {
        seen.step = Step{moved(last_->utc, now - last_->now), utc};
        judge_step(*seen.step, now);
    }
    last_ = Pair{now, utc};
    if (trial_ && now - trial_->begin >= leap_trial) {
        trial_.reset();
    }
    seen.trusted = utc >= valid_from_ && !trial_;
    return seen;
}

void ClockWatch::judge_step(const Step& step, Instant now) {
    if (trial_) {
        const UtcTime without_leap = moved(trial_->before.utc, now - trial_->before.now);
        const milliseconds left = step.found - without_leap;
        if (left < leap_min && left > -leap_min) {
            trial_.reset();  // the leap was taken back
        } else if (is_leap(step)) {
            trial_->begin = now;
        }
    } else if (step.expected >= valid_from_ && is_leap(step)) {
        if (step.found > step.expected) {
            trial_ = Trial{{now, step.expected}, now};
        } else {
            valid_from_ = step.expected;
        }
    }
}

}  // namespace metergate::record
