#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "gateway/model/clock.hpp"
#include "northbound/publisher.hpp"

namespace metergate::support {

/// A broker in memory that brings messages from one connection to others, on a virtual time line.
/// It acknowledges everything it is given, and may lose, double or delay what it passes on.
class Hub {
  public:
    explicit Hub(const VirtualClock& clock, std::uint64_t seed = 1)
        : clock_(clock), random_(seed) {}

    // ---- how it behaves, set by the test --------------------------------------------------------
    unsigned lost_percent = 0;
    unsigned doubled_percent = 0;
    Duration delay_max = std::chrono::milliseconds{20};  ///< more than a step apart: out of order
    bool reachable = true;
    std::function<bool(const northbound::Message&)> loses = [](const auto&) { return false; };

    /// A connection for one client; the hub outlives it.
    [[nodiscard]] std::unique_ptr<northbound::Publisher> make_publisher() {
        return std::make_unique<Client>(*this);
    }
    /// All connections end; what was on the way is lost, what was retained too.
    void restart() {
        for (Client* client : clients_) {
            client->cut();
        }
        retained_.clear();
    }

    std::vector<northbound::Message> seen;  ///< all that was published

  private:
    class Client final : public northbound::Publisher {
      public:
        explicit Client(Hub& hub) : hub_(hub) { hub_.clients_.push_back(this); }
        Client(const Client&) = delete;
        Client& operator=(const Client&) = delete;
        ~Client() override { std::erase(hub_.clients_, this); }

        void connect(const northbound::Message&) override {
            cut();
            open_ = hub_.reachable;
        }
        void disconnect() override { cut(); }
        northbound::LinkState state() override {
            return open_ ? northbound::LinkState::open : northbound::LinkState::closed;
        }
        std::optional<Error> take_fault() override { return std::nullopt; }
        Result<void> publish(const northbound::Message& message, northbound::Token token) override {
            if (!open_) {
                return Error{Fault::disconnected, "not connected"};
            }
            outcomes_.push_back({token, {}, false});
            hub_.pass_on(message);
            return {};
        }
        Result<void> subscribe(const std::string& topics, northbound::Token token) override {
            if (!open_) {
                return Error{Fault::disconnected, "not connected"};
            }
            subscriptions_.push_back(topics);
            outcomes_.push_back({token, {}, false});
            for (const auto& [topic, message] : hub_.retained_) {
                if (matches(topics, topic)) {
                    hub_.bring(*this, message, true);
                }
            }
            return {};
        }
        std::vector<northbound::PublishOutcome> take_outcomes() override {
            return std::exchange(outcomes_, {});
        }
        std::vector<northbound::Incoming> take_incoming() override {
            std::vector<northbound::Incoming> due;
            const Instant now = hub_.clock_.now();
            const auto later =
                std::stable_partition(waiting_.begin(), waiting_.end(),
                                      [&](const auto& one) { return one.first <= now; });
            std::stable_sort(waiting_.begin(), later,
                             [](const auto& a, const auto& b) { return a.first < b.first; });
            for (auto one = waiting_.begin(); one != later; ++one) {
                due.push_back(std::move(one->second));
            }
            waiting_.erase(waiting_.begin(), later);
            return due;
        }
        std::size_t payload_size_max() const override { return 1'000'000; }
        std::size_t in_flight_max() const override { return 65'535; }
        void on_news(std::function<void()>) override {}

      private:
        friend class Hub;
        void cut() {
            open_ = false;
            subscriptions_.clear();
            outcomes_.clear();
            waiting_.clear();
        }

        Hub& hub_;
        bool open_ = false;
        std::vector<std::string> subscriptions_;
        std::vector<northbound::PublishOutcome> outcomes_;
        std::vector<std::pair<Instant, northbound::Incoming>> waiting_;
    };

    /// `+` stands for one whole level; nothing else is needed here.
    static bool matches(const std::string& topics, const std::string& topic) {
        if (!topics.ends_with("/+")) {
            return topics == topic;
        }
        const std::string above = topics.substr(0, topics.size() - 1);
        return topic.starts_with(above) && topic.find('/', above.size()) == std::string::npos;
    }

    void pass_on(const northbound::Message& message) {
        seen.push_back(message);
        if (message.retained) {
            retained_[message.topic] = message;
        }
        for (Client* client : clients_) {
            const bool wanted =
                client->open_ &&
                std::any_of(client->subscriptions_.begin(), client->subscriptions_.end(),
                            [&](const auto& topics) { return matches(topics, message.topic); });
            if (wanted && random_() % 100 >= lost_percent && !loses(message)) {
                bring(*client, message, false);
                if (random_() % 100 < doubled_percent) {
                    bring(*client, message, false);
                }
            }
        }
    }
    void bring(Client& client, const northbound::Message& message, bool retained) {
        const auto most = static_cast<std::uint64_t>(delay_max.count());
        const Duration delay{static_cast<Duration::rep>(random_() % (most + 1))};
        client.waiting_.push_back(
            {clock_.now() + delay, {message.topic, message.payload, retained}});
    }

    const VirtualClock& clock_;
    std::mt19937_64 random_;
    std::vector<Client*> clients_;
    std::map<std::string, northbound::Message> retained_;
};

}  // namespace metergate::support
