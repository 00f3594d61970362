#include "northbound/mqtt/paho_connection.hpp"

#include <mqtt/async_client.h>

#include <mutex>
#include <string>
#include <utility>

#include "northbound/access/secret_file.hpp"
#include "northbound/mqtt/reason_text.hpp"

namespace metergate::northbound::mqtt {
namespace {

constexpr int goodbye_ms = 250;
constexpr int goodbye_wait_ms = 500;
constexpr int connect_timeout_s = 20;
constexpr int busy_return_code = -12;  // MQTTASYNC_MAX_BUFFERED_MESSAGES
constexpr int bad_subscribe = 0x80;    // MQTTASYNC_BAD_SUBSCRIBE: the failure code of a SUBACK
/// Live values, meta and status that may wait beside a full window of batches.
constexpr int beside_window = 96;
constexpr const char* system_trust_store = "/etc/ssl/certs/ca-certificates.crt";

/// What the library's threads tell ours. They only leave it here: no call back into the library, no
/// waiting.
class Mailbox {
  public:
    Mailbox(const HearingLimits& hearing, std::function<void()> wake)
        : hearing_(hearing), wake_(std::move(wake)) {}

    void opened(const BrokerLimits& limits) {
        change([&] {
            state_ = LinkState::open;
            limits_ = limits;
        });
    }
    /// What the broker said is the cause, whenever it is heard; the rest is consequence.
    void closed(Error why) {
        change([&] {
            state_ = LinkState::closed;
            if (!fault_ || why.fault == Fault::refused) {
                fault_ = std::move(why);
            }
        });
    }
    void answered(PublishOutcome outcome) {
        change([&] { outcomes_.push_back(std::move(outcome)); });
    }

    /// Messages cost their bytes and something for themselves.
    void arrived(const ::mqtt::message& message) {
        constexpr std::size_t each = 256;
        const std::size_t size = message.get_payload().size();
        const std::size_t cost = size + message.get_topic().size() + each;
        change([&] {
            if (size <= hearing_.payload_size && waiting_size_ + cost <= hearing_.waiting_size) {
                waiting_size_ += cost;
                incoming_.push_back(
                    {message.get_topic(), message.get_payload_str(), message.is_retained()});
            }
        });
    }

    /// From now on nothing said is heard.
    void shut() {
        const std::scoped_lock lock(mutex_);
        wake_ = {};
        state_ = LinkState::closed;
    }
    [[nodiscard]] LinkState state() const {
        const std::scoped_lock lock(mutex_);
        return state_;
    }
    [[nodiscard]] std::optional<Error> take_fault() {
        const std::scoped_lock lock(mutex_);
        return std::exchange(fault_, std::nullopt);
    }
    [[nodiscard]] std::vector<PublishOutcome> take_outcomes() {
        const std::scoped_lock lock(mutex_);
        return std::exchange(outcomes_, {});
    }
    [[nodiscard]] std::vector<Incoming> take_incoming() {
        const std::scoped_lock lock(mutex_);
        waiting_size_ = 0;
        return std::exchange(incoming_, {});
    }
    [[nodiscard]] BrokerLimits limits() const {
        const std::scoped_lock lock(mutex_);
        return limits_;
    }

  private:
    template <class Change>
    void change(Change apply) {
        const std::scoped_lock lock(mutex_);
        apply();
        if (wake_) {
            wake_();
        }
    }

    const HearingLimits hearing_;
    mutable std::mutex mutex_;
    std::function<void()> wake_;
    LinkState state_ = LinkState::connecting;
    std::optional<Error> fault_;
    /// Bounded by the messages in flight.
    std::vector<PublishOutcome> outcomes_;
    std::vector<Incoming> incoming_;
    std::size_t waiting_size_ = 0;
    BrokerLimits limits_;
};

/// Messages are named by their token alone, carried as the library's context pointer.
void* context_of(Token token) {
    return reinterpret_cast<void*>(static_cast<std::uintptr_t>(token));
}
Token token_of(const ::mqtt::token& message) {
    return static_cast<Token>(reinterpret_cast<std::uintptr_t>(message.get_user_context()));
}

/// Answers to messages and subscriptions; `what` names which.
class AnswerListener final : public ::mqtt::iaction_listener {
  public:
    /// Without MQTT 5 there are no reason codes and the library's mean nothing.
    AnswerListener(Mailbox& mailbox, bool has_reasons, std::string what)
        : mailbox_(mailbox), has_reasons_(has_reasons), what_(std::move(what)) {}

    void on_success(const ::mqtt::token& message) override { answer(message, true); }
    void on_failure(const ::mqtt::token& message) override { answer(message, false); }

