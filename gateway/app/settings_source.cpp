#include "gateway/app/settings_source.hpp"

#include <string_view>
#include <utility>

#include "config/disk.hpp"
#include "config/document.hpp"
#include "gateway/app/profile_facts.hpp"

namespace metergate::app {
namespace {

std::string lines_of(std::string_view heading, const schema::Problems& problems) {
    std::string text(heading);
    for (const auto& problem : problems) {
        text += "\n  " + schema::text_of(problem);
    }
    return text;
}

}  // namespace

Result<LoadedSettings> load_for_run(const Paths& paths, const Log& log) {
    config::SystemDisk disk;
    const ProfileFactsBook facts;
    auto start = config::load_or_last_good(disk, paths.settings, paths.data, facts);
    if (!start.problems.empty()) {
        log.error(lines_of(paths.settings + " cannot be used:", start.problems));
    }
    if (!start.settings) {
        return Error{Fault::invalid, start.report};
    }
    if (!start.warnings.empty()) {
        log.warn(lines_of("the settings in use:", start.warnings));
    }
    return LoadedSettings{std::move(*start.settings), start.used_last_good ? start.report : ""};
}

std::optional<schema::Settings> settings_of_last_run(const Paths& paths) {
    config::SystemDisk disk;
    const ProfileFactsBook facts;
    auto loaded = config::load_last_good(disk, paths.data, facts);
    if (loaded.state != config::DocumentState::good) {
        return std::nullopt;
    }
    return std::move(loaded.settings);
}

void keep_as_last_good(const Paths& paths, const schema::Settings& settings, const Log& log) {
    config::SystemDisk disk;
    if (const auto kept = config::keep_last_good(disk, paths.data, settings); !kept) {
        log.warn("the last good settings cannot be kept: " + kept.error().text);
    }
}

Result<schema::Settings> load_checked(const Paths& paths) {
    config::SystemDisk disk;
    const ProfileFactsBook facts;
    auto loaded = config::load(disk, paths.settings, facts);
    if (loaded.state != config::DocumentState::good) {
        return Error{Fault::invalid, lines_of(paths.settings + ":", loaded.problems)};
    }
    return std::move(loaded.settings);
}

}  // namespace metergate::app
