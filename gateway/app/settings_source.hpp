#pragma once

#include <optional>
#include <string>

#include "config/schema/settings.hpp"
#include "gateway/app/log.hpp"
#include "gateway/app/paths.hpp"
#include "gateway/model/result.hpp"

namespace metergate::app {

struct LoadedSettings {
    schema::Settings settings;
    std::string note;  ///< why the last good copy was used; empty if it was not
};

/// The settings to run with: the file, or the last good copy if the file is damaged or wrong. Error
/// (invalid): neither can be used; the text says everything that is wrong.
[[nodiscard]] Result<LoadedSettings> load_for_run(const Paths& paths, const Log& log);

/// What the last run worked by; nothing if that is not known.
[[nodiscard]] std::optional<schema::Settings> settings_of_last_run(const Paths& paths);

/// Keeps settings that the daemon has started with, for the day on which the file is damaged.
void keep_as_last_good(const Paths& paths, const schema::Settings& settings, const Log& log);

/// The settings file itself, checked. Error (invalid, not_found): everything that is wrong, one a
/// line.
[[nodiscard]] Result<schema::Settings> load_checked(const Paths& paths);

}  // namespace metergate::app