  private:
    /// A refusal arrives as a failure with return code 0 and a reason; some arrive as a success.
    void answer(const ::mqtt::token& message, bool success) {
        const bool refused_v3 = !has_reasons_ && message.get_return_code() == bad_subscribe;
        const int reason = has_reasons_ ? message.get_reason_code() : refused_v3 ? 0x80 : 0;
        PublishOutcome outcome{token_of(message), std::nullopt, false};
        if (reason >= 0x80) {
            outcome.error = Error{Fault::refused,
                                  "the broker refuses the " + what_ + ": " + reason_text(reason)};
            outcome.over_quota = reason == MQTTREASONCODE_QUOTA_EXCEEDED;
        } else if (!success) {
            outcome.error = Error{Fault::disconnected, library_text(message.get_return_code())};
        }
        mailbox_.answered(std::move(outcome));
    }

    Mailbox& mailbox_;
    bool has_reasons_;
    std::string what_;
};

BrokerLimits limits_of(const ::mqtt::token& connect) {
    constexpr std::size_t header_and_topic = 256;
    using ::mqtt::property;
    const ::mqtt::connect_response response = connect.get_connect_response();
    const ::mqtt::properties& said = response.get_properties();
    BrokerLimits limits;
    if (said.contains(property::MAXIMUM_PACKET_SIZE)) {
        const std::size_t packet = ::mqtt::get<std::uint32_t>(said, property::MAXIMUM_PACKET_SIZE);
        limits.payload_size = packet > header_and_topic ? packet - header_and_topic : 0;
    }
    if (said.contains(property::RECEIVE_MAXIMUM)) {
        limits.in_flight = ::mqtt::get<std::uint16_t>(said, property::RECEIVE_MAXIMUM);
    }
    return limits;
}

class ConnectListener final : public ::mqtt::iaction_listener {
  public:
    ConnectListener(Mailbox& mailbox, const schema::MqttSettings& settings)
        : mailbox_(mailbox), settings_(settings) {}

    void on_success(const ::mqtt::token& connect) override {
        const bool v5 = settings_.version == schema::MqttVersion::v5;
        mailbox_.opened(v5 ? limits_of(connect) : BrokerLimits{});
    }
    void on_failure(const ::mqtt::token& connect) override {
        mailbox_.closed(connect_error(settings_, connect.get_return_code()));
    }

  private:
    Mailbox& mailbox_;
    const schema::MqttSettings& settings_;
};

std::string uri_of(const schema::MqttSettings& settings) {
    const bool is_ipv6 = settings.host.find(':') != std::string::npos;
    return (settings.tls.enabled ? "ssl://" : "tcp://") +
           (is_ipv6 ? "[" + settings.host + "]" : settings.host) + ":" +
           std::to_string(settings.port);
}

int version_of(const schema::MqttSettings& settings) {
    return settings.version == schema::MqttVersion::v5 ? MQTTVERSION_5 : MQTTVERSION_3_1_1;
}

::mqtt::create_options creation(const schema::MqttSettings& settings) {
    ::mqtt::create_options options(version_of(settings),
                                   static_cast<int>(settings.window) + beside_window);
    options.set_send_while_disconnected(false);
    options.set_restore_messages(false);
    return options;
}

Result<void> add_tls(::mqtt::connect_options& options, const schema::TlsSettings& tls) {
    const std::string trust_store = tls.ca_file.empty() ? system_trust_store : tls.ca_file;
    auto readable = access::check_readable(trust_store, "certificates of trusted authorities");
    if (readable && !tls.certificate_file.empty()) {
        readable = access::check_readable(tls.certificate_file, "client certificate");
    }
    if (readable && !tls.private_key_file.empty()) {
        readable = access::check_readable(tls.private_key_file, "private key");
    }
    if (!readable) {
        return readable;
    }
    ::mqtt::ssl_options ssl;
    ssl.set_trust_store(trust_store);
    if (!tls.certificate_file.empty()) {
        ssl.set_key_store(tls.certificate_file);
        ssl.set_private_key(tls.private_key_file);
    }
    ssl.set_enable_server_cert_auth(true);
    ssl.set_verify(true);
    ssl.set_ssl_version(MQTT_SSL_VERSION_TLS_1_2);
    options.set_ssl(std::move(ssl));
    return {};
}

Result<void> fill(::mqtt::connect_options& options, const schema::MqttSettings& settings,
                  const HearingLimits& hearing, const Message& last_will) {
    options.set_mqtt_version(version_of(settings));
    if (settings.version == schema::MqttVersion::v5) {
        options.set_clean_start(true);
        constexpr std::size_t header_and_topic = 1024;
        options.set_properties(
            {{::mqtt::property::MAXIMUM_PACKET_SIZE,
              static_cast<std::int32_t>(hearing.payload_size + header_and_topic)}});
    } else {
        options.set_clean_session(true);
    }
    options.set_automatic_reconnect(false);
    options.set_keep_alive_interval(static_cast<int>(settings.keep_alive_s));
    options.set_connect_timeout(connect_timeout_s);
    options.set_max_inflight(static_cast<int>(settings.window) + beside_window);
    if (!last_will.topic.empty()) {
        options.set_will(::mqtt::will_options(last_will.topic, last_will.payload.data(),
                                              last_will.payload.size(), 1, last_will.retained));
    }
    if (!settings.user.empty()) {
        options.set_user_name(settings.user);
    }
    if (!settings.password_file.empty()) {
        const auto password = access::read_secret(settings.password_file, "password file");
        if (!password) {
            return password.error();
        }
        options.set_password(*password);
    }
    return settings.tls.enabled ? add_tls(options, settings.tls) : Result<void>{};
}

}  // namespace

/// The client comes last: it is destroyed first, while all that its threads use still exists.
struct PahoConnection::Parts {
    Parts(const schema::MqttSettings& mqtt, const HearingLimits& hearing,
          std::function<void()> wake)
        : settings(mqtt),
          mailbox(hearing, std::move(wake)),
          connect_listener(mailbox, settings),
          publish_listener(mailbox, settings.version == schema::MqttVersion::v5, "message"),
          subscribe_listener(mailbox, settings.version == schema::MqttVersion::v5, "subscription"),
          client(uri_of(settings), settings.client_id, creation(settings)) {}

