#pragma once

#include "config/schema/field.hpp"

namespace metergate::schema {

/// The table of a destination to which records are posted. Pure; any thread.
[[nodiscard]] Table webhook_table();

}  // namespace metergate::schema
