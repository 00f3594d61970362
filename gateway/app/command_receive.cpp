#include <charconv>
#include <cstdio>
#include <random>
#include <string>
#include <string_view>
#include <utility>

#include "gateway/app/commands.hpp"
#include "gateway/app/instance_lock.hpp"
#include "gateway/app/log.hpp"
#include "gateway/app/stop_signals.hpp"
#include "gateway/app/waiter.hpp"
#include "gateway/model/clock.hpp"
#include "northbound/mqtt/paho_publisher.hpp"
#include "northbound/receiver/receiver.hpp"
#include "storage/received_file.hpp"

/// The far end of a gateway, as a program of its own.
namespace metergate::app {
namespace {

using northbound::mqtt::PahoPublisher;
using northbound::receiver::Receiver;
using northbound::receiver::ReceiverSummary;

/// Batches may be large and come faster than a disk takes them.
constexpr northbound::mqtt::HearingLimits hearing{16UL * 1024 * 1024, 64UL * 1024 * 1024};
constexpr Duration goodbye_time = std::chrono::milliseconds{200};
/// What the gateway announces while a receiver is leaving comes within a moment, or it is missing.
constexpr Duration goodbye_limit = std::chrono::seconds{10};

/// `host:port`, `[::1]:port`, or a host alone with the usual port.
Result<void> take_broker(const std::string& text, schema::MqttSettings& mqtt) {
    const std::size_t colon = text.rfind(':');
    const bool bracketed = text.starts_with('[');
    const std::size_t host_end =
        bracketed ? text.find(']') : (colon == std::string::npos ? text.size() : colon);
    std::string_view port;
    if (colon != std::string::npos && colon >= host_end) {
        port = std::string_view(text).substr(colon + 1);
    }
    mqtt.host = text.substr(bracketed ? 1 : 0, host_end - (bracketed ? 1 : 0));
    mqtt.port = mqtt.tls.enabled ? 8883 : 1883;
    const bool has_port = !port.empty();
    const auto read = std::from_chars(port.data(), port.data() + port.size(), mqtt.port);
    const bool bad_port =
        has_port && (read.ec != std::errc{} || read.ptr != port.data() + port.size() ||
                     mqtt.port < 1 || mqtt.port > 65'535);
    if (mqtt.host.empty() || host_end == std::string::npos || bad_port) {
        return Error{Fault::invalid, "--broker: \"" + text + "\" is not HOST:PORT"};
    }
    return {};
}

Result<schema::MqttSettings> mqtt_of(const ReceiveRequest& request) {
    schema::MqttSettings mqtt;
    mqtt.tls = {!request.plain, request.ca_file, request.certificate_file,
                request.private_key_file};
    mqtt.user = request.user;
    mqtt.password_file = request.password_file;
    mqtt.version = request.mqtt_3_1_1 ? schema::MqttVersion::v3_1_1 : schema::MqttVersion::v5;
    mqtt.client_id = "metergate-receive-" + request.gateway + "-" + request.name;
    if (const auto taken = take_broker(request.broker, mqtt); !taken) {
        return taken.error();
    }
    if (!is_valid_id(request.gateway)) {
        return Error{Fault::invalid, "--gateway: \"" + request.gateway + "\" is no id"};
    }
    if (!northbound::is_talk_name(request.name)) {
        return Error{Fault::invalid,
                     "--name: \"" + request.name + "\" must be 1 to 64 letters, digits, _ or -"};
    }
    return mqtt;
}

void print_summary(const ReceiverSummary& summary) {
    std::string text = "received " + std::to_string(summary.received) + ", doubled " +
                       std::to_string(summary.doubled) + ", missing " +
                       std::to_string(summary.missing) + ", purged " +
                       std::to_string(summary.purged) + ", changed " +
                       std::to_string(summary.changed);
    if (summary.unreadable > 0) {
        text += ", unreadable " + std::to_string(summary.unreadable);
    }
    std::puts(text.c_str());
}

/// Steps the receiver until it is told to stop, its time is over, or it has everything.
void receive_until(Receiver& receiver, const ReceiveRequest& request, const Waiter& waiter,
                   const StopSignals& signals, const Clock& clock) {
    const Instant end =
        request.seconds > 0 ? clock.now() + std::chrono::seconds{request.seconds} : never;
    for (;;) {
        const Instant next = receiver.step();
        const bool done = request.until_complete && receiver.complete();
        if (done || signals.came() || clock.now() >= end) {
            return;
        }
        waiter.wait(std::min(next, end), signals.fd());
    }
}

/// Keeps what came while the end was decided and sends its receipts. A receiver that was complete
/// waits for what was announced meanwhile: its last line and its exit status then agree.
void say_goodbye(Receiver& receiver, const Waiter& waiter, const Clock& clock, bool complete) {
    const Instant usual = clock.now() + goodbye_time;
    const Instant latest = complete ? clock.now() + goodbye_limit : usual;
    for (Instant now = clock.now(); now < usual || (now < latest && !receiver.complete());
         now = clock.now()) {
        waiter.wait(std::min(receiver.step(), now < usual ? usual : latest));
    }
}

Exit run_receiver(const ReceiveRequest& request, const schema::MqttSettings& mqtt,
                  record::ReceivedStore& store) {
    const Log log;
    const SystemClock clock;
    const StopSignals signals;
    const Waiter waiter(clock);
    PahoPublisher publisher(mqtt, request.gateway, request.name, hearing);
    publisher.on_news([&waiter] { waiter.wake(); });
    Receiver receiver({request.gateway, request.name, std::random_device{}()},
                      {clock, publisher, store, [&](std::string_view text) { log.info(text); },
                       [&](std::string_view text) { log.warn(text); }});
    if (const auto resumed = receiver.resume(); !resumed) {
        log.error(resumed.error().text);
        return Exit::failed;
    }
    receive_until(receiver, request, waiter, signals, clock);
    say_goodbye(receiver, waiter, clock,
                request.until_complete && !signals.came() && receiver.complete());
    const bool complete = receiver.complete();
    receiver.stop();
    const ReceiverSummary summary = receiver.summary();
    print_summary(summary);
    const bool failed = summary.changed > 0 || (request.until_complete && !complete);
    return failed ? Exit::failed : Exit::ok;
}

}  // namespace

Exit receive(const ReceiveRequest& request) {
    const auto mqtt = mqtt_of(request);
    if (!mqtt) {
        std::fputs((mqtt.error().text + "\n").c_str(), stderr);
        return Exit::usage;
    }
    const auto lock = InstanceLock::take(request.file + ".lock");
    if (!lock) {
        std::fputs((lock.error().text + "\n").c_str(), stderr);
        return Exit::failed;
    }
    const SystemClock clock;
    auto file = storage::ReceivedFile::open(request.file, request.gateway, clock);
    if (!file) {
        std::fputs((file.error().text + "\n").c_str(), stderr);
        return Exit::failed;
    }
    return run_receiver(request, *mqtt, **file);
}

}  // namespace metergate::app
