#include <gtest/gtest.h>

#include "tests/unit/metering/chained.hpp"

namespace metergate::metering {
namespace {

using namespace std::chrono_literals;

TEST(IntervalChain, nothing_is_booked_before_the_first_edge) {
    Chained meter;
    EXPECT_FALSE(meter.chain.is_open());
    EXPECT_FALSE(meter.chain.last_reading());
    meter.read(60s, 1'000);
    meter.read(70s, 1'010);
    EXPECT_TRUE(meter.chain.is_open());
    EXPECT_TRUE(meter.intervals().empty());
    EXPECT_EQ(meter.chain.undecided_edge(), noon + 15min);
}

TEST(IntervalChain, the_register_at_an_edge_is_interpolated_and_rounded_down) {
    Chained meter;
    meter.read(0s, 1'000);
    meter.read(894s, 1'050);
    meter.read(904s, 1'061);  // 6 of 10 s: 1050 + floor(6.6)
    ASSERT_EQ(meter.intervals().size(), 1U);
    expect_interval(meter.intervals()[0], 0s, 900s, 56, Flag::interpolated);
    EXPECT_EQ(meter.intervals()[0].reg, 1'056);
    EXPECT_EQ(meter.intervals()[0].uncertainty, 6);
}

TEST(IntervalChain, uncertainties_of_both_edges_add_up) {
    Chained meter;
    meter.read(0s, 0);
    meter.read(895s, 100);
    meter.read(905s, 110);  // either side of the edge: 5
    meter.read(1'799s, 200);
    meter.read(1'809s, 220);  // 1 s of 10 before the edge: 2, 18 behind
    ASSERT_EQ(meter.intervals().size(), 2U);
    EXPECT_EQ(meter.intervals()[1].value, 202 - 105);
    EXPECT_EQ(meter.intervals()[1].uncertainty, 5 + 18);
}

TEST(IntervalChain, a_reading_exactly_on_an_edge_is_exact) {
    Chained meter;
    meter.read(0s, 1'000);
    meter.read(890s, 1'050);
    meter.read(900s, 1'055);
    meter.read(910s, 1'060);
    ASSERT_EQ(meter.intervals().size(), 1U);
    expect_interval(meter.intervals()[0], 0s, 900s, 55, {});
    EXPECT_EQ(meter.intervals()[0].uncertainty, 0);
}

TEST(IntervalChain, two_readings_in_one_second_or_millisecond_are_taken_both) {
    Chained meter;
    meter.read(0s, 1'000);
    meter.read(899'900ms, 1'050);
    meter.read(900'100ms, 1'060);
    meter.read(900'100ms, 1'061);
    meter.read(910s, 1'100);
    ASSERT_EQ(meter.intervals().size(), 1U);
    EXPECT_EQ(meter.intervals()[0].value, 55);
    EXPECT_EQ(meter.chain.last_reading()->reg, 1'100);
}

TEST(IntervalChain, a_chain_that_opens_inside_a_slot_begins_with_a_short_record) {
    Chained meter;
    meter.read(61'500ms, 1'000);
    meter.read(895s, 1'100);
    meter.read(905s, 1'110);
    ASSERT_EQ(meter.intervals().size(), 1U);
    expect_interval(meter.intervals()[0], 61s, 900s, 105,
                    Flag::short_interval | Flag::interpolated);
}

TEST(IntervalChain, laboratory_records_are_all_marked) {
    auto rules = rules_of_48_kw();
    rules.always = Flag::test;
    Chained meter(rules);
    meter.read(0s, 0);
    meter.overdue(930s);
    meter.read(1'000s, 10);
    meter.read(1'800s, 20);
    meter.read(1'810s, 20);
    for (const auto& interval : meter.intervals()) {
        EXPECT_TRUE(interval.flags.has(Flag::test));
    }
    EXPECT_GE(meter.intervals().size(), 2U);
}

TEST(IntervalChain, a_gap_makes_missing_slots_and_one_long_record) {
    Chained meter;
    meter.read(0s, 1'000);
    meter.read(100s, 1'010);
    meter.read(2'000s, 1'500);
    Milli reg = meter.read_steadily(2'010s, 2'710s, 1'500, 1);
    ASSERT_EQ(meter.intervals().size(), 3U);
    expect_missing(meter.intervals()[0], 0s, 900s);
    expect_missing(meter.intervals()[1], 900s, 1'800s);
    expect_interval(meter.intervals()[2], 0s, 2'700s, reg - 1 - 1'000, Flag::long_interval);
}

TEST(IntervalChain, an_overdue_slot_is_missing_from_the_second_it_is_due) {
    Chained meter;
    meter.read(0s, 1'000);
    meter.overdue(929'999ms);
    EXPECT_TRUE(meter.intervals().empty());
    meter.overdue(930s);
    ASSERT_EQ(meter.intervals().size(), 1U);
    expect_missing(meter.intervals()[0], 0s, 900s);
    meter.overdue(931s);
    EXPECT_EQ(meter.intervals().size(), 1U);
    EXPECT_EQ(meter.chain.undecided_edge(), noon + 1'800s);
}

TEST(IntervalChain, a_late_reading_within_the_bracket_repairs_a_missing_slot) {
    Chained meter;
    meter.read(0s, 1'000);
    meter.read(880s, 1'100);
    meter.overdue(930s);
    meter.read(940s, 1'160);
    ASSERT_EQ(meter.intervals().size(), 2U);
    expect_missing(meter.intervals()[0], 0s, 900s);
    expect_interval(meter.intervals()[1], 0s, 900s, 120, Flag::interpolated);
    EXPECT_EQ(meter.intervals()[1].uncertainty, 40);
}

TEST(IntervalChain, one_second_more_than_the_bracket_is_a_gap) {
    Chained meter;
    meter.read(0s, 1'000);
    meter.read(880s, 1'100);
    meter.read(941s, 1'160);
    ASSERT_EQ(meter.intervals().size(), 1U);
    expect_missing(meter.intervals()[0], 0s, 900s);
}

TEST(IntervalChain, a_gap_inside_one_slot_leaves_no_trace) {
    Chained meter;
    meter.read(0s, 0);
    meter.read(800s, 1'000);
    meter.read(895s, 1'010);
    meter.read(905s, 1'020);
    ASSERT_EQ(meter.intervals().size(), 1U);
    expect_interval(meter.intervals()[0], 0s, 900s, 1'015, Flag::interpolated);
}

TEST(IntervalChain, a_gap_that_ends_in_a_slot_made_long_by_the_wall_clock_ends_in_that_slot) {
    // Lord Howe, 7 April 2024: the slot from 14:40 to 15:30 UTC has 50 minutes.
    const UtcSeconds slot = utc_from_s(1'712'414'400);
    Chained meter(rules_of_48_kw(),
                  *IntervalGrid::make("Australia/Lord_Howe", 20min, TimeBase::local));
    const seconds begin = slot - noon;
    meter.read(begin - 20min, 1'000);
    meter.read(begin + 40min, 1'100);
    meter.read_steadily(begin + 40min + 10s, begin + 50min, 1'100, 1);
    ASSERT_EQ(meter.intervals().size(), 2U);
    expect_missing(meter.intervals()[0], begin - 20min, begin);
    expect_interval(meter.intervals()[1], begin - 20min, begin + 50min, 160, Flag::long_interval);
}

TEST(IntervalChain, the_baseline_is_due_at_the_opening_and_once_at_the_begin_of_a_gap) {
    Chained meter;
    EXPECT_FALSE(meter.chain.take_baseline_due());
    meter.read(0s, 1'000);
    EXPECT_TRUE(meter.chain.take_baseline_due());
    EXPECT_FALSE(meter.chain.take_baseline_due());
    meter.read(895s, 1'100);
    meter.read(905s, 1'110);
    EXPECT_FALSE(meter.chain.take_baseline_due());
    meter.overdue(1'830s);
    EXPECT_TRUE(meter.chain.take_baseline_due());
    const auto baseline = meter.chain.baseline();
    EXPECT_EQ(baseline.edge, noon + 900s);
    EXPECT_EQ(baseline.edge_register, 1'105);
    EXPECT_EQ(baseline.closed_through, noon + 1'800s);
    meter.overdue(2'730s);
    meter.overdue(3'630s);
    EXPECT_FALSE(meter.chain.take_baseline_due());
}

TEST(IntervalChain, a_gap_of_years_is_one_notice_and_one_long_record) {
    Chained meter;
    meter.read(0s, 1'000);
    const seconds years = 24h * 365 * 10;
    meter.overdue(years);
    EXPECT_TRUE(meter.intervals().empty());
    EXPECT_EQ(meter.notices(EventKind::gap_not_recorded), 1U);
    EXPECT_TRUE(meter.chain.take_baseline_due());
    meter.overdue(years + 60s);
    meter.overdue(years + 930s);
    ASSERT_EQ(meter.intervals().size(), 2U);
    expect_missing(meter.intervals()[0], years - 900s, years);
    expect_missing(meter.intervals()[1], years, years + 900s);
    meter.read(years + 1'790s, 501'000);
    meter.read(years + 1'810s, 501'010);
    ASSERT_EQ(meter.intervals().size(), 3U);
    EXPECT_EQ(meter.notices(EventKind::gap_not_recorded), 1U);
    expect_interval(meter.intervals()[2], 0s, years + 1'800s, 500'005,
                    Flag::long_interval | Flag::interpolated);
}

TEST(IntervalChain, a_long_gap_that_was_listed_slot_by_slot_is_not_told_again) {
    Chained meter;
    meter.read(0s, 1'000);
    const seconds days = 24h * 50;
    for (seconds now{0}; now <= days; now += 450s) {
        meter.overdue(now);
    }
    const std::size_t listed = meter.intervals().size();
    EXPECT_EQ(listed, 50U * 96U - 1U);
    meter.read(days + 40s, 2'000);
    EXPECT_EQ(meter.intervals().size(), listed + 1);
    EXPECT_EQ(meter.notices(EventKind::gap_not_recorded), 0U);
}

TEST(IntervalChain, a_change_of_meter_after_years_is_bounded_too) {
    Chained meter;
    meter.read(0s, 1'000, 7);
    meter.read(60s, 1'010, 7);
    meter.read(24h * 3'650, 5, 8);
    EXPECT_EQ(meter.notices(EventKind::gap_not_recorded), 1U);
    ASSERT_EQ(meter.intervals().size(), 1U);
    expect_interval(meter.intervals()[0], 0s, 60s, 10, Flag::short_interval | Flag::meter_changed);
}

}  // namespace
}  // namespace metergate::metering
