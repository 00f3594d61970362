#include "gateway/app/apply_plan.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include "config/schema/settings_tables.hpp"

namespace metergate::app {
namespace {

using schema::Json;

/// What a line's thread works by: names, wiring and what is recorded do not reach it.
Json polled_by(schema::LineSettings line) {
    line.name.clear();
    for (auto& panel : line.panels) {
        panel.name.clear();
        panel.nominal_mv = schema::PanelSettings{}.nominal_mv;
        for (auto& point : panel.points) {
            schema::PointSettings polled;
            polled.id = point.id;
            polled.slot = point.slot;
            polled.ct_primary_a = point.ct_primary_a;
            polled.ct_secondary_ma = point.ct_secondary_ma;
            polled.ct_turns = point.ct_turns;
            polled.pt_ratio_thousandths = point.pt_ratio_thousandths;
            point = std::move(polled);
        }
    }
    schema::Settings alone;
    alone.lines = {std::move(line)};
    return schema::settings_to_json(alone);
}

/// What a destination's thread works by: where it began matters to a new one only.
Json delivered_by(schema::DestinationSettings destination) {
    destination.from.clear();
    schema::Settings alone;
    alone.destinations = {std::move(destination)};
    return schema::settings_to_json(alone);
}

template <class Part>
const Part* find_id(const std::vector<Part>& parts, const Id& id) {
    const auto found = std::find_if(parts.begin(), parts.end(),
                                    [&](const Part& candidate) { return candidate.id == id; });
    return found == parts.end() ? nullptr : &*found;
}

template <class Part>
PartsPlan plan_parts(const std::vector<Part>& running, const std::vector<Part>& wanted,
                     Json (*works_by)(Part)) {
    PartsPlan plan;
    for (const Part& part : running) {
        const Part* now = find_id(wanted, part.id);
        if (now == nullptr) {
            plan.removed.push_back(part.id);
        } else {
            auto& list = works_by(part) == works_by(*now) ? plan.kept : plan.changed;
            list.push_back(part.id);
        }
    }
    for (const Part& part : wanted) {
        if (find_id(running, part.id) == nullptr) {
            plan.added.push_back(part.id);
        }
    }
    return plan;
}

PartChange plan_modbus_gateway(const schema::Settings& running, const schema::Settings& wanted) {
    if (!running.modbus_gateway.enabled || !wanted.modbus_gateway.enabled) {
        return running.modbus_gateway.enabled  ? PartChange::removed
               : wanted.modbus_gateway.enabled ? PartChange::added
                                               : PartChange::off;
    }
    const auto alone = [](const schema::Settings& settings) {
        schema::Settings only;
        only.modbus_gateway = settings.modbus_gateway;
        return schema::settings_to_json(only);
    };
    return alone(running) == alone(wanted) ? PartChange::kept : PartChange::changed;
}

std::vector<Id> joined(std::vector<Id> first, const std::vector<Id>& second) {
    first.insert(first.end(), second.begin(), second.end());
    return first;
}

bool is_one_of(std::string_view path, std::initializer_list<std::string_view> paths) {
    return std::find(paths.begin(), paths.end(), path) != paths.end();
}

void add_sentences(ApplyPlan& plan) {
    for (const auto& difference : plan.differences) {
        const std::string& path = difference.path;
        if (is_one_of(path, {"gateway.id", "gateway.zone", "gateway.laboratory"})) {
            plan.refusals.push_back(path +
                                    " cannot change while the gateway runs: it decides what every "
                                    "record means; stop the gateway, apply, and start it again");
        }
        if (is_one_of(path, {"recording.retention_days", "recording.store_max_mb"})) {
            plan.notes.push_back(path + " takes effect when the gateway is started again");
        }
        if (path.starts_with("destinations[") && path.ends_with("].from")) {
            plan.notes.push_back(
                path + " matters to a new destination only; this one goes on where it is");
        }
    }
    for (const Id& id : plan.destinations.removed) {
        std::string note = "destination " + id;
        note +=
            " is removed; its place is kept, and records it has not got are kept for it, until "
            "its cursor is dropped with --drop-cursor ";
        plan.notes.push_back(note.append(id));
    }
}

}  // namespace

std::vector<Id> PartsPlan::ending() const {
    return joined(changed, removed);
}

std::vector<Id> PartsPlan::beginning() const {
    return joined(changed, added);
}

std::string_view name_of(PartChange change) {
    static constexpr std::array<std::string_view, 5> names{"off", "kept", "changed", "added",
                                                           "removed"};
    return names.at(static_cast<std::size_t>(change));
}

ApplyPlan plan_apply(const schema::Settings& running, const schema::Settings& wanted) {
    ApplyPlan plan{
        .differences = config::differences(running, wanted),
        .lines = plan_parts(running.lines, wanted.lines, polled_by),
        .destinations = plan_parts(running.destinations, wanted.destinations, delivered_by),
        .modbus_gateway = plan_modbus_gateway(running, wanted),
        .refusals = {},
        .notes = {}};
    add_sentences(plan);
    return plan;
}

std::vector<Event> programming_events(const std::vector<config::Difference>& differences,
                                      UtcTime now) {
    std::vector<Event> events;
    for (const auto& difference : differences) {
        if (difference.seal == schema::Seal::free) {
            continue;
        }
        Event event;
        event.at = now;
        event.start = now;
        event.panel = gateway_panel;
        event.source = difference.source.empty() ? "gateway" : difference.source;
        event.kind = EventKind::programming;
        event.old_value = difference.old_text;
        event.new_value = difference.new_text;
        event.text = "settings: " + config::text_of(difference);
        events.push_back(std::move(event));
    }
    return events;
}

}  // namespace metergate::app
