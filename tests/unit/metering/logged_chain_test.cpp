#include "gateway/metering/logged_chain.hpp"

#include <gtest/gtest.h>

namespace metergate::metering {
namespace {

using namespace std::chrono_literals;
using Slot = LoggedChain::Output::Slot;

/// Noon of 1 March 2024, UTC.
constexpr UtcSeconds noon = utc_from_s(1'709'294'400);
constexpr std::uint64_t meter = 7;
constexpr std::uint64_t other_meter = 8;

/// A panel that counts 100 Wh in each quarter of an hour; heard a minute past noon.
class Logged : public ::testing::Test {
  protected:
    Logged() { chain_.hear(noon + 1min, meter, out_); }

    [[nodiscard]] static LoggedAmount amount(UtcSeconds end, Flags flags = {}) {
        const auto slots = (end - noon) / 15min;
        return {end, 100, 5000 + 100 * slots, flags};
    }
    [[nodiscard]] static LoggedAmount lacking(UtcSeconds end) {
        return {end, {}, {}, Flag::missing | Flag::power_fail};
    }
    void take(const LoggedAmount& amount) { chain_.take(amount, amount.end + 3s, out_); }
    void take_unread(const LoggedAmount& amount) {
        chain_.take_unread(amount, Flags(Flag::missing), out_);
    }
    [[nodiscard]] std::vector<Slot> slots() { return std::exchange(out_.slots, {}); }

    IntervalGrid grid_ = *IntervalGrid::make("UTC", 15min, TimeBase::local);
    LoggedChain chain_{grid_, {.close_wait = 30s, .modulus = 10'000, .always = {}}};
    LoggedChain::Output out_;
};

TEST_F(Logged, begins_with_the_slot_under_way_and_takes_what_the_log_says) {
    EXPECT_EQ(chain_.undecided_edge(), noon + 15min);
    take(amount(noon));
    EXPECT_TRUE(slots().empty()) << "it ended before";
    take({noon + 15min, 42, 4711, Flag::clock_set});
    const auto taken = slots();
    ASSERT_EQ(taken.size(), 1U);
    EXPECT_TRUE(taken[0].from_log);
    EXPECT_EQ(taken[0].interval, (ClosedInterval{.start = noon,
                                                 .end = noon + 15min,
                                                 .value = 42,
                                                 .reg = 4711,
                                                 .flags = Flag::clock_set}));
    EXPECT_EQ(chain_.undecided_edge(), noon + 30min);
    EXPECT_FALSE(chain_.has_unread());
}

TEST_F(Logged, a_slot_is_taken_once) {
    take(amount(noon + 15min));
    EXPECT_EQ(slots().size(), 1U);
    take(amount(noon + 15min));
    take_unread(amount(noon + 15min));
    EXPECT_TRUE(slots().empty());
}

TEST_F(Logged, a_slot_read_after_its_time_says_so) {
    chain_.take(amount(noon + 15min), noon + 15min + 31s, out_);
    EXPECT_EQ(slots().at(0).interval.flags, Flags(Flag::recovered));
}

TEST_F(Logged, what_is_not_read_in_time_is_missing_and_read_later) {
    chain_.close_overdue(noon + 15min + 29s, out_);
    EXPECT_TRUE(slots().empty());
    chain_.close_overdue(noon + 30min + 30s, out_);
    const auto missing = slots();
    ASSERT_EQ(missing.size(), 2U);
    EXPECT_FALSE(missing[0].from_log);
    EXPECT_EQ(missing[0].interval.flags, Flags(Flag::missing));
    EXPECT_FALSE(missing[0].interval.value);
    EXPECT_TRUE(chain_.has_unread());
    EXPECT_EQ(chain_.read_through(), noon);

    take(amount(noon + 45min));
    EXPECT_EQ(slots().at(0).interval.flags, Flags()) << "fresh slots do not wait for old ones";
    EXPECT_EQ(chain_.read_through(), noon);

    take_unread(amount(noon + 15min));
    take_unread(amount(noon + 30min));
    chain_.take_unread(amount(noon + 45min), std::nullopt, out_);
    const auto late = slots();
    ASSERT_EQ(late.size(), 2U) << "the third was read before";
    EXPECT_EQ(late[0].interval.value, 100);
    EXPECT_EQ(late[0].interval.flags, Flags(Flag::recovered));
    EXPECT_TRUE(late[0].from_log);
    EXPECT_FALSE(chain_.has_unread());
}

TEST_F(Logged, slots_left_out_are_missing_and_those_the_log_lacks_are_told_by_it) {
    take(amount(noon + 45min));
    const auto taken = slots();
    ASSERT_EQ(taken.size(), 3U);
    EXPECT_FALSE(taken[0].from_log);
    EXPECT_FALSE(taken[1].from_log);
    take_unread(lacking(noon + 15min));
    const auto told = slots();
    ASSERT_EQ(told.size(), 1U);
    EXPECT_TRUE(told[0].from_log);
    EXPECT_EQ(told[0].interval.flags, Flag::missing | Flag::power_fail);
}

TEST_F(Logged, a_long_slot_begins_where_the_newest_value_ended) {
    take(amount(noon + 15min));
    take(lacking(noon + 30min));
    take(lacking(noon + 45min));
    take(amount(noon + 1h, Flag::long_interval | Flag::power_fail));
    const auto taken = slots();
    ASSERT_EQ(taken.size(), 4U);
    EXPECT_EQ(taken[1].interval.start, noon + 15min);
    EXPECT_EQ(taken[3].interval.start, noon + 15min);
    EXPECT_TRUE(taken[3].interval.flags.has(Flag::long_interval));
}

TEST_F(Logged, a_long_slot_that_began_before_the_series_is_not_billed) {
    take(amount(noon + 15min, Flags(Flag::long_interval)));
    const auto taken = slots();
    ASSERT_EQ(taken.size(), 1U);
    EXPECT_FALSE(taken[0].interval.value) << "the panel had no power until just now";
    EXPECT_TRUE(taken[0].from_log);
    take(amount(noon + 30min));
    EXPECT_EQ(slots().at(0).interval.value, 100);
}

TEST_F(Logged, a_long_slot_after_slots_that_were_not_read_waits_for_them) {
    take(amount(noon + 15min));
    chain_.close_overdue(noon + 46min, out_);
    EXPECT_EQ(slots().size(), 3U);
    take(amount(noon + 1h, Flags(Flag::long_interval)));
    const auto taken = slots();
    ASSERT_EQ(taken.size(), 1U);
    EXPECT_FALSE(taken[0].interval.value) << "where it begins is not known yet";
    take_unread(lacking(noon + 30min));
    take_unread(lacking(noon + 45min));
    take_unread(amount(noon + 1h, Flags(Flag::long_interval)));
    const auto late = slots();
    ASSERT_EQ(late.size(), 3U);
    EXPECT_EQ(late[2].interval.start, noon + 15min);
    EXPECT_EQ(late[2].interval.flags, Flag::long_interval | Flag::recovered);
}

TEST_F(Logged, slots_that_cannot_be_used_are_passed_over) {
    chain_.close_overdue(noon + 2h + 30s, out_);
    EXPECT_EQ(slots().size(), 8U);
    take_unread(amount(noon + 1h, Flags(Flag::long_interval)));
    EXPECT_EQ(slots().at(0).interval.start, noon + 45min) << "nothing is known of those before";
    EXPECT_EQ(chain_.read_through(), noon + 1h);
    chain_.read_up_to(noon + 24h);
    EXPECT_EQ(chain_.read_through(), noon + 2h);
    EXPECT_FALSE(chain_.has_unread());
}

TEST_F(Logged, another_meter_costs_the_slot_in_which_it_came) {
    take(amount(noon + 15min));
    chain_.hear(noon + 17min, other_meter, out_);
    EXPECT_TRUE(out_.meter_changed);
    const auto taken = slots();
    ASSERT_EQ(taken.size(), 2U);
    EXPECT_EQ(taken[1].interval.end, noon + 30min);
    EXPECT_EQ(taken[1].interval.flags, Flag::missing | Flag::meter_changed);
    EXPECT_EQ(chain_.identity(), other_meter);
    EXPECT_FALSE(chain_.has_unread()) << "its log says nothing of the slots before";
    take({noon + 45min, 3, 3, {}});
    EXPECT_EQ(slots().at(0).interval.flags, Flags(Flag::meter_changed));
    EXPECT_TRUE(out_.disagreements.empty()) << "two registers are not compared";
}

TEST_F(Logged, an_identity_learned_later_is_no_other_meter) {
    LoggedChain chain(grid_, {});
    chain.hear(noon, 0, out_);
    EXPECT_EQ(chain.identity(), 0U);
    chain.hear(noon + 1min, meter, out_);
    EXPECT_EQ(chain.identity(), meter);
    EXPECT_FALSE(out_.meter_changed);
    EXPECT_TRUE(chain.take_baseline_due());
}

TEST_F(Logged, another_register_in_its_place_costs_the_slot_too) {
    take(amount(noon + 15min));
    static_cast<void>(slots());
    chain_.end(Flag::config_changed);
    EXPECT_FALSE(chain_.is_open());
    EXPECT_TRUE(chain_.is_recording());
    take(amount(noon + 30min));
    EXPECT_TRUE(slots().empty());
    chain_.hear(noon + 47min, meter, out_);
    const auto missing = slots();
    ASSERT_EQ(missing.size(), 3U);
    EXPECT_EQ(missing[0].interval.flags, Flag::missing | Flag::config_changed);
    take(amount(noon + 75min));
    EXPECT_EQ(slots().at(0).interval.start, noon + 1h);
}

TEST_F(Logged, a_mark_is_on_the_next_slot_and_stays_when_that_is_read_later) {
    chain_.mark(Flag::config_changed);
    chain_.close_overdue(noon + 15min + 30s, out_);
    EXPECT_EQ(slots().at(0).interval.flags, Flag::missing | Flag::config_changed);
    chain_.take_unread(amount(noon + 15min), Flag::missing | Flag::config_changed, out_);
    EXPECT_EQ(slots().at(0).interval.flags, Flag::recovered | Flag::config_changed);
    take(amount(noon + 30min));
    EXPECT_EQ(slots().at(0).interval.flags, Flags());
}

TEST_F(Logged, a_log_that_disagrees_with_itself_is_told_once_and_booked_as_it_is) {
    for (int minute = 15; minute <= 60; minute += 15) {
        auto one = amount(noon + std::chrono::minutes(minute));
        one.value = minute < 45 ? 100 : 90;
        take(one);
    }
    ASSERT_EQ(out_.disagreements.size(), 1U);
    EXPECT_EQ(out_.disagreements[0].start, noon + 30min);
    EXPECT_EQ(out_.disagreements[0].by_register, 100);
    EXPECT_EQ(out_.disagreements[0].by_log, 90);
    EXPECT_EQ(slots().back().interval.value, 90);
}

TEST_F(Logged, a_register_that_passes_its_modulus_agrees) {
    take({noon + 15min, 100, 9'950, {}});
    take({noon + 30min, 100, 50, {}});
    EXPECT_TRUE(out_.disagreements.empty());
}

TEST_F(Logged, a_log_without_registers_is_not_compared) {
    take({noon + 15min, 100, {}, {}});
    take({noon + 30min, 5, {}, {}});
    EXPECT_TRUE(out_.disagreements.empty());
    EXPECT_FALSE(slots().back().interval.reg);
}

TEST_F(Logged, goes_on_where_an_earlier_run_was) {
    take(amount(noon + 15min));
    chain_.close_overdue(noon + 1h, out_);
    EXPECT_TRUE(chain_.take_baseline_due());
    EXPECT_FALSE(chain_.take_baseline_due());
    const auto baseline = chain_.baseline();
    EXPECT_EQ(baseline.edge, noon + 15min);
    EXPECT_EQ(baseline.closed_through, noon + 45min);

    LoggedChain next(grid_, {});
    next.resume(baseline);
    EXPECT_TRUE(next.has_unread());
    EXPECT_EQ(next.read_through(), noon + 15min);
    EXPECT_EQ(next.undecided_edge(), noon + 1h);
    EXPECT_EQ(next.identity(), meter);

    chain_.end(Flag::config_changed);
    LoggedChain ended(grid_, {});
    ended.resume(chain_.baseline());
    EXPECT_FALSE(ended.is_open());
    EXPECT_FALSE(ended.has_unread());
}

TEST_F(Logged, a_baseline_behind_what_the_panel_lacks_catches_up_with_the_next_value) {
    take(amount(noon + 15min));
    take(lacking(noon + 30min));
    chain_.mark(Flag::config_changed);
    EXPECT_TRUE(chain_.take_baseline_due());
    EXPECT_LT(chain_.baseline().edge, chain_.baseline().closed_through);
    take(lacking(noon + 45min));
    EXPECT_TRUE(chain_.take_baseline_due()) << "the mark is used up";
    take(amount(noon + 1h, Flags(Flag::long_interval)));
    EXPECT_TRUE(chain_.take_baseline_due());
    EXPECT_EQ(chain_.baseline().edge, noon + 1h);
    take(amount(noon + 75min));
    EXPECT_FALSE(chain_.take_baseline_due()) << "as nearly always: the records tell";
}

TEST_F(Logged, a_gap_of_very_many_slots_is_not_listed_in_full) {
    chain_.close_overdue(noon + 60 * 24h, out_);
    EXPECT_TRUE(out_.gap_not_recorded);
    EXPECT_LE(slots().size(), 3841U);
    EXPECT_EQ(chain_.closed_through(), noon + 60 * 24h - 15min);
}

TEST_F(Logged, the_hour_that_comes_twice_has_its_slots_twice) {
    const IntervalGrid toronto = *IntervalGrid::make("America/Toronto", 15min, TimeBase::local);
    const UtcSeconds back = utc_from_s(1'730'613'600);  // 3 November 2024, 06:00 UTC
    LoggedChain chain(toronto, {});
    chain.hear(back - 30min, meter, out_);
    for (UtcSeconds end = back - 15min; end <= back + 2h; end += 15min) {
        chain.take({end, 1, {}, {}}, end, out_);
    }
    EXPECT_EQ(slots().size(), 10U);
}

}  // namespace
}  // namespace metergate::metering
