#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "config/schema/json.hpp"
#include "gateway/model/result.hpp"

namespace metergate::building {

/// Reads the members of one JSON object, remembers the first thing that is wrong with it and which
/// keys nobody asked for.
class ObjectReader {
  public:
    /// `path` names the object in error texts; empty = the document. `problem` keeps the first
    /// error.
    ObjectReader(const schema::Json& json, std::string path, std::optional<Error>& problem);

    /// The value of a member, or `otherwise` if it is absent; a problem if it is of another kind or
    /// out of range.
    [[nodiscard]] std::int64_t integer(std::string_view key, std::int64_t otherwise,
                                       std::int64_t least, std::int64_t most);
    [[nodiscard]] double number(std::string_view key, double otherwise, double least, double most);
    [[nodiscard]] bool flag(std::string_view key, bool otherwise);
    [[nodiscard]] std::string text(std::string_view key, const std::string& otherwise);
    /// An id; required if there is no `otherwise`.
    [[nodiscard]] std::string id(std::string_view key, const std::string& otherwise = {});
    /// The items of a list; null if it is absent.
    [[nodiscard]] const schema::Json::Array* list(std::string_view key);
    [[nodiscard]] const schema::Json* member(std::string_view key);
    [[nodiscard]] bool has(std::string_view key) const { return json_.find(key) != nullptr; }

    [[nodiscard]] std::string path_of(std::string_view key) const;
    void complain(std::string_view key, std::string_view text);
    /// Complains of keys that were never asked for.
    void refuse_others();

  private:
    const schema::Json& json_;
    std::string path_;
    std::optional<Error>& problem_;
    std::set<std::string, std::less<>> asked_;
};

}  // namespace metergate::building
