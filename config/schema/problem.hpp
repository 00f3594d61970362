#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/schema/json.hpp"

namespace metergate::schema {

/// One thing wrong with a document. All of them are collected, so that a person mends them in one
/// go.
struct Problem {
    std::string path;  ///< lines[0].panels[3].address; empty = the document
    std::string text;  ///< 248 is outside 1..247
    Place place;       ///< in the file, where it is known

    bool operator==(const Problem&) const = default;
};

using Problems = std::vector<Problem>;

/// `lines[0].panels[3].address: 248 is outside 1..247 (line 12, column 30)`
[[nodiscard]] std::string text_of(const Problem& problem);

/// The path of a member and of an item of what stands at `path`.
[[nodiscard]] std::string member_path(std::string_view path, std::string_view key);
[[nodiscard]] std::string item_path(std::string_view path, std::size_t index);

/// Where the value of that path stands in the text; for one that does not exist, the nearest value
/// around it.
[[nodiscard]] Place place_of(const Json& document, std::string_view path);

/// The name of the list that `name` is most likely a slip of; empty if none is near.
[[nodiscard]] std::string nearest_name(std::string_view name,
                                       const std::vector<std::string>& known);

}  // namespace metergate::schema
