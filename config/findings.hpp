#pragma once

#include <set>
#include <string>
#include <string_view>

#include "config/schema/problem.hpp"

namespace metergate::config {

/// Collects what a check finds. What the field tables have complained about already is not
/// complained about again, nor is anything concluded from it: its value is only a default.
class Findings {
  public:
    explicit Findings(const schema::Problems& known);

    void error(const std::string& path, std::string text);
    void warning(const std::string& path, std::string text);

    /// Whether the tables had nothing against the value at the path or anything in it.
    [[nodiscard]] bool sound(const std::string& path) const;
    /// Whether the item at the path could be read at all; problems inside it do not count.
    [[nodiscard]] bool readable(const std::string& path) const;

    [[nodiscard]] const schema::Problems& errors() const { return errors_; }
    [[nodiscard]] const schema::Problems& warnings() const { return warnings_; }

  private:
    std::set<std::string, std::less<>> known_;
    schema::Problems errors_;
    schema::Problems warnings_;
};

/// `"text"`, for the sentences of problems.
[[nodiscard]] std::string quoted(std::string_view text);
/// `; did you mean "name"?`, or nothing.
[[nodiscard]] std::string did_you_mean(std::string_view name,
                                       const std::vector<std::string>& known);

}  // namespace metergate::config
