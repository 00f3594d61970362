#include "northbound/delivery_options.hpp"

#include <algorithm>
#include <functional>

#include "config/schema/utc_text.hpp"

namespace metergate::northbound {
namespace {

std::uint64_t seed_of(const Id& gateway, const Id& destination) {
    return std::hash<std::string>{}(gateway + "/" + destination);
}

std::uint32_t rate_of(std::int64_t batches_per_s_max) {
    return static_cast<std::uint32_t>(std::clamp<std::int64_t>(batches_per_s_max, 1, 1'000'000));
}

std::size_t at_least_one(std::int64_t count) {
    return static_cast<std::size_t>(std::max<std::int64_t>(count, 1));
}

void set_mqtt(DeliveryOptions& options, const schema::MqttSettings& mqtt) {
    options.window = at_least_one(mqtt.window);
    options.ack_timeout = std::chrono::seconds{mqtt.ack_timeout_s};
    options.batches_per_s_max = rate_of(mqtt.batches_per_s_max);
    options.requests = mqtt.requests;
    options.requests_per_min_max = at_least_one(mqtt.requests_per_min_max);
    options.request_batches_max = at_least_one(mqtt.request_batches_max);
    options.live_values = mqtt.live_values;
    options.live_heartbeat = std::chrono::seconds{mqtt.live_heartbeat_s};
    options.live_stale_after =
        std::max<Duration>(options.live_stale_after, options.live_heartbeat * 2);
}

/// Records and what explains them; a request is no place for values of this moment.
void set_webhook(DeliveryOptions& options, const schema::WebhookSettings& webhook) {
    constexpr std::chrono::seconds beyond_timeout{5};
    const bool is_influx = webhook.format == schema::WebhookFormat::influx;
    options.format = is_influx ? BatchFormat::influx : BatchFormat::native;
    // There the last line about a slot counts, so that no revision may overtake another.
    options.window = is_influx ? 1 : at_least_one(webhook.window);
    // The transfer's own timeout comes first and says more.
    options.ack_timeout = std::chrono::seconds{webhook.timeout_s} + beyond_timeout;
    options.batches_per_s_max = rate_of(webhook.batches_per_s_max);
    options.meta = webhook.meta && !is_influx;
    options.events = webhook.events && !is_influx;
    options.status = false;
    options.requests = false;
    options.live_values = false;
}

}  // namespace

Result<StartAt> start_at_from(std::string_view text) {
    if (text == "now") {
        return StartAt{StartAt::Kind::now, {}};
    }
    if (text == "oldest") {
        return StartAt{StartAt::Kind::oldest, {}};
    }
    if (const auto time = schema::utc_from_text(text)) {
        return StartAt{StartAt::Kind::time, *time};
    }
    return Error{Fault::invalid, "from: \"" + std::string(text) +
                                     "\" is not now, oldest or a UTC time like "
                                     "2026-01-31T00:00:00Z"};
}

Result<DeliveryOptions> delivery_options_from(const schema::DestinationSettings& settings,
                                              const record::Directory& directory) {
    const auto bad = [&](const std::string& what) {
        return Error{Fault::invalid, "destination " + settings.id + ": " + what};
    };
    if (!settings.mqtt && !settings.webhook) {
        return bad("it names no kind of destination");
    }
    const auto start = start_at_from(settings.from);
    if (!start) {
        return bad(start.error().text);
    }
    DeliveryOptions options;
    options.destination = settings.id;
    options.name = settings.name;
    options.start = *start;
    for (const Id& id : settings.panels) {
        const auto panel = std::find_if(directory.panels.begin(), directory.panels.end(),
                                        [&](const auto& entry) { return entry.id == id; });
        if (panel == directory.panels.end()) {
            return bad("panels: there is no panel \"" + id + "\"");
        }
        options.filter.panels.push_back(panel->number);
    }
    for (const std::string& code : settings.series) {
        const auto series = std::find_if(directory.series.begin(), directory.series.end(),
                                         [&](const auto& entry) { return entry.code == code; });
        if (series == directory.series.end()) {
            return bad("series: no point has the series \"" + code + "\"");
        }
        options.filter.series.push_back(series->number);
    }
    if (settings.mqtt) {
        set_mqtt(options, *settings.mqtt);
    } else {
        set_webhook(options, *settings.webhook);
    }
    options.seed = seed_of(directory.gateway, settings.id);
    return options;
}

}  // namespace metergate::northbound
