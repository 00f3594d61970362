#include <gtest/gtest.h>

#include <string>

#include "tests/unit/metering/chained.hpp"

namespace metergate::metering {
namespace {

using namespace std::chrono_literals;

struct Transient {
    std::string name;
    Milli reg;
};
class TransientReading : public testing::TestWithParam<Transient> {};

TEST_P(TransientReading, is_not_booked_and_told_once) {
    Chained meter;
    meter.read(0s, 500'000);
    meter.read(10s, 500'010);
    meter.read(20s, GetParam().reg);
    meter.read(30s, 500'030);
    EXPECT_EQ(meter.notices(EventKind::register_rejected), 1U);
    meter.read(895s, 500'900);
    meter.read(905s, 500'910);
    ASSERT_EQ(meter.intervals().size(), 1U);
    expect_interval(meter.intervals()[0], 0s, 900s, 905, Flag::interpolated);
    EXPECT_EQ(meter.out.notices.size(), 1U);
}

TEST_P(TransientReading, is_not_booked_while_a_point_stands_idle_for_a_month) {
    Chained meter;
    meter.read(0s, 500'000);
    meter.read(24h * 30, 500'000);
    const std::size_t before = meter.intervals().size();
    meter.read(24h * 30 + 10s, GetParam().reg);
    meter.read(24h * 30 + 20s, 500'000);
    meter.read(24h * 30 + 895s, 500'000);
    meter.read(24h * 30 + 905s, 500'000);
    EXPECT_GT(meter.intervals().size(), before);
    EXPECT_EQ(meter.sum(), 0);
    EXPECT_EQ(meter.notices(EventKind::register_reset), 0U);
}

TEST_P(TransientReading, is_not_booked_as_the_first_after_a_restart) {
    Chained meter;
    meter.read(0s, 500'000);
    meter.read(890s, 500'800);
    meter.restart();
    meter.read(895s, GetParam().reg);
    meter.read(905s, 500'910);
    ASSERT_EQ(meter.intervals().size(), 1U);
    EXPECT_LE(meter.intervals()[0].value, 910);
}

TEST_P(TransientReading, is_not_booked_where_the_full_load_is_not_known) {
    auto rules = rules_of_48_kw();
    rules.power_max_w = 0;
    Chained meter(rules);
    meter.read(0s, 500'000);
    meter.read(10s, GetParam().reg);
    meter.read(20s, 500'010);
    meter.read(895s, 500'900);
    meter.read(905s, 500'910);
    ASSERT_EQ(meter.intervals().size(), 1U);
    EXPECT_EQ(meter.intervals()[0].value, 905);
}

INSTANTIATE_TEST_SUITE_P(
    Values, TransientReading,
    testing::Values(Transient{"zero", 0}, Transient{"negative", -1}, Transient{"one_less", 499'999},
                    Transient{"one_bit_more", 500'000 + 1'048'576},
                    Transient{"all_ones_16", 6'553'500'000}, Transient{"all_ones_32", 0xFFFF'FFFF},
                    Transient{"sign_32", 0x8000'0000}, Transient{"most", INT64_MAX},
                    Transient{"least", INT64_MIN}),
    [](const auto& test) { return test.param.name; });

TEST(IntervalChain, garbage_that_changes_with_each_reading_is_never_believed) {
    Chained meter;
    meter.read(0s, 500'000);
    for (int i = 1; i < 80; ++i) {
        meter.read(10s * i, i % 2 == 0 ? 3 : 900'000'000);
    }
    meter.read(895s, 500'010);
    meter.read(905s, 500'020);
    EXPECT_EQ(meter.notices(EventKind::register_reset), 0U);
    ASSERT_EQ(meter.intervals().size(), 1U);
    EXPECT_EQ(meter.intervals()[0].value, 15);
}

TEST(IntervalChain, slots_in_which_nothing_is_believed_become_missing_and_then_long) {
    Chained meter;
    meter.read(0s, 500'000);
    for (int i = 1; i <= 100; ++i) {
        meter.read(10s * i, i % 2 == 0 ? 3 : 900'000'000);
        meter.overdue(10s * i);
    }
    meter.read(1'010s, 500'100);
    meter.read(1'795s, 500'200);
    meter.read(1'805s, 500'210);
    ASSERT_EQ(meter.intervals().size(), 2U);
    expect_missing(meter.intervals()[0], 0s, 900s);
    expect_interval(meter.intervals()[1], 0s, 1'800s, 205,
                    Flag::long_interval | Flag::interpolated);
}

TEST(IntervalChain, a_coarse_register_that_steps_after_hours_is_booked_in_full) {
    Chained meter;
    Milli reg = 500'000;
    seconds at{0};
    for (int hour = 0; hour < 6; ++hour) {
        for (int i = 0; i < 360; ++i, at += 10s) {
            meter.read(at, reg);
        }
        reg += 1'000;  // a register in whole kWh
    }
    meter.read(at, reg);
    meter.read(at + 10s, reg);
    meter.read(at + 895s, reg);
    meter.read(at + 905s, reg);
    EXPECT_TRUE(meter.out.notices.empty());
    EXPECT_EQ(meter.sum(), 6'000);
}

TEST(IntervalChain, a_register_that_jumps_and_stays_ends_its_chain_and_begins_another) {
    Chained meter;
    meter.read(0s, 500'000);
    meter.read(95s, 500'100);
    meter.read(105s, 40);
    meter.read(115s, 41);
    meter.read(125s, 42);
    EXPECT_TRUE(meter.intervals().empty());
    meter.read(135s, 43);
    ASSERT_EQ(meter.intervals().size(), 1U);
    expect_interval(meter.intervals()[0], 0s, 95s, 100,
                    Flag::short_interval | Flag::register_reset);
    EXPECT_EQ(meter.intervals()[0].reg, 500'100);
    EXPECT_EQ(meter.notices(EventKind::register_reset), 1U);
    meter.read(895s, 63);
    meter.read(905s, 63);
    ASSERT_EQ(meter.intervals().size(), 2U);
    expect_interval(meter.intervals()[1], 105s, 900s, 23,
                    Flag::short_interval | Flag::register_reset | Flag::interpolated);
}

TEST(IntervalChain, zeros_for_some_minutes_are_no_reset_however_often_they_are_read) {
    Chained meter;
    meter.read(0s, 12'626'000);
    for (seconds at = 10s; at <= 290s; at += 10s) {
        meter.read(at, 0);
    }
    meter.read(300s, 12'626'100);
    meter.read(895s, 12'626'200);
    meter.read(905s, 12'626'200);
    EXPECT_EQ(meter.notices(EventKind::register_reset), 0U);
    EXPECT_EQ(meter.notices(EventKind::register_rejected), 1U);
    ASSERT_EQ(meter.intervals().size(), 1U);
    expect_interval(meter.intervals()[0], 0s, 900s, 200, Flag::interpolated);
}

TEST(IntervalChain, zeros_that_stay_are_a_reset) {
    Chained meter;
    meter.read(0s, 12'626'000);
    for (seconds at = 10s; at <= 310s; at += 10s) {
        EXPECT_EQ(meter.notices(EventKind::register_reset), 0U);
        meter.read(at, 0);
    }
    EXPECT_EQ(meter.notices(EventKind::register_reset), 1U);
}

TEST(IntervalChain, a_reset_close_before_an_edge_repairs_the_slot_that_was_declared_missing) {
    auto rules = rules_of_48_kw();
    rules.bracket_max = 120s;
    Chained meter(rules);
    meter.read(0s, 500'000);
    meter.read(830s, 500'100);
    meter.read(890s, 0);
    meter.overdue(930s);
    meter.read(950s, 60);
    meter.read(1'010s, 120);
    ASSERT_EQ(meter.intervals().size(), 3U);
    expect_missing(meter.intervals()[0], 0s, 900s);
    expect_interval(meter.intervals()[1], 0s, 830s, 100,
                    Flag::short_interval | Flag::register_reset);
    expect_interval(meter.intervals()[2], 890s, 900s, 10,
                    Flag::short_interval | Flag::register_reset | Flag::interpolated);
}

class Rollover : public testing::TestWithParam<Milli> {};

TEST_P(Rollover, is_booked_in_full) {
    auto rules = rules_of_48_kw();
    rules.modulus = GetParam();
    Chained meter(rules);
    meter.read(0s, rules.modulus - 100);
    meter.read(895s, rules.modulus - 10);
    meter.read(905s, 10);  // at the edge exactly zero
    meter.read(1'795s, 500);
    meter.read(1'805s, 510);
    ASSERT_EQ(meter.intervals().size(), 2U);
    expect_interval(meter.intervals()[0], 0s, 900s, 100, Flag::interpolated | Flag::rollover);
    EXPECT_EQ(meter.intervals()[0].reg, 0);
    expect_interval(meter.intervals()[1], 900s, 1'800s, 505, Flag::interpolated);
    EXPECT_EQ(meter.notices(EventKind::register_rollover), 1U);
}

TEST_P(Rollover, is_marked_in_the_slot_whose_registers_show_it) {
    auto rules = rules_of_48_kw();
    rules.modulus = GetParam();
    Chained meter(rules);
    meter.read(0s, rules.modulus - 100);
    meter.read(895s, rules.modulus - 20);
    meter.read(905s, 4);  // 12 of 24 before the edge: still below the top there
    meter.read(1'795s, 500);
    meter.read(1'805s, 510);
    ASSERT_EQ(meter.intervals().size(), 2U);
    expect_interval(meter.intervals()[0], 0s, 900s, 92, Flag::interpolated);
    EXPECT_EQ(meter.intervals()[0].reg, rules.modulus - 8);
    expect_interval(meter.intervals()[1], 900s, 1'800s, 513, Flag::interpolated | Flag::rollover);
}

TEST_P(Rollover, over_a_restart_is_booked_in_full) {
    auto rules = rules_of_48_kw();
    rules.modulus = GetParam();
    Chained meter(rules);
    meter.read(0s, rules.modulus - 100);
    meter.read(600s, rules.modulus - 10);
    meter.read(610s, 5);
    meter.restart();
    meter.read(700s, 15);
    meter.read(895s, 90);
    meter.read(905s, 100);
    ASSERT_EQ(meter.intervals().size(), 1U);
    EXPECT_EQ(meter.intervals()[0].value, 195);
    EXPECT_TRUE(meter.intervals()[0].flags.has(Flag::rollover));
}

TEST_P(Rollover, a_transient_zero_near_the_top_is_not_one) {
    auto rules = rules_of_48_kw();
    rules.modulus = GetParam();
    Chained meter(rules);
    const Milli reg = rules.modulus / 100 * 95;
    meter.read(0s, reg);
    meter.read(10s, 0);
    meter.read(20s, reg + 10);
    meter.read(890s, reg + 100);
    meter.read(900s, reg + 110);
    EXPECT_EQ(meter.notices(EventKind::register_rollover), 0U);
    ASSERT_EQ(meter.intervals().size(), 1U);
    EXPECT_EQ(meter.intervals()[0].value, 110);
}

INSTANTIATE_TEST_SUITE_P(Moduli, Rollover,
                         testing::Values(65'536, 655'360, 4'294'967'296, 1'000'000'000,
                                         10'000'000'000, 100'000'000'000));

TEST(IntervalChain, a_modulus_that_is_told_at_run_time_serves_like_a_planned_one) {
    Chained meter;
    meter.chain.set_modulus(42'949'672);
    meter.read(0s, 42'949'672 - 100);
    meter.read(895s, 42'949'672 - 10);
    meter.read(905s, 30);
    EXPECT_EQ(meter.notices(EventKind::register_rollover), 1U);
    ASSERT_EQ(meter.intervals().size(), 1U);
    EXPECT_EQ(meter.intervals().front().value, 110);
}

TEST(IntervalChain, a_register_that_rolls_over_several_times_in_one_slot_loses_nothing) {
    auto rules = rules_of_48_kw();
    rules.modulus = 65'536;
    Chained meter(rules, *IntervalGrid::make("UTC", 24h, TimeBase::local));
    const seconds midnight = 12h;
    Milli counted = 65'000;
    const Milli at_midnight = 65'000;
    for (seconds at = midnight; at <= midnight + 24h; at += 10s) {
        meter.read(at, counted % rules.modulus);
        counted += 60;  // 21.6 kW
    }
    ASSERT_EQ(meter.intervals().size(), 1U);
    EXPECT_EQ(meter.intervals()[0].value, counted - 60 - at_midnight);
    EXPECT_TRUE(meter.intervals()[0].flags.has(Flag::rollover));
}

TEST(IntervalChain, without_a_modulus_a_drop_is_never_a_rollover) {
    Chained meter;
    meter.read(0s, 65'530);
    meter.read(10s, 5);
    meter.read(20s, 6);
    meter.read(30s, 7);
    meter.read(40s, 8);
    EXPECT_EQ(meter.notices(EventKind::register_rollover), 0U);
    EXPECT_EQ(meter.notices(EventKind::register_reset), 1U);
}

}  // namespace
}  // namespace metergate::metering
