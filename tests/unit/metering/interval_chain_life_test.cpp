#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "tests/unit/metering/chained.hpp"

namespace metergate::metering {
namespace {

using namespace std::chrono_literals;

TEST(IntervalChain, a_change_of_meter_splits_the_slot_and_books_nothing_in_between) {
    Chained meter;
    meter.read(0s, 500'000, 7);
    meter.read(300s, 500'200, 7);
    meter.read(310s, 90'000'000, 8);
    EXPECT_EQ(meter.notices(EventKind::meter_changed), 1U);
    meter.read(895s, 90'000'100, 8);
    meter.read(905s, 90'000'110, 8);
    ASSERT_EQ(meter.intervals().size(), 2U);
    expect_interval(meter.intervals()[0], 0s, 300s, 200,
                    Flag::short_interval | Flag::meter_changed);
    expect_interval(meter.intervals()[1], 310s, 900s, 105,
                    Flag::short_interval | Flag::meter_changed | Flag::interpolated);
}

TEST(IntervalChain, what_happened_after_the_last_reading_of_a_meter_is_not_told_of_it) {
    Chained meter;
    meter.read(0s, 500'000, 7);
    meter.chain.mark(Flag::clock_set, noon + 10s);
    meter.read(300s, 500'200, 7);
    meter.chain.mark(Flag::power_fail, noon + 305s);
    meter.read(310s, 40, 8);
    ASSERT_EQ(meter.intervals().size(), 1U);
    expect_interval(meter.intervals()[0], 0s, 300s, 200,
                    Flag::short_interval | Flag::meter_changed | Flag::clock_set);
}

TEST(IntervalChain, a_change_of_meter_across_an_edge_leaves_the_slot_accounted_for) {
    Chained meter;
    meter.read(0s, 500'000, 7);
    meter.read(895s, 500'200, 7);
    meter.read(905s, 40, 8);
    meter.read(1'795s, 100, 8);
    meter.read(1'805s, 110, 8);
    ASSERT_EQ(meter.intervals().size(), 3U);
    expect_interval(meter.intervals()[0], 0s, 895s, 200,
                    Flag::short_interval | Flag::meter_changed);
    expect_missing(meter.intervals()[1], 895s, 900s);
    expect_interval(meter.intervals()[2], 905s, 1'800s, 65,
                    Flag::short_interval | Flag::meter_changed | Flag::interpolated);
}

TEST(IntervalChain, a_change_of_meter_within_the_second_of_an_edge_overlaps_nowhere) {
    Chained meter;
    meter.read(0s, 500'000, 7);
    meter.read(899'800ms, 500'200, 7);
    meter.read(900'300ms, 500'204, 7);
    meter.read(900'500ms, 40, 8);
    meter.read(900'600ms, 41, 8);
    meter.read(905s, 45, 8);
    meter.read(1'795s, 100, 8);
    meter.read(1'805s, 110, 8);
    UtcSeconds through = noon;
    for (const auto& interval : meter.intervals()) {
        EXPECT_EQ(interval.start, through);
        EXPECT_GT(interval.end, interval.start);
        EXPECT_TRUE(interval.value);
        EXPECT_FALSE(interval.flags.has(Flag::long_interval));
        through = interval.end;
    }
    EXPECT_EQ(through, noon + 1'800s);
    EXPECT_EQ(meter.sum(), 204 + 65);
}

TEST(IntervalChain, a_change_of_meter_after_the_clock_went_back_overlaps_nothing) {
    Chained meter;
    meter.read(0s, 500'000, 7);
    meter.read(895s, 500'200, 7);
    meter.read(905s, 500'210, 7);
    meter.clock_error = -1h;
    meter.read(915s - 1h, 500'220, 7);
    meter.read(925s - 1h, 40, 8);
    meter.read(935s - 1h, 50, 8);
    meter.read(1'795s, 100, 8);
    meter.read(1'805s, 110, 8);
    UtcSeconds through = noon;
    for (const auto& interval : meter.intervals()) {
        EXPECT_GE(interval.start, through);
        through = interval.end;
    }
    EXPECT_EQ(through, noon + 1'800s);
    EXPECT_EQ(meter.sum(), 220 + 65);
    for (std::size_t i = 1; i < meter.intervals().size(); ++i) {
        // More flowed than the clock shows time for, and the clock shows less than a slot.
        const Flags flags = meter.intervals()[i].flags;
        EXPECT_TRUE(flags.has(Flag::long_interval) && flags.has(Flag::short_interval)) << i;
    }
}

TEST(IntervalChain, why_a_chain_was_opened_is_known_after_a_restart_too) {
    Chained meter;
    meter.read(0s, 500'000, 7);
    meter.read(100s, 500'010, 7);
    meter.read(110s, 40, 8);
    ASSERT_TRUE(meter.chain.take_baseline_due());
    meter.restart();
    meter.read(895s, 100, 8);
    meter.read(905s, 110, 8);
    expect_interval(meter.intervals().back(), 110s, 900s, 65,
                    Flag::short_interval | Flag::meter_changed | Flag::interpolated);
}

TEST(IntervalChain, a_mark_on_the_open_slot_is_worth_storing_and_outlives_a_restart) {
    Chained meter;
    meter.read(0s, 1'000);
    (void)meter.chain.take_baseline_due();
    meter.chain.mark({}, noon + 10s);
    EXPECT_FALSE(meter.chain.take_baseline_due()) << "nothing new";
    meter.chain.mark(Flag::clock_set, noon + 10s);
    EXPECT_TRUE(meter.chain.take_baseline_due());
    meter.restart();
    meter.read(895s, 1'100);
    meter.read(905s, 1'110);
    EXPECT_TRUE(meter.intervals().back().flags.has(Flag::clock_set));
    meter.restart();
    meter.read(1'795s, 1'200);
    meter.read(1'805s, 1'210);
    EXPECT_FALSE(meter.intervals().back().flags.has(Flag::clock_set));
}

TEST(IntervalChain, a_change_of_meter_over_a_restart_is_noticed) {
    Chained meter;
    meter.read(0s, 500'000, 7);
    meter.read(100s, 500'010, 7);
    meter.restart();
    meter.read(200s, 500'030, 8);
    EXPECT_EQ(meter.notices(EventKind::meter_changed), 1U);
    ASSERT_EQ(meter.intervals().size(), 1U);
    expect_interval(meter.intervals()[0], 0s, 100s, 10, Flag::short_interval | Flag::meter_changed);
}

TEST(IntervalChain, an_identity_that_becomes_known_is_no_change_and_is_worth_storing) {
    Chained meter;
    meter.read(0s, 500'000, 0);
    EXPECT_TRUE(meter.chain.take_baseline_due());
    meter.read(10s, 500'010, 7);
    EXPECT_TRUE(meter.chain.take_baseline_due());
    EXPECT_EQ(meter.chain.baseline().identity, 7U);
    meter.read(20s, 500'020, 0);
    EXPECT_TRUE(meter.out.notices.empty());
}

struct ClockStep {
    seconds by;
    seconds at;  ///< before the step, from noon; the edge is at 900 s
};
class SteppedClock : public testing::TestWithParam<ClockStep> {};

TEST_P(SteppedClock, loses_and_doubles_nothing) {
    Chained meter;
    const auto [by, step_at] = GetParam();
    Milli reg = 500'000;
    for (seconds true_time{0}; true_time <= 3h; true_time += 10s) {
        const bool stepped = true_time > step_at;
        if (stepped && meter.clock_error == 0s) {
            meter.clock_error = by;
            meter.chain.mark(Flag::clock_set, UtcTime::max());
        }
        meter.read(true_time + meter.clock_error, reg += 7);
        meter.overdue(true_time + meter.clock_error);
    }
    meter.read(3h + by + 10s, 1, 99);  // closes the chain at its last reading

    EXPECT_EQ(meter.sum(), reg - 500'007);
    std::map<UtcSeconds, std::vector<ClosedInterval>> by_end;
    UtcSeconds booked_through = noon;
    bool clock_set_seen = false;
    for (const auto& interval : meter.intervals()) {
        auto& records = by_end[interval.end];
        EXPECT_TRUE(records.empty() || !records.back().value) << "a booked slot was written again";
        records.push_back(interval);
        EXPECT_LT(interval.start, interval.end);
        clock_set_seen = clock_set_seen || interval.flags.has(Flag::clock_set);
        if (interval.value) {
            EXPECT_EQ(interval.start, booked_through);
            booked_through = interval.end;
        }
    }
    EXPECT_TRUE(clock_set_seen);
    for (UtcSeconds edge = noon + 15min; edge <= booked_through; edge += 15min) {
        EXPECT_EQ(by_end.count(edge), 1U) << (edge - noon).count();
    }
}

INSTANTIATE_TEST_SUITE_P(
    Steps, SteppedClock,
    testing::Values(ClockStep{1s, 800s}, ClockStep{1s, 895s}, ClockStep{1s, 900s},
                    ClockStep{1s, 905s}, ClockStep{-1s, 800s}, ClockStep{-1s, 895s},
                    ClockStep{-1s, 900s}, ClockStep{-1s, 905s}, ClockStep{61s, 800s},
                    ClockStep{61s, 895s}, ClockStep{61s, 900s}, ClockStep{61s, 905s},
                    ClockStep{-61s, 800s}, ClockStep{-61s, 895s}, ClockStep{-61s, 900s},
                    ClockStep{-61s, 905s}, ClockStep{1h, 800s}, ClockStep{1h, 895s},
                    ClockStep{1h, 900s}, ClockStep{1h, 905s}, ClockStep{-1h, 800s},
                    ClockStep{-1h, 895s}, ClockStep{-1h, 900s}, ClockStep{-1h, 905s}),
    [](const auto& test) {
        const auto by = test.param.by.count();
        return (by < 0 ? "back_" : "forward_") + std::to_string(std::abs(by)) + "_at_" +
               std::to_string(test.param.at.count());
    });

TEST(IntervalChain, a_clock_that_goes_back_over_an_edge_holds_the_open_slot) {
    Chained meter;
    meter.read(0s, 1'000);
    meter.read(895s, 1'100);
    meter.read(905s, 1'110);
    meter.clock_error = -1h;
    Milli reg = meter.read_steadily(915s - 1h, 1'805s, 1'110, 2);
    ASSERT_EQ(meter.intervals().size(), 2U);
    EXPECT_EQ(meter.intervals()[1].start, noon + 900s);
    EXPECT_EQ(meter.intervals()[1].end, noon + 1'800s);
    EXPECT_EQ(meter.intervals()[1].value, reg - 1 - 1'105);
    EXPECT_TRUE(meter.intervals()[1].flags.has(Flag::long_interval));
}

TEST(IntervalChain, a_forward_leap_that_is_taken_back_repairs_the_slots_it_skipped) {
    Chained meter;
    meter.read(0s, 1'000);
    meter.read(890s, 1'100);
    meter.clock_error = 1h;
    meter.read(900s + 1h, 1'110);  // three slots missing
    meter.read(905s + 1h, 1'115);
    meter.clock_error = 0s;
    Milli reg = meter.read_steadily(910s, 1h + 1'810s, 1'115, 3);
    std::map<UtcSeconds, ClosedInterval> newest;
    for (const auto& interval : meter.intervals()) {
        newest[interval.end] = interval;
    }
    EXPECT_EQ(newest.size(), 6U);
    for (UtcSeconds edge = noon + 30min; edge <= noon + 90min; edge += 15min) {
        EXPECT_TRUE(newest[edge].value) << (edge - noon).count();
    }
    EXPECT_EQ(meter.sum(), reg - 3 - 1'000);
}

TEST(IntervalChain, a_short_restart_over_an_edge_is_interpolated_as_if_nothing_had_happened) {
    Chained with_restart;
    Chained without;
    for (Chained* meter : {&with_restart, &without}) {
        meter->read(0s, 1'000);
        meter->read(890s, 1'100);
        if (meter == &with_restart) {
            meter->restart();
        }
        meter->read(930s, 1'140);
    }
    ASSERT_EQ(with_restart.intervals().size(), 1U);
    EXPECT_EQ(with_restart.intervals(), without.intervals());
}

TEST(IntervalChain, a_restart_with_the_baseline_alone_books_the_whole_slot) {
    Chained meter;
    meter.chain.resume({7, noon - 1h, 500, noon, 1'000, noon});
    EXPECT_FALSE(meter.chain.last_reading());
    meter.read(895s, 1'100);
    meter.read(905s, 1'110);
    ASSERT_EQ(meter.intervals().size(), 1U);
    expect_interval(meter.intervals()[0], 0s, 900s, 105, Flag::interpolated);
}

TEST(IntervalChain, a_restart_in_a_gap_ends_in_the_same_long_record) {
    Chained meter;
    meter.read(0s, 1'000);
    meter.read(800s, 1'080);
    meter.overdue(1'830s);
    EXPECT_EQ(meter.intervals().size(), 2U);
    meter.restart();
    meter.overdue(1'900s);
    EXPECT_EQ(meter.intervals().size(), 2U);
    meter.overdue(2'730s);
    EXPECT_EQ(meter.intervals().size(), 3U);
    meter.read(2'740s, 1'300);
    meter.read(3'595s, 1'400);
    meter.read(3'605s, 1'410);
    ASSERT_EQ(meter.intervals().size(), 4U);
    expect_interval(meter.intervals()[3], 0s, 3'600s, 405,
                    Flag::long_interval | Flag::interpolated);
}

TEST(IntervalChain, a_restart_after_a_gap_interpolates_the_next_edge) {
    Chained meter;
    meter.read(0s, 1'000);
    meter.read(2'000s, 1'300);
    meter.read(2'690s, 1'400);
    meter.restart();
    meter.read(2'710s, 1'420);
    ASSERT_EQ(meter.intervals().size(), 3U);
    expect_interval(meter.intervals()[2], 0s, 2'700s, 410,
                    Flag::long_interval | Flag::interpolated);
}

TEST(IntervalChain, readings_of_before_the_baseline_are_not_taken_up) {
    Chained meter;
    meter.chain.resume({7, noon - 1h, 500, noon, 1'000, noon});
    meter.chain.resume_reading(noon - 5min, 900);
    meter.chain.resume_reading(noon + 1min, 900);  // below the baseline: not of this register
    meter.chain.resume_reading(noon + 2h, 9'000);
    EXPECT_FALSE(meter.chain.last_reading());
    meter.chain.resume_reading(noon + 1min, 1'010);
    EXPECT_EQ(meter.chain.last_reading()->reg, 1'010);
}

TEST(IntervalChain, what_was_off_marks_the_slots_of_the_off_time) {
    Chained meter;
    meter.chain.resume({7, noon - 1h, 500, noon, 1'000, noon});
    meter.chain.mark(Flag::power_fail, UtcTime::max());
    meter.read(1'000s, 1'100);
    Milli reg = meter.read_steadily(1'010s, 2'700s, 1'100, 1);
    ASSERT_EQ(meter.intervals().size(), 3U);
    expect_missing(meter.intervals()[0], 0s, 900s, Flag::power_fail);
    EXPECT_EQ(meter.intervals()[1].flags, Flag::long_interval | Flag::power_fail);
    EXPECT_EQ(meter.intervals()[2].flags, Flags());
    EXPECT_EQ(meter.sum(), reg - 1'000);
}

TEST(IntervalChain, slots_that_are_missing_for_another_reason_do_not_carry_an_earlier_mark) {
    Chained meter;
    meter.chain.resume({7, noon - 1h, 500, noon, 1'000, noon});
    meter.chain.mark(Flag::power_fail, noon + 1'000s);
    meter.overdue(2'730s);
    meter.chain.mark(Flag::clock_set, noon + 2'800s);
    meter.overdue(4'530s);
    ASSERT_EQ(meter.intervals().size(), 5U);
    expect_missing(meter.intervals()[1], 900s, 1'800s, Flag::power_fail);
    expect_missing(meter.intervals()[2], 1'800s, 2'700s, Flags());
    expect_missing(meter.intervals()[3], 2'700s, 3'600s, Flag::clock_set);
    expect_missing(meter.intervals()[4], 3'600s, 4'500s, Flags());
    meter.read_steadily(4'600s, 5'500s, 1'500, 1);
    EXPECT_EQ(meter.intervals()[5].flags, Flag::long_interval | Flag::power_fail | Flag::clock_set);
}

TEST(IntervalChain, a_restart_in_the_first_slot_keeps_it_short) {
    Chained meter;
    meter.read(100s, 1'000);
    meter.read(200s, 1'010);
    meter.restart();
    meter.read(895s, 1'100);
    meter.read(905s, 1'110);
    ASSERT_EQ(meter.intervals().size(), 1U);
    expect_interval(meter.intervals()[0], 100s, 900s, 105,
                    Flag::short_interval | Flag::interpolated);
}

TEST(IntervalChain, that_is_ended_books_to_its_last_reading_and_begins_anew_with_the_next) {
    Chained meter;
    meter.read(0s, 500'000);
    meter.read(300s, 500'200);
    meter.chain.end(Flag::config_changed, meter.out);
    EXPECT_FALSE(meter.chain.is_open());
    meter.read(310s, 40);
    meter.read(895s, 100);
    meter.read(905s, 110);
    ASSERT_EQ(meter.intervals().size(), 2U);
    expect_interval(meter.intervals()[0], 0s, 300s, 200,
                    Flag::short_interval | Flag::config_changed);
    expect_interval(meter.intervals()[1], 310s, 900s, 65,
                    Flag::short_interval | Flag::config_changed | Flag::interpolated);
    EXPECT_TRUE(meter.out.notices.empty());
}

TEST(IntervalChain, that_is_ended_and_not_read_again_goes_on_missing) {
    Chained meter;
    meter.read(0s, 500'000);
    meter.read(300s, 500'200);
    meter.chain.end(Flag::config_changed, meter.out);
    meter.overdue(1'900s);
    meter.read(2'000s, 40);
    meter.read(2'695s, 100);
    meter.read(2'705s, 110);
    ASSERT_EQ(meter.intervals().size(), 4U);
    expect_missing(meter.intervals()[1], 300s, 900s);
    expect_missing(meter.intervals()[2], 900s, 1'800s);
    expect_interval(meter.intervals()[3], 2'000s, 2'700s, 65,
                    Flag::short_interval | Flag::config_changed | Flag::interpolated);
}

TEST(IntervalChain, that_is_ended_stays_so_over_a_restart) {
    Chained meter;
    meter.read(0s, 500'000);
    meter.read(300s, 500'200);
    meter.chain.end(Flag::config_changed, meter.out);
    EXPECT_TRUE(meter.chain.take_baseline_due());
    meter.restart();
    meter.read(400s, 500'210);
    meter.read(895s, 500'300);
    meter.read(905s, 500'310);
    EXPECT_EQ(meter.sum(), 200 + 95) << "what lies between the two was not measured by one counter";
    EXPECT_TRUE(meter.intervals().back().flags.has(Flag::config_changed));
}

TEST(IntervalChain, under_other_rules_goes_on_without_a_seam) {
    Chained before;
    Chained meter;
    before.read_steadily(0s, 600s, 500'000, 10);
    auto rules = rules_of_48_kw();
    rules.bracket_max = 120s;
    meter.chain = before.chain.with_rules(rules);
    meter.read(700s, 500'700);
    meter.read(850s, 500'800);
    meter.read(950s, 500'900);
    ASSERT_EQ(meter.intervals().size(), 1U);
    expect_interval(meter.intervals()[0], 0s, 900s, 840, Flag::interpolated);
}

}  // namespace
}  // namespace metergate::metering
