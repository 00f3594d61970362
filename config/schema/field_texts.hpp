#pragma once

#include <string>

#include "config/schema/field.hpp"

/// The texts that come from a field table.
namespace metergate::schema {

/// JSON Schema (draft 2020-12) of the document that the table describes.
[[nodiscard]] Json json_schema(const Table& table);

/// The manual's tables in Markdown, one section a struct.
[[nodiscard]] std::string manual(const Table& table);

}  // namespace metergate::schema
