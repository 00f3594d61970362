#include "southbound/reply_time.hpp"

#include <gtest/gtest.h>

namespace metergate::southbound {
namespace {

using std::chrono::milliseconds;

constexpr Duration least = milliseconds{100};
constexpr Duration most = milliseconds{1000};

void answer(ReplyTime& time, std::size_t count, Duration taken) {
    for (std::size_t i = 0; i < count; ++i) {
        time.answered(taken);
    }
}

TEST(ReplyTime, is_not_learned_from_fewer_than_32_replies) {
    ReplyTime time(least, most);
    EXPECT_EQ(time.timeout(), most);
    answer(time, 31, milliseconds{60});
    EXPECT_EQ(time.timeout(), most);
    time.answered(milliseconds{60});
    EXPECT_EQ(time.timeout(), milliseconds{180});
}

TEST(ReplyTime, keeps_between_floor_and_ceiling) {
    ReplyTime quick(least, most);
    answer(quick, 100, milliseconds{5});
    EXPECT_EQ(quick.timeout(), least);
    ReplyTime slow(least, most);
    answer(slow, 100, milliseconds{800});
    EXPECT_EQ(slow.timeout(), most);
}

TEST(ReplyTime, with_a_floor_above_its_ceiling_is_the_ceiling) {
    ReplyTime time(milliseconds{100}, milliseconds{50});
    answer(time, 100, milliseconds{1});
    EXPECT_EQ(time.timeout(), milliseconds{50});
}

TEST(ReplyTime, median_and_p99_are_ranks_of_what_was_measured) {
    ReplyTime time(least, most);
    EXPECT_FALSE(time.spread());
    for (int ms = 200; ms >= 1; --ms) {
        time.answered(milliseconds{ms});
    }
    const auto spread = time.spread();
    ASSERT_TRUE(spread);
    EXPECT_EQ(spread->median, milliseconds{100});
    EXPECT_EQ(spread->p99, milliseconds{198});
    EXPECT_EQ(spread->slowest, milliseconds{200});
}

TEST(ReplyTime, a_reply_that_came_is_never_cut_off_while_it_is_remembered) {
    ReplyTime time(least, most);
    answer(time, 400, milliseconds{10});
    time.answered(milliseconds{300});
    EXPECT_EQ(time.spread()->p99, milliseconds{10});
    EXPECT_EQ(time.timeout(), milliseconds{450});
    answer(time, ReplyTime::remembered_max - 1, milliseconds{10});
    EXPECT_EQ(time.timeout(), milliseconds{450});
    answer(time, ReplyTime::replies_to_learn, milliseconds{10});
    EXPECT_EQ(time.timeout(), least);
}

TEST(ReplyTime, after_a_timeout_waits_the_ceiling_until_a_poll_was_answered) {
    ReplyTime time(least, most);
    answer(time, 100, milliseconds{10});
    time.timed_out();
    EXPECT_EQ(time.timeout(), most);
    time.answered(milliseconds{10});
    EXPECT_EQ(time.timeout(), most);
    time.poll_answered();
    EXPECT_EQ(time.timeout(), least);
}

TEST(ReplyTime, of_a_panel_that_became_slower_is_learned_upward_by_one_timeout) {
    ReplyTime time(least, most);
    answer(time, 512, milliseconds{20});
    unsigned timeouts = 0;
    for (int poll = 0; poll < 1000; ++poll) {
        if (time.timeout() < milliseconds{400}) {
            ++timeouts;
            time.timed_out();
        } else {
            time.answered(milliseconds{400});
            time.poll_answered();
        }
    }
    EXPECT_EQ(timeouts, 1U);
}

TEST(ReplyTime, measured_shorter_than_nothing_counts_as_nothing) {
    ReplyTime time(least, most);
    time.answered(milliseconds{-3});
    EXPECT_EQ(time.spread()->median, Duration{});
}

}  // namespace
}  // namespace metergate::southbound
