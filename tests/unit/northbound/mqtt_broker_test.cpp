#include <gtest/gtest.h>
#include <mqtt/async_client.h>
#include <poll.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <memory>

#include "gateway/model/clock.hpp"
#include "northbound/access/secret_file.hpp"
#include "northbound/delivery.hpp"
#include "northbound/mqtt/paho_publisher.hpp"
#include "tests/support/broker.hpp"
#include "tests/support/fake_batches.hpp"
#include "tests/support/sample_building.hpp"

namespace metergate::northbound::mqtt {
namespace {

using support::Broker;
using support::TempFolder;

schema::MqttSettings plain(std::uint16_t port,
                           schema::MqttVersion version = schema::MqttVersion::v5) {
    schema::MqttSettings settings;
    settings.host = "127.0.0.1";
    settings.port = port;
    settings.version = version;
    settings.tls.enabled = false;
    return settings;
}

const Message will{"metergate/tower-1/status", R"({"state":"offline"})", true, {}};
const Message batch{"metergate/tower-1/batch/east", R"({"number":1})", false, {}};

/// Looks again and again, for at most ten seconds.
bool comes_true(const std::function<bool()>& what) {
    for (int i = 0; i < 1000; ++i) {
        if (what()) {
            return true;
        }
        poll(nullptr, 0, 10);
    }
    return false;
}

struct Client {
    explicit Client(const schema::MqttSettings& settings) : publisher(settings, "tower-1", "bms") {
        publisher.connect(will);
        comes_true([&] { return publisher.state() != LinkState::connecting; });
    }
    std::optional<PublishOutcome> outcome_of(const Message& message, Token token) {
        if (!publisher.publish(message, token)) {
            return std::nullopt;
        }
        std::optional<PublishOutcome> found;
        comes_true([&] {
            for (PublishOutcome& outcome : publisher.take_outcomes()) {
                if (outcome.token == token) {
                    found = std::move(outcome);
                }
            }
            return found.has_value();
        });
        return found;
    }
    std::string fault_text() {
        const auto fault = publisher.take_fault();
        return fault ? fault->text : "";
    }

    PahoPublisher publisher;
};

/// Another client, which receives.
class Subscriber {
  public:
    explicit Subscriber(std::uint16_t port)
        : client_("tcp://127.0.0.1:" + std::to_string(port), "subscriber") {
        client_.start_consuming();
        client_.connect()->wait();
        client_.subscribe("metergate/#", 1)->wait();
    }
    ~Subscriber() {
        client_.disconnect()->wait_for(std::chrono::seconds{2});
        client_.stop_consuming();
    }
    std::string next() {
        const auto message = client_.try_consume_message_for(std::chrono::seconds{10});
        return message ? message->get_topic() + " " + message->to_string() : "";
    }

