#include "northbound/mqtt/paho_publisher.hpp"

#include <utility>

#include "northbound/mqtt/host_lookup.hpp"

namespace metergate::northbound::mqtt {

PahoPublisher::PahoPublisher(const schema::MqttSettings& settings, const Id& gateway,
                             const Id& destination, const HearingLimits& hearing)
    : settings_(settings), hearing_(hearing) {
    if (settings_.client_id.empty()) {
        settings_.client_id = "metergate-" + gateway + "-" + destination;
    }
}

PahoPublisher::~PahoPublisher() {
    disconnect();
    if (leaving_) {
        leaving_->finish_goodbye();
    }
}

void PahoPublisher::connect(const Message& last_will) {
    disconnect();
    leaving_.reset();
    fault_.reset();
    will_ = last_will;
    lookup_ = std::make_unique<HostLookup>(settings_.host);
}

void PahoPublisher::disconnect() {
    lookup_.reset();
    if (connection_) {
        connection_->say_goodbye();
        leaving_ = std::move(connection_);
    }
}

LinkState PahoPublisher::state() {
    if (lookup_) {
        const auto found = lookup_->outcome();
        if (!found) {
            return LinkState::connecting;
        }
        lookup_.reset();
        if (*found) {
            open_connection();
        } else {
            fault_ = found->error();
        }
    }
    return connection_ ? connection_->state() : LinkState::closed;
}

void PahoPublisher::open_connection() {
    auto opened = PahoConnection::open(settings_, hearing_, will_, wake_);
    if (opened) {
        connection_ = std::move(*opened);
    } else {
        fault_ = opened.error();
    }
}

std::optional<Error> PahoPublisher::take_fault() {
    if (!fault_ && connection_) {
        return connection_->take_fault();
    }
    return std::exchange(fault_, std::nullopt);
}

Result<void> PahoPublisher::publish(const Message& message, Token token) {
    if (!connection_) {
        return Error{Fault::disconnected, "not connected"};
    }
    return connection_->publish(message, token);
}

std::vector<PublishOutcome> PahoPublisher::take_outcomes() {
    return connection_ ? connection_->take_outcomes() : std::vector<PublishOutcome>{};
}

Result<void> PahoPublisher::subscribe(const std::string& topics, Token token) {
    if (!connection_) {
        return Error{Fault::disconnected, "not connected"};
    }
    return connection_->subscribe(topics, token);
}

std::vector<Incoming> PahoPublisher::take_incoming() {
    return connection_ ? connection_->take_incoming() : std::vector<Incoming>{};
}

std::size_t PahoPublisher::payload_size_max() const {
    return connection_ ? connection_->limits().payload_size : BrokerLimits{}.payload_size;
}

std::size_t PahoPublisher::in_flight_max() const {
    return connection_ ? connection_->limits().in_flight : BrokerLimits{}.in_flight;
}

}  // namespace metergate::northbound::mqtt
