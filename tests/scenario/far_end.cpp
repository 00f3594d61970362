#include "tests/scenario/far_end.hpp"

namespace metergate::scenario {
namespace {

constexpr Duration answer_delay = std::chrono::milliseconds{20};

}  // namespace

using northbound::LinkState;

class FarEndPublisher final : public northbound::Publisher {
  public:
    FarEndPublisher(const VirtualClock& clock, FarEnd& far_end)
        : clock_(&clock), far_end_(&far_end) {}

    void connect(const northbound::Message&) override {
        open_ = far_end_->reachable();
        if (!open_) {
            fault_ = Error{Fault::disconnected, "nothing answers"};
        }
    }
    void disconnect() override { close(); }
    LinkState state() override {
        notice_loss();
        return open_ ? LinkState::open : LinkState::closed;
    }
    std::optional<Error> take_fault() override { return std::exchange(fault_, std::nullopt); }

    Result<void> publish(const northbound::Message& message, northbound::Token token) override {
        notice_loss();
        if (!open_) {
            return Error{Fault::disconnected, "not connected"};
        }
        far_end_->receive(message);
        northbound::PublishOutcome outcome;
        outcome.token = token;
        far_end_->answers_.push_back({clock_->now() + answer_delay, outcome});
        return {};
    }
    Result<void> subscribe(const std::string&, northbound::Token token) override {
        notice_loss();
        if (!open_) {
            return Error{Fault::disconnected, "not connected"};
        }
        far_end_->answers_.push_back({clock_->now() + answer_delay, {token, {}, false}});
        return {};
    }
    std::vector<northbound::Incoming> take_incoming() override { return {}; }
    std::vector<northbound::PublishOutcome> take_outcomes() override {
        notice_loss();
        std::vector<northbound::PublishOutcome> due;
        while (far_end_->next_answer_at() <= clock_->now()) {
            due.push_back(std::move(far_end_->answers_.front().outcome));
            far_end_->answers_.pop_front();
        }
        return due;
    }
    std::size_t payload_size_max() const override { return 1'000'000; }
    std::size_t in_flight_max() const override { return 100; }
    void on_news(std::function<void()>) override {}

  private:
    void close() {
        open_ = false;
        far_end_->answers_.clear();
    }
    void notice_loss() {
        if (open_ && !far_end_->reachable()) {
            close();
            fault_ = Error{Fault::disconnected, "the connection was lost"};
        }
    }

    const VirtualClock* clock_;
    FarEnd* far_end_;
    bool open_ = false;
    std::optional<Error> fault_;
};

std::unique_ptr<northbound::Publisher> FarEnd::make_publisher() {
    return std::make_unique<FarEndPublisher>(*clock_, *this);
}

void FarEnd::receive(const northbound::Message& message) {
    if (message.topic.find("/batch/") == std::string::npos) {
        ++live_messages_;
        return;
    }
    auto batch = building::parse_batch(message.payload);
    if (batch) {
        batches_.push_back(std::move(*batch));
    } else {
        problems_.push_back(message.topic + ": " + batch.error().text);
    }
}

}  // namespace metergate::scenario
