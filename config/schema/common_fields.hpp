#pragma once

#include <cstdint>

#include "config/schema/field.hpp"

/// Fields that stand in several tables of the settings. Pure; any thread.
namespace metergate::schema {

[[nodiscard]] ShapeFor<std::int64_t> tcp_port();
/// The id of whatever the table describes; required.
[[nodiscard]] Field id_field(Seal seal);
/// A name for people.
[[nodiscard]] Field name_field();

}  // namespace metergate::schema
