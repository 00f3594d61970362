#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "config/schema/settings.hpp"
#include "northbound/publisher.hpp"

namespace metergate::northbound::mqtt {

/// What a broker takes, as it said when it accepted the connection; else what MQTT allows.
struct BrokerLimits {
    std::size_t payload_size = 268'435'455 - 1024;  ///< less room for the header and the topic
    std::size_t in_flight = 65'535;                 ///< messages to be acknowledged at once
};

/// What is taken in of what others say; the rest is dropped.
struct HearingLimits {
    std::size_t payload_size = 64UL * 1024;    ///< of one message; told to the broker with MQTT 5
    std::size_t waiting_size = 1024UL * 1024;  ///< of all messages not yet taken
};

/// One connection from its first byte to its last: one client object of the library, never used
/// again.
class PahoConnection {
  public:
    /// Begins to connect. Reads password and certificates first. Errors: as Publisher::take_fault
    /// says.
    [[nodiscard]] static Result<std::unique_ptr<PahoConnection>> open(
        const schema::MqttSettings& settings, const HearingLimits& hearing,
        const Message& last_will, std::function<void()> wake);
    ~PahoConnection();
    PahoConnection(const PahoConnection&) = delete;
    PahoConnection& operator=(const PahoConnection&) = delete;

    [[nodiscard]] LinkState state() const;
    [[nodiscard]] std::optional<Error> take_fault();
    [[nodiscard]] Result<void> publish(const Message& message, Token token);
    [[nodiscard]] std::vector<PublishOutcome> take_outcomes();
    [[nodiscard]] Result<void> subscribe(const std::string& topics, Token token);
    [[nodiscard]] std::vector<Incoming> take_incoming();
    [[nodiscard]] BrokerLimits limits() const;

    /// Sends DISCONNECT without waiting; no news come after it.
    void say_goodbye();
    /// Waits until DISCONNECT is sent, at most half a second.
    void finish_goodbye();

  private:
    struct Parts;
    explicit PahoConnection(std::unique_ptr<Parts> parts);

    std::unique_ptr<Parts> parts_;
};

}  // namespace metergate::northbound::mqtt
