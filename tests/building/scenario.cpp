#include "tests/building/scenario.hpp"

#include <date/tz.h>
#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <stdexcept>
#include <utility>

#include "config/schema/json.hpp"
#include "config/schema/utc_text.hpp"
#include "tests/building/json_reader.hpp"
#include "tests/building/random.hpp"
#include "tests/building/received.hpp"

namespace metergate::building {
namespace {

using schema::Json;

constexpr std::int64_t a_lot = 1'000'000'000'000;
constexpr std::int64_t year_s = 366LL * 24 * 3600;
constexpr std::int64_t century_ms = 100 * year_s * 1000;
constexpr std::string_view default_start = "2026-03-02T05:00:00Z";
constexpr std::string_view gateway_target = "gateway";

std::string item_path(std::string_view list, std::size_t index) {
    return fmt::format("{}[{}]", list, index);
}

std::optional<WireKind> wire_kind_named(std::string_view name) {
    if (name == "rtu_over_tcp") {
        return WireKind::rtu_over_tcp;
    }
    return name == "rtu"   ? std::optional(WireKind::rtu)
           : name == "tcp" ? std::optional(WireKind::tcp)
                           : std::nullopt;
}

/// Builds a scenario from its document, keeping the first problem.
class ScenarioReader {
  public:
    [[nodiscard]] Result<Scenario> read(const Json& json);

  private:
    void read_head(ObjectReader& document);
    [[nodiscard]] std::vector<std::string> read_series(ObjectReader& reader);
    void read_line(const Json& json, std::size_t index);
    void read_panel(const Json& json, std::size_t index);
    void read_tenant(const Json& json, std::size_t index);
    void read_fault(const Json& json, std::size_t index);
    void add_panel(PanelPlan plan, std::int64_t register_wh);
    void place_fault(PlannedFault fault, ObjectReader& reader);
    [[nodiscard]] std::uint8_t next_address(const Id& line) const;
    [[nodiscard]] LinePlan* line_named(const Id& id);
    [[nodiscard]] PanelPlan* panel_named(const Id& id);
    [[nodiscard]] PointPlan* point_named(const Id& id);
    template <class Each>
    void each(const Json::Array* list, Each read_one) {
        for (std::size_t i = 0; list != nullptr && i < list->size() && !problem_; ++i) {
            read_one((*list)[i], i);
        }
    }

