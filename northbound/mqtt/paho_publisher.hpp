#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "config/schema/settings.hpp"
#include "northbound/mqtt/paho_connection.hpp"
#include "northbound/publisher.hpp"

namespace metergate::northbound::mqtt {

class HostLookup;

/// A connection to an MQTT broker through the Paho library. Speaks the configured version of MQTT
/// only. Every connect() starts from nothing: a new client of the library with a clean session, so
/// that no state survives a connection but what the delivery keeps. The destructor returns within
/// about a second.
class PahoPublisher final : public Publisher {
  public:
    /// An empty client id in the settings becomes `metergate-<gateway>-<destination>`.
    PahoPublisher(const schema::MqttSettings& settings, const Id& gateway, const Id& destination,
                  const HearingLimits& hearing = {});
    ~PahoPublisher() override;
    PahoPublisher(const PahoPublisher&) = delete;
    PahoPublisher& operator=(const PahoPublisher&) = delete;

    void connect(const Message& last_will) override;
    void disconnect() override;
    [[nodiscard]] LinkState state() override;
    [[nodiscard]] std::optional<Error> take_fault() override;
    [[nodiscard]] Result<void> publish(const Message& message, Token token) override;
    [[nodiscard]] std::vector<PublishOutcome> take_outcomes() override;
    [[nodiscard]] Result<void> subscribe(const std::string& topics, Token token) override;
    [[nodiscard]] std::vector<Incoming> take_incoming() override;
    [[nodiscard]] std::size_t payload_size_max() const override;
    [[nodiscard]] std::size_t in_flight_max() const override;
    void on_news(std::function<void()> wake) override { wake_ = std::move(wake); }

  private:
    void open_connection();

    schema::MqttSettings settings_;
    HearingLimits hearing_;
    std::function<void()> wake_;
    Message will_;
    std::optional<Error> fault_;
    std::unique_ptr<HostLookup> lookup_;          ///< while the host name is looked up
    std::unique_ptr<PahoConnection> connection_;  ///< from then on
    std::unique_ptr<PahoConnection> leaving_;     ///< the one before, saying goodbye
};

}  // namespace metergate::northbound::mqtt
