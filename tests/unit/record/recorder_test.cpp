#include <gtest/gtest.h>

#include <vector>

#include "tests/unit/record/site.hpp"

namespace metergate::record {
namespace {

using namespace std::chrono_literals;

TEST(Recorder, an_edge_makes_one_batch_with_a_record_of_each_point) {
    Site site(plan_of(1, 24));
    site.run(2min);
    const auto batches = site.batches_of(1);
    ASSERT_EQ(batches.size(), 1U);
    EXPECT_EQ(batches[0].end, noon);
    EXPECT_EQ(batches[0].revision, 0U);
    EXPECT_EQ(batches[0].number, 1U);
    EXPECT_EQ(batches[0].records.size(), 24U);
    for (const Record& record : batches[0].records) {
        EXPECT_EQ(record.end, noon);
        EXPECT_EQ(panel_of(record.point), PanelNumber{1});
        EXPECT_EQ(record.origin, Origin::gateway);
    }
}

TEST(Recorder, arrivals_are_due_a_quarter_second_after_the_first_and_none_without) {
    Site site(plan_of(1, 1));
    site.recorder->step();
    EXPECT_EQ(site.recorder->arrivals_due(), never);
    const Instant first = site.clock.now();
    site.send(1, {{point_of(1, 0), Quantity::power, true, 100}});
    site.clock.advance(100ms);
    site.inbox->cursors.push(site.clock.now(), {"bms", BatchSeq{1}});
    EXPECT_EQ(site.recorder->arrivals_due(), first + 250ms);
    site.recorder->step();
    EXPECT_EQ(site.recorder->arrivals_due(), never);
}

TEST(Recorder, it_rests_a_second_unless_something_waits_to_be_stored) {
    Site site(plan_of(1, 1));
    EXPECT_EQ(site.recorder->step(), site.clock.now() + 1s);
    site.inbox->cursors.push(site.clock.now(), {"bms", BatchSeq{1}});
    EXPECT_EQ(site.recorder->step(), site.clock.now() + 250ms);
    site.clock.advance(1s);
    EXPECT_EQ(site.recorder->step(), site.clock.now() + 1s);
}

TEST(Recorder, a_batch_waits_for_a_point_that_answers_later) {
    Site site(plan_of(1, 2));
    const auto both = [&] {
        site.send(1, {{point_of(1, 0), Quantity::energy_delivered, true, 100}});
        site.idle(2s);
        site.send(1, {{point_of(1, 1), Quantity::energy_delivered, true, 200}});
        site.idle(2s);
    };
    while (site.clock.utc() < noon + 20s) {
        both();
    }
    const auto batches = site.batches_of(1);
    ASSERT_EQ(batches.size(), 1U);
    EXPECT_EQ(batches[0].records.size(), 2U);
}

TEST(Recorder, a_point_that_fell_silent_is_missing_in_the_batch_after_the_wait) {
    Site site(plan_of(1, 2));
    site.run(30s);
    const auto first_alone = [&] {
        site.send(
            1, {{point_of(1, 0), Quantity::energy_delivered, true, site.count_at(point_of(1, 0))},
                {point_of(1, 1), Quantity::energy_delivered, false, 0}});
        site.idle(10s);
    };
    while (site.clock.utc() < noon + 28s) {
        first_alone();
    }
    EXPECT_TRUE(site.batches_of(1).empty());
    first_alone();
    const auto batches = site.batches_of(1);
    ASSERT_EQ(batches.size(), 1U);
    ASSERT_EQ(batches[0].records.size(), 2U);
    EXPECT_TRUE(site.current(point_of(1, 0))[0].value);
    EXPECT_FALSE(site.current(point_of(1, 1))[0].value);
}

TEST(Recorder, a_late_reading_makes_a_batch_of_the_next_revision) {
    Site site(plan_of(1, 1));
    site.run(55s);
    site.idle(37s);  // 12:00:32
    ASSERT_EQ(site.batches_of(1).size(), 1U);
    EXPECT_FALSE(site.batches_of(1)[0].records[0].value);
    site.poll(site.plan.panels[0]);
    site.idle(10s);
    const auto batches = site.batches_of(1);
    ASSERT_EQ(batches.size(), 2U);
    EXPECT_EQ(batches[1].end, noon);
    EXPECT_EQ(batches[1].revision, 1U);
    EXPECT_EQ(batches[1].number, 2U);
    ASSERT_EQ(site.current().size(), 1U);
    EXPECT_TRUE(site.current()[0].value);
    EXPECT_EQ(site.current()[0].revision, 1U);
}

TEST(Recorder, several_series_of_one_point_are_each_complete) {
    auto plan = plan_of(1, 1);
    Series hour;
    hour.length = 1h;
    Series in;
    in.quantity = Quantity::energy_received;
    plan.panels[0].points[0].series = {{Series{}, quarter_hours}, {hour, hours}, {in, received}};
    Site site(plan);
    while (site.clock.utc() < noon + 70min) {
        site.send(1, {{point_of(1, 0), Quantity::energy_delivered, true, site.true_s()},
                      {point_of(1, 0), Quantity::energy_received, true, 3},
                      {point_of(1, 0), Quantity::power, true, 3'600'000}});
        site.idle(10s);
    }
    EXPECT_EQ(site.current(point_of(1, 0), quarter_hours).size(), 5U);
    ASSERT_EQ(site.current(point_of(1, 0), hours).size(), 2U);
    EXPECT_EQ(site.current(point_of(1, 0), hours)[1].value, 3'600);
    EXPECT_EQ(site.current(point_of(1, 0), received)[4].value, 0);
    for (const Batch& batch : site.batches_of(1)) {
        const bool full_hour = epoch_s(batch.end) % 3'600 == 0;
        EXPECT_EQ(batch.records.size(), full_hour ? 3U : 2U);
        EXPECT_EQ(batch.revision, 0U);
    }
    EXPECT_TRUE(site.recorder->finish());
    ASSERT_EQ(site.store.last_readings.size(), 2U) << "one of each register, not of each series";
}

TEST(Recorder, a_register_event_is_told_once_however_many_series_hang_on_it) {
    auto plan = plan_of(1, 1);
    Series hour;
    hour.length = 1h;
    plan.panels[0].points[0].series = {{Series{}, quarter_hours}, {hour, hours}};
    Site site(plan);
    site.run(30s);
    site.send(1, {{point_of(1, 0), Quantity::energy_delivered, true, 5}}, 8);
    site.idle(10s);
    const auto changed = site.store.events_of(EventKind::meter_changed);
    ASSERT_EQ(changed.size(), 1U);
    EXPECT_EQ(changed[0].source, "panel-1-0");
    EXPECT_EQ(changed[0].panel, PanelNumber{1});
    EXPECT_EQ(changed[0].new_value, "5");
}

TEST(Recorder, a_value_that_is_not_valid_is_not_booked) {
    Site site(plan_of(1, 1));
    site.run(45s);
    site.send(1, {{point_of(1, 0), Quantity::energy_delivered, false, 0}});
    site.run(2min);
    EXPECT_TRUE(site.store.events_of(EventKind::register_rejected).empty());
    ASSERT_EQ(site.current().size(), 1U);
    EXPECT_EQ(site.current()[0].value, 300);
}

TEST(Recorder, what_no_plan_names_is_ignored) {
    Site site(plan_of(1, 1));
    site.send(9, {{point_of(9, 0), Quantity::energy_delivered, true, 5}});
    site.send(1, {{point_of(2, 0), Quantity::energy_delivered, true, 5},
                  {point_of(1, 200), Quantity::energy_delivered, true, 5},
                  {point_of(1, 0), Quantity::power, true, 5}});
    site.run(2min);
    ASSERT_EQ(site.current().size(), 1U);
    EXPECT_EQ(site.current()[0].value, 300);
    EXPECT_EQ(site.store.batches.size(), 1U);
}

TEST(Recorder, live_values_hold_what_was_read_last) {
    Site site(plan_of(1, 1));
    site.send(1, {{point_of(1, 0), Quantity::power, true, 5'000}});
    site.idle(1s);
    ASSERT_EQ(site.live.since(0).size(), 1U);
    EXPECT_EQ(site.live.since(0)[0].value, 5'000);
}

TEST(Recorder, a_laboratory_marks_every_record) {
    auto plan = plan_of(1, 2);
    plan.laboratory = true;
    plan.panels[0].points[0].series[0].first.length = 10s;
    Site site(plan);
    site.run(3min);
    EXPECT_GT(site.store.batches.size(), 10U);
    for (const Batch& batch : site.store.batches) {
        for (const Record& record : batch.records) {
            EXPECT_TRUE(record.flags.has(Flag::test));
        }
    }
}

TEST(Recorder, an_unusable_zone_is_refused_with_the_point_named) {
    auto plan = plan_of(1, 1);
    plan.zone = "Europe/Atlantis";
    const VirtualClock clock(noon);
    test::MemoryStore store;
    RecorderInbox inbox;
    LiveValues live;
    const auto made = Recorder::make(clock, store, inbox, live, plan, {});
    ASSERT_FALSE(made);
    EXPECT_EQ(made.error().text,
              "panel panel-1: point panel-1-0: time zone \"Europe/Atlantis\" is unknown");
}

TEST(Recorder, panels_that_close_together_are_committed_together) {
    Site site(plan_of(8, 3));
    site.run(30s);
    const auto before = site.recorder->status().commits;
    site.run(60s);
    EXPECT_EQ(site.recorder->status().commits, before + 1);
    EXPECT_EQ(site.store.batches.size(), 8U);
    EXPECT_EQ(site.recorder->status().newest_end, noon);
}

TEST(Recorder, a_dead_panel_holds_the_others_up_for_the_commit_wait_only) {
    Site site(plan_of(2, 1));
    site.run(30s);
    site.dead = {PanelNumber{2}};
    site.run(29s);
    site.run(5s);  // the panels are read at 12:00:00 and the batch waits for 5 s
    EXPECT_TRUE(site.batches_of(1).empty());
    site.run(3s);
    EXPECT_EQ(site.batches_of(1).size(), 1U);
    EXPECT_TRUE(site.batches_of(2).empty());
    site.run(40s);
    ASSERT_EQ(site.batches_of(2).size(), 1U);
    EXPECT_FALSE(site.batches_of(2)[0].records[0].value);
}

TEST(Recorder, events_and_cursors_are_stored_within_about_a_second) {
    Site site(plan_of(1, 1));
    site.idle(5s);
    Event event;
    event.source = "line-1";
    event.kind = EventKind::line_lost;
    site.inbox->events.push(site.clock.now(), event);
    site.inbox->cursors.push(site.clock.now(), {"bms", BatchSeq{3}});
    site.inbox->cursors.push(site.clock.now(), {"bms", BatchSeq{5}});
    site.inbox->cursors.push(site.clock.now(), {"bms", BatchSeq{4}});
    site.inbox->cursors.push(site.clock.now(), {"billing", BatchSeq{1}});
    site.idle(1500ms);
    EXPECT_EQ(site.store.events_of(EventKind::line_lost).size(), 1U);
    EXPECT_TRUE(site.store.events[0].clock_ok);
    EXPECT_EQ(site.store.cursors.at("bms"), BatchSeq{5});
    EXPECT_EQ(site.store.cursors.at("billing"), BatchSeq{1});
    EXPECT_EQ(site.recorder->status().commits, 1U);
}

TEST(Recorder, those_who_wait_for_batches_are_told_after_the_commit) {
    Site site(plan_of(1, 1));
    std::vector<BatchSeq> told;
    site.recorder->on_stored([&](BatchSeq newest) {
        EXPECT_EQ(newest, site.store.newest());
        told.push_back(newest);
    });
    site.run(2min);
    EXPECT_EQ(told, std::vector{BatchSeq{1}});
}

TEST(Recorder, a_store_that_fails_and_recovers_has_lost_nothing) {
    Site site(plan_of(2, 3));
    site.run(30s);
    site.store.fail_next_commits(40, Fault::full);
    site.run(15min + 30s);
    EXPECT_TRUE(site.store.batches.empty());
    EXPECT_GT(site.recorder->status().batches_waiting, 0U);
    site.run(50min);
    EXPECT_FALSE(site.recorder->status().store_fault);
    EXPECT_EQ(site.recorder->status().batches_waiting, 0U);
    EXPECT_EQ(site.store.events_of(EventKind::store_failing).size(), 1U);
    for (const std::uint32_t panel : {1U, 2U}) {
        for (std::uint32_t point = 0; point < 3; ++point) {
            const auto current = site.current(point_of(panel, point));
            EXPECT_EQ(current.size(), 5U);
            expect_gapless(current);
            for (const Record& record : current) {
                EXPECT_TRUE(record.value);
                EXPECT_EQ(record.revision, 0U);
            }
        }
    }
}

TEST(Recorder, a_failing_store_is_tried_with_growing_pauses_up_to_half_a_minute) {
    Site site(plan_of(1, 1));
    site.run(30s);
    site.store.fail_next_commits(1'000'000, Fault::disconnected);
    const int before = site.store.attempts;
    site.run(30min);
    EXPECT_GE(site.store.attempts - before, 50);
    EXPECT_LE(site.store.attempts - before, 75);
    ASSERT_TRUE(site.recorder->status().store_fault);
    EXPECT_EQ(site.recorder->status().store_fault->fault, Fault::disconnected);
}

/// Events of a panel's log with these numbers.
PanelEvents noted(std::uint64_t identity, const std::vector<std::uint32_t>& numbers,
                  std::uint32_t through) {
    PanelEvents found;
    found.mark = {PanelNumber{1}, identity, through};
    for (const std::uint32_t number : numbers) {
        Event event;
        event.panel = PanelNumber{1};
        event.source = "panel-1";
        event.kind = EventKind::panel_power_failed;
        event.text = "no. " + std::to_string(number);
        found.events.push_back({number, event});
    }
    return found;
}

std::vector<std::string> texts_of(const Site& site) {
    std::vector<std::string> texts;
    for (const Commit& commit : site.store.commits) {
        for (const Event& event : commit.events) {
            if (event.kind == EventKind::panel_power_failed) {
                texts.push_back(event.text);
            }
        }
    }
    return texts;
}

TEST(Recorder, what_a_panel_noted_is_stored_once_with_how_far_its_log_was_read) {
    Site site(plan_of(1, 1));
    PanelEvents begin = noted(7, {}, 2);
    begin.is_new_log = true;
    const auto send = [&](PanelEvents found) {
        site.inbox->panel_events.push(site.clock.now(), std::move(found));
        site.idle(seconds{5});
    };
    send(begin);
    send(noted(7, {3, 4}, 4));
    send(noted(7, {3}, 3));  // of a line that was made anew, and reads from an older mark
    send(noted(7, {4, 5}, 5));
    EXPECT_EQ(texts_of(site), (std::vector<std::string>{"no. 3", "no. 4", "no. 5"}));
    for (const Commit& commit : site.store.commits) {
        if (!commit.panel_marks.empty() && !commit.events.empty()) {
            EXPECT_EQ(commit.events.back().text,
                      "no. " + std::to_string(commit.panel_marks.back().through))
                << "in one transaction";
        }
    }
    site.cut_power(seconds{10});
    EXPECT_EQ(site.store.panel_marks.at(PanelNumber{1}), (PanelEventMark{PanelNumber{1}, 7, 5}));
    send(noted(7, {5, 6}, 6));
    EXPECT_EQ(texts_of(site).back(), "no. 6");
    EXPECT_EQ(texts_of(site).size(), 4U);
}

TEST(Recorder, another_meters_log_begins_anew) {
    Site site(plan_of(1, 1));
    for (auto [identity, through] : {std::pair{7U, 9U}, std::pair{8U, 3U}}) {
        PanelEvents begin = noted(identity, {}, through);
        begin.is_new_log = true;
        site.inbox->panel_events.push(site.clock.now(), std::move(begin));
    }
    site.inbox->panel_events.push(site.clock.now(), noted(8, {4}, 4));
    site.idle(seconds{5});
    EXPECT_EQ(texts_of(site), (std::vector<std::string>{"no. 4"}));
    EXPECT_EQ(site.store.panel_marks.at(PanelNumber{1}), (PanelEventMark{PanelNumber{1}, 8, 4}));
}

}  // namespace
}  // namespace metergate::record
