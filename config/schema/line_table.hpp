#pragma once

#include "config/schema/field.hpp"

namespace metergate::schema {

/// The table of a line: its wire, its panels and their points. Pure; any thread.
[[nodiscard]] Table line_table();

}  // namespace metergate::schema
