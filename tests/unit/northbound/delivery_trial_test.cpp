#include "tests/unit/northbound/delivery_fixture.hpp"

namespace metergate::northbound {
namespace {

using Answered = std::vector<Result<std::chrono::milliseconds>>;

class DeliveryTrial : public DeliveryTest {
  protected:
    void ask() {
        delivery->test(
            [this](Result<std::chrono::milliseconds> took) { answers.push_back(std::move(took)); });
    }
    Answered answers;
};

TEST_F(DeliveryTrial, a_message_marked_as_a_test_goes_the_way_of_the_batches) {
    start();
    run(3s);
    ask();
    run(1s);
    ASSERT_EQ(answers.size(), 1U);
    ASSERT_TRUE(answers[0]);
    EXPECT_EQ(*answers[0], 20ms) << "as long as the broker takes";
    const auto sent = broker.seen_on("/test");
    ASSERT_EQ(sent.size(), 1U);
    EXPECT_EQ(sent[0].message.topic, "metergate/tower-1/test");
    EXPECT_FALSE(sent[0].message.retained);
    EXPECT_EQ(sent[0].message.payload.find(
                  R"({"test":true,"gateway":"tower-1","destination":"bms","at":"2023-11-14T)"),
              0U);
}

TEST_F(DeliveryTrial, a_delivery_that_waits_tries_again_at_once) {
    broker.reachable = false;
    start();
    run(300s);  // the pauses have grown to a minute
    const std::size_t tries = broker.connects.size();
    broker.reachable = true;
    ask();
    run(1s);
    EXPECT_EQ(broker.connects.size(), tries + 1);
    ASSERT_EQ(answers.size(), 1U);
    EXPECT_TRUE(answers[0]);
}

TEST_F(DeliveryTrial, why_it_was_not_taken_is_the_answer) {
    broker.reachable = false;
    start();
    ask();
    run(1s);
    ASSERT_EQ(answers.size(), 1U);
    EXPECT_EQ(answers[0].error().text, "nothing answers");
    broker.reachable = true;
    broker.refused_topics["metergate/tower-1/test"] = refusal();
    run(61s);
    ask();
    run(1s);
    ASSERT_EQ(answers.size(), 2U);
    EXPECT_EQ(answers[1].error().text, "not authorized (0x87)");
}

TEST_F(DeliveryTrial, a_connection_that_swallows_it_is_an_answer_too) {
    start();
    run(3s);
    broker.swallows = true;
    ask();
    run(options.ack_timeout + 1s);
    ASSERT_EQ(answers.size(), 1U);
    EXPECT_EQ(answers[0].error().fault, Fault::timeout);
}

TEST_F(DeliveryTrial, success_lets_a_refused_batch_try_again) {
    broker.refused_topics[east_topic] = refusal();
    stored(1);
    start();
    run(120s);
    ASSERT_EQ(delivery->status().state, DeliveryStatus::State::paused);
    broker.refused_topics.clear();
    ask();
    run(1s);
    EXPECT_EQ(delivery->status().state, DeliveryStatus::State::connected);
    EXPECT_EQ(moved(), BatchSeq{1});
}

TEST_F(DeliveryTrial, a_delivery_that_ends_answers_all) {
    broker.answers_connect = false;
    start();
    run(1s);
    ask();
    run(1ms);
    delivery->stop();
    ask();
    run(3s);
    ASSERT_EQ(answers.size(), 2U);
    EXPECT_EQ(answers[0].error().text, "the destination ends");
    EXPECT_EQ(answers[1].error().text, "the destination ends");
}

TEST_F(DeliveryTrial, too_many_at_once_are_told_so) {
    start();
    for (int i = 0; i < 9; ++i) {
        ask();
    }
    ASSERT_EQ(answers.size(), 1U);
    EXPECT_EQ(answers[0].error().fault, Fault::busy);
    run(3s);
    EXPECT_EQ(answers.size(), 9U);
}

TEST_F(DeliveryTrial, lines_of_influx_get_a_line) {
    options.format = BatchFormat::influx;
    start();
    run(3s);
    ask();
    run(1s);
    EXPECT_EQ(broker.seen_on("/test").at(0).message.payload,
              "metergate_test,gateway=tower-1,destination=bms value=1i 1700000003\n");
}

}  // namespace
}  // namespace metergate::northbound
