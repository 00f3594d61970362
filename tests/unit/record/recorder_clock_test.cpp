#include <gtest/gtest.h>

#include <vector>

#include "tests/unit/record/site.hpp"

namespace metergate::record {
namespace {

using namespace std::chrono_literals;

TEST(Recorder, readings_of_1970_wait_until_the_time_is_known) {
    Site site(plan_of(1, 2), utc_from_ms(20'000));
    site.run(20min);
    EXPECT_TRUE(site.recorder->status().readings_held);
    EXPECT_FALSE(site.recorder->status().time_trusted);
    EXPECT_TRUE(site.store.batches.empty());
    site.clock.step_utc(noon - site.clock.utc());
    site.run(20min);
    EXPECT_EQ(site.store.events_of(EventKind::clock_valid).size(), 1U);
    const auto current = site.current();
    ASSERT_EQ(current.size(), 3U);
    expect_gapless(current);
    EXPECT_EQ(current[0].start, noon - 20min);
    EXPECT_TRUE(current[0].flags.has(Flag::clock_unsync));
    EXPECT_TRUE(current[1].flags.has(Flag::clock_unsync));
    EXPECT_FALSE(current[2].flags.has(Flag::clock_unsync));
    for (const Batch& batch : site.store.batches) {
        EXPECT_GE(batch.end, batch.panel == gateway_panel ? UtcSeconds{} : noon - 20min);
    }
}

TEST(Recorder, a_reading_that_waited_while_the_clock_became_right_is_stamped_anew) {
    Site site(plan_of(1, 1), utc_from_ms(20'000));
    site.idle(1s);
    site.poll(site.plan.panels[0]);
    site.clock.step_utc(noon - site.clock.utc());
    site.clock.advance(2s);
    site.run(20min);
    ASSERT_FALSE(site.current().empty());
    EXPECT_EQ(site.current()[0].start, noon);
    expect_gapless(site.current());
}

TEST(Recorder, an_event_of_before_the_time_was_known_says_so) {
    Site site(plan_of(1, 1), utc_from_ms(20'000));
    Event event;
    event.source = "line-1";
    event.kind = EventKind::line_lost;
    site.inbox->events.push(site.clock.now(), event);
    site.idle(3s);
    ASSERT_EQ(site.store.events.size(), 1U);
    EXPECT_FALSE(site.store.events[0].clock_ok);
}

TEST(Recorder, a_leap_of_ten_years_that_is_taken_back_leaves_no_trace_but_a_mark) {
    Site site(plan_of(1, 2));
    site.run(5min);
    constexpr milliseconds ten_years = 24h * 3'652;
    site.clock.step_utc(ten_years);
    site.run(9min);
    EXPECT_FALSE(site.recorder->status().time_trusted);
    EXPECT_EQ(site.batches_of(1).size(), 1U);
    site.clock.step_utc(-ten_years);
    site.run(40min);
    const auto current = site.current();
    ASSERT_EQ(current.size(), 4U);
    expect_gapless(current);
    for (const Record& record : current) {
        EXPECT_TRUE(record.value);
        EXPECT_LT(record.end, noon + 1h);
    }
    EXPECT_TRUE(current[1].flags.has(Flag::clock_unsync));
    EXPECT_EQ(current[1].value, 4'500);
    EXPECT_EQ(current[2].value, 4'500);
    EXPECT_EQ(current[3].flags, Flags());
}

TEST(Recorder, a_leap_of_ten_years_that_stands_costs_one_notice_and_no_energy) {
    Site site(plan_of(1, 2));
    site.run(5min);
    site.clock.step_utc(24h * 3'652);
    site.run(60min);
    EXPECT_EQ(site.store.events_of(EventKind::gap_not_recorded).size(), 2U);
    EXPECT_LT(site.store.batches.size(), 20U);
    const auto current = site.current();
    Milli sum = 0;
    for (const Record& record : current) {
        sum += record.value.value_or(0);
    }
    EXPECT_EQ(sum, *current.back().reg - (1'000'000 + raw(point_of(1, 0))));
}

TEST(Recorder, a_clock_that_goes_back_an_hour_holds_the_open_slot) {
    Site site(plan_of(1, 2));
    site.run(65min);
    const auto before = site.current();
    site.clock.step_utc(-1h);
    site.run(55min);
    EXPECT_EQ(site.current().size(), before.size());
    site.run(45min);
    const auto current = site.current();
    expect_gapless(current);
    ASSERT_EQ(current.size(), before.size() + 2);
    const Record& held = current[before.size()];
    EXPECT_EQ(held.value, 900 * 5 + 3'600 * 5);
    EXPECT_TRUE(held.flags.has(Flag::long_interval));
    EXPECT_TRUE(held.flags.has(Flag::clock_set));
    EXPECT_EQ(site.store.events_of(EventKind::clock_stepped).size(), 1U);
    for (const Record& record : site.store.records_of(point_of(1, 0), quarter_hours)) {
        EXPECT_EQ(record.revision, 0U);
    }
}

TEST(Recorder, a_clock_that_goes_forward_an_hour_leaves_marked_slots_and_one_long_record) {
    Site site(plan_of(1, 2));
    site.run(5min);
    site.clock.step_utc(1h);
    site.run(30min);
    const auto current = site.current();
    expect_gapless(current);
    ASSERT_EQ(current.size(), 7U);
    for (std::size_t i = 1; i <= 4; ++i) {
        EXPECT_FALSE(current[i].value);
        EXPECT_TRUE(current[i].flags.has(Flag::clock_set)) << i;
    }
    EXPECT_TRUE(current[5].flags.has(Flag::long_interval));
    EXPECT_TRUE(current[5].flags.has(Flag::clock_set));
    EXPECT_EQ(current[6].flags.without(Flag::interpolated), Flags());
    const auto stepped = site.store.events_of(EventKind::clock_stepped);
    ASSERT_EQ(stepped.size(), 1U);
    EXPECT_EQ(stepped[0].text, "the clock was set forward by 3600 s");
}

TEST(Recorder, records_decided_before_the_clock_went_back_are_stored_at_once) {
    Site site(plan_of(1, 2));
    site.run(50s);
    site.idle(10s);  // noon: the first point is read, the second not yet
    site.send(1,
              {{point_of(1, 0), Quantity::energy_delivered, true, site.count_at(point_of(1, 0))}});
    site.idle(1s);
    EXPECT_TRUE(site.batches_of(1).empty());
    site.clock.step_utc(-1h);
    site.idle(6s);
    ASSERT_EQ(site.batches_of(1).size(), 1U);
    EXPECT_EQ(site.batches_of(1)[0].records.size(), 1U);
    site.run(75min);
    expect_gapless(site.current(point_of(1, 0)));
    expect_gapless(site.current(point_of(1, 1)));
}

}  // namespace
}  // namespace metergate::record
