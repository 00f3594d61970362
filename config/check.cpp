#include "config/check.hpp"

#include <algorithm>
#include <cctype>
#include <map>

#include "config/check_destinations.hpp"
#include "config/check_modbus_gateway.hpp"
#include "config/check_panel.hpp"
#include "config/findings.hpp"

namespace metergate::config {
namespace {

using schema::item_path;
using schema::LineSettings;
using schema::member_path;
using schema::PanelSettings;
using schema::PointSettings;
using schema::Settings;

/// Every line, panel, point and destination has an id of its own.
class IdCheck {
  public:
    explicit IdCheck(Findings& findings) : findings_(findings) {}

    void add(const Id& id, const std::string& owner_path) {
        const std::string path = member_path(owner_path, "id");
        if (!findings_.sound(path) || id.empty()) return;
        const auto [at, is_new] = owners_.emplace(id, owner_path);
        if (!is_new) findings_.error(path, quoted(id) + " is already the id of " + at->second);
    }

    void add_panel(const Id& id, const std::string& path) {
        if (id == "gateway") {
            findings_.error(member_path(path, "id"),
                            "\"gateway\" is reserved: the gateway's own batches go by that name");
            return;
        }
        add(id, path);
    }

  private:
    Findings& findings_;
    std::map<Id, std::string> owners_;
};

void check_ids(const Settings& settings, Findings& findings) {
    IdCheck ids(findings);
    for (std::size_t l = 0; l < settings.lines.size(); ++l) {
        const LineSettings& line = settings.lines[l];
        const std::string line_path = item_path("lines", l);
        ids.add(line.id, line_path);
        for (std::size_t p = 0; p < line.panels.size(); ++p) {
            const std::string panel_path = item_path(member_path(line_path, "panels"), p);
            ids.add_panel(line.panels[p].id, panel_path);
            const std::string points_path = member_path(panel_path, "points");
            for (std::size_t i = 0; i < line.panels[p].points.size(); ++i) {
                ids.add(line.panels[p].points[i].id, item_path(points_path, i));
            }
        }
    }
    for (std::size_t d = 0; d < settings.destinations.size(); ++d) {
        ids.add(settings.destinations[d].id, item_path("destinations", d));
    }
}

std::string lower(std::string text) {
    std::ranges::transform(text, text.begin(),
                           [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return text;
}

/// No two lines may drive the same wire.
void check_wires(const Settings& settings, Findings& findings) {
    std::map<std::string, Id> owners;
    for (std::size_t l = 0; l < settings.lines.size(); ++l) {
        const LineSettings& line = settings.lines[l];
        std::string path = item_path("lines", l);
        std::string wire;
        if (line.rs485 && !line.rs485->port.empty()) {
            path += ".rs485.port";
            wire = line.rs485->port;
        } else if (line.modbus_tcp && !line.modbus_tcp->host.empty()) {
            path += ".modbus_tcp";
            wire = lower(line.modbus_tcp->host) + ":" + std::to_string(line.modbus_tcp->port);
        } else if (line.rtu_over_tcp && !line.rtu_over_tcp->host.empty()) {
            path += ".rtu_over_tcp";
            wire = lower(line.rtu_over_tcp->host) + ":" + std::to_string(line.rtu_over_tcp->port);
        }
        if (wire.empty() || !findings.sound(path)) continue;
        const auto [at, is_new] = owners.emplace(wire, line.id);
        if (!is_new) {
            findings.error(path, quoted(wire) + " is already used by line " + quoted(at->second));
        }
    }
}

void check_addresses(const LineSettings& line, const std::string& line_path, Findings& findings) {
    std::map<std::int64_t, Id> owners;
    for (std::size_t p = 0; p < line.panels.size(); ++p) {
        const std::string panel_path = item_path(member_path(line_path, "panels"), p);
        const std::string path = member_path(panel_path, "address");
        const PanelSettings& panel = line.panels[p];
        if (!findings.readable(panel_path) || !findings.sound(path)) continue;
        const auto [at, is_new] = owners.emplace(panel.address, panel.id);
        if (!is_new) {
            findings.error(path, std::to_string(panel.address) +
                                     " is already the address of panel " + quoted(at->second));
        }
    }
}

/// Points and what feeds them: the parents exist and the arrows form a tree.
class SupplyTree {
  public:
    void add(const PointSettings& point, const std::string& path) {
        if (!point.id.empty()) points_.emplace(point.id, Node{point.fed_from, path});
    }

    void check(Findings& findings) const {
        std::vector<std::string> ids;
        for (const auto& [id, node] : points_)
            ids.push_back(id);
        for (const auto& [id, node] : points_) {
            const std::string path = member_path(node.path, "fed_from");
            if (node.fed_from.empty()) continue;
            if (!points_.contains(node.fed_from)) {
                findings.error(path, "there is no point " + quoted(node.fed_from) +
                                         did_you_mean(node.fed_from, ids));
            } else if (const std::string loop = loop_of(id); !loop.empty()) {
                findings.error(path, "the supply goes in a circle: " + loop);
            }
        }
    }

  private:
    struct Node {
        Id fed_from;
        std::string path;
    };

    /// "a from b from a" if `start` is the first id of the circle it is in; each circle is told
    /// once.
    [[nodiscard]] std::string loop_of(const Id& start) const {
        std::string text = start;
        auto at = points_.find(start);
        for (std::size_t steps = 0; steps < points_.size(); ++steps) {
            at = points_.find(at->second.fed_from);
            if (at == points_.end() || at->first < start) return {};
            text += " from " + at->first;
            if (at->first == start) return text;
        }
        return {};
    }

    std::map<Id, Node> points_;
};

void check_gateway(const Settings& settings, const Facts& facts, Findings& findings) {
    if (!facts.zone_exists(settings.gateway.zone)) {
        findings.error("gateway.zone", quoted(settings.gateway.zone) +
                                           " is no time zone; write it as America/Toronto");
    }
    check_series_list(settings.recording.series, "recording.series", settings.gateway.laboratory,
                      findings);
    if (settings.lines.empty() && findings.sound("lines")) {
        findings.warning("lines", "there is no line: nothing will be measured");
    }
}

void check_direction(const LineSettings& line, const std::string& line_path, Findings& findings) {
    const auto& port = line.rs485;
    if (!port || port->direction_control != schema::DirectionControl::off) return;
    const std::string path = member_path(line_path, "rs485");
    if (port->rts_delay_before_send_ms != 0) {
        findings.warning(member_path(path, "rts_delay_before_send_ms"),
                         "has no effect while direction_control is off");
    }
    if (port->rts_delay_after_send_ms != 0) {
        findings.warning(member_path(path, "rts_delay_after_send_ms"),
                         "has no effect while direction_control is off");
    }
}

void check_lines(const Settings& settings, const Facts& facts, Findings& findings) {
    SupplyTree tree;
    for (std::size_t l = 0; l < settings.lines.size(); ++l) {
        const std::string line_path = item_path("lines", l);
        const std::string panels_path = member_path(line_path, "panels");
        check_addresses(settings.lines[l], line_path, findings);
        check_direction(settings.lines[l], line_path, findings);
        for (std::size_t p = 0; p < settings.lines[l].panels.size(); ++p) {
            const PanelSettings& panel = settings.lines[l].panels[p];
            const std::string path = item_path(panels_path, p);
            if (!findings.readable(path)) continue;
            check_panel(panel, path, {settings, facts, findings});
            for (std::size_t i = 0; i < panel.points.size(); ++i) {
                tree.add(panel.points[i], item_path(member_path(path, "points"), i));
            }
        }
    }
    tree.check(findings);
}

}  // namespace

CheckResult check(const Settings& settings, const Facts& facts, const schema::Problems& known) {
    Findings findings(known);
    check_ids(settings, findings);
    check_gateway(settings, facts, findings);
    check_wires(settings, findings);
    check_lines(settings, facts, findings);
    check_destinations(settings, findings);
    check_modbus_gateway(settings, findings);
    return {findings.errors(), findings.warnings()};
}

}  // namespace metergate::config
