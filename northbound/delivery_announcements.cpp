#include <utility>

#include "northbound/delivery.hpp"
#include "northbound/native_encoder.hpp"

/// The part of a delivery that says who speaks: status, and the names behind the ids.
namespace metergate::northbound {
namespace {

constexpr Duration status_period = std::chrono::seconds{60};

}  // namespace

std::string Delivery::status_payload(bool online, std::string_view reason, UtcTime at) {
    StatusReport report{online, reason, options_.program_version, meta_version_, at, {}};
    if (auto spans = parts_.batches.spans()) {
        receipts_.know(*spans);
        std::erase_if(*spans,
                      [&](const auto& span) { return !options_.filter.passes(span.panel); });
        report.spans = std::move(*spans);
    }
    return encode_status(report, directory_, parts_.batches.epoch());
}

Message Delivery::will() {
    return {gateway_topic(directory_.gateway, "status"),
            status_payload(false, "connection lost", {}), true};
}

void Delivery::send_meta(Instant now) {
    if (!options_.meta || !meta_due_ || meta_in_flight_ || now < meta_at_) {
        return;
    }
    meta_in_flight_ = send_control(now, {gateway_topic(directory_.gateway, "meta"), meta_, true});
    meta_due_ = !meta_in_flight_;
}

void Delivery::announce_status(Instant now, bool online) {
    if (!options_.status) {
        return;
    }
    status_at_ = now + status_period;
    send_control(now, {gateway_topic(directory_.gateway, "status"),
                       status_payload(online, online ? "" : "stopped", parts_.clock.utc()), true});
}

/// Nothing: it could not be sent just now.
std::optional<Token> Delivery::send_control(Instant now, const Message& message) {
    const Token token = next_token(Lane::control);
    if (const auto sent = parts_.publisher.publish(message, token); !sent) {
        if (sent.error().fault != Fault::busy) {  // why it is busy was told before
            link_error_ = sent.error().within(message.topic).text;
        }
        return std::nullopt;
    }
    controls_.emplace(token, now);
    return token;
}

}  // namespace metergate::northbound
