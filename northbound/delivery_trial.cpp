#include <fmt/format.h>

#include <utility>

#include "northbound/delivery.hpp"
#include "northbound/native_encoder.hpp"

/// The part of a delivery that proves its way to a person who asks.
namespace metergate::northbound {
namespace {

std::string test_payload(const DeliveryOptions& options, const Id& gateway, UtcTime at) {
    if (options.format == BatchFormat::influx) {
        return fmt::format("metergate_test,gateway={},destination={} value=1i {}\n", gateway,
                           options.destination, epoch_ms(at) / 1000);
    }
    return fmt::format(R"({{"test":true,"gateway":"{}","destination":"{}","at":"{}"}})", gateway,
                       options.destination, rfc3339(at));
}

}  // namespace

void Delivery::test(TestAnswer answer) {
    constexpr std::size_t waiting_max = 8;
    if (tests_.size() >= waiting_max) {
        answer(Error{Fault::busy, "others are testing it already"});
        return;
    }
    tests_.push(parts_.clock.now(), std::move(answer));
}

void Delivery::take_tests(Instant now) {
    while (auto answer = tests_.pop(now)) {
        if (phase_ == Phase::up && !stop_by_) {
            send_test(now, std::move(*answer));
            continue;
        }
        tests_waiting_.push_back(std::move(*answer));
        if (phase_ == Phase::waiting) {
            connect_at_ = now;
        }
    }
}

void Delivery::send_test(Instant now, TestAnswer answer) {
    const Message message{gateway_topic(directory_.gateway, "test"),
                          test_payload(options_, directory_.gateway, parts_.clock.utc())};
    const Token token = next_token(Lane::control);
    if (const auto sent = parts_.publisher.publish(message, token); !sent) {
        // While a receiver asks to wait, it has said why.
        const std::string& reason = link_error_.empty() ? batches_.last_error() : link_error_;
        const bool is_known = sent.error().fault == Fault::busy && !reason.empty();
        answer(is_known ? Error{Fault::busy, reason} : sent.error());
        return;
    }
    controls_.emplace(token, now);
    tests_in_flight_.emplace(token, std::move(answer));
}

void Delivery::take_test(const PublishOutcome& outcome, Instant now) {
    const auto found = tests_in_flight_.find(outcome.token);
    const auto sent = controls_.find(outcome.token);
    if (found == tests_in_flight_.end() || sent == controls_.end()) {
        return;
    }
    const TestAnswer answer = std::move(found->second);
    tests_in_flight_.erase(found);
    if (outcome.error) {
        answer(*outcome.error);
        return;
    }
    batches_.connection_opened(now);  // what was refused before may be taken now
    answer(std::chrono::floor<std::chrono::milliseconds>(now - sent->second));
}

void Delivery::fail_tests(const Error& why) {
    for (TestAnswer& answer : std::exchange(tests_waiting_, {})) {
        answer(why);
    }
    for (const auto& [token, answer] : std::exchange(tests_in_flight_, {})) {
        answer(why);
    }
}

}  // namespace metergate::northbound
