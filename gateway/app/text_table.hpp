#pragma once

#include <string>
#include <vector>

namespace metergate::app {

/// Columns for the terminal: each as wide as its widest cell, two blanks between them. The first
/// row is the heading.
[[nodiscard]] std::string text_table(const std::vector<std::vector<std::string>>& rows);

}  // namespace metergate::app
