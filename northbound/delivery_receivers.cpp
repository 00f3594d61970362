/// The part of a delivery that hears the receivers behind its destination.

#include "northbound/delivery.hpp"
#include "northbound/native_encoder.hpp"

namespace metergate::northbound {

/// Receivers are then not heard, but everything goes on being sent. Told once, until it changes.
void Delivery::take_subscription(const PublishOutcome& outcome) {
    if (controls_.erase(outcome.token) == 0) {
        return;
    }
    if (!outcome.error) {
        receivers_problem_.clear();
    } else if (receivers_problem_.empty()) {
        receivers_problem_ = "requests and receipts are not heard: " + outcome.error->text;
        report(EventKind::subscription_refused, receivers_problem_);
    }
}

void Delivery::subscribe(Instant now) {
    if (!options_.requests) {
        return;
    }
    // One subscription for each: a broker may allow the one and not the other.
    for (const char* leaf : {"request", "receipt"}) {
        const Token token = next_token(Lane::subscription);
        if (parts_.publisher.subscribe(gateway_topic(directory_.gateway, leaf), token)) {
            controls_.emplace(token, now);
        }
    }
}

void Delivery::hear(Instant now) {
    const std::string requests = gateway_topic(directory_.gateway, "request");
    const std::string receipts = gateway_topic(directory_.gateway, "receipt");
    for (const Incoming& incoming : parts_.publisher.take_incoming()) {
        if (incoming.topic == requests) {
            requests_.ask(incoming, now);
        } else if (incoming.topic == receipts) {
            receipts_.take(incoming, parts_.batches.epoch());
        }
    }
    const auto utc = std::chrono::floor<std::chrono::seconds>(parts_.clock.utc());
    if (receipts_.keep(now, utc, parts_.batches, parts_.cursors)) {
        const std::scoped_lock lock(status_mutex_);
        status_.receivers = receipts_.status();
    }
}

}  // namespace metergate::northbound
