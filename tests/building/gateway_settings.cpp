#include "tests/building/gateway_settings.hpp"

#include "config/schema/json.hpp"

namespace metergate::building {
namespace {

using schema::Json;

Json panel_json(const PanelPlan& panel, const Scenario& scenario) {
    Json points = Json::array();
    for (std::size_t i = 0; i < panel.points.size(); ++i) {
        Json point = Json::object();
        point.set("id", panel.points[i].id).set("slot", i + 1);
        if (!panel.series.empty()) {
            point.set("series", panel.series);
        }
        points.push(std::move(point));
    }
    Json json = Json::object();
    json.set("id", panel.id).set("address", panel.unit);
    json.set("profile", name_of(panel.kind));
    json.set("poll_period_ms", scenario.poll_period_ms);
    json.set("nominal_mv", panel.nominal_mv);
    json.set("clock", panel.clock);
    json.set("points", std::move(points));
    return json;
}

Json line_json(const LinePlan& line, const Scenario& scenario,
               const GatewayConnections& connections) {
    Json json = Json::object();
    json.set("id", line.id);
    if (line.kind != WireKind::rtu) {
        const auto port = connections.tcp_ports.find(line.id);
        Json tcp = Json::object();
        tcp.set("host", "127.0.0.1");
        tcp.set("port", port == connections.tcp_ports.end() ? std::uint16_t{502} : port->second);
        if (line.kind == WireKind::rtu_over_tcp) {
            tcp.set("baud", line.baud);
        }
        json.set(line.kind == WireKind::tcp ? "modbus_tcp" : "rtu_over_tcp", std::move(tcp));
    } else {
        const auto port = connections.serial_ports.find(line.id);
        Json serial = Json::object();
        serial.set("port",
                   port == connections.serial_ports.end() ? "/dev/sim-" + line.id : port->second);
        serial.set("baud", line.baud);
        if (line.shares) {
            serial.set("foreign_master", "share");
        }
        json.set("rs485", std::move(serial));
    }
    Json panels = Json::array();
    for (const PanelPlan& panel : scenario.panels) {
        if (panel.line == line.id) {
            panels.push(panel_json(panel, scenario));
        }
    }
    json.set("panels", std::move(panels));
    return json;
}

Json destination_json(const GatewayConnections& connections) {
    Json tls = Json::object();
    tls.set("enabled", false);
    Json mqtt = Json::object();
    mqtt.set("host", connections.mqtt_host).set("port", *connections.mqtt_port);
    mqtt.set("tls", std::move(tls));
    Json json = Json::object();
    json.set("id", "broker").set("from", connections.mqtt_from).set("mqtt", std::move(mqtt));
    return json;
}

}  // namespace

std::string settings_for(const Scenario& scenario, const GatewayConnections& connections) {
    Json gateway = Json::object();
    gateway.set("id", connections.gateway).set("zone", scenario.zone);
    gateway.set("laboratory", scenario.laboratory);
    Json recording = Json::object();
    recording.set("series", scenario.series);
    recording.set("close_wait_s", scenario.close_wait_s);
    recording.set("commit_wait_s", scenario.commit_wait_s);
    Json lines = Json::array();
    for (const LinePlan& line : scenario.lines) {
        lines.push(line_json(line, scenario, connections));
    }
    Json destinations = Json::array();
    if (connections.mqtt_port) {
        destinations.push(destination_json(connections));
    }
    Json settings = Json::object();
    settings.set("schema", 1).set("gateway", std::move(gateway));
    settings.set("recording", std::move(recording)).set("lines", std::move(lines));
    settings.set("destinations", std::move(destinations));
    return schema::write_pretty(settings);
}

}  // namespace metergate::building
