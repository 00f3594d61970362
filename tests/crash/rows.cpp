#include "tests/crash/rows.hpp"

namespace metergate::crash {

Dump::Dump(storage::Database& database) {
    storage::Statement table = database.prepare(
        R"(SELECT 'SELECT group_concat(row, x''0a'') FROM (SELECT ' ||
        (SELECT group_concat('quote("' || name || '")', ' || '' '' || ')
         FROM pragma_table_info(t.name)) || ' AS row FROM "' || name || '")'
        FROM sqlite_schema AS t WHERE type = 'table' ORDER BY name)");
    while (table.next()) {
        queries_.push_back(table.text(0));
    }
}

std::string Dump::of(storage::Database& database) const {
    std::string all;
    for (const std::string& query : queries_) {
        storage::Statement rows = database.prepare(query);
        if (rows.next()) {
            all += rows.text(0);
            rows.reset();
        }
        all += "\n--\n";
    }
    if (const Result<void> read = database.outcome("dump"); !read) {
        all += read.error().text;
    }
    return all;
}

}  // namespace metergate::crash
