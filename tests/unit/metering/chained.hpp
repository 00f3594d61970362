#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <vector>

#include "gateway/metering/interval_chain.hpp"

namespace metergate::metering {

using std::chrono::milliseconds;
using std::chrono::seconds;

/// Noon of 1 March 2024, UTC. Times of readings are counted from here.
inline constexpr UtcSeconds noon = utc_from_s(1'709'294'400);

inline IntervalGrid quarter_hours() {
    return *IntervalGrid::make("UTC", seconds{900}, TimeBase::local);
}

inline ChainRules rules_of_48_kw() {
    return {.bracket_max = seconds{60},
            .close_wait = seconds{30},
            .modulus = 0,
            .power_max_w = 48'000,
            .always = {}};
}

/// A chain and what came out of it; time runs evenly unless the civil clock is stepped.
class Chained {
  public:
    explicit Chained(ChainRules rules = rules_of_48_kw(), IntervalGrid grid = quarter_hours())
        : grid_(grid), rules_(rules), chain(grid_, rules) {}

    void read(milliseconds after_noon, Milli reg, std::uint64_t identity = 7) {
        chain.feed({Instant{} + after_noon - clock_error, noon + after_noon, identity, reg}, out);
    }
    /// Readings each 10 s from `from` through `through`, the register rising by `step` with each.
    Milli read_steadily(seconds from, seconds through, Milli reg, Milli step) {
        for (seconds at = from; at <= through; at += seconds{10}) {
            read(at, reg += step);
        }
        return reg;
    }
    void overdue(milliseconds after_noon) { chain.close_overdue(noon + after_noon, out); }

    void restart() {
        const auto baseline = chain.baseline();
        const auto last = chain.last_reading();
        chain = IntervalChain(grid_, rules_);
        chain.resume(baseline);
        if (last) {
            chain.resume_reading(last->at_utc, last->reg);
        }
    }

    [[nodiscard]] const std::vector<ClosedInterval>& intervals() const { return out.intervals; }
    [[nodiscard]] std::size_t notices(EventKind kind) const {
        return static_cast<std::size_t>(
            std::count_if(out.notices.begin(), out.notices.end(),
                          [kind](const ChainNotice& notice) { return notice.kind == kind; }));
    }
    [[nodiscard]] Milli sum() const {
        Milli sum = 0;
        for (const auto& interval : out.intervals) {
            sum += interval.value.value_or(0);
        }
        return sum;
    }

    seconds clock_error{0};  ///< civil time minus true time

  private:
    IntervalGrid grid_;
    ChainRules rules_;

  public:
    IntervalChain chain;
    ChainOutput out;
};

/// Fail the test that calls them; times are counted from noon.
void expect_interval(const ClosedInterval& interval, seconds start, seconds end, Milli value,
                     Flags flags);
void expect_missing(const ClosedInterval& interval, seconds start, seconds end, Flags reasons = {});

}  // namespace metergate::metering
