#include <algorithm>
#include <cstdio>
#include <string>
#include <string_view>

#include "config/disk.hpp"
#include "config/document.hpp"
#include "config/point_figures.hpp"
#include "config/schema/field_texts.hpp"
#include "config/schema/settings_tables.hpp"
#include "config/wiring_csv.hpp"
#include "gateway/app/commands.hpp"
#include "gateway/app/console.hpp"
#include "gateway/app/profile_facts.hpp"
#include "gateway/app/settings_source.hpp"

namespace metergate::app {
namespace {

void complain(std::string_view text) {
    std::fwrite(text.data(), 1, text.size(), stderr);
    std::fputc('\n', stderr);
}

void print_problems(std::string_view word, const schema::Problems& problems) {
    for (const auto& problem : problems) {
        complain(std::string(word) + ": " + schema::text_of(problem));
    }
}

schema::PanelSettings* find_panel(schema::Settings& settings, const std::string& id) {
    for (auto& line : settings.lines) {
        for (auto& panel : line.panels) {
            if (panel.id == id) {
                return &panel;
            }
        }
    }
    return nullptr;
}

std::string count_text(const schema::Settings& settings) {
    std::size_t panels = 0;
    std::size_t points = 0;
    for (const auto& line : settings.lines) {
        panels += line.panels.size();
        for (const auto& panel : line.panels) {
            points += panel.points.size();
        }
    }
    return std::to_string(settings.lines.size()) + " lines, " + std::to_string(panels) +
           " panels, " + std::to_string(points) + " points, " +
           std::to_string(settings.destinations.size()) + " destinations";
}

}  // namespace

Exit check_settings(const Paths& paths) {
    config::SystemDisk disk;
    const ProfileFactsBook facts;
    const auto loaded = config::load(disk, paths.settings, facts);
    print_problems("error", loaded.problems);
    print_problems("warning", loaded.warnings);
    if (loaded.state != config::DocumentState::good) {
        complain(paths.settings + ": " + std::to_string(loaded.problems.size()) +
                 (loaded.problems.size() == 1 ? " error" : " errors"));
        return Exit::bad_settings;
    }
    print(config::figures_table(config::point_figures(loaded.settings, facts)));
    print("\n" + paths.settings + ": good; " + count_text(loaded.settings) + "\n");
    print("parameter hash " + config::parameter_hash(loaded.settings) + "\n");
    return Exit::ok;
}

Exit print_schema(bool as_manual) {
    print(as_manual ? schema::manual(schema::settings_table())
                    : schema::write_pretty(schema::settings_json_schema()));
    return Exit::ok;
}

Exit print_wiring(const Paths& paths, const std::string& panel_id) {
    auto settings = load_checked(paths);
    if (!settings) {
        complain(settings.error().text);
        return Exit::bad_settings;
    }
    const auto* panel = find_panel(*settings, panel_id);
    if (panel == nullptr) {
        complain("there is no panel \"" + panel_id + "\" in " + paths.settings);
        return Exit::failed;
    }
    print(config::wiring_to_csv(*panel));
    return Exit::ok;
}

Exit import_wiring(const Paths& paths, const std::string& panel_id, const std::string& csv_file) {
    config::SystemDisk disk;
    const ProfileFactsBook facts;
    auto settings = load_checked(paths);
    if (!settings) {
        complain(settings.error().text);
        return Exit::bad_settings;
    }
    auto* panel = find_panel(*settings, panel_id);
    if (panel == nullptr) {
        complain("there is no panel \"" + panel_id + "\" in " + paths.settings);
        return Exit::failed;
    }
    const auto csv = disk.read(csv_file, config::settings_size_max);
    if (!csv) {
        complain(csv.error().text);
        return Exit::failed;
    }
    const auto imported = config::wiring_from_csv(*csv, *panel);
    print_problems(csv_file, imported.problems);
    if (!imported.problems.empty()) {
        return Exit::failed;
    }
    *panel = imported.panel;
    const auto checked = config::load_text(config::canonical_text(*settings), facts);
    print_problems("error", checked.problems);
    if (checked.state != config::DocumentState::good) {
        return Exit::bad_settings;
    }
    const auto applied = config::apply_canonical(disk, paths.settings, paths.data, *settings);
    complain(applied ? applied->report : applied.error().text);
    return applied ? Exit::ok : Exit::failed;
}

}  // namespace metergate::app
