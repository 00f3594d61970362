#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/unit/record/site.hpp"

namespace metergate::record {
namespace {

using namespace std::chrono_literals;

/// Gives the recorder the plan, as an apply does.
void apply(Site& site, const RecordPlan& plan) {
    const auto changed = site.recorder->change_plan(plan, *site.store.restart_state());
    ASSERT_TRUE(changed) << changed.error().text;
    site.plan = plan;
}

std::vector<Record> all_records(const Site& site, std::uint32_t panel) {
    std::vector<Record> records;
    for (const Batch& batch : site.batches_of(panel)) {
        records.insert(records.end(), batch.records.begin(), batch.records.end());
    }
    return records;
}

TEST(RecorderPlan, panels_that_are_planned_as_before_do_not_notice_a_change) {
    for (int second = 0; second < 60; second += 7) {
        SCOPED_TRACE(second);
        Site without(plan_of(3, 2), noon - 5min);
        Site with(plan_of(3, 2), noon - 5min);
        without.run(4min + 30s + seconds{second});
        with.run(4min + 30s + seconds{second});
        auto plan = with.plan;
        plan.panels.pop_back();
        plan.panels[1].points.pop_back();
        apply(with, plan);
        without.run(40min);
        with.run(40min);
        EXPECT_EQ(all_records(with, 1), all_records(without, 1));
        EXPECT_EQ(with.current(point_of(2, 0)), without.current(point_of(2, 0)))
            << "the other point of a touched panel";
    }
}

TEST(RecorderPlan, a_removed_panel_is_booked_to_its_last_reading) {
    Site site(plan_of(2, 1));
    site.run(10min);
    auto plan = site.plan;
    plan.panels.pop_back();
    apply(site, plan);
    site.run(30min);
    const auto current = site.current(point_of(2, 0));
    ASSERT_EQ(current.size(), 2U);
    EXPECT_EQ(current[1].flags, Flag::short_interval | Flag::config_changed);
    EXPECT_EQ(current[1].start, current[0].end);
    EXPECT_EQ(*current[1].value, (current[1].end - current[1].start).count() * 5);
}

TEST(RecorderPlan, a_panel_that_comes_back_goes_on_as_after_an_outage) {
    Site site(plan_of(2, 1));
    const auto whole = site.plan;
    auto plan = whole;
    plan.panels.pop_back();
    site.run(10min);
    apply(site, plan);
    site.run(50min);
    apply(site, whole);
    site.run(30min);
    const auto current = site.current(point_of(2, 0));
    Milli sum = 0;
    for (const Record& record : current) {
        sum += record.value.value_or(0);
    }
    EXPECT_EQ(*current.back().reg - *current.front().reg + *current.front().value, sum);
    const auto is_long = [](const Record& record) { return record.flags.has(Flag::long_interval); };
    ASSERT_EQ(std::count_if(current.begin(), current.end(), is_long), 1);
    const auto& gap = *std::find_if(current.begin(), current.end(), is_long);
    EXPECT_TRUE(gap.flags.has(Flag::config_changed));
}

TEST(RecorderPlan, another_register_behind_a_point_begins_another_chain) {
    Site site(plan_of(1, 2));
    site.run(5min);
    auto plan = site.plan;
    plan.panels[0].points[0].source = "another slot";
    apply(site, plan);
    site.run(15min);
    const auto current = site.current();
    ASSERT_EQ(current.size(), 3U);
    EXPECT_TRUE(current[1].flags.has(Flag::short_interval));
    EXPECT_TRUE(current[1].flags.has(Flag::config_changed));
    EXPECT_TRUE(current[2].flags.has(Flag::config_changed));
    EXPECT_GT(current[2].start, current[1].end) << "what lies between is nobody's";
    expect_gapless(site.current(point_of(1, 1)));
}

TEST(RecorderPlan, another_register_since_the_last_run_begins_another_chain) {
    for (const bool cleanly : {true, false}) {
        Site site(plan_of(1, 2));
        site.run(5min);
        if (cleanly) {
            site.stop_and_start(20s);
        } else {
            site.cut_power(20s);
        }
        auto plan = site.plan;
        plan.panels[0].points[0].source = "another scale";
        apply(site, plan);
        site.run(15min);
        const auto current = site.current();
        EXPECT_TRUE(current.back().flags.has(Flag::config_changed));
        EXPECT_GE(current.back().start, noon + 5min - 60s + 20s) << "of the new register alone";
        expect_gapless(site.current(point_of(1, 1)));
    }
}

TEST(RecorderPlan, a_panel_that_moved_goes_on_if_its_meter_tells_who_it_is) {
    for (const bool known : {true, false}) {
        Site site(plan_of(1, 1));
        const auto poll_for = [&](Duration time) {
            for (const Instant end = site.clock.now() + time; site.clock.now() < end;) {
                site.send(1,
                          {{point_of(1, 0), Quantity::energy_delivered, true,
                            site.count_at(point_of(1, 0))}},
                          known ? 7 : 0);
                site.idle(10s);
            }
        };
        poll_for(5min);
        auto plan = site.plan;
        plan.panels[0].place = "another line";
        apply(site, plan);
        poll_for(15min);
        EXPECT_EQ(site.current().size(), known ? 2U : 3U);
    }
}

TEST(RecorderPlan, other_sealed_parameters_flag_the_open_slot_only) {
    Site site(plan_of(1, 1));
    site.run(5min);
    auto plan = site.plan;
    plan.panels[0].points[0].parameters = "rewired";
    apply(site, plan);
    site.run(30min);
    const auto current = site.current();
    ASSERT_EQ(current.size(), 3U);
    expect_gapless(current);
    EXPECT_FALSE(current[0].flags.has(Flag::config_changed));
    EXPECT_TRUE(current[1].flags.has(Flag::config_changed));
    EXPECT_FALSE(current[2].flags.has(Flag::config_changed));
}

TEST(RecorderPlan, that_cannot_be_followed_changes_nothing) {
    Site site(plan_of(1, 1));
    site.run(5min);
    auto plan = site.plan;
    plan.panels[0].points[0].series.front().first.length = seconds{7};
    plan.panels[0].poll_period = seconds{5};
    EXPECT_FALSE(Recorder::check(plan));
    EXPECT_FALSE(site.recorder->change_plan(plan, *site.store.restart_state()));
    site.run(15min);
    expect_gapless(site.current());
}

TEST(RecorderPlan, a_failing_store_gets_the_end_of_a_removed_panel_later) {
    Site site(plan_of(2, 1));
    site.run(5min);
    auto plan = site.plan;
    plan.panels.pop_back();
    site.store.fail_next_commits(3, Fault::full);
    apply(site, plan);
    EXPECT_EQ(site.current(point_of(2, 0)).size(), 1U);
    site.run(5min);
    EXPECT_EQ(site.current(point_of(2, 0)).size(), 2U);
}

TEST(RecorderPlan, a_forgotten_cursor_is_not_written_again) {
    Site site(plan_of(1, 1));
    site.inbox->cursors.push(site.clock.now(), {"bms", BatchSeq{1}});
    site.recorder->forget_cursor("bms");
    site.run(1min);
    EXPECT_EQ(site.store.cursors.count("bms"), 0U);
}

}  // namespace
}  // namespace metergate::record
