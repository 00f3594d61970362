#include "gateway/app/status_json.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <string>
#include <utility>

#include "northbound/native_encoder.hpp"

namespace metergate::app {
namespace {

using northbound::decimal_text;
using northbound::rfc3339;
using schema::Json;

std::int64_t age_ms(Instant at, Instant now) {
    return std::chrono::floor<std::chrono::milliseconds>(now - at).count();
}

std::int64_t whole(double value) {
    return std::llround(value);
}

/// Tenths say enough of what goes through adapters.
double ms_of(Duration duration) {
    return std::round(static_cast<double>(duration.count()) / 100) / 10;
}

Json panel_status(const southbound::PanelStatus& panel, Instant now) {
    Json json = Json::object();
    json.set("panel", panel.id).set("state", southbound::name_of(panel.state));
    json.set("serial", panel.serial);
    if (!panel.device.empty()) {
        json.set("device", panel.device);
    }
    json.set("age_ms", panel.last_good ? Json::of(age_ms(*panel.last_good, now)) : Json());
    json.set("replies", panel.replies).set("timeouts", panel.timeouts);
    json.set("bad_frames", panel.bad_frames).set("refusals", panel.refusals);
    json.set("skipped_polls", panel.skipped_polls);
    json.set("reply_mean_ms", panel.reply_mean_ms);
    const auto& spread = panel.reply_spread;
    json.set("reply_median_ms", spread ? Json::of(ms_of(spread->median)) : Json());
    json.set("reply_p99_ms", spread ? Json::of(ms_of(spread->p99)) : Json());
    json.set("reply_timeout_ms", ms_of(panel.reply_timeout)).set("gap_ms", ms_of(panel.gap));
    json.set("clock_ahead_ms", panel.clock_ahead ? Json::of(panel.clock_ahead->count()) : Json());
    json.set("problem", panel.problem);
    return json;
}

/// Null: this line has no serial port. What the driver does not count is null, never 0.
Json serial_port_json(const LineStatus& line) {
    const auto& port = line.wire.serial_port;
    if (!port) {
        return {};
    }
    const auto& errors = line.counters.character_errors;
    return Json::object()
        .set("parity_errors", errors ? Json::of(errors->parity) : Json())
        .set("framing_errors", errors ? Json::of(errors->framing) : Json())
        .set("overruns", errors ? Json::of(errors->overrun) : Json())
        .set("latency", port->latency)
        .set("direction", port->direction);
}

Json values_json(const std::map<Quantity, std::pair<bool, Milli>>& values) {
    Json json = Json::object();
    for (const auto& [quantity, value] : values) {
        json.set(facts_of(quantity).name,
                 value.first ? Json::of(decimal_text(value.second)) : Json());
    }
    return json;
}

Json register_json(const std::optional<storage::RegisterRead>& read) {
    if (!read) {
        return {};
    }
    return Json::object()
        .set("at", rfc3339(read->at))
        .set("kwh", decimal_text(read->reg))
        .set("uncertainty_kwh", decimal_text(read->uncertainty))
        .set("flags", Json::of(names_of(read->flags)));
}

Json status_of_receivers(const std::vector<northbound::ReceiverStatus>& receivers) {
    Json list = Json::array();
    for (const auto& receiver : receivers) {
        std::uint64_t missing = 0;
        Json panels = Json::array();
        for (const auto& panel : receiver.panels) {
            missing += panel.newest - std::min(panel.through, panel.newest);
            panels.push(Json::object().set("panel", panel.panel).set("through", panel.through));
        }
        list.push(Json::object()
                      .set("receiver", receiver.receiver)
                      .set("heard", rfc3339(receiver.heard))
                      .set("missing", missing)
                      .set("panels", panels));
    }
    return list;
}

}  // namespace

Json status_of_line(const LineStatus& line, Instant now) {
    Json panels = Json::array();
    for (const auto& panel : line.panels) {
        panels.push(panel_status(panel, now));
    }
    const auto& counters = line.counters;
    return Json::object()
        .set("line", line.line)
        .set("fault", line.fault ? Json::of(line.fault->text) : Json())
        .set("load_percent", whole(line.load.needed_percent))
        .set("wire_used_percent", whole(line.load.used_percent))
        .set("requests", counters.requests)
        .set("replies", counters.replies)
        .set("timeouts", counters.timeouts)
        .set("bad_frames", counters.bad_frames)
        .set("foreign_frames", counters.foreign_frames)
        .set("exceptions", counters.exceptions)
        .set("reopened", counters.reopened)
        .set("serial_port", serial_port_json(line))
        .set("echoes", line.wire.echoes)
        .set("foreign_master", line.wire.foreign_master)
        .set("panels", panels);
}

Json status_of_recorder(const record::RecorderStatus& recorder) {
    const auto& newest = recorder.newest_end;
    return Json::object()
        .set("time_trusted", recorder.time_trusted)
        .set("readings_held", recorder.readings_held)
        .set("store_fault", recorder.store_fault ? Json::of(recorder.store_fault->text) : Json())
        .set("batches_waiting", recorder.batches_waiting)
        .set("newest_end", newest ? Json::of(rfc3339(*newest)) : Json())
        .set("newest_batch", raw(recorder.newest_batch))
        .set("readings", recorder.readings)
        .set("readings_dropped", recorder.readings_dropped)
        .set("commits", recorder.commits);
}

Json status_of_store(const storage::Room& room) {
    return Json::object()
        .set("used_bytes", room.used_bytes)
        .set("limit_bytes", room.limit_bytes)
        .set("disk_free_bytes", room.disk_free_bytes)
        .set("days_left", room.days_left ? Json::of(*room.days_left) : Json());
}

Json status_of_destination(const northbound::DeliveryStatus& delivery) {
    return Json::object()
        .set("destination", delivery.destination)
        .set("state", northbound::name_of(delivery.state))
        .set("cursor", delivery.cursor ? Json::of(raw(*delivery.cursor)) : Json())
        .set("backlog", delivery.backlog)
        .set("acknowledged", delivery.acknowledged)
        .set("acknowledged_last_min", delivery.acknowledged_last_min)
        .set("last_success",
             delivery.last_success ? Json::of(rfc3339(*delivery.last_success)) : Json())
        .set("last_error", delivery.last_error)
        .set("resent", delivery.resent)
        .set("receivers_problem", delivery.receivers_problem)
        .set("receivers", status_of_receivers(delivery.receivers));
}

Json status_of_modbus(const ModbusStatus& modbus) {
    Json clients = Json::array();
    for (const auto& client : modbus.clients) {
        clients.push(Json::object()
                         .set("client", client.client)
                         .set("connections", client.connections)
                         .set("requests", client.requests));
    }
    const auto& counters = modbus.counters;
    return Json::object()
        .set("address", modbus.address)
        .set("port", modbus.port)
        .set("fault", modbus.fault ? Json::of(modbus.fault->text) : Json())
        .set("requests", counters.requests)
        .set("answered", counters.answered)
        .set("from_cache", counters.from_cache)
        .set("exceptions", counters.exceptions)
        .set("refused", counters.refused)
        .set("on_wire", counters.on_wire)
        .set("writes", counters.writes)
        .set("nonsense", counters.nonsense)
        .set("turned_away", modbus.turned_away)
        .set("last_problem", modbus.last_problem)
        .set("clients", clients);
}

Json live_values_json(const record::LiveValues& live, const record::Directory& directory,
                      Instant now) {
    std::map<PointNumber, std::map<Quantity, std::pair<bool, Milli>>> by_point;
    std::map<PointNumber, Instant> newest;
    for (const auto& value : live.since(0)) {
        by_point[value.point][value.quantity] = {value.valid, value.value};
        auto& at = newest.try_emplace(value.point, value.at).first->second;
        at = std::max(at, value.at);
    }
    Json points = Json::array();
    for (const auto& panel : directory.panels) {
        for (const auto& point : panel.points) {
            const auto values = by_point.find(point.number);
            if (values == by_point.end()) {
                continue;
            }
            points.push(Json::object()
                            .set("panel", panel.id)
                            .set("point", point.id)
                            .set("age_ms", age_ms(newest.at(point.number), now))
                            .set("values", values_json(values->second)));
        }
    }
    return points;
}

Json event_json(const Event& event, const record::Directory& directory) {
    Json json = Json::object();
    json.set("seq", event.seq).set("at", rfc3339(event.at)).set("clock_ok", event.clock_ok);
    json.set("panel", directory.panel_id(event.panel)).set("source", event.source);
    json.set("kind", name_of(event.kind)).set("occurrence", event.occurrence);
    json.set("start", rfc3339(event.start));
    json.set("end", event.end ? Json::of(rfc3339(*event.end)) : Json());
    json.set("old", event.old_value).set("new", event.new_value).set("text", event.text);
    return json;
}

Json register_around_json(const storage::RegisterAround& around) {
    return Json::object()
        .set("before", register_json(around.before))
        .set("after", register_json(around.after));
}

Json readings_json(const southbound::PanelRead& read, const record::Directory& directory) {
    std::map<PointNumber, std::map<Quantity, std::pair<bool, Milli>>> by_point;
    for (const Reading& reading : read.readings) {
        for (const Measured& measured : reading.values) {
            by_point[measured.point][measured.quantity] = {measured.valid, measured.value};
        }
    }
    Json points = Json::array();
    for (const auto& [number, values] : by_point) {
        const auto* point = directory.find_point(number);
        Json entry = Json::object();
        entry.set("point", point == nullptr ? Id() : point->id);
        if (!read.device.empty()) {
            entry.set("device", read.device);
        }
        points.push(entry.set("values", values_json(values)));
    }
    return points;
}

Json parameters_json(const std::vector<southbound::ParameterValue>& values) {
    Json list = Json::array();
    for (const southbound::ParameterValue& value : values) {
        Json entry = Json::object()
                         .set("parameter", value.name)
                         .set("value", value.value)
                         .set("unit", value.unit)
                         .set("seal", name_of(value.seal))
                         .set("writable", value.writable)
                         .set("minimum", value.minimum)
                         .set("maximum", value.maximum);
        if (!value.point.empty()) {
            entry.set("point", value.point);
        }
        if (value.before) {
            entry.set("before", *value.before);
        }
        list.push(std::move(entry));
    }
    return list;
}

}  // namespace metergate::app
