#include <algorithm>

#include "northbound/talk.hpp"
#include "tests/unit/northbound/delivery_fixture.hpp"

namespace metergate::northbound {
namespace {

const std::string request_topic = "metergate/tower-1/request";
const std::string receipt_topic = "metergate/tower-1/receipt";

class DeliveryRequests : public DeliveryTest {
  protected:
    void begin_sent(std::int64_t count) {
        stored(count);
        start();
        run(30s);
        ASSERT_EQ(moved(), BatchSeq{count});
        broker.seen.clear();
    }
    void ask(const std::string& id, std::uint64_t from, std::uint64_t to,
             const std::string& panel = "east") {
        say(request_topic, encode_request({id, panel, RequestedNumbers{store.epoch(), from, to}}));
    }
    void say(const std::string& topic, const std::string& payload, bool retained = false) {
        broker.incoming.push_back({topic, payload, retained});
        run(1ms);
    }
    void confirm(const std::string& receiver, std::uint64_t through,
                 const std::string& panel = "east") {
        say(receipt_topic, encode_receipt({receiver, panel, store.epoch(), through}));
    }
    DataResponse response(const std::string& id) {
        const auto payload = broker.newest_on("/response/" + id);
        return payload ? *parse_response(*payload) : DataResponse{};
    }
};

TEST_F(DeliveryRequests, requested_batches_come_again_byte_for_byte_and_then_the_answer) {
    begin_sent(10);
    ask("gap-1", 3, 5);
    run(2s);
    EXPECT_EQ(batches_sent(), (std::vector{payload(2), payload(3), payload(4)}));
    EXPECT_EQ(response("gap-1"), (DataResponse{"gap-1", 3, 0, {}}));
    EXPECT_EQ(broker.seen.back().message.topic, "metergate/tower-1/response/gap-1");
    EXPECT_EQ(moved(), BatchSeq{10});
    EXPECT_EQ(delivery->status().resent, 3U);
}

TEST_F(DeliveryRequests, batches_are_found_by_the_ends_of_their_intervals) {
    begin_sent(10);
    const UtcSeconds first = store.rows.at(3).end;
    say(request_topic,
        encode_request({"t", "east", RequestedEnds{first, first + std::chrono::seconds{900}}}));
    run(2s);
    EXPECT_EQ(batches_sent(), (std::vector{payload(3), payload(4)}));
    EXPECT_EQ(response("t").count, 2U);
}

TEST_F(DeliveryRequests, what_is_purged_is_told_as_purged) {
    begin_sent(10);
    store.kept[east] = 5;
    ask("old", 1, 6);
    ask("all-old", 1, 3);
    run(2s);
    EXPECT_EQ(response("old"), (DataResponse{"old", 2, 4, {}}));
    EXPECT_EQ(response("all-old"), (DataResponse{"all-old", 0, 3, {}}));
}

TEST_F(DeliveryRequests, each_request_that_cannot_be_served_is_answered_with_the_reason) {
    options.request_batches_max = 100;
    begin_sent(10);
    ask("unknown", 1, 2, "north");
    ask("many", 1, 101);
    say(request_topic, encode_request({"epoch", "east", RequestedNumbers{Epoch{5}, 1, 2}}));
    say(request_topic,
        encode_request({"long", "east", RequestedEnds{utc_from_s(0), utc_from_s(20'000'000)}}));
    say(request_topic, R"({"id":"half","panel":"east","from":3})");
    run(2s);
    EXPECT_EQ(response("unknown").error, "there is no panel of that id");
    EXPECT_EQ(response("many").error, "more than 100 batches: ask for them in parts");
    EXPECT_EQ(response("epoch").error, "the epoch is now abcdef0123456789");
    EXPECT_EQ(response("long").error, "more than 100 days: ask in parts");
    EXPECT_NE(response("half").error, "");
    EXPECT_TRUE(batches_sent().empty());
}

TEST_F(DeliveryRequests, garbage_and_what_the_broker_kept_are_ignored) {
    begin_sent(10);
    say(request_topic, "garbage");
    say(request_topic, std::string(100'000, 'x'));
    say(request_topic, R"({"id":"../status","panel":"east","from":1,"to":2})");
    say(request_topic, encode_request({"old", "east", RequestedNumbers{store.epoch(), 1, 2}}),
        true);
    say(receipt_topic, "garbage");
    say("metergate/tower-1/request/x", "{}");
    run(5s);
    EXPECT_TRUE(broker.seen_on("/response/").empty());
    EXPECT_TRUE(batches_sent().empty());
    EXPECT_TRUE(store.receipts.empty());
    EXPECT_EQ(delivery->status().state, DeliveryStatus::State::connected);
}

TEST_F(DeliveryRequests, more_requests_than_allowed_in_a_minute_are_refused) {
    options.requests_per_min_max = 5;
    begin_sent(10);
    for (int i = 0; i < 20; ++i) {
        ask("r" + std::to_string(i), 1, 1);
        run(200ms);
    }
    EXPECT_EQ(batches_sent().size(), 5U);
    EXPECT_EQ(response("r5").error, "more than 5 requests within a minute: ask later");
    EXPECT_EQ(broker.seen_on("/response/").size(), 10U) << "refusals have the same limit";
    run(1min);
    ask("later", 1, 1);
    run(1s);
    EXPECT_EQ(response("later").count, 1U);
}

TEST_F(DeliveryRequests, a_large_request_does_not_hold_new_batches_up) {
    options.batches_per_s_max = 40;
    begin_sent(800);
    ask("big", 1, 800);
    run(1s);
    stored(40);
    const Instant asked = clock.now();
    run(4s);
    EXPECT_EQ(moved(), BatchSeq{840}) << "new ones have three quarters of the rate";
    EXPECT_LT(broker.seen_on("/batch/").back().at - asked, 4s);
    run(2min);
    EXPECT_EQ(response("big").count, 800U);
}

TEST_F(DeliveryRequests, all_batches_together_keep_to_window_and_rate) {
    options.batches_per_s_max = 100;
    options.window = 20;
    begin_sent(500);
    stored(1000);
    ask("big", 1, 500);
    const Instant begin = clock.now();
    run(10s);
    std::size_t in_ten_s = 0;
    for (const auto& entry : broker.seen_on("/batch/")) {
        in_ten_s += entry.at >= begin ? 1U : 0U;
    }
    EXPECT_LE(in_ten_s, 1000U + 50U);
    EXPECT_GE(in_ten_s, 900U);
}

TEST_F(DeliveryRequests, a_request_cut_by_a_lost_connection_is_forgotten_and_can_be_asked_again) {
    options.batches_per_s_max = 20;
    begin_sent(300);
    ask("gap", 1, 300);
    run(5s);
    broker.lose_connection();
    run(30s);
    broker.seen.clear();
    run(30s);
    EXPECT_TRUE(batches_sent().empty());
    EXPECT_EQ(broker.subscribed, (std::vector{request_topic, receipt_topic}));
    ask("gap", 1, 2);
    run(2s);
    EXPECT_EQ(response("gap").count, 2U);
}

TEST_F(DeliveryRequests, a_refused_batch_ends_its_request_with_the_reason) {
    begin_sent(10);
    broker.refused_topics[east_topic] = refusal();
    ask("gap", 1, 3);
    run(2s);
    EXPECT_EQ(response("gap").error, "not authorized (0x87)");
    EXPECT_EQ(delivery->status().state, DeliveryStatus::State::connected);
}

TEST_F(DeliveryRequests, a_broker_that_refuses_the_subscription_gets_everything_all_the_same) {
    broker.refuses_subscriptions = true;
    begin_sent(10);
    EXPECT_EQ(delivery->status().receivers_problem,
              "requests and receipts are not heard: not authorized (0x87)");
    EXPECT_EQ(kinds(), std::vector{EventKind::subscription_refused});
    broker.lose_connection();
    broker.refuses_subscriptions = false;
    run(2min);
    EXPECT_EQ(delivery->status().receivers_problem, "");
}

TEST_F(DeliveryRequests, nothing_is_subscribed_when_requests_are_off) {
    options.requests = false;
    begin_sent(3);
    EXPECT_TRUE(broker.subscribed.empty());
}

TEST_F(DeliveryRequests, receipts_are_kept_once_a_second_and_only_forward) {
    begin_sent(10);
    for (const std::uint64_t through : {2U, 5U, 4U}) {
        confirm("bills", through);
    }
    run(2s);
    ASSERT_LE(store.receipts.size(), 2U);
    EXPECT_EQ(store.receipts.back().through, 5U);
    EXPECT_EQ(store.receipts.back().destination, "bms");
    const auto receivers = delivery->status().receivers;
    ASSERT_EQ(receivers.size(), 1U);
    EXPECT_EQ(receivers[0].receiver, "bills");
    EXPECT_EQ(receivers[0].panels.at(0).through, 5U);
    EXPECT_EQ(receivers[0].panels.at(0).newest, 10U);
}

TEST_F(DeliveryRequests, receipts_beyond_what_there_is_are_ignored) {
    begin_sent(10);
    confirm("bills", 11);
    confirm("bills", 1, "north");
    confirm("bills", 0, "west");
    say(receipt_topic, encode_receipt({"bills", "east", Epoch{5}, 3}));
    say(receipt_topic, encode_receipt({"bills", "east", store.epoch(), 3}), true);
    run(3s);
    EXPECT_TRUE(store.receipts.empty());
}

TEST_F(DeliveryRequests, at_most_sixteen_receivers_are_kept) {
    begin_sent(3);
    for (int i = 0; i < 30; ++i) {
        confirm("receiver-" + std::to_string(i), 1);
        run(2s);
    }
    EXPECT_EQ(delivery->status().receivers.size(), 16U);
}

TEST_F(DeliveryRequests, stored_receipts_are_known_after_a_restart) {
    stored_receipts = {{"bms", "bills", east, store.epoch(), 4, utc_from_s(1'700'000'000)}};
    begin_sent(10);
    confirm("bills", 3);
    run(2s);
    EXPECT_EQ(delivery->status().receivers.at(0).panels.at(0).through, 4U);
}

TEST(PanelNames, lead_back_to_their_panels) {
    const auto directory = support::sample_directory();
    for (const PanelNumber panel : {gateway_panel, east, west, PanelNumber{77}}) {
        EXPECT_EQ(panel_named(directory, panel_name(directory, panel)), panel);
    }
    for (const char* name : {"", "north", "_panel_", "_panel_0", "_panel_1", "_panel_077",
                             "_panel_99999999999", "_panel_7x"}) {
        EXPECT_EQ(panel_named(directory, name), std::nullopt) << name;
    }
}

}  // namespace
}  // namespace metergate::northbound
