#pragma once

#include <string>
#include <vector>

#include "storage/sqlite.hpp"

namespace metergate::crash {

/// Queries that give all rows of all tables, one text a table.
class Dump {
  public:
    explicit Dump(storage::Database& database);
    [[nodiscard]] std::string of(storage::Database& database) const;

  private:
    std::vector<std::string> queries_;
};

/// All rows of all tables.
[[nodiscard]] inline std::string rows_of(storage::Database& database) {
    return Dump(database).of(database);
}

}  // namespace metergate::crash
