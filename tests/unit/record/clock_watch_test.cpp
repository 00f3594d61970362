#include "gateway/record/clock_watch.hpp"

#include <gtest/gtest.h>

namespace metergate::record {
namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;

const UtcTime built = utc_from_ms(1'700'000'000'000);
const UtcTime today = built + 24h * 100;
constexpr auto ten_years = 24h * 3'652;

/// A clock watch with a clock that can be set.
class Watched {
  public:
    explicit Watched(UtcTime utc, UtcTime valid_from = built) : watch_(valid_from), utc_(utc) {}

    ClockWatch::Observation after(Duration time) {
        now_ += time;
        utc_ += std::chrono::floor<milliseconds>(time);
        return watch_.observe(now_, utc_);
    }
    ClockWatch::Observation after_setting(milliseconds by) {
        utc_ += by;
        return after(250ms);
    }

  private:
    ClockWatch watch_;
    Instant now_{};
    UtcTime utc_;
};

TEST(ClockWatch, a_clock_after_the_program_was_built_is_trusted_at_once) {
    Watched clock(today);
    const auto seen = clock.after(0s);
    EXPECT_TRUE(seen.trusted);
    EXPECT_FALSE(seen.step);
}

TEST(ClockWatch, the_year_1970_is_not_trusted_until_the_clock_is_set) {
    Watched clock(utc_from_ms(5'000));
    EXPECT_FALSE(clock.after(0s).trusted);
    EXPECT_FALSE(clock.after(1h).trusted);
    const auto seen = clock.after_setting(today - utc_from_ms(5'000));
    EXPECT_TRUE(seen.trusted);
    ASSERT_TRUE(seen.step);
    EXPECT_LT(seen.step->expected, built);
    EXPECT_GT(seen.step->found, today);
}

TEST(ClockWatch, time_before_the_newest_record_is_not_trusted_until_it_has_passed) {
    Watched clock(today - 10s, today);
    EXPECT_FALSE(clock.after(0s).trusted);
    EXPECT_FALSE(clock.after(9s).trusted);
    EXPECT_TRUE(clock.after(1s).trusted);
}

TEST(ClockWatch, drift_and_slewing_are_no_step) {
    Watched clock(today);
    EXPECT_FALSE(clock.after(0s).step);
    EXPECT_FALSE(clock.after_setting(1s).step);
    EXPECT_FALSE(clock.after_setting(-1s).step);
    EXPECT_FALSE(clock_step_between(Instant{}, today, Instant{1h}, today + 1h + 1800ms));
}

TEST(ClockWatch, a_step_tells_what_was_expected_and_what_was_found) {
    Watched clock(today);
    static_cast<void>(clock.after(0s));
    const auto forward = clock.after_setting(61s);
    ASSERT_TRUE(forward.step);
    EXPECT_EQ(forward.step->expected, today + 250ms);
    EXPECT_EQ(forward.step->found, today + 61s + 250ms);
    EXPECT_TRUE(forward.trusted);
    const auto back = clock.after_setting(-1h);
    ASSERT_TRUE(back.step);
    EXPECT_EQ(back.step->found - back.step->expected, -1h);
    EXPECT_TRUE(back.trusted);
    EXPECT_FALSE(clock.after(1s).step);
}

TEST(ClockWatch, a_leap_forward_is_trusted_when_it_has_stood_for_ten_minutes) {
    Watched clock(today);
    static_cast<void>(clock.after(0s));
    EXPECT_FALSE(clock.after_setting(ten_years).trusted);
    EXPECT_FALSE(clock.after(599s).trusted);
    EXPECT_TRUE(clock.after(1s).trusted);
}

TEST(ClockWatch, a_leap_that_is_taken_back_in_time_changes_nothing) {
    Watched clock(today);
    static_cast<void>(clock.after(0s));
    EXPECT_FALSE(clock.after_setting(ten_years).trusted);
    EXPECT_FALSE(clock.after(5min).trusted);
    EXPECT_TRUE(clock.after_setting(-ten_years).trusted);
    EXPECT_TRUE(clock.after(1h).trusted);
}

TEST(ClockWatch, a_leap_taken_back_to_within_a_day_is_taken_back) {
    Watched clock(today);
    static_cast<void>(clock.after(0s));
    EXPECT_FALSE(clock.after_setting(ten_years).trusted);
    EXPECT_TRUE(clock.after_setting(-ten_years + 2h).trusted);
}

TEST(ClockWatch, a_second_leap_begins_the_trial_again) {
    Watched clock(today);
    static_cast<void>(clock.after(0s));
    EXPECT_FALSE(clock.after_setting(ten_years).trusted);
    EXPECT_FALSE(clock.after(9min).trusted);
    EXPECT_FALSE(clock.after_setting(ten_years).trusted);
    EXPECT_FALSE(clock.after(9min).trusted);
    EXPECT_TRUE(clock.after(1min).trusted);
}

TEST(ClockWatch, a_small_correction_during_the_trial_does_not_begin_it_again) {
    Watched clock(today);
    static_cast<void>(clock.after(0s));
    EXPECT_FALSE(clock.after_setting(ten_years).trusted);
    EXPECT_FALSE(clock.after(9min).trusted);
    EXPECT_FALSE(clock.after_setting(5s).trusted);
    EXPECT_TRUE(clock.after(1min).trusted);
}

TEST(ClockWatch, a_leap_back_is_not_trusted_before_time_was_caught_up) {
    Watched clock(today);
    static_cast<void>(clock.after(0s));
    EXPECT_FALSE(clock.after_setting(-48h).trusted);
    EXPECT_FALSE(clock.after(47h).trusted);
    EXPECT_TRUE(clock.after(1h).trusted);
}

TEST(ClockWatch, a_leap_back_that_is_corrected_is_trusted_at_once) {
    Watched clock(today);
    static_cast<void>(clock.after(0s));
    EXPECT_FALSE(clock.after_setting(-48h).trusted);
    EXPECT_TRUE(clock.after_setting(48h).trusted);
}

}  // namespace
}  // namespace metergate::record
