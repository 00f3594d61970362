#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "config/check.hpp"
#include "config/disk.hpp"
#include "config/facts.hpp"
#include "config/schema/problem.hpp"
#include "config/schema/settings.hpp"

/// The settings file: read and checked as a whole, saved so that no power cut damages it, and
/// backed by the last good copy in the data folder.
namespace metergate::config {

inline constexpr std::size_t settings_size_max = 4UL * 1024 * 1024;

enum class DocumentState {
    good,
    missing,     ///< there is no such file
    unreadable,  ///< permission, input error, too large, no plain file
    damaged,     ///< empty, zero-filled or no JSON
    invalid,     ///< JSON, but not settings that can be used
};

/// What came of reading a document.
struct Loaded {
    DocumentState state = DocumentState::good;
    schema::Settings settings;  ///< to be used only if the state is good
    schema::Problems problems;  ///< everything that is wrong; empty if the state is good
    schema::Problems warnings;
};

/// The text of a settings file, comments allowed.
[[nodiscard]] Loaded load_text(const std::string& text, const Facts& facts);
[[nodiscard]] Loaded load(Disk& disk, const Path& file, const Facts& facts);

/// What the daemon starts with.
struct Start {
    std::optional<schema::Settings> settings;  ///< nothing: it cannot start
    bool used_last_good = false;  ///< the settings file could not be used: say `report` loudly
    std::string report;           ///< one sentence; empty if all is well
    schema::Problems problems;    ///< of the settings file
    schema::Problems warnings;    ///< of the settings in use
};

/// The settings file if it is good; else the last good copy; else nothing.
[[nodiscard]] Start load_or_last_good(Disk& disk, const Path& file, const Path& data_folder,
                                      const Facts& facts);

/// Keeps the settings as the last good ones: `settings.last-good.json`, the canonical text and a
/// last line with its SHA-256. Call it after a successful start. Writes nothing if they are kept
/// already.
[[nodiscard]] Result<void> keep_last_good(Disk& disk, const Path& data_folder,
                                          const schema::Settings& settings);

/// The settings of the last successful start or apply. Not good: missing, damaged, or no longer
/// usable.
[[nodiscard]] Loaded load_last_good(Disk& disk, const Path& data_folder, const Facts& facts);

/// What `apply` did with the text that stood in the file before.
struct Applied {
    std::optional<Path> kept_as;  ///< where it is kept; nothing: there was none, or it was the same
    std::string report;           ///< a sentence that says so
};

/// Writes the settings in canonical form, after keeping the text that a person wrote in
/// `data_folder`/history/settings-0001.json, -0002 and so on. The settings must have been checked.
[[nodiscard]] Result<Applied> apply_canonical(Disk& disk, const Path& file, const Path& data_folder,
                                              const schema::Settings& settings);

/// The text in which settings are written: canonical JSON, defaults left out.
[[nodiscard]] std::string canonical_text(const schema::Settings& settings);

/// SHA-256 over all sealed and logged parameters, defaults too, in canonical form. Free parameters
/// (names, suites) do not change it.
[[nodiscard]] std::string parameter_hash(const schema::Settings& settings);

}  // namespace metergate::config
