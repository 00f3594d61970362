#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "gateway/model/result.hpp"
#include "gateway/model/time.hpp"

namespace metergate::northbound {

/// Names one published message until its outcome is known. Chosen by the caller.
using Token = std::uint64_t;

enum class Assurance : std::uint8_t {
    acknowledged,  ///< the broker confirms it; at least once (MQTT QoS 1)
    best_effort,   ///< done when handed to the network (MQTT QoS 0)
};

struct Message {
    std::string topic;
    std::string payload;
    bool retained = false;
    Assurance assurance = Assurance::acknowledged;
};

/// What became of one message: accepted, or why not.
struct PublishOutcome {
    Token token = 0;
    std::optional<Error>
        error;  ///< refused: the broker said no; disconnected: it may or may not have it
    bool over_quota = false;  ///< refused because of a quota: worth trying again, slowly
};

/// A message of somebody else, on a topic that was subscribed to.
struct Incoming {
    std::string topic;
    std::string payload;
    bool retained = false;  ///< kept by the broker; nobody said it just now
};

enum class LinkState : std::uint8_t { closed, connecting, open };

/// One connection to a message broker. It never connects by itself and keeps nothing: what has no
/// outcome when the connection goes is the caller's to send again. One thread, the delivery's;
/// nothing blocks. Outcomes of an earlier connection are never reported after the next connect().
class Publisher {
  public:
    virtual ~Publisher() = default;

    /// Begins to connect; state() tells how it goes. `last_will` is published by the broker when
    /// the connection ends without disconnect(); none if its topic is empty.
    virtual void connect(const Message& last_will) = 0;
    /// Ends the connection, politely if it still works. state() is closed at once.
    virtual void disconnect() = 0;
    [[nodiscard]] virtual LinkState state() = 0;
    /// Why the last connection ended or did not come about, once. Faults: refused (password,
    /// rights, certificate, protocol version), not_found (host name, file), timeout, disconnected.
    [[nodiscard]] virtual std::optional<Error> take_fault() = 0;

    /// Hands a message over. Errors: busy (no room now), disconnected. After success exactly one
    /// outcome follows, unless the connection ends before.
    [[nodiscard]] virtual Result<void> publish(const Message& message, Token token) = 0;
    [[nodiscard]] virtual std::vector<PublishOutcome> take_outcomes() = 0;

    /// Asks for what others say on a topic or, with MQTT's wildcards, on several. After success one
    /// outcome follows, as of a message; refused: the broker does not allow it. Ends with the
    /// connection.
    [[nodiscard]] virtual Result<void> subscribe(const std::string& topics, Token token) = 0;
    /// What has come since the last call, oldest first. What is too large or too much is dropped.
    [[nodiscard]] virtual std::vector<Incoming> take_incoming() = 0;

    /// The largest payload that the broker takes, in bytes, as far as known.
    [[nodiscard]] virtual std::size_t payload_size_max() const = 0;
    /// How many messages to be acknowledged the broker takes at once.
    [[nodiscard]] virtual std::size_t in_flight_max() const = 0;

    /// `wake` is called from any thread when state(), take_outcomes() or take_incoming() have news.
    /// Set before connect(). One that has no thread of its own never calls it: it works in
    /// take_outcomes(), which is to be called when readable_fd() is readable and at next_at().
    virtual void on_news(std::function<void()> wake) = 0;
    /// -1: there is none, or on_news() does.
    [[nodiscard]] virtual int readable_fd() const { return -1; }
    [[nodiscard]] virtual Instant next_at() const { return never; }
};

}  // namespace metergate::northbound
