#include "tests/unit/northbound/delivery_fixture.hpp"

namespace metergate::northbound {
namespace {

TEST_F(DeliveryTest, batches_go_once_each_oldest_first_and_the_cursor_follows) {
    stored(120);
    start();
    run(10s);
    std::vector<std::string> expected;
    for (std::size_t i = 0; i < 120; ++i) {
        expected.push_back(payload(i));
    }
    EXPECT_EQ(batches_sent(), expected);
    EXPECT_EQ(moved(), BatchSeq{120});
    EXPECT_EQ(delivery->status().state, DeliveryStatus::State::connected);
    EXPECT_EQ(delivery->status().backlog, 0);
    EXPECT_EQ(delivery->status().last_error, "");
    EXPECT_TRUE(events.empty());
}

TEST_F(DeliveryTest, never_more_than_a_window_is_in_flight) {
    options.window = 20;
    stored(100);
    broker.swallows = true;
    start();
    run(5s);
    EXPECT_EQ(batches_sent().size(), 20U);
    EXPECT_TRUE(store.moves.empty());
}

TEST_F(DeliveryTest, never_more_is_in_flight_than_the_broker_takes_at_once) {
    stored(100);
    broker.swallows = true;
    broker.in_flight = 20;
    start();
    run(5s);
    EXPECT_EQ(batches_sent().size(), 16U);
}

TEST_F(DeliveryTest, the_cursor_is_moved_at_most_once_a_second) {
    options.batches_per_s_max = 50;
    stored(500);
    start();
    run(12s);
    EXPECT_EQ(moved(), BatchSeq{500});
    EXPECT_LE(store.moves.size(), 13U);
}

TEST_F(DeliveryTest, the_cursor_waits_for_the_oldest_when_answers_are_out_of_order) {
    options.window = 20;
    stored(20);
    broker.reverse_answers = true;
    broker.answer_delay = 100ms;
    start();
    run(50ms);
    EXPECT_TRUE(store.moves.empty());
    run(5s);
    EXPECT_EQ(moved(), BatchSeq{20});
    EXPECT_EQ(batches_sent().size(), 20U);
}

TEST_F(DeliveryTest, after_a_loss_everything_unanswered_is_sent_again_with_the_same_bytes) {
    stored(30);
    broker.swallows = true;
    start();
    run(1s);
    ASSERT_EQ(batches_sent().size(), 30U);
    broker.lose_connection();
    broker.swallows = false;
    run(10s);
    const auto sent = batches_sent();
    ASSERT_EQ(sent.size(), 60U);
    EXPECT_TRUE(std::equal(sent.begin(), sent.begin() + 30, sent.begin() + 30));
    EXPECT_EQ(moved(), BatchSeq{30});
    EXPECT_EQ(kinds(), (std::vector{EventKind::destination_lost, EventKind::destination_back}));
}

TEST_F(DeliveryTest, purged_batches_are_passed_over) {
    stored(10);
    store.rows.erase(store.rows.begin(), store.rows.begin() + 4);
    start();
    run(5s);
    EXPECT_EQ(batches_sent().size(), 6U);
    EXPECT_EQ(moved(), BatchSeq{10});
}

TEST_F(DeliveryTest, retries_wait_longer_and_longer_between_1_and_60_seconds) {
    broker.reachable = false;
    start();
    run(1h);
    ASSERT_GE(broker.connects.size(), 60U);
    Duration bound = 2s;
    for (std::size_t i = 1; i < broker.connects.size(); ++i) {
        const Duration wait = broker.connects[i] - broker.connects[i - 1];
        EXPECT_GE(wait, std::max<Duration>(bound / 2, 1s)) << i;
        EXPECT_LE(wait, bound + 60ms) << i;  // it is noticed at the next look
        bound = std::min<Duration>(bound * 2, 60s);
    }
    EXPECT_EQ(kinds(), std::vector{EventKind::destination_lost});
    EXPECT_EQ(delivery->status().last_error, "nothing answers");
    EXPECT_EQ(delivery->status().state, DeliveryStatus::State::waiting);
}

TEST_F(DeliveryTest, two_gateways_do_not_return_at_the_same_moment) {
    Backoff first(1);
    Backoff second(2);
    int same = 0;
    for (int i = 0; i < 100; ++i) {
        same += first.next() == second.next() ? 1 : 0;
    }
    EXPECT_LT(same, 2);
}

TEST_F(DeliveryTest, a_connection_that_never_comes_about_is_given_up_after_30_s) {
    broker.answers_connect = false;
    start();
    run(31s);
    EXPECT_EQ(delivery->status().last_error, "no connection within 30 s");
    EXPECT_EQ(kinds(), std::vector{EventKind::destination_lost});
}

TEST_F(DeliveryTest, a_connection_that_swallows_messages_is_left_after_the_ack_timeout) {
    stored(5);
    broker.swallows = true;
    start();
    run(29s);
    EXPECT_EQ(broker.connects.size(), 1U);
    run(5s);
    EXPECT_EQ(broker.connects.size(), 2U);
    EXPECT_EQ(events.front().text, "destination bms: no acknowledgement within 30 s");
    broker.swallows = false;
    broker.lose_connection();
    run(60s);
    EXPECT_EQ(moved(), BatchSeq{5});
}

TEST_F(DeliveryTest, a_half_open_connection_is_found_while_there_is_nothing_to_send) {
    start();
    run(10s);
    broker.swallows = true;
    run(92s);
    EXPECT_GE(broker.connects.size(), 2U);
    EXPECT_EQ(kinds(), std::vector{EventKind::destination_lost});
}

TEST_F(DeliveryTest, a_broker_that_hangs_up_at_every_batch_is_reported_once_and_retried_slowly) {
    stored(3);
    broker.swallows = true;
    start();
    for (int i = 0; i < 600; ++i) {
        run(1s);
        if (broker.state() == LinkState::open) {
            broker.lose_connection();
        }
    }
    EXPECT_EQ(kinds(), std::vector{EventKind::destination_lost});
    EXPECT_LT(broker.connects.size(), 30U);
}

TEST_F(DeliveryTest, a_batch_refused_for_good_pauses_the_destination_and_is_never_skipped) {
    stored(3, east);
    stored(1, west);
    stored(3, east);
    broker.refused_topics["metergate/tower-1/batch/west"] = refusal();
    start();
    run(4min);
    EXPECT_EQ(kinds(), std::vector{EventKind::destination_paused});
    EXPECT_EQ(delivery->status().state, DeliveryStatus::State::paused);
    EXPECT_EQ(delivery->status().last_error, "not authorized (0x87)");
    EXPECT_EQ(moved(), BatchSeq{3});
    const std::size_t tries = broker.seen_on("/batch/west").size();
    EXPECT_EQ(tries, 3U);
    run(1h);
    EXPECT_LE(broker.seen_on("/batch/west").size(), tries + 13);
    EXPECT_GE(broker.seen_on("/batch/west").size(), tries + 11);
    EXPECT_EQ(moved(), BatchSeq{3});

    broker.refused_topics.clear();
    run(10min);
    EXPECT_EQ(moved(), BatchSeq{7});
    EXPECT_EQ(kinds(), (std::vector{EventKind::destination_paused, EventKind::destination_back}));
    expect_cursor_only_over_accepted();
}

TEST_F(DeliveryTest, a_quota_is_respected_by_waiting_a_minute) {
    stored(1);
    broker.refused_topics[east_topic] = refusal(true);
    start();
    run(50s);
    EXPECT_EQ(batches_sent().size(), 1U);
    broker.refused_topics.clear();
    run(15s);
    EXPECT_EQ(moved(), BatchSeq{1});
    EXPECT_TRUE(events.empty());
}

TEST_F(DeliveryTest, a_batch_too_large_for_the_broker_pauses_and_is_not_handed_over) {
    stored(2);
    broker.size_max = 50;
    start();
    run(4min);
    EXPECT_TRUE(batches_sent().empty());
    EXPECT_EQ(kinds(), std::vector{EventKind::destination_paused});
    EXPECT_NE(delivery->status().last_error.find("the broker takes at most 50"), std::string::npos);
}

TEST_F(DeliveryTest, a_publisher_without_room_is_tried_again) {
    stored(5);
    broker.full = true;
    start();
    run(3s);
    EXPECT_TRUE(batches_sent().empty());
    broker.full = false;
    run(3s);
    EXPECT_EQ(moved(), BatchSeq{5});
}

TEST_F(DeliveryTest, a_backlog_drains_no_faster_than_the_limit) {
    options.batches_per_s_max = 20;
    options.window = 100;
    stored(1000);
    start();
    run(10s);
    EXPECT_LE(batches_sent().size(), 20U * 10 + 6);
    EXPECT_GE(batches_sent().size(), 190U);
}

TEST_F(DeliveryTest, live_values_keep_their_pace_beside_a_backlog_of_100000_batches) {
    stored(100'000);
    start();
    run(2s);
    const PointNumber point = point_number(east, 0);
    for (Milli watts = 1; watts <= 20; ++watts) {
        live.update(reading_of(point, watts * 1000, clock.now()));
        run(1s);
        EXPECT_EQ(broker.newest_on("point/east-1/kw"), std::to_string(watts) + ".000");
    }
    EXPECT_GT(delivery->status().backlog, 90'000);
}

TEST_F(DeliveryTest, a_live_value_is_told_when_it_changes_and_at_the_heartbeat) {
    const PointNumber point = point_number(east, 0);
    start();
    for (int i = 0; i < 130; ++i) {
        live.update(reading_of(point, 1234, clock.now()));
        run(1s);
    }
    EXPECT_EQ(broker.seen_on("/kw").size(), 3U);
    EXPECT_EQ(broker.seen_on("/kw").front().message.topic, "metergate/tower-1/point/east-1/kw");
    EXPECT_TRUE(broker.seen_on("/kw").front().message.retained);
    live.update(reading_of(point, -50, clock.now()));
    run(1s);
    EXPECT_EQ(broker.newest_on("/kw"), "-0.050");
    EXPECT_EQ(broker.newest_on("/quality"), "good");
}

TEST_F(DeliveryTest, a_value_that_the_panel_cannot_say_changes_the_quality_and_not_the_value) {
    const PointNumber point = point_number(east, 0);
    start();
    live.update(reading_of(point, 1234, clock.now()));
    run(1s);
    live.update(reading_of(point, 0, clock.now(), false));
    run(1s);
    EXPECT_EQ(broker.newest_on("/kw"), "1.234");
    EXPECT_EQ(broker.newest_on("/quality"), "unavailable");
    run(200s);
    EXPECT_EQ(broker.newest_on("/quality"), "stale");
}

TEST_F(DeliveryTest, live_values_of_the_time_without_connection_are_dropped_except_the_newest) {
    const PointNumber point = point_number(east, 0);
    broker.reachable = false;
    start();
    for (Milli watts = 1; watts <= 30; ++watts) {
        live.update(reading_of(point, watts * 1000, clock.now()));
        run(1s);
    }
    broker.reachable = true;
    run(60s);
    ASSERT_EQ(broker.seen_on("/kw").size(), 1U);
    EXPECT_EQ(broker.newest_on("/kw"), "30.000");
}

TEST_F(DeliveryTest, thousands_of_live_values_do_not_hold_up_a_batch) {
    Reading reading;
    reading.panel = east;
    for (int quantity = 0; quantity < 19; ++quantity) {
        reading.values.push_back({point_number(east, 0), static_cast<Quantity>(quantity), true, 1});
        reading.values.push_back({point_number(east, 1), static_cast<Quantity>(quantity), true, 1});
    }
    start();
    run(1s);
    for (int i = 0; i < 100; ++i) {
        for (Measured& measured : reading.values) {
            measured.value += 1;
        }
        reading.at = clock.now();
        live.update(reading);
        stored(1);
        run(10ms);
    }
    run(1s);
    EXPECT_EQ(batches_sent().size(), 100U);
    EXPECT_EQ(broker.newest_on("point/east-2/hz"), "0.101");
}

}  // namespace
}  // namespace metergate::northbound