    Scenario scenario_;
    std::optional<Error> problem_;
};

LinePlan* ScenarioReader::line_named(const Id& id) {
    const auto found = std::find_if(scenario_.lines.begin(), scenario_.lines.end(),
                                    [&id](const LinePlan& line) { return line.id == id; });
    return found == scenario_.lines.end() ? nullptr : &*found;
}

PanelPlan* ScenarioReader::panel_named(const Id& id) {
    const auto found = std::find_if(scenario_.panels.begin(), scenario_.panels.end(),
                                    [&id](const PanelPlan& panel) { return panel.id == id; });
    return found == scenario_.panels.end() ? nullptr : &*found;
}

PointPlan* ScenarioReader::point_named(const Id& id) {
    for (PanelPlan& panel : scenario_.panels) {
        for (PointPlan& point : panel.points) {
            if (point.id == id) {
                return &point;
            }
        }
    }
    return nullptr;
}

std::uint8_t ScenarioReader::next_address(const Id& line) const {
    std::uint8_t highest = 0;
    for (const PanelPlan& panel : scenario_.panels) {
        highest = panel.line == line ? std::max(highest, panel.unit) : highest;
    }
    return static_cast<std::uint8_t>(highest + 1);
}

void ScenarioReader::read_head(ObjectReader& document) {
    scenario_.seed = static_cast<std::uint64_t>(document.integer("seed", 1, 0, a_lot));
    const std::string start = document.text("start", std::string(default_start));
    const auto when = schema::utc_from_text(start);
    if (!when) {
        document.complain("start", "not a UTC time such as " + std::string(default_start));
    }
    scenario_.start = when.value_or(UtcSeconds{});
    scenario_.zone = document.text("zone", "UTC");
    try {
        scenario_.utc_offset = date::locate_zone(scenario_.zone)->get_info(scenario_.start).offset;
    } catch (const std::runtime_error&) {
        document.complain("zone", "\"" + scenario_.zone + "\" is not a time zone");
    }
    scenario_.laboratory = document.flag("laboratory", false);
    const bool laboratory = scenario_.laboratory;
    scenario_.poll_period_ms =
        document.integer("poll_period_ms", laboratory ? 2000 : 10'000, 200, 3'600'000);
    scenario_.close_wait_s = document.integer("close_wait_s", laboratory ? 5 : 30, 1, 600);
    scenario_.commit_wait_s = document.integer("commit_wait_s", laboratory ? 1 : 5, 0, 60);
    scenario_.series = read_series(document);
    if (scenario_.series.empty()) {
        scenario_.series.emplace_back(laboratory ? "kwh-10s" : "kwh-15min");
    }
}

std::vector<std::string> ScenarioReader::read_series(ObjectReader& reader) {
    std::vector<std::string> series;
    each(reader.list("series"), [&](const Json& item, std::size_t) {
        if (item.as_string() == nullptr || length_of_series(*item.as_string()) == 0) {
            reader.complain("series", "not a list of codes such as kwh-15min");
            return;
        }
        series.push_back(*item.as_string());
    });
    return series;
}

void ScenarioReader::read_line(const Json& json, std::size_t index) {
    ObjectReader reader(json, item_path("lines", index), problem_);
    LinePlan line;
    line.id = reader.id("id");
    const std::string kind = reader.text("kind", "rtu");
    if (const auto known = wire_kind_named(kind)) {
        line.kind = *known;
    } else {
        reader.complain("kind", "\"" + kind + "\" is none of rtu, tcp, rtu_over_tcp");
    }
    line.shares = reader.flag("shares", false);
    line.baud = reader.integer("baud", 115'200, 1200, 1'000'000);
    line.seed = scrambled(scenario_.seed, hash_of(line.id));
    if (line_named(line.id) != nullptr) {
        reader.complain("id", "\"" + line.id + "\" stands twice");
    }
    scenario_.lines.push_back(line);
    const std::int64_t panels = reader.integer("panels", 0, 0, 247);
    for (std::int64_t i = 1; i <= panels; ++i) {
        PanelPlan panel;
        panel.id = fmt::format("{}-p{}", line.id, i);
        panel.line = line.id;
        panel.unit = static_cast<std::uint8_t>(i);
        add_panel(std::move(panel), -1);
    }
    reader.refuse_others();
}

/// Fills in what follows from the kind and the seed: serial number, points, tenants.
void ScenarioReader::add_panel(PanelPlan plan, std::int64_t register_wh) {
    const std::uint64_t seed = scrambled(scenario_.seed, hash_of(plan.id));
    if (plan.serial == 1) {
        plan.serial = static_cast<std::uint32_t>(seed % 90'000'000 + 10'000'000);
    }
    for (std::size_t i = 1; i <= points_of(plan.kind); ++i) {
        const std::uint64_t dice = scrambled(seed, i);
        PointPlan point;
        point.id = fmt::format("{}-{:02}", plan.id, i);
        point.tenant.seed = dice;
        const std::uint64_t kind = dice % 10;
        point.tenant.kind = kind < 7    ? TenantKind::home
                            : kind == 7 ? TenantKind::office
                            : kind == 8 ? TenantKind::shop
                                        : TenantKind::vacant;
        point.tenant.scale_percent = 60 + static_cast<std::int64_t>((dice >> 20U) % 80);
        point.gain_ppm = static_cast<std::int64_t>((dice >> 32U) % 4001) - 2000;
        const auto drawn = static_cast<std::int64_t>((dice >> 12U) % 40'000'000);
        const std::int64_t shown = register_wh >= 0 ? register_wh : drawn;
        point.register_wh = shown / plan.resolution_wh * plan.resolution_wh;
        plan.points.push_back(std::move(point));
    }
    scenario_.panels.push_back(std::move(plan));
}

void ScenarioReader::read_panel(const Json& json, std::size_t index) {
    ObjectReader reader(json, item_path("panels", index), problem_);
    PanelPlan panel;
    panel.id = reader.id("id");
    panel.line = reader.id("line");
    if (line_named(panel.line) == nullptr) {
        reader.complain("line", "there is no line \"" + panel.line + "\"");
    }
    const std::string kind = reader.text("kind", "metergate-panel-24");
    const auto known = panel_kind_named(kind);
    if (!known) {
        reader.complain("kind", "\"" + kind + "\" is not a kind of panel");
    }
    panel.kind = known.value_or(PanelKind::metergate_24);
    const bool single = points_of(panel.kind) == 1;
    panel.unit =
        static_cast<std::uint8_t>(reader.integer("address", next_address(panel.line), 1, 247));
    panel.serial = static_cast<std::uint32_t>(reader.integer("serial", 1, 1, 4'294'967'295));
    panel.turnaround = std::chrono::milliseconds{reader.integer("turnaround_ms", 5, 0, 60'000)};
    panel.nominal_mv = reader.integer("nominal_mv", single ? 230'000 : 120'000, 1000, 1'000'000);
    const bool in_tenths = panel.kind == PanelKind::acuvim;
    panel.resolution_wh = reader.integer("resolution_wh",
                                         in_tenths ? 100
                                         : single  ? 10
                                                   : 2,
                                         1, 1'000'000);
    panel.modulus_wh = reader.integer("modulus_wh", usual_modulus_wh(panel.kind), 1000, a_lot);
    panel.clock_offset_s = reader.integer("clock_offset_s", 0, -1'000'000, 1'000'000);
    panel.clock_zone_min = reader.integer("clock_zone_min", 0, -720, 840);
    panel.clock = reader.text("clock", panel.clock);
    panel.seal_open = reader.flag("seal_open", false);
    panel.log_minutes = reader.integer("log_minutes", 15, 1, 1440);
    panel.series = read_series(reader);
    panel.log_slots = reader.integer("log_slots", 2304, 0, 65'535);
    panel.log_sector = reader.integer("log_sector", 1, 1, 65'535);
    const std::int64_t register_wh = reader.integer("register_wh", -1, 0, a_lot);
    for (const PanelPlan& other : scenario_.panels) {
        if (other.id == panel.id) {
            reader.complain("id", "\"" + panel.id + "\" stands twice");
        }
        if (other.line == panel.line && other.unit == panel.unit) {
            reader.complain("address", fmt::format("{} is taken by {}", panel.unit, other.id));
        }
    }
    reader.refuse_others();
    add_panel(std::move(panel), register_wh);
}

void ScenarioReader::read_tenant(const Json& json, std::size_t index) {
    ObjectReader reader(json, item_path("tenants", index), problem_);
    const Id id = reader.id("point");
    PointPlan* point = point_named(id);
    if (point == nullptr) {
        reader.complain("point", "there is no point \"" + id + "\"");
        return;
    }
    const std::string kind = reader.text("kind", std::string(name_of(point->tenant.kind)));
    if (const auto known = tenant_kind_named(kind)) {
        point->tenant.kind = *known;
    } else {
        reader.complain("kind", "\"" + kind + "\" is not a kind of tenant");
    }
    TenantPlan& tenant = point->tenant;
    tenant.scale_percent = reader.integer("scale_percent", tenant.scale_percent, 0, 10'000);
    tenant.constant_w = reader.integer("power_w", tenant.constant_w, 0, 10'000'000);
    point->gain_ppm = reader.integer("gain_ppm", point->gain_ppm, -100'000, 100'000);
    point->register_wh = reader.integer("register_wh", point->register_wh, 0, a_lot);
    reader.refuse_others();
}

void ScenarioReader::read_fault(const Json& json, std::size_t index) {
    ObjectReader reader(json, item_path("faults", index), problem_);
    PlannedFault fault;
    const std::string kind = reader.text("kind", "");
    const auto known = fault_kind_named(kind);
    if (!known) {
        reader.complain("kind", "\"" + kind + "\" is not a kind of fault");
        return;
    }
    fault.kind = *known;
    fault.target = reader.id("target", std::string(gateway_target));
    const std::int64_t at_s = reader.integer("at_s", 0, 0, year_s);
    const bool lasts = fault.kind != FaultKind::clock_step && fault.kind != FaultKind::rollover &&
                       fault.kind != FaultKind::register_reset && fault.kind != FaultKind::swap;
    const std::int64_t for_s = reader.integer("for_s", lasts ? 30 : 0, 0, year_s);
    fault.from = scenario_.start + std::chrono::seconds{at_s};
    fault.until = fault.from + std::chrono::seconds{for_s};
    const Json no_args = Json::object();
    const Json* given = reader.member("args");
    ObjectReader args(given != nullptr ? *given : no_args, reader.path_of("args"), problem_);
    const std::int64_t usual_ms = fault.kind == FaultKind::late             ? 700
                                  : fault.kind == FaultKind::foreign_master ? 1000
                                                                            : 0;
    fault.ms = args.integer("ms", usual_ms, -century_ms, century_ms);
    fault.percent = args.number("percent", 5, 0, 100);
    fault.wh = args.integer("wh", 100, 0, a_lot);
    fault.register_wh = args.integer("register_wh", 0, 0, a_lot);
    args.refuse_others();
    reader.refuse_others();
    if (!problem_) {
        place_fault(std::move(fault), reader);
    }
}

void ScenarioReader::place_fault(PlannedFault fault, ObjectReader& reader) {
    const bool of_panel = is_panel_fault(fault.kind);
    const bool of_wire = is_wire_fault(fault.kind);
    const bool only_whole_line = fault.kind == FaultKind::echo ||
                                 fault.kind == FaultKind::foreign_master ||
                                 fault.kind == FaultKind::port_missing;
    if (fault.kind == FaultKind::removed) {
        if (panel_named(fault.target) == nullptr) {
            reader.complain("target", "a fault of this kind can only have a panel as its target");
        }
        scenario_.faults.push_back(std::move(fault));
        return;
    }
    if (!of_panel && !of_wire) {
        if (fault.target != gateway_target) {
            reader.complain("target", "a fault of this kind can only have the target \"gateway\"");
        }
        scenario_.faults.push_back(std::move(fault));
        return;
    }
    if (LinePlan* line = line_named(fault.target)) {
        if (of_wire) {
            line->faults.push_back(fault);
            scenario_.faults.push_back(std::move(fault));
            return;
        }
        for (const PanelPlan& panel : std::vector<PanelPlan>(scenario_.panels)) {
            if (panel.line == line->id) {
                fault.target = panel.id;
                place_fault(fault, reader);
            }
        }
        return;
    }
    for (PanelPlan& panel : scenario_.panels) {
        for (std::size_t i = 0; i < panel.points.size(); ++i) {
            if (panel.points[i].id == fault.target && of_panel) {
                fault.point = static_cast<std::uint32_t>(i);
                panel.faults.push_back(fault);
                scenario_.faults.push_back(std::move(fault));
                return;
            }
        }
    }
    PanelPlan* panel = panel_named(fault.target);
    if (panel == nullptr || only_whole_line) {
        reader.complain("target", "\"" + fault.target + "\" is nothing such a fault can happen to");
        return;
    }
    panel->faults.push_back(fault);
    scenario_.faults.push_back(std::move(fault));
}

Result<Scenario> ScenarioReader::read(const Json& json) {
    ObjectReader document(json, "", problem_);
    read_head(document);
    each(document.list("lines"), [this](const Json& item, std::size_t i) { read_line(item, i); });
    if (!document.has("lines")) {
        read_line(Json::object().set("id", "line-1").set("panels", document.has("panels") ? 0 : 1),
                  0);
    }
    each(document.list("panels"), [this](const Json& item, std::size_t i) { read_panel(item, i); });
    each(document.list("tenants"),
         [this](const Json& item, std::size_t i) { read_tenant(item, i); });
    each(document.list("faults"), [this](const Json& item, std::size_t i) { read_fault(item, i); });
    document.refuse_others();
    if (scenario_.panels.empty()) {
        document.complain("panels", "there is no panel at all");
    }
    if (problem_) {
        return *problem_;
    }
    const auto earlier = [](const PlannedFault& a, const PlannedFault& b) {
        return a.from < b.from;
    };
    std::stable_sort(scenario_.faults.begin(), scenario_.faults.end(), earlier);
    for (PanelPlan& panel : scenario_.panels) {
        std::stable_sort(panel.faults.begin(), panel.faults.end(), earlier);
    }
    return std::move(scenario_);
}

}  // namespace

void Scenario::start_at(UtcSeconds when) {
    const auto by = when - start;
    const auto move = [by](std::vector<PlannedFault>& list) {
        for (PlannedFault& fault : list) {
            fault.from += by;
            fault.until += by;
        }
    };
    start = when;
    move(faults);
    for (LinePlan& line : lines) {
        move(line.faults);
    }
    for (PanelPlan& panel : panels) {
        move(panel.faults);
    }
}

Result<Scenario> parse_scenario(std::string_view text) {
    const auto document = schema::parse_json(text, {.comments = true});
    if (!document) {
        return document.error();
    }
    return ScenarioReader().read(*document);
}

Result<Scenario> load_scenario(const std::string& path) {
    std::ifstream file(path);
    if (!file) {
        return Error{Fault::not_found, path + ": cannot be read"};
    }
    std::ostringstream text;
    text << file.rdbuf();
    auto scenario = parse_scenario(text.str());
    if (!scenario) {
        return scenario.error().within(path);
    }
    return scenario;
}

}  // namespace metergate::building
