#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "gateway/model/result.hpp"

/// Comma-separated values, RFC 4180.
namespace metergate::schema {

struct CsvRow {
    std::size_t line = 1;  ///< where it begins, from 1
    std::vector<std::string> cells;
};

/// Rows of a text; empty lines are left out, a byte order mark is skipped. The separator is the
/// comma, or the semicolon if the first line has only such. Error: invalid, as "line 3: ...".
[[nodiscard]] Result<std::vector<CsvRow>> read_csv(std::string_view text);

/// One row with CRLF. A cell that a spreadsheet would take for a formula (=, +, -, @, tab or
/// carriage return first) gets an apostrophe before it; a plain number does not.
[[nodiscard]] std::string csv_row(const std::vector<std::string>& cells);

/// Takes that apostrophe away again.
[[nodiscard]] std::string without_apostrophe(const std::string& cell);

}  // namespace metergate::schema
