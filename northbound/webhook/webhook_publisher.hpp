#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "config/schema/settings.hpp"
#include "gateway/model/clock.hpp"
#include "northbound/publisher.hpp"
#include "northbound/transfer/http_client.hpp"

namespace metergate::northbound::webhook {

/// Posts messages to one URL, each in a request of its own with the headers of "Standard Webhooks"
/// 1.0 (id, timestamp, signature) and `metergate-topic`. There is no connection to speak of: it is
/// open once its secrets are read, and lost when the network or the receiver fails, so that the
/// delivery waits before it tries again. Nobody can be heard, and what is retained is only sent.
class WebhookPublisher final : public Publisher {
  public:
    WebhookPublisher(const Clock& clock, const schema::WebhookSettings& settings,
                     const std::string& program_version);

    void connect(const Message& last_will) override;
    void disconnect() override {
        client_.reset();
        nothing_to_send_.clear();
        topics_.clear();
    }
    [[nodiscard]] LinkState state() override;
    [[nodiscard]] std::optional<Error> take_fault() override;
    [[nodiscard]] Result<void> publish(const Message& message, Token token) override;
    [[nodiscard]] std::vector<PublishOutcome> take_outcomes() override;
    [[nodiscard]] Result<void> subscribe(const std::string& topics, Token token) override;
    [[nodiscard]] std::vector<Incoming> take_incoming() override { return {}; }
    [[nodiscard]] std::size_t payload_size_max() const override;
    [[nodiscard]] std::size_t in_flight_max() const override;
    void on_news(std::function<void()> /*wake*/) override {}
    [[nodiscard]] int readable_fd() const override;
    [[nodiscard]] Instant next_at() const override;

  private:
    [[nodiscard]] Result<transfer::HttpAccess> access() const;
    [[nodiscard]] std::vector<std::string> headers(const Message& message,
                                                   const std::string& body) const;
    /// Nothing: the connection has ended.
    [[nodiscard]] std::optional<PublishOutcome> outcome_of(const transfer::HttpOutcome& answered);
    void lose(Error why);

    const Clock& clock_;
    schema::WebhookSettings settings_;
    std::string agent_;
    std::string key_;  ///< of signatures; empty = none
    std::optional<Error> fault_;
    std::unique_ptr<transfer::HttpClient> client_;  ///< while open
    Instant not_before_{};                          ///< as the receiver asked
    std::map<Token, std::string> topics_;           ///< of what is under way
    std::vector<PublishOutcome> nothing_to_send_;   ///< of empty messages: they count as taken
};

}  // namespace metergate::northbound::webhook
