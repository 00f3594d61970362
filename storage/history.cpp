#include "storage/history.hpp"

#include "storage/reader.hpp"
#include "storage/rows.hpp"

namespace metergate::storage {
namespace {

// Through the batches, so that only the records of the point itself are touched.
constexpr std::string_view register_before =
    R"(SELECT r."end", r.register, r.flags, r.uncertainty
    FROM batch AS b INDEXED BY batch_by_end CROSS JOIN record AS r
    WHERE b."end" <= ?3 AND b.panel = ?1 / 256 AND r."end" = b."end" AND r.point = ?1
    AND r.series = ?2 AND r.revision = b.revision AND r.register IS NOT NULL
    ORDER BY b."end" DESC, b.panel DESC, b.revision DESC LIMIT 1)";
// The highest revision of the first such end.
constexpr std::string_view register_after =
    R"(SELECT r."end", r.register, r.flags, r.uncertainty
    FROM batch AS b INDEXED BY batch_by_end CROSS JOIN record AS r
    WHERE b."end" > ?3 AND b.panel = ?1 / 256 AND r."end" = b."end" AND r.point = ?1
    AND r.series = ?2 AND r.revision = b.revision AND r.register IS NOT NULL
    AND NOT EXISTS (SELECT 1 FROM record AS newer WHERE newer."end" = r."end"
        AND newer.point = r.point AND newer.series = r.series AND newer.revision > r.revision
        AND newer.register IS NOT NULL)
    ORDER BY b."end", b.panel, b.revision LIMIT 1)";

std::optional<RegisterRead> one_read(Statement statement) {
    if (!statement.next()) {
        return std::nullopt;
    }
    RegisterRead read{utc_from_s(statement.integer(0)), statement.integer(1),
                      Flags::from_bits(static_cast<std::uint32_t>(statement.integer(2))),
                      statement.integer(3)};
    statement.reset();
    return read;
}

}  // namespace

Result<RegisterAround> read_register_at(Database& database, PointNumber point, SeriesNumber series,
                                        UtcSeconds time) {
    Transaction transaction(database, Transaction::Kind::read, "read register");
    const auto find = [&](std::string_view sql) {
        Statement statement = database.prepare(sql);
        statement.with(raw(point), raw(series), epoch_s(time));
        return one_read(std::move(statement));
    };
    const RegisterAround around{find(register_before), find(register_after)};
    if (const Result<void> done = transaction.commit(); !done) {
        return done.error();
    }
    return around;
}

Result<std::vector<Event>> read_events(Database& database, std::int64_t before_seq,
                                       std::size_t count_max) {
    Transaction transaction(database, Transaction::Kind::read, "read events");
    std::vector<Event> events;
    {
        Statement row = database.prepare("SELECT " + std::string(event_columns) +
                                         " FROM event WHERE seq < ? ORDER BY seq DESC LIMIT ?");
        row.with(before_seq, count_max);
        while (row.next()) {
            events.push_back(event_of(row));
        }
    }
    if (const Result<void> done = transaction.commit(); !done) {
        return done.error();
    }
    return events;
}

Result<std::unique_ptr<SqliteHistory>> SqliteHistory::open(const std::string& path) {
    auto history = std::unique_ptr<SqliteHistory>(new SqliteHistory(path));
    if (const Result<void> opened = history->ensure_open(); !opened) {
        return opened.error();
    }
    return history;
}

Result<void> SqliteHistory::ensure_open() {
    if (database_) {
        return {};
    }
    Result<Database> opened = open_reader(path_, {});
    if (!opened) {
        return opened.error();
    }
    database_.emplace(std::move(*opened));
    return {};
}

template <class T>
Result<T> SqliteHistory::close_if_broken(Result<T> result) {
    if (!result && breaks_connection(result.error())) {
        database_.reset();
    }
    return result;
}

Result<std::vector<Event>> SqliteHistory::events(std::int64_t before_seq, std::size_t count_max) {
    if (const Result<void> ready = ensure_open(); !ready) {
        return ready.error();
    }
    return close_if_broken(read_events(*database_, before_seq, count_max));
}

Result<std::vector<Installation>> SqliteHistory::installations(PointNumber point) {
    if (const Result<void> ready = ensure_open(); !ready) {
        return ready.error();
    }
    return close_if_broken(read_installations(*database_, point));
}

Result<RegisterAround> SqliteHistory::register_at(PointNumber point, SeriesNumber series,
                                                  UtcSeconds time) {
    if (const Result<void> ready = ensure_open(); !ready) {
        return ready.error();
    }
    return close_if_broken(read_register_at(*database_, point, series, time));
}

}  // namespace metergate::storage
