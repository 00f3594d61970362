#include <gtest/gtest.h>

#include <vector>

#include "tests/unit/record/site.hpp"

namespace metergate::record {
namespace {

using namespace std::chrono_literals;

TEST(Recorder, finish_stores_everything_and_a_short_restart_is_not_seen_in_the_records) {
    Site site(plan_of(2, 3));
    site.run(15min + 55s);
    site.stop_and_start(20s);
    site.run(30min);
    for (const std::uint32_t panel : {1U, 2U}) {
        const auto current = site.current(point_of(panel, 1));
        ASSERT_EQ(current.size(), 4U);
        expect_gapless(current);
        for (const Record& record : current) {
            EXPECT_TRUE(record.value);
            EXPECT_FALSE(record.flags.has(Flag::power_fail));
            EXPECT_EQ(record.revision, 0U);
        }
    }
}

TEST(Recorder, finish_stores_what_waits_for_other_points) {
    Site site(plan_of(1, 2));
    site.run(50s);
    site.idle(10s);
    site.send(1,
              {{point_of(1, 0), Quantity::energy_delivered, true, site.count_at(point_of(1, 0))}});
    site.inbox->cursors.push(site.clock.now(), {"bms", BatchSeq{1}});
    ASSERT_TRUE(site.recorder->finish());
    ASSERT_EQ(site.batches_of(1).size(), 1U);
    EXPECT_EQ(site.store.cursors.count("bms"), 1U);
    EXPECT_TRUE(site.store.restart_state()->clean_stop);
    EXPECT_EQ(site.store.last_readings.size(), 1U) << "the other's is on the edge itself";
}

TEST(Recorder, finish_that_fails_says_why_and_may_be_tried_again) {
    Site site(plan_of(1, 2));
    site.run(30s);
    site.store.fail_next_commits(1, Fault::full);
    const auto failed = site.recorder->finish();
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().fault, Fault::full);
    EXPECT_TRUE(site.recorder->finish());
    EXPECT_EQ(site.store.last_readings.size(), 2U);
}

TEST(Recorder, a_power_cut_costs_no_energy_and_is_marked) {
    Site site(plan_of(1, 2));
    site.run(20min);
    site.cut_power(40min);
    site.run(30min);
    const auto current = site.current();
    expect_gapless(current);
    ASSERT_EQ(current.size(), 6U);
    for (std::size_t i = 0; i < current.size(); ++i) {
        EXPECT_EQ(current[i].value.has_value(), i != 2 && i != 3) << i;
        EXPECT_EQ(current[i].flags.has(Flag::power_fail), i >= 2 && i <= 4) << i;
        EXPECT_EQ(current[i].flags.has(Flag::long_interval), i == 4) << i;
    }
    EXPECT_EQ(current[4].value, 3 * 4'500);
}

TEST(Recorder, a_clock_set_before_a_power_cut_is_told_by_the_record_of_both) {
    Site site(plan_of(1, 1));
    site.run(20min);
    site.clock.step_utc(-5s);
    site.run(10s);
    site.cut_power(30s);
    site.run(15min);
    const auto current = site.current();
    expect_gapless(current);
    ASSERT_GE(current.size(), 3U);
    EXPECT_EQ(current[2].end, noon + 30min);
    EXPECT_TRUE(current[2].flags.has(Flag::clock_set));
    EXPECT_TRUE(current[2].flags.has(Flag::power_fail));
}

TEST(Recorder, a_power_cut_at_any_second_around_an_edge_costs_no_energy_and_no_slot) {
    for (int second = 0; second < 60; ++second) {
        SCOPED_TRACE(second);
        auto plan = plan_of(2, 2);
        Site site(plan, noon - 5min);
        site.run(4min + 40s + seconds{second});
        site.cut_power(3s);
        site.run(20min);
        for (const std::uint32_t panel : {1U, 2U}) {
            const auto current = site.current(point_of(panel, 1));
            ASSERT_EQ(current.size(), 2U);
            expect_gapless(current);
            EXPECT_EQ(current[0].value.value_or(0) + current[1].value.value_or(0),
                      *current[1].reg - (1'000'000 + raw(point_of(panel, 1))));
        }
    }
}

TEST(Recorder, a_power_cut_after_a_change_of_meter_loses_no_slot) {
    for (int second = 0; second < 40; second += 2) {
        SCOPED_TRACE(second);
        Site site(plan_of(1, 2));
        site.run(50s);
        site.idle(15s);  // over the edge
        site.send(1, {{point_of(1, 0), Quantity::energy_delivered, true, 77}}, 8);
        site.idle(seconds{second});
        site.cut_power(5s);
        site.send(
            1,
            {{point_of(1, 0), Quantity::energy_delivered, true, 80},
             {point_of(1, 1), Quantity::energy_delivered, true, site.count_at(point_of(1, 1))}},
            8);
        site.idle(60s);
        bool noon_is_told = false;
        Milli last_before_change = 0;
        for (const Record& record : site.current(point_of(1, 0))) {
            noon_is_told = noon_is_told || record.end == noon;
            last_before_change = std::max(last_before_change, record.reg.value_or(0));
        }
        EXPECT_TRUE(noon_is_told);
    }
}

TEST(Recorder, a_restart_while_the_clock_is_behind_the_newest_record_waits) {
    Site site(plan_of(1, 1));
    site.run(20min);
    const auto before = site.current();
    ASSERT_TRUE(site.recorder->finish());
    site.clock.step_utc(-10min);
    site.begin();
    site.run(2min);
    EXPECT_FALSE(site.recorder->status().time_trusted);
    site.run(40min);
    const auto current = site.current();
    expect_gapless(current);
    EXPECT_GE(current.size(), before.size() + 2);
    EXPECT_TRUE(current[before.size()].flags.has(Flag::clock_unsync));
}

TEST(Recorder, a_restart_in_a_gap_tells_each_slot_once) {
    Site site(plan_of(2, 1));
    site.run(10min);
    site.dead = {PanelNumber{1}};
    site.run(40min);
    site.stop_and_start(10s);
    site.run(20min);
    site.dead.clear();
    site.run(20min);
    const auto current = site.current();
    expect_gapless(current);
    for (const Record& record : site.store.records_of(point_of(1, 0), quarter_hours)) {
        EXPECT_EQ(record.revision, 0U);
    }
}

TEST(Recorder, a_random_day_of_faults_is_gapless) {
    for (std::uint32_t seed = 1; seed <= 6; ++seed) {
        SCOPED_TRACE(seed);
        std::uint64_t state = seed;
        const auto pick = [&state](std::uint64_t below) {
            state = state * 6'364'136'223'846'793'005U + 1'442'695'040'888'963'407U;
            return (state >> 33U) % below;
        };
        Site site(plan_of(3, 2));
        for (int i = 0; i < 60; ++i) {
            site.run(seconds{pick(1'200)} + 40s);
            switch (pick(7)) {
                case 0:
                    site.cut_power(seconds{pick(3'000)});
                    break;
                case 1:
                    site.stop_and_start(seconds{pick(3'000)});
                    break;
                case 2:
                    site.dead = {PanelNumber{static_cast<std::uint32_t>(pick(3)) + 1}};
                    break;
                case 3:
                    site.store.fail_next_commits(static_cast<int>(pick(20)), Fault::full);
                    break;
                case 4:
                    site.clock.step_utc(seconds{pick(4'000)});
                    break;
                case 5:
                    site.clock.step_utc(-seconds{pick(4'000)});
                    break;
                default:
                    site.dead.clear();
                    break;
            }
        }
        site.dead.clear();
        site.store.fail_next_commits(0, Fault::full);
        site.run(3h);
        ASSERT_TRUE(site.recorder->finish() || site.recorder->finish());
        for (const std::uint32_t panel : {1U, 2U, 3U}) {
            for (const std::uint32_t point : {0U, 1U}) {
                const auto current = site.current(point_of(panel, point));
                expect_gapless(current);
                EXPECT_GT(current.size(), 50U);
            }
        }
    }
}

}  // namespace
}  // namespace metergate::record
