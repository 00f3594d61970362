#include "southbound/line_load.hpp"

#include <gtest/gtest.h>

namespace metergate::southbound {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Instant start{seconds{1000}};

TEST(WireUse, is_nothing_before_a_second_has_passed) {
    WireUse use(start);
    use.busy(start, start + milliseconds{500});
    EXPECT_EQ(use.percent(start), 0.0);
    EXPECT_EQ(use.percent(start + milliseconds{999}), 0.0);
    EXPECT_EQ(use.percent(start + seconds{1}), 50.0);
}

TEST(WireUse, of_a_line_that_is_young_is_over_its_age) {
    WireUse use(start);
    use.busy(start + seconds{2}, start + seconds{4});
    EXPECT_EQ(use.percent(start + seconds{8}), 25.0);
}

TEST(WireUse, is_over_the_last_minute) {
    WireUse use(start);
    use.busy(start, start + seconds{30});
    EXPECT_EQ(use.percent(start + seconds{60}), 50.0);
    EXPECT_EQ(use.percent(start + seconds{75}), 25.0);
    EXPECT_EQ(use.percent(start + seconds{90}), 0.0);
    EXPECT_EQ(use.percent(start + seconds{9000}), 0.0);
}

TEST(WireUse, across_the_edge_of_a_second_is_split) {
    WireUse use(start);
    use.busy(start + milliseconds{900}, start + milliseconds{1300});
    EXPECT_NEAR(use.percent(start + seconds{1}), 10.0, 1e-9);
    EXPECT_NEAR(use.percent(start + seconds{2}), 20.0, 1e-9);
}

TEST(WireUse, of_one_request_longer_than_a_minute_is_100_percent) {
    WireUse use(start);
    use.busy(start, start + seconds{500});
    EXPECT_EQ(use.percent(start + seconds{500}), 100.0);
}

TEST(PollCost, is_the_share_of_the_wire_at_the_period) {
    PollCost cost;
    EXPECT_EQ(cost.percent(seconds{10}), 0.0);
    cost.polled(milliseconds{500});
    EXPECT_EQ(cost.percent(seconds{10}), 5.0);
    EXPECT_EQ(cost.percent(milliseconds{250}), 200.0);
}

TEST(PollCost, of_polls_that_differ_is_their_mean) {
    PollCost cost;
    for (int i = 0; i < 100; ++i) {
        cost.polled(milliseconds{i % 2 == 0 ? 400 : 600});
    }
    EXPECT_NEAR(cost.percent(seconds{1}), 50.0, 1.0);
}

}  // namespace
}  // namespace metergate::southbound
