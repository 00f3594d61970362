#pragma once

#include <algorithm>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "gateway/model/clock.hpp"
#include "northbound/publisher.hpp"

namespace metergate::support {

/// A broker in memory, on a virtual time line. It keeps what it was sent and can be told to
/// misbehave.
class FakePublisher final : public northbound::Publisher {
  public:
    explicit FakePublisher(const VirtualClock& clock) : clock_(clock) {}

    // ---- how it behaves, set by the test --------------------------------------------------------
    bool reachable = true;
    bool answers_connect = true;  ///< false: a connection attempt hangs
    bool swallows = false;        ///< half-open: takes messages, never answers
    bool reverse_answers = false;
    bool full = false;  ///< publish() says busy
    Duration answer_delay = std::chrono::milliseconds{20};
    std::size_t size_max = 1'000'000;
    std::size_t in_flight = 65'535;
    std::map<std::string, northbound::PublishOutcome> refused_topics;
    bool refuses_subscriptions = false;
    Error connect_fault{Fault::disconnected, "nothing answers"};

    void lose_connection() {
        link_ = northbound::LinkState::closed;
        fault_ = Error{Fault::disconnected, "the connection was lost"};
        waiting_.clear();
    }

    // ---- what it saw
    // ------------------------------------------------------------------------------
    struct Seen {
        Instant at;
        northbound::Message message;
    };
    std::vector<Seen> seen;          ///< everything handed over
    std::set<std::string> accepted;  ///< payloads whose acceptance the caller was told
    std::vector<Instant> connects;   ///< attempts
    northbound::Message will;
    std::size_t goodbyes = 0;
    std::vector<std::string> subscribed;  ///< on this connection
    std::vector<northbound::Incoming>
        incoming;  ///< put here by the test, taken by the publisher's user

    [[nodiscard]] std::vector<Seen> seen_on(const std::string& part) const {
        std::vector<Seen> found;
        std::copy_if(seen.begin(), seen.end(), std::back_inserter(found), [&](const Seen& entry) {
            return entry.message.topic.find(part) != std::string::npos;
        });
        return found;
    }
    [[nodiscard]] std::optional<std::string> newest_on(const std::string& part) const {
        const auto found = seen_on(part);
        return found.empty() ? std::nullopt : std::optional(found.back().message.payload);
    }

    // ---- Publisher
    // --------------------------------------------------------------------------------
    void connect(const northbound::Message& last_will) override {
        connects.push_back(clock_.now());
        will = last_will;
        subscribed.clear();
        waiting_.clear();
        link_ = northbound::LinkState::connecting;
        if (answers_connect) {
            link_ = reachable ? northbound::LinkState::open : northbound::LinkState::closed;
        }
        if (!reachable) {
            fault_ = connect_fault;
        }
    }
    void disconnect() override {
        goodbyes += link_ == northbound::LinkState::open ? 1 : 0;
        link_ = northbound::LinkState::closed;
        waiting_.clear();
    }
    northbound::LinkState state() override { return link_; }
    std::optional<Error> take_fault() override { return std::exchange(fault_, std::nullopt); }

    Result<void> publish(const northbound::Message& message, northbound::Token token) override {
        if (link_ != northbound::LinkState::open) {
            return Error{Fault::disconnected, "not connected"};
        }
        if (full) {
            return Error{Fault::busy, "too many messages waiting"};
        }
        seen.push_back({clock_.now(), message});
        if (!swallows) {
            waiting_.push_back(
                {clock_.now() + answer_delay, outcome_of(message, token), message.payload});
        }
        return {};
    }
    Result<void> subscribe(const std::string& topics, northbound::Token token) override {
        if (link_ != northbound::LinkState::open) {
            return Error{Fault::disconnected, "not connected"};
        }
        northbound::PublishOutcome outcome{token, {}, false};
        if (refuses_subscriptions) {
            outcome.error = Error{Fault::refused, "not authorized (0x87)"};
        } else {
            subscribed.push_back(topics);
        }
        if (!swallows) {
            waiting_.push_back({clock_.now() + answer_delay, outcome, {}});
        }
        return {};
    }
    std::vector<northbound::Incoming> take_incoming() override {
        return std::exchange(incoming, {});
    }
    std::vector<northbound::PublishOutcome> take_outcomes() override {
        std::vector<northbound::PublishOutcome> due;
        while (!waiting_.empty() && waiting_.front().at <= clock_.now()) {
            if (!waiting_.front().outcome.error) {
                accepted.insert(waiting_.front().payload);
            }
            due.push_back(std::move(waiting_.front().outcome));
            waiting_.pop_front();
        }
        if (reverse_answers) {
            std::reverse(due.begin(), due.end());
        }
        return due;
    }
    std::size_t payload_size_max() const override { return size_max; }
    std::size_t in_flight_max() const override { return in_flight; }
    void on_news(std::function<void()>) override {}

    /// When it has an answer to give; `never` if none.
    [[nodiscard]] Instant next_at() const { return waiting_.empty() ? never : waiting_.front().at; }

  private:
    struct Answer {
        Instant at;
        northbound::PublishOutcome outcome;
        std::string payload;
    };

    [[nodiscard]] northbound::PublishOutcome outcome_of(const northbound::Message& message,
                                                        northbound::Token token) const {
        northbound::PublishOutcome outcome;
        const auto refused = refused_topics.find(message.topic);
        if (refused != refused_topics.end()) {
            outcome = refused->second;
        }
        outcome.token = token;
        return outcome;
    }

    const VirtualClock& clock_;
    northbound::LinkState link_ = northbound::LinkState::closed;
    std::optional<Error> fault_;
    std::deque<Answer> waiting_;
};

}  // namespace metergate::support
