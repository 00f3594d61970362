#pragma once

#include "config/schema/field.hpp"
#include "config/schema/settings.hpp"

namespace metergate::schema {

/// The version of the settings document that this program writes.
inline constexpr std::int64_t settings_schema = 1;

/// The table of the whole settings document. Every key, unit, range, help and seal class stands
/// here.
[[nodiscard]] Table settings_table();

/// What was read, and everything that is wrong with it by the tables alone. What was wrong keeps
/// its default in `settings`.
struct ReadSettings {
    Settings settings;
    Problems problems;
};
[[nodiscard]] ReadSettings read_settings(const Json& document);

/// The canonical document: keys in the order of the tables; what has its default is left out unless
/// asked for.
[[nodiscard]] Json settings_to_json(const Settings& settings, const WriteOptions& options = {});

/// JSON Schema of the settings file, for `metergate schema` and editors.
[[nodiscard]] Json settings_json_schema();

}  // namespace metergate::schema
