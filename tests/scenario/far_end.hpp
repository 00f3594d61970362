#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "gateway/model/clock.hpp"
#include "northbound/publisher.hpp"
#include "tests/building/received.hpp"

namespace metergate::scenario {

/// A broker with a subscriber behind it, on the virtual time line: answers after 20 ms, and keeps
/// what arrived on batch topics. One gateway talks to it through one publisher at a time.
class FarEnd {
  public:
    explicit FarEnd(const VirtualClock& clock) : clock_(&clock) {}

    /// A connection for a gateway; the far end outlives it.
    [[nodiscard]] std::unique_ptr<northbound::Publisher> make_publisher();

    /// The broker goes away, with all connections, or comes back.
    void set_reachable(bool reachable) { reachable_ = reachable; }
    [[nodiscard]] bool reachable() const { return reachable_; }

    /// Everything received, in order.
    [[nodiscard]] const std::vector<building::ReceivedBatch>& batches() const { return batches_; }
    [[nodiscard]] const std::vector<std::string>& problems() const { return problems_; }
    [[nodiscard]] std::uint64_t live_messages() const { return live_messages_; }

    /// When the gateway's connection has an answer to give; `never` if none.
    [[nodiscard]] Instant next_answer_at() const {
        return answers_.empty() ? never : answers_.front().at;
    }

  private:
    friend class FarEndPublisher;
    struct Answer {
        Instant at;
        northbound::PublishOutcome outcome;
    };

    void receive(const northbound::Message& message);

    const VirtualClock* clock_;
    bool reachable_ = true;
    std::vector<building::ReceivedBatch> batches_;
    std::vector<std::string> problems_;
    std::uint64_t live_messages_ = 0;
    std::deque<Answer> answers_;  ///< of the connection that is open
};

}  // namespace metergate::scenario