  private:
    ::mqtt::async_client client_;
};

/// Where the broker's own plugin for rights is.
std::string dynamic_security() {
    for (const auto& folder : std::filesystem::directory_iterator("/usr/lib")) {
        const auto file = folder.path() / "mosquitto_dynamic_security.so";
        if (folder.is_directory() && std::filesystem::exists(file)) {
            return file;
        }
    }
    return "mosquitto_dynamic_security.so is missing";
}

class EachVersion : public testing::TestWithParam<schema::MqttVersion> {};
INSTANTIATE_TEST_SUITE_P(Versions, EachVersion,
                         testing::Values(schema::MqttVersion::v5, schema::MqttVersion::v3_1_1));

TEST_P(EachVersion, a_message_arrives_and_its_outcome_is_told) {
    const Broker broker;
    Subscriber subscriber(broker.port());
    Client client(plain(broker.port(), GetParam()));
    ASSERT_EQ(client.publisher.state(), LinkState::open) << client.fault_text();
    const auto outcome = client.outcome_of(batch, 41);
    ASSERT_TRUE(outcome);
    EXPECT_FALSE(outcome->error);
    EXPECT_EQ(subscriber.next(), R"(metergate/tower-1/batch/east {"number":1})");
    Message value{"metergate/tower-1/point/p1/kw", "1.234", true, Assurance::best_effort};
    const auto told = client.outcome_of(value, 42);
    ASSERT_TRUE(told);
    EXPECT_FALSE(told->error);
    EXPECT_EQ(subscriber.next(), "metergate/tower-1/point/p1/kw 1.234");
}

TEST_P(EachVersion, a_window_of_messages_is_answered_completely) {
    const Broker broker;
    Client client(plain(broker.port(), GetParam()));
    const std::size_t window = std::min<std::size_t>(client.publisher.in_flight_max(), 100);
    EXPECT_EQ(window, GetParam() == schema::MqttVersion::v5 ? 20U : 100U);
    for (Token token = 1; token <= window; ++token) {
        ASSERT_TRUE(client.publisher.publish(batch, token));
    }
    std::size_t answered = 0;
    EXPECT_TRUE(comes_true([&] {
        for (const PublishOutcome& outcome : client.publisher.take_outcomes()) {
            answered += outcome.error ? 0U : 1U;
        }
        return answered == window;
    }));
}

TEST_P(EachVersion, a_wrong_password_is_refused_with_a_clear_text) {
    const TempFolder folder;
    const std::string users = folder.write("users", "");
    ASSERT_EQ(std::system(("mosquitto_passwd -b " + users + " gateway right").c_str()), 0);
    const Broker broker("allow_anonymous false\npassword_file " + users);
    auto settings = plain(broker.port(), GetParam());
    settings.user = "gateway";
    settings.password_file = folder.write("password", "wrong\n");
    Client refused(settings);
    const auto fault = refused.publisher.take_fault();
    ASSERT_TRUE(fault);
    EXPECT_EQ(fault->fault, Fault::refused);
    EXPECT_TRUE(fault->text.ends_with("not authorized (0x87)") ||
                fault->text.ends_with("wrong user name or password (0x86)"))
        << fault->text;
    EXPECT_EQ(fault->text.find("wrong\n"), std::string::npos);

    settings.password_file = folder.write("password", "right\nnot this line\n");
    Client accepted(settings);
    EXPECT_EQ(accepted.publisher.state(), LinkState::open);
}

TEST_P(EachVersion, a_killed_broker_fails_the_connection_and_what_was_in_flight) {
    Broker broker;
    Client client(plain(broker.port(), GetParam()));
    ASSERT_EQ(client.publisher.state(), LinkState::open);
    broker.kill();
    EXPECT_TRUE(comes_true([&] { return client.publisher.state() == LinkState::closed; }));
    EXPECT_NE(client.fault_text(), "");
    EXPECT_FALSE(client.publisher.publish(batch, 1));
    const Broker again("allow_anonymous true", broker.port());
    client.publisher.connect(will);
    EXPECT_TRUE(comes_true([&] { return client.publisher.state() == LinkState::open; }));
    EXPECT_TRUE(client.outcome_of(batch, 2));
}

TEST_P(EachVersion, a_port_where_nothing_listens_is_a_clear_fault) {
    const std::uint16_t port = support::free_port();
    Client client(plain(port, GetParam()));
    EXPECT_EQ(client.publisher.state(), LinkState::closed);
    EXPECT_NE(client.fault_text().find("broker 127.0.0.1:" + std::to_string(port)),
              std::string::npos);
}

TEST(MqttBroker, a_topic_without_rights_is_refused_with_its_reason) {
    const TempFolder folder;
    const std::string rights = folder.write("acl", "topic write metergate/tower-1/status\n");
    const Broker broker("allow_anonymous true\nacl_file " + rights);
    Client client(plain(broker.port()));
    const auto outcome = client.outcome_of(batch, 7);
    ASSERT_TRUE(outcome);
    ASSERT_TRUE(outcome->error);
    EXPECT_EQ(outcome->error->fault, Fault::refused);
    EXPECT_EQ(outcome->error->text, "the broker refuses the message: not authorized (0x87)");
    EXPECT_FALSE(outcome->over_quota);
}

TEST_P(EachVersion, what_others_say_is_heard_on_subscribed_topics_only) {
    const Broker broker;
    Client hearer(plain(broker.port(), GetParam()));
    ASSERT_TRUE(hearer.publisher.subscribe("metergate/tower-1/request", 9));
    std::vector<PublishOutcome> outcomes;
    ASSERT_TRUE(comes_true([&] {
        outcomes = hearer.publisher.take_outcomes();
        return !outcomes.empty();
    }));
    EXPECT_EQ(outcomes[0].token, 9U);
    EXPECT_FALSE(outcomes[0].error);

    auto settings = plain(broker.port(), GetParam());
    settings.client_id = "sayer";
    Client sayer(settings);
    ASSERT_TRUE(sayer.outcome_of(batch, 1));
    ASSERT_TRUE(sayer.outcome_of({"metergate/tower-1/request", "hello", false, {}}, 2));
    ASSERT_TRUE(
        sayer.outcome_of({"metergate/tower-1/request", std::string(100'000, 'x'), false, {}}, 3));
    ASSERT_TRUE(sayer.outcome_of({"metergate/tower-1/request", "again", false, {}}, 4));
    std::vector<std::string> heard;
    EXPECT_TRUE(comes_true([&] {
        for (const Incoming& incoming : hearer.publisher.take_incoming()) {
            heard.push_back(incoming.payload);
        }
        return heard.size() == 2;
    }));
    EXPECT_EQ(heard, (std::vector<std::string>{"hello", "again"})) << "100 kB are dropped";
    EXPECT_EQ(hearer.publisher.state(), LinkState::open);
}

TEST_P(EachVersion, a_subscription_without_rights_is_refused_and_messages_still_go) {
    const TempFolder folder;
    const std::string rights = folder.write("rights.json", R"({
        "defaultACLAccess": {"publishClientSend": true, "publishClientReceive": true,
                             "subscribe": false, "unsubscribe": true},
        "clients": [], "groups": [{"groupname": "all", "roles": []}], "roles": [],
        "anonymousGroup": "all"})");
    const Broker broker("allow_anonymous true\nplugin " + dynamic_security() +
                        "\nplugin_opt_config_file " + rights);
    Client client(plain(broker.port(), GetParam()));
    ASSERT_TRUE(client.publisher.subscribe("metergate/tower-1/request", 9));
    std::vector<PublishOutcome> outcomes;
    ASSERT_TRUE(comes_true([&] {
        outcomes = client.publisher.take_outcomes();
        return !outcomes.empty();
    }));
    ASSERT_TRUE(outcomes[0].error);
    EXPECT_EQ(outcomes[0].error->fault, Fault::refused);
    EXPECT_TRUE(outcomes[0].error->text.starts_with("the broker refuses the subscription: "))
        << outcomes[0].error->text;
    const auto outcome = client.outcome_of(batch, 10);
    ASSERT_TRUE(outcome);
    EXPECT_FALSE(outcome->error);
}

TEST(MqttBroker, the_largest_payload_is_what_the_broker_says) {
    const Broker broker("allow_anonymous true\nmax_packet_size 10000");
    Client client(plain(broker.port()));
    EXPECT_EQ(client.publisher.payload_size_max(), 10000U - 256U);
}

TEST(MqttBroker, the_last_will_is_sent_when_another_client_takes_the_id) {
    const Broker broker;
    Subscriber subscriber(broker.port());
    Client first(plain(broker.port()));
    Client second(plain(broker.port()));
    EXPECT_EQ(second.publisher.state(), LinkState::open);
    EXPECT_TRUE(comes_true([&] { return first.publisher.state() == LinkState::closed; }));
    EXPECT_EQ(first.fault_text(),
              "the connection to the broker was lost (if this repeats: another client may use the "
              "client id metergate-tower-1-bms)");
    EXPECT_EQ(subscriber.next(), R"(metergate/tower-1/status {"state":"offline"})");
}

TEST(MqttBroker, a_polite_goodbye_does_not_send_the_last_will) {
    const Broker broker;
    Subscriber subscriber(broker.port());
    {
        Client client(plain(broker.port()));
        ASSERT_EQ(client.publisher.state(), LinkState::open);
    }
    Client other(plain(broker.port()));
    ASSERT_TRUE(other.outcome_of(batch, 1));
    EXPECT_EQ(subscriber.next(), R"(metergate/tower-1/batch/east {"number":1})");
}

TEST(MqttBroker, an_unknown_host_name_is_named) {
    auto settings = plain(1883);
    settings.host = "no-such-host.invalid";
    Client client(settings);
    EXPECT_EQ(client.publisher.state(), LinkState::closed);
    EXPECT_NE(client.fault_text().find("host no-such-host.invalid: "), std::string::npos);
}

TEST(MqttBroker, one_that_refuses_mqtt_5_is_not_tried_with_3_1_1) {
    support::DumbServer server;
    PahoPublisher publisher(plain(server.port()), "tower-1", "bms");
    publisher.connect(will);
    ASSERT_EQ(publisher.state(), LinkState::connecting);
    server.answer_once(std::string("\x20\x02\x00\x01", 4));  // CONNACK of 3.1.1: version not known
    EXPECT_TRUE(comes_true([&] { return publisher.state() == LinkState::closed; }));
    const auto fault = publisher.take_fault();
    ASSERT_TRUE(fault);
    EXPECT_NE(fault->text.find("set version to 3.1.1"), std::string::npos) << fault->text;
}

TEST(MqttBroker, one_that_never_answers_holds_nobody_up) {
    const support::DumbServer server;
    const SystemClock clock;
    const Instant begin = clock.now();
    {
        PahoPublisher publisher(plain(server.port()), "tower-1", "bms");
        publisher.connect(will);
        EXPECT_EQ(publisher.state(), LinkState::connecting);
        poll(nullptr, 0, 200);
        EXPECT_EQ(publisher.state(), LinkState::connecting);
        publisher.disconnect();
        publisher.connect(will);
    }
    EXPECT_LT(clock.now() - begin, std::chrono::seconds{3});
}

TEST(MqttBroker, a_delivery_gets_everything_through_a_restart_of_the_broker) {
    auto broker = std::make_unique<Broker>();
    const SystemClock clock;
    support::FakeBatches store;
    for (std::int64_t seq = 1; seq <= 400; ++seq) {
        store.rows.push_back(support::sample_batch(seq));
    }
    record::LiveValues live;
    std::vector<EventKind> events;
    PahoPublisher publisher(plain(broker->port()), "tower-1", "bms");
    DeliveryOptions options;
    options.destination = "bms";
    Delivery delivery(options, support::sample_directory(),
                      {clock, store, store, publisher, live,
                       [&](const Event& event) { events.push_back(event.kind); }},
                      {BatchSeq{0}, {}});
    const auto reaches = [&](std::uint64_t count) {
        return comes_true([&] {
            (void)delivery.step();
            return delivery.status().acknowledged >= count;
        });
    };
    ASSERT_TRUE(reaches(100));
    broker->kill();
    ASSERT_TRUE(comes_true([&] {
        (void)delivery.step();
        return delivery.status().state == DeliveryStatus::State::waiting;
    }));
    broker = std::make_unique<Broker>("allow_anonymous true", broker->port());
    EXPECT_TRUE(reaches(400));
    delivery.stop();
    EXPECT_TRUE(comes_true([&] {
        (void)delivery.step();
        return delivery.stopped();
    }));
    EXPECT_EQ(store.moves.back().through, BatchSeq{400});
    EXPECT_EQ(events, (std::vector{EventKind::destination_lost, EventKind::destination_back}));
}

TEST(SecretFile, is_its_first_line_and_refused_when_open_to_all) {
    const TempFolder folder;
    const std::string path = folder.write("password", "top secret\r\nsecond line\n");
    EXPECT_EQ(*access::read_secret(path, "password file"), "top secret");
    std::filesystem::permissions(path, std::filesystem::perms::others_read,
                                 std::filesystem::perm_options::add);
    const auto open = access::read_secret(path, "password file");
    ASSERT_FALSE(open);
    EXPECT_EQ(open.error().fault, Fault::refused);
    EXPECT_EQ(open.error().text,
              "password file " + path + " is open to every user of this machine: chmod 640 it");
    EXPECT_EQ(access::read_secret(folder.path() / "none", "password file").error().fault,
              Fault::not_found);
    EXPECT_EQ(access::read_secret(folder.write("empty", "\n"), "password file").error().fault,
              Fault::invalid);
}

}  // namespace
}  // namespace metergate::northbound::mqtt