    const schema::MqttSettings settings;
    Mailbox mailbox;
    ConnectListener connect_listener;
    AnswerListener publish_listener;
    AnswerListener subscribe_listener;
    ::mqtt::connect_options options;
    ::mqtt::token_ptr goodbye;
    ::mqtt::async_client client;
};

PahoConnection::PahoConnection(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

PahoConnection::~PahoConnection() {
    parts_->mailbox.shut();
}

Result<std::unique_ptr<PahoConnection>> PahoConnection::open(const schema::MqttSettings& settings,
                                                             const HearingLimits& hearing,
                                                             const Message& last_will,
                                                             std::function<void()> wake) {
    try {
        auto parts = std::make_unique<Parts>(settings, hearing, std::move(wake));
        if (const auto filled = fill(parts->options, settings, hearing, last_will); !filled) {
            return filled.error();
        }
        Mailbox& mailbox = parts->mailbox;
        const std::string lost =
            "the connection to the broker was lost (if this repeats: another client may use the "
            "client id " +
            settings.client_id + ")";
        parts->client.set_connection_lost_handler([&mailbox, lost](const std::string&) {
            mailbox.closed({Fault::disconnected, lost});
        });
        parts->client.set_message_callback([&mailbox](const ::mqtt::const_message_ptr& message) {
            if (message) {
                mailbox.arrived(*message);
            }
        });
        parts->client.set_disconnected_handler(
            [&mailbox](const ::mqtt::properties&, ::mqtt::ReasonCode reason) {
                mailbox.closed({reason >= 0x80 ? Fault::refused : Fault::disconnected,
                                "the broker closed the connection: " + reason_text(reason)});
            });
        parts->client.connect(parts->options, nullptr, parts->connect_listener);
        return std::unique_ptr<PahoConnection>(new PahoConnection(std::move(parts)));
    } catch (const ::mqtt::exception& error) {
        return Error{Fault::invalid,
                     "broker " + settings.host + ": " + library_text(error.get_return_code())};
    }
}

LinkState PahoConnection::state() const {
    return parts_->mailbox.state();
}

std::optional<Error> PahoConnection::take_fault() {
    return parts_->mailbox.take_fault();
}

Result<void> PahoConnection::publish(const Message& message, Token token) {
    const int qos = message.assurance == Assurance::acknowledged ? 1 : 0;
    try {
        parts_->client.publish(
            ::mqtt::make_message(message.topic, message.payload, qos, message.retained),
            context_of(token), parts_->publish_listener);
        return {};
    } catch (const ::mqtt::exception& error) {
        const int code = error.get_return_code();
        return Error{code == busy_return_code ? Fault::busy : Fault::disconnected,
                     library_text(code)};
    }
}

Result<void> PahoConnection::subscribe(const std::string& topics, Token token) {
    try {
        parts_->client.subscribe(topics, 1, context_of(token), parts_->subscribe_listener);
        return {};
    } catch (const ::mqtt::exception& error) {
        return Error{Fault::disconnected, library_text(error.get_return_code())};
    }
}

std::vector<Incoming> PahoConnection::take_incoming() {
    return parts_->mailbox.take_incoming();
}

std::vector<PublishOutcome> PahoConnection::take_outcomes() {
    return parts_->mailbox.take_outcomes();
}

BrokerLimits PahoConnection::limits() const {
    return parts_->mailbox.limits();
}

void PahoConnection::say_goodbye() {
    parts_->mailbox.shut();
    try {
        if (parts_->client.is_connected()) {
            parts_->goodbye = parts_->client.disconnect(goodbye_ms);
        }
    } catch (const ::mqtt::exception&) {
        parts_->goodbye.reset();  // it was gone already
    }
}

void PahoConnection::finish_goodbye() {
    try {
        if (parts_->goodbye) {
            parts_->goodbye->wait_for(goodbye_wait_ms);
        }
    } catch (const ::mqtt::exception&) {
        parts_->goodbye.reset();  // it was gone already
    }
}

}  // namespace metergate::northbound::mqtt
