#include "northbound/delivery_options.hpp"

#include <algorithm>
#include <functional>

#include "config/schema/utc_text.hpp"

namespace metergate::northbound {
namespace {

std::uint64_t seed_of(const Id& gateway, const Id& destination) {
    return std::hash<std::string>{}(gateway + "/" + destination);
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
    if (!settings.mqtt) {
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
    const schema::MqttSettings& mqtt = *settings.mqtt;
    options.window = static_cast<std::size_t>(std::max<std::int64_t>(mqtt.window, 1));
    options.ack_timeout = std::chrono::seconds{mqtt.ack_timeout_s};
    options.batches_per_s_max =
        static_cast<std::uint32_t>(std::clamp<std::int64_t>(mqtt.batches_per_s_max, 1, 1'000'000));
    options.requests = mqtt.requests;
    options.requests_per_min_max =
        static_cast<std::size_t>(std::max<std::int64_t>(mqtt.requests_per_min_max, 1));
    options.request_batches_max =
        static_cast<std::size_t>(std::max<std::int64_t>(mqtt.request_batches_max, 1));
    options.live_values = mqtt.live_values;
    options.live_heartbeat = std::chrono::seconds{mqtt.live_heartbeat_s};
    options.live_stale_after =
        std::max<Duration>(options.live_stale_after, options.live_heartbeat * 2);
    options.seed = seed_of(directory.gateway, settings.id);
    return options;
}

}  // namespace metergate::northbound
