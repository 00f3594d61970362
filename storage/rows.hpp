#pragma once

#include "gateway/model/record.hpp"
#include "storage/sqlite.hpp"

/// Rows as values, for the statements that read them.
namespace metergate::storage {

/// The columns record_of expects.
inline constexpr std::string_view record_columns =
    R"("end", point, series, revision, start, value, register, flags, origin, uncertainty)";
[[nodiscard]] Record record_of(const Statement& row);

/// The columns event_of expects.
inline constexpr std::string_view event_columns =
    R"(seq, at, clock_ok, panel, source, kind, phase, occurrence, start, "end", old_value, new_value, text)";
[[nodiscard]] Event event_of(const Statement& row);

}  // namespace metergate::storage
