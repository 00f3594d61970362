#include "southbound/wire_share.hpp"

#include <gtest/gtest.h>

namespace metergate::southbound {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Instant start{seconds{100}};

TEST(WireShare, is_free_at_first) {
    EXPECT_LE(WireShare(2).free_at(), start);
}

TEST(WireShare, half_a_second_is_paid_for_with_25_from_its_beginning) {
    WireShare share(2);
    share.spent(start, start + milliseconds{500});
    EXPECT_EQ(share.free_at(), start + seconds{25});
}

TEST(WireShare, requests_soon_after_each_other_add_up) {
    WireShare share(2);
    share.spent(start, start + milliseconds{100});
    share.spent(start + milliseconds{100}, start + milliseconds{300});
    EXPECT_EQ(share.free_at(), start + seconds{15});
}

TEST(WireShare, what_was_not_spent_is_not_saved_up) {
    WireShare share(2);
    share.spent(start, start + milliseconds{100});
    share.spent(start + seconds{3600}, start + milliseconds{3'600'100});
    EXPECT_EQ(share.free_at(), start + seconds{3605});
}

TEST(WireShare, spent_as_soon_as_it_is_free_takes_two_percent_of_the_time) {
    WireShare share(2);
    Instant now = start;
    Duration taken{};
    while (now < start + seconds{3600}) {
        share.spent(now, now + milliseconds{523});
        taken += milliseconds{523};
        now = share.free_at();
    }
    EXPECT_EQ(taken * 50, now - start);
}

TEST(WireShare, a_quarter_is_paid_for_with_three_times_as_long_without) {
    WireShare share(25);
    share.spent(start, start + milliseconds{20});
    EXPECT_EQ(share.free_at(), start + milliseconds{80});
}

}  // namespace
}  // namespace metergate::southbound
