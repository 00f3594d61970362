#include "southbound/learned_gap.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace metergate::southbound {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Duration ceiling = milliseconds{200};
constexpr Duration silence = milliseconds{2};

TEST(LearnedGap, begins_with_none) {
    EXPECT_EQ(LearnedGap(ceiling).gap(), Duration{});
}

TEST(LearnedGap, grows_fourfold_with_timeouts_that_follow_each_other_up_to_its_ceiling) {
    LearnedGap gap(ceiling);
    std::vector<Duration> grown;
    for (int i = 0; i < 5; ++i) {
        gap.timed_out(std::max(silence, gap.gap()));
        grown.push_back(gap.gap());
    }
    EXPECT_EQ(grown, (std::vector<Duration>{milliseconds{5}, milliseconds{20}, milliseconds{80},
                                            ceiling, ceiling}));
}

TEST(LearnedGap, learns_nothing_from_requests_that_were_not_hurried) {
    LearnedGap gap(ceiling);
    for (int i = 0; i < 10; ++i) {
        gap.timed_out(seconds{8});
    }
    EXPECT_EQ(gap.gap(), Duration{});
    LearnedGap off(Duration{});
    off.timed_out(silence);
    EXPECT_EQ(off.gap(), Duration{});
}

TEST(LearnedGap, of_a_panel_that_lost_one_request_by_chance_is_forgotten) {
    LearnedGap gap(ceiling);
    gap.timed_out(silence);
    EXPECT_EQ(gap.gap(), milliseconds{5});
    for (unsigned i = 0; i < LearnedGap::calm_needed; ++i) {
        gap.answered(milliseconds{5});
    }
    EXPECT_EQ(gap.gap(), Duration{});
}

TEST(LearnedGap, does_not_grow_by_timeouts_far_from_each_other) {
    LearnedGap gap(ceiling);
    for (int times = 0; times < 50; ++times) {
        gap.timed_out(std::max(silence, gap.gap()));
        for (int i = 0; i < 100; ++i) {
            gap.answered(std::max(silence, gap.gap()));
        }
    }
    EXPECT_EQ(gap.gap(), milliseconds{5});
}

TEST(LearnedGap, of_any_panel_is_long_enough_after_a_handful_of_timeouts_and_for_ever) {
    constexpr unsigned seed = 4;
    std::minstd_rand random(seed);
    for (int panel = 0; panel < 300; ++panel) {
        const Duration needed{random() % 180'000};
        LearnedGap gap(ceiling);
        unsigned timeouts = 0;
        int last_timeout = 0;
        for (int request = 1; request <= 40'000; ++request) {
            const Duration waited = std::max(silence, gap.gap());
            if (waited < needed) {
                gap.timed_out(waited);
                ++timeouts;
                last_timeout = request;
            } else {
                gap.answered(waited);
            }
        }
        EXPECT_LE(timeouts, 5U) << needed.count() << " us, seed " << seed;
        EXPECT_LE(last_timeout, 20'000) << needed.count() << " us, seed " << seed;
        EXPECT_LE(gap.gap(), std::max<Duration>(milliseconds{5}, needed * 5 / 2));
    }
}

}  // namespace
}  // namespace metergate::southbound
