#include "tests/unit/northbound/delivery_fixture.hpp"

namespace metergate::northbound {
namespace {

TEST_F(DeliveryTest, a_new_destination_starts_now_and_remembers_it_before_it_ever_connects) {
    stored(10);
    broker.reachable = false;
    start(std::nullopt);
    run(1s);
    EXPECT_EQ(moved(), BatchSeq{10});
    stored(2);
    broker.reachable = true;
    run(10s);
    EXPECT_EQ(batches_sent(), (std::vector{payload(10), payload(11)}));
}

TEST_F(DeliveryTest, a_new_destination_may_start_with_the_oldest_batch) {
    options.start.kind = StartAt::Kind::oldest;
    stored(10);
    start(std::nullopt);
    run(3s);
    EXPECT_EQ(batches_sent().size(), 10U);
}

TEST_F(DeliveryTest, a_new_destination_may_start_at_a_time) {
    stored(1000);
    options.start = {StartAt::Kind::time, store.rows[899].end};
    start(std::nullopt);
    run(10s);
    EXPECT_EQ(batches_sent().size(), 100U);
    EXPECT_EQ(batches_sent().front(), payload(900));
}

TEST_F(DeliveryTest, a_stored_cursor_counts_more_than_the_start_setting) {
    options.start.kind = StartAt::Kind::oldest;
    stored(10);
    start(BatchSeq{7});
    run(3s);
    EXPECT_EQ(batches_sent().size(), 3U);
}

TEST_F(DeliveryTest, a_store_that_cannot_be_read_is_tried_again_and_named) {
    stored(3);
    store.fault = Error{Fault::disconnected, "disk I/O error"};
    start(std::nullopt);
    run(3s);
    EXPECT_NE(delivery->status().last_error.find("disk I/O error"), std::string::npos);
    store.fault.reset();
    options.start.kind = StartAt::Kind::now;
    run(3s);
    EXPECT_EQ(moved(), BatchSeq{3});
}

TEST_F(DeliveryTest, a_batch_emptied_by_a_filter_is_sent_with_an_empty_record_list) {
    options.filter.panels = {west};
    options.filter.series = {support::kwh_15min};
    stored(1, east);
    stored(1, west);
    store.rows[0].events.push_back(Event{});
    store.rows[1].records[0].series = support::kwh_1h;
    start();
    run(3s);
    ASSERT_EQ(batches_sent().size(), 2U);
    EXPECT_NE(batches_sent()[0].find(R"("records":[],"events":[])"), std::string::npos);
    EXPECT_NE(batches_sent()[1].find("west-2"), std::string::npos);
    EXPECT_EQ(batches_sent()[1].find("west-1"), std::string::npos);
    EXPECT_EQ(moved(), BatchSeq{2});
}

TEST_F(DeliveryTest, meta_and_status_are_retained_and_the_last_will_says_offline) {
    stored(2);
    start();
    run(1s);
    const auto meta = broker.seen_on("tower-1/meta");
    const auto status = broker.seen_on("tower-1/status");
    ASSERT_EQ(meta.size(), 1U);
    ASSERT_EQ(status.size(), 1U);
    EXPECT_TRUE(meta[0].message.retained);
    EXPECT_TRUE(status[0].message.retained);
    EXPECT_NE(status[0].message.payload.find(R"("state":"online")"), std::string::npos);
    EXPECT_NE(status[0].message.payload.find(R"("oldest":1,"newest":2)"), std::string::npos);
    EXPECT_TRUE(broker.will.retained);
    EXPECT_EQ(broker.will.topic, "metergate/tower-1/status");
    EXPECT_NE(broker.will.payload.find(R"("state":"offline")"), std::string::npos);
    run(2min);
    EXPECT_GE(broker.seen_on("tower-1/status").size(), 2U);
}

TEST_F(DeliveryTest, an_event_is_told_at_once_and_not_kept_for_later) {
    Event event;
    event.kind = EventKind::line_lost;
    event.source = "riser-1";
    broker.reachable = false;
    start();
    delivery->tell(event);
    run(1s);
    broker.reachable = true;
    run(10s);
    EXPECT_TRUE(broker.seen_on("tower-1/event").empty());
    delivery->tell(event);
    run(1s);
    ASSERT_EQ(broker.seen_on("tower-1/event").size(), 1U);
    EXPECT_FALSE(broker.seen_on("tower-1/event")[0].message.retained);
}

TEST_F(DeliveryTest, a_clean_stop_says_offline_keeps_the_cursor_and_disconnects) {
    stored(30);
    start();
    run(60ms);
    ASSERT_EQ(batches_sent().size(), 30U);
    delivery->stop();
    run(2s);
    EXPECT_TRUE(delivery->stopped());
    EXPECT_EQ(moved(), BatchSeq{30});
    EXPECT_NE(broker.newest_on("tower-1/status")->find(R"("state":"offline","reason":"stopped")"),
              std::string::npos);
    EXPECT_EQ(broker.goodbyes, 1U);
    EXPECT_EQ(delivery->status().state, DeliveryStatus::State::stopped);
}

TEST_F(DeliveryTest, a_stop_does_not_wait_for_a_broker_that_does_not_answer) {
    stored(30);
    broker.swallows = true;
    start();
    run(1s);
    delivery->stop();
    run(1999ms);
    EXPECT_TRUE(delivery->stopped());
    EXPECT_TRUE(store.moves.empty());
}

TEST_F(DeliveryTest, a_stop_during_a_connection_attempt_is_prompt) {
    broker.answers_connect = false;
    start();
    run(5s);
    delivery->stop();
    run(10ms);
    EXPECT_TRUE(delivery->stopped());
}

class DeliveryUnderFaults : public DeliveryTest, public testing::WithParamInterface<unsigned> {};

TEST_P(DeliveryUnderFaults, nothing_is_skipped_and_resends_are_identical) {
    std::mt19937_64 random(GetParam());
    options.window = 20;
    options.seed = GetParam();
    stored(200);
    start();
    for (int i = 0; i < 400; ++i) {
        const auto what = random() % 12;
        broker.reverse_answers = random() % 2 == 0;
        broker.swallows = what == 1;
        broker.answer_delay = std::chrono::milliseconds{1 + random() % 900};
        broker.refused_topics.clear();
        if (what == 2) {
            broker.refused_topics[east_topic] = refusal(random() % 4 == 0);
        }
        if (what == 3 && broker.state() == LinkState::open) {
            broker.lose_connection();
        }
        broker.reachable = what != 4;
        store.fault = what == 5 ? std::optional{Error{Fault::busy, "locked"}} : std::nullopt;
        stored(static_cast<std::int64_t>(random() % 4));
        run(std::chrono::milliseconds{random() % 3000});
        expect_cursor_only_over_accepted();
    }
    broker.reachable = true;
    broker.swallows = false;
    broker.refused_topics.clear();
    store.fault.reset();
    run(15min);
    EXPECT_EQ(moved(), store.rows.back().seq);
    expect_cursor_only_over_accepted();
    std::set<std::string> expected;
    for (std::size_t i = 0; i < store.rows.size(); ++i) {
        expected.insert(payload(i));
    }
    const auto sent = batches_sent();
    EXPECT_EQ(std::set<std::string>(sent.begin(), sent.end()), expected);
}

INSTANTIATE_TEST_SUITE_P(Seeds, DeliveryUnderFaults, testing::Range(1U, 21U));

TEST(StartAt, is_now_oldest_or_a_utc_time) {
    EXPECT_EQ(start_at_from("now")->kind, StartAt::Kind::now);
    EXPECT_EQ(start_at_from("oldest")->kind, StartAt::Kind::oldest);
    EXPECT_EQ(start_at_from("2026-01-31T00:00:00Z")->time, utc_from_s(1'769'817'600));
    for (const char* bad : {"", "yesterday", "2026-02-30T00:00:00Z", "2026-01-31"}) {
        const auto start = start_at_from(bad);
        ASSERT_FALSE(start);
        EXPECT_NE(start.error().text.find("is not now, oldest or a UTC time"), std::string::npos);
    }
}

TEST(DeliveryOptions, filters_are_resolved_and_unknown_names_refused) {
    schema::DestinationSettings settings;
    settings.id = "bms";
    settings.mqtt.emplace();
    settings.panels = {"west"};
    settings.series = {"kwh-1h"};
    const auto directory = support::sample_directory();
    const auto options = delivery_options_from(settings, directory);
    ASSERT_TRUE(options);
    EXPECT_EQ(options->filter.panels, std::vector{west});
    EXPECT_EQ(options->filter.series, std::vector{support::kwh_1h});
    settings.panels = {"north"};
    EXPECT_EQ(delivery_options_from(settings, directory).error().text,
              "destination bms: panels: there is no panel \"north\"");
}

TEST(DeliveryOptions, of_a_webhook_are_records_and_what_explains_them) {
    schema::DestinationSettings settings;
    settings.id = "billing";
    settings.webhook.emplace().timeout_s = 20;
    settings.webhook->events = false;
    const auto options = delivery_options_from(settings, support::sample_directory());
    ASSERT_TRUE(options);
    EXPECT_EQ(options->window, 4U);
    EXPECT_GT(options->ack_timeout, Duration{20s}) << "the transfer gives up first";
    EXPECT_TRUE(options->meta);
    EXPECT_FALSE(options->events || options->status || options->requests || options->live_values);
}

TEST(DeliveryOptions, lines_of_influx_do_not_overtake_each_other) {
    schema::DestinationSettings settings;
    settings.id = "graphs";
    settings.webhook.emplace().format = schema::WebhookFormat::influx;
    const auto options = delivery_options_from(settings, support::sample_directory());
    ASSERT_TRUE(options);
    EXPECT_EQ(options->window, 1U);
    EXPECT_EQ(options->format, BatchFormat::influx);
    EXPECT_FALSE(options->meta || options->events) << "they are no lines";
}

TEST_F(DeliveryTest, a_destination_gets_only_what_it_is_to_get) {
    options.meta = options.status = options.events = options.requests = false;
    options.live_values = false;
    stored(3);
    start();
    run(3s);
    delivery->tell(Event{});
    run(200s);
    delivery->stop();
    run(3s);
    EXPECT_EQ(batches_sent().size(), 3U);
    EXPECT_EQ(broker.seen.size(), 3U) << broker.seen.back().message.topic;
}

TEST_F(DeliveryTest, meta_that_could_not_be_sent_is_sent_later) {
    broker.full = true;
    start();
    run(3s);
    EXPECT_TRUE(broker.seen_on("/meta").empty());
    EXPECT_EQ(delivery->status().last_error, "") << "busy is no fault";
    broker.full = false;
    run(61s);
    EXPECT_EQ(broker.seen_on("/meta").size(), 1U);
}

TEST_F(DeliveryTest, meta_that_is_to_wait_is_sent_again_soon_and_refused_meta_later) {
    const std::string topic = gateway_topic(support::sample_directory().gateway, "meta");
    broker.refused_topics[topic] = {0, Error{Fault::busy, "asks to wait"}, false};
    start();
    run(3s);
    EXPECT_EQ(delivery->status().last_error, "asks to wait");
    const std::size_t before = broker.seen_on("/meta").size();
    broker.refused_topics[topic] = refusal();
    run(61s);
    const std::size_t asked = broker.seen_on("/meta").size();
    EXPECT_EQ(asked, before + 1);
    run(200s);
    EXPECT_EQ(broker.seen_on("/meta").size(), asked);
    broker.refused_topics.clear();
    run(100s);
    EXPECT_EQ(broker.seen_on("/meta").size(), asked + 1);
    run(3600s);
    EXPECT_EQ(broker.seen_on("/meta").size(), asked + 1) << "once taken, it is not sent again";
}

}  // namespace
}  // namespace metergate::northbound
