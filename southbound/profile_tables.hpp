#pragma once

#include "config/schema/field.hpp"

namespace metergate::southbound {

/// What a profile file may hold: the source of its reader, its JSON Schema and its manual table.
/// The table is of struct Profile.
[[nodiscard]] schema::Table profile_table();

}  // namespace metergate::southbound
