#include "northbound/mqtt/reason_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

namespace metergate::northbound::mqtt {
namespace {

constexpr std::array<std::pair<int, std::string_view>, 33> reasons{{
    {0x80, "unspecified error"},
    {0x81, "malformed packet"},
    {0x82, "protocol error"},
    {0x83, "refused for a reason of the broker's own"},
    {0x84, "protocol version not supported"},
    {0x85, "client id not valid"},
    {0x86, "wrong user name or password"},
    {0x87, "not authorized"},
    {0x88, "server unavailable"},
    {0x89, "server busy"},
    {0x8A, "this client is banned"},
    {0x8B, "server shutting down"},
    {0x8C, "wrong way of authentication"},
    {0x8D, "keep-alive timeout"},
    {0x8E, "another client connected with the same client id"},
    {0x90, "topic name not allowed"},
    {0x91, "packet id in use"},
    {0x92, "packet id unknown"},
    {0x93, "too many messages in flight"},
    {0x94, "topic alias not valid"},
    {0x95, "packet too large"},
    {0x96, "message rate too high"},
    {0x97, "quota exceeded"},
    {0x98, "closed by the broker's administrator"},
    {0x99, "payload format not valid"},
    {0x9A, "retained messages not supported"},
    {0x9B, "QoS not supported"},
    {0x9C, "another server is to be used"},
    {0x9D, "the server has moved"},
    {0x9F, "too many connections in a short time"},
    {0xA0, "the longest time of a connection has passed"},
    {0xA1, "subscription identifiers not supported"},
    {0xA2, "wildcard subscriptions not supported"},
}};

/// The code of MQTT 5 that means the same as a return code; 0 if the broker said nothing.
int reason_of_return_code(int return_code) {
    constexpr std::array<int, 6> same{0, 0x84, 0x85, 0x88, 0x86, 0x87};
    if (return_code >= 0x80) {
        return return_code;
    }
    return return_code >= 1 && return_code <= 5 ? same.at(static_cast<std::size_t>(return_code))
                                                : 0;
}

std::string version_text(const schema::MqttSettings& settings) {
    return settings.version == schema::MqttVersion::v5
               ? "the broker refuses MQTT 5; set version to 3.1.1 if it is too old for it"
               : "the broker refuses MQTT 3.1.1; set version to 5";
}

}  // namespace

std::string reason_text(int reason) {
    const auto* const known = std::find_if(
        reasons.begin(), reasons.end(), [&](const auto& entry) { return entry.first == reason; });
    return fmt::format("{} (0x{:02X})", known == reasons.end() ? "unknown reason" : known->second,
                       static_cast<unsigned>(reason));
}

Error connect_error(const schema::MqttSettings& settings, int return_code) {
    const std::string broker = fmt::format("broker {}:{}", settings.host, settings.port);
    const int code = reason_of_return_code(return_code);
    if (code == 0x84) {
        return Error{Fault::refused, version_text(settings)}.within(broker);
    }
    if (code != 0) {
        return Error{Fault::refused, reason_text(code)}.within(broker);
    }
    std::string text = "no connection: nothing answers there, or it is not an MQTT broker";
    if (settings.tls.enabled) {
        text +=
            " with TLS, or its certificate has expired, is for another host name or is not "
            "signed by a trusted authority, or it wants a client certificate";
    }
    if (settings.version == schema::MqttVersion::v5) {
        text += "; a broker that hangs up at once may not know MQTT 5 (set version to 3.1.1)";
    }
    return Error{Fault::disconnected, text}.within(broker);
}

std::string library_text(int return_code) {
    switch (return_code) {
        case -3:
            return "not connected";
        case -5:
            return "the text is not UTF-8";
        case -11:
            return "the connection ended before the broker answered";
        case -12:
            return "too many messages waiting";
        case -15:
            return "the MQTT library does not accept the message";
        default:
            return fmt::format("the MQTT library reports {}", return_code);
    }
}

}  // namespace metergate::northbound::mqtt
