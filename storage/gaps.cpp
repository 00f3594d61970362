#include "storage/gaps.hpp"

#include <string>

#include "storage/rows.hpp"

namespace metergate::storage {

Result<std::vector<Record>> read_long_records(Database& database, PanelNumber panel,
                                              UtcSeconds after, UtcSeconds through,
                                              std::size_t count_max) {
    Transaction transaction(database, Transaction::Kind::read, "read gaps");
    std::vector<Record> found;
    {
        Statement row =
            database.prepare("SELECT " + std::string(record_columns) +
                             R"( FROM record AS one INDEXED BY record_long WHERE (flags & 2) <> 0
            AND "end" > ? AND "end" <= ? AND point BETWEEN ? AND ? AND value IS NOT NULL
            AND NOT EXISTS (SELECT 1 FROM record AS newer WHERE newer."end" = one."end"
                AND newer.point = one.point AND newer.series = one.series
                AND newer.revision > one.revision)
            ORDER BY "end", point, series LIMIT ?)");
        const auto first = raw(point_number(panel, 0));
        row.with(epoch_s(after), epoch_s(through), first, first + points_per_panel_max - 1,
                 count_max);
        while (row.next()) {
            found.push_back(record_of(row));
        }
    }
    if (const Result<void> done = transaction.commit(); !done) {
        return done.error();
    }
    return found;
}

Result<std::vector<Record>> read_unread_records(Database& database, PanelNumber panel,
                                                UtcSeconds from, UtcSeconds through) {
    Transaction transaction(database, Transaction::Kind::read, "read slots to be recovered");
    std::vector<Record> found;
    {
        // By the panel's batches: of the rows of one end most are other panels'.
        Statement row = database.prepare("SELECT " + std::string(record_columns) + R"( FROM
            (SELECT "end" AS batch_end, revision AS batch_revision FROM batch INDEXED BY batch_by_end
             WHERE "end" BETWEEN ? AND ? AND panel = ?)
            CROSS JOIN record AS one ON one."end" = batch_end AND one.revision = batch_revision
            WHERE one.point BETWEEN ? AND ? AND one.value IS NULL AND one.origin = ?
            AND NOT EXISTS (SELECT 1 FROM record AS newer WHERE newer."end" = one."end"
                AND newer.point = one.point AND newer.series = one.series
                AND newer.revision > one.revision)
            ORDER BY "end", point, series)");
        const auto first = raw(point_number(panel, 0));
        row.with(epoch_s(from), epoch_s(through), raw(panel), first,
                 first + points_per_panel_max - 1, static_cast<int>(Origin::gateway));
        while (row.next()) {
            found.push_back(record_of(row));
        }
    }
    if (const Result<void> done = transaction.commit(); !done) {
        return done.error();
    }
    return found;
}

}  // namespace metergate::storage
