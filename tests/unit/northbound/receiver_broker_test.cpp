#include <gtest/gtest.h>
#include <poll.h>

#include <functional>
#include <memory>

#include "northbound/delivery.hpp"
#include "northbound/mqtt/paho_publisher.hpp"
#include "northbound/native_encoder.hpp"
#include "northbound/receiver/receiver.hpp"
#include "tests/support/broker.hpp"
#include "tests/support/fake_batches.hpp"
#include "tests/support/sample_building.hpp"
#include "tests/unit/receiver/far_end.hpp"

namespace metergate::northbound::mqtt {
namespace {

using receiver::MemoryReceived;
using receiver::Receiver;

/// A delivery and a receiver over a real broker.
class ReceiverOverBroker : public testing::TestWithParam<schema::MqttVersion> {
  protected:
    std::unique_ptr<support::Broker> broker = std::make_unique<support::Broker>();
    SystemClock clock;
    support::FakeBatches store;
    record::LiveValues live;
    MemoryReceived kept;
    std::unique_ptr<PahoPublisher> sending;
    std::unique_ptr<Delivery> delivery;
    std::unique_ptr<PahoPublisher> receiving;
    std::unique_ptr<Receiver> receiver;

    void SetUp() override {
        sending = std::make_unique<PahoPublisher>(settings("gateway"), "tower-1", "office");
        DeliveryOptions options;
        options.destination = "office";
        options.seed = 3;
        delivery = std::make_unique<Delivery>(
            options, support::sample_directory(),
            Delivery::Parts{clock, store, store, *sending, live, [](const Event&) {}},
            Delivery::Stored{BatchSeq{0}, {}});
    }
    schema::MqttSettings settings(const std::string& client) const {
        schema::MqttSettings mqtt;
        mqtt.host = "127.0.0.1";
        mqtt.port = broker->port();
        mqtt.version = GetParam();
        mqtt.tls.enabled = false;
        mqtt.client_id = client;
        return mqtt;
    }
    void start_receiver() {
        receiving = std::make_unique<PahoPublisher>(settings("receiver"), "tower-1", "bills");
        receiver = std::make_unique<Receiver>(
            receiver::ReceiverOptions{"tower-1", "bills", 5},
            Receiver::Parts{clock, *receiving, kept, [](std::string_view) {},
                            [](std::string_view) {}});
        ASSERT_TRUE(receiver->resume());
    }
    void stop_receiver() {
        receiver->stop();
        receiver.reset();
        receiving.reset();
    }
    void add(std::int64_t count) {
        for (std::int64_t i = 0; i < count; ++i) {
            store.rows.push_back(
                support::sample_batch(static_cast<std::int64_t>(store.rows.size()) + 1));
        }
        delivery->batch_stored(store.rows.back().seq);
    }
    /// Steps both ends, for at most half a minute.
    bool comes_true(const std::function<bool()>& what) {
        for (int i = 0; i < 3000; ++i) {
            (void)delivery->step();
            if (receiver) {
                (void)receiver->step();
            }
            if (what()) {
                return true;
            }
            poll(nullptr, 0, 10);
        }
        return false;
    }
    bool all_sent() const { return delivery->status().acknowledged >= store.rows.size(); }
};
INSTANTIATE_TEST_SUITE_P(Versions, ReceiverOverBroker,
                         testing::Values(schema::MqttVersion::v5, schema::MqttVersion::v3_1_1));

TEST_P(ReceiverOverBroker, what_a_killed_broker_had_acknowledged_is_asked_for_and_comes) {
    start_receiver();
    add(50);
    ASSERT_TRUE(comes_true([&] { return all_sent() && receiver->complete(); }));
    stop_receiver();
    add(50);
    ASSERT_TRUE(comes_true([&] { return all_sent(); }));
    const std::uint16_t port = broker->port();
    broker->kill();  // and everything it has acknowledged is gone
    broker = std::make_unique<support::Broker>("allow_anonymous true", port);
    start_receiver();
    EXPECT_TRUE(comes_true([&] { return kept.payloads.size() == 100 && receiver->complete(); }))
        << kept.payloads.size();
    EXPECT_EQ(receiver->summary().changed, 0U);
    EXPECT_TRUE(comes_true([&] { return store.receipts.back().through == 100; }));
    for (const Batch& row : store.rows) {
        EXPECT_EQ((kept.payloads[{"east", store.epoch(), row.number}]),
                  encode_batch(row, support::sample_directory(), store.epoch()));
    }
}

}  // namespace
}  // namespace metergate::northbound::mqtt
