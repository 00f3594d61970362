#include "config/check_destinations.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "config/check_panel.hpp"

namespace metergate::config {
namespace {

using schema::DestinationSettings;
using schema::item_path;
using schema::member_path;
using schema::MqttSettings;
using schema::Settings;
using schema::WebhookSettings;

struct Existing {
    std::vector<std::string> panels;
    std::vector<std::string> series;
};

Existing existing(const Settings& settings) {
    Existing result;
    std::set<std::string> series(settings.recording.series.begin(),
                                 settings.recording.series.end());
    for (const auto& line : settings.lines) {
        for (const auto& panel : line.panels) {
            result.panels.push_back(panel.id);
            for (const auto& point : panel.points) {
                series.insert(point.series.begin(), point.series.end());
            }
        }
    }
    result.series.assign(series.begin(), series.end());
    return result;
}

void check_filter(const std::vector<std::string>& names, const std::vector<std::string>& known,
                  const std::string& kind, const std::string& path, Findings& findings) {
    for (std::size_t i = 0; i < names.size(); ++i) {
        if (std::ranges::find(known, names[i]) == known.end()) {
            findings.error(item_path(path, i), "there is no " + kind + " " + quoted(names[i]) +
                                                   did_you_mean(names[i], known));
        }
    }
}

bool is_loopback(const std::string& host) {
    return host == "localhost" || host == "::1" || host.starts_with("127.");
}

void check_tls(const MqttSettings& mqtt, const std::string& path, Findings& findings) {
    constexpr std::int64_t plain_port = 1883;
    constexpr std::int64_t tls_port = 8883;
    const std::string tls_path = member_path(path, "tls");
    const auto& tls = mqtt.tls;
    if (tls.certificate_file.empty() != tls.private_key_file.empty()) {
        const bool key_missing = tls.private_key_file.empty();
        findings.error(
            member_path(tls_path, key_missing ? "private_key_file" : "certificate_file"),
            key_missing ? "is needed with certificate_file" : "is needed with private_key_file");
    }
    if (!tls.enabled && !is_loopback(mqtt.host)) {
        findings.warning(
            member_path(tls_path, "enabled"),
            "TLS is off: anyone on the way to " + mqtt.host + " can read and change what is sent");
    }
    if (tls.enabled == (mqtt.port == plain_port) &&
        (mqtt.port == plain_port || mqtt.port == tls_port)) {
        findings.warning(
            member_path(path, "port"),
            std::to_string(mqtt.port) + (tls.enabled ? " is the port without TLS, and TLS is on"
                                                     : " is the port for TLS, and TLS is off"));
    }
}

void check_mqtt(const MqttSettings& mqtt, const std::string& path, Findings& findings) {
    check_tls(mqtt, path, findings);
    if (!mqtt.password_file.empty() && mqtt.user.empty()) {
        findings.error(member_path(path, "user"), "is needed with password_file");
    }
}

std::string host_of(const std::string& url) {
    const std::size_t begin = url.find("//") + 2;
    const bool in_brackets = url.compare(begin, 1, "[") == 0;
    const std::size_t end = url.find_first_of(in_brackets ? "]" : ":/?", begin);
    return url.substr(begin + (in_brackets ? 1 : 0), end - begin - (in_brackets ? 1 : 0));
}

void check_webhook(const WebhookSettings& webhook, const std::string& path, Findings& findings) {
    if (webhook.certificate_file.empty() != webhook.private_key_file.empty()) {
        const bool key_missing = webhook.private_key_file.empty();
        findings.error(
            member_path(path, key_missing ? "private_key_file" : "certificate_file"),
            key_missing ? "is needed with certificate_file" : "is needed with private_key_file");
    }
    if (webhook.user.empty() != webhook.password_file.empty()) {
        findings.error(
            member_path(path, webhook.user.empty() ? "user" : "password_file"),
            webhook.user.empty() ? "is needed with password_file" : "is needed with user");
    }
    if (!webhook.user.empty() && !webhook.bearer_file.empty()) {
        findings.error(member_path(path, "bearer_file"), "stands beside user: only one is sent");
    }
    if (!webhook.pinned_key.empty() && !webhook.pinned_key.starts_with("sha256//")) {
        findings.error(member_path(path, "pinned_key"), "must begin with sha256//");
    }
    if (webhook.format == schema::WebhookFormat::influx &&
        webhook.url.find("precision=s") == std::string::npos) {
        findings.error(
            member_path(path, "url"),
            "must say precision=s: lines have times in seconds, which the database would "
            "take for others");
    }
    if (webhook.url.starts_with("http://") && !is_loopback(host_of(webhook.url))) {
        findings.warning(member_path(path, "url"), "it is not https: anyone on the way to " +
                                                       host_of(webhook.url) +
                                                       " can read and change what is sent");
    }
}

/// A broker throws one of two clients of the same name out, again and again.
void check_client_ids(const Settings& settings, Findings& findings) {
    std::map<std::string, Id> owners;
    for (std::size_t d = 0; d < settings.destinations.size(); ++d) {
        const DestinationSettings& destination = settings.destinations[d];
        if (!destination.mqtt || destination.mqtt->client_id.empty()) continue;
        const auto [at, is_new] = owners.emplace(
            destination.mqtt->host + " " + destination.mqtt->client_id, destination.id);
        if (!is_new) {
            findings.error(item_path("destinations", d) + ".mqtt.client_id",
                           quoted(destination.mqtt->client_id) +
                               " is already used by destination " + quoted(at->second) +
                               " at the same broker");
        }
    }
}

}  // namespace

void check_destinations(const Settings& settings, Findings& findings) {
    const Existing known = existing(settings);
    for (std::size_t d = 0; d < settings.destinations.size(); ++d) {
        const DestinationSettings& destination = settings.destinations[d];
        const std::string path = item_path("destinations", d);
        check_filter(destination.panels, known.panels, "panel", member_path(path, "panels"),
                     findings);
        check_filter(destination.series, known.series, "series", member_path(path, "series"),
                     findings);
        if (destination.mqtt) check_mqtt(*destination.mqtt, member_path(path, "mqtt"), findings);
        if (destination.webhook) {
            check_webhook(*destination.webhook, member_path(path, "webhook"), findings);
        }
    }
    check_client_ids(settings, findings);
}

}  // namespace metergate::config
