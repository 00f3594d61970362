#include "storage/history.hpp"

#include <algorithm>

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

Series series_of(const Statement& row) {
    Series series;
    series.quantity = static_cast<Quantity>(row.integer(1));
    series.rate = static_cast<std::uint8_t>(row.integer(2));
    series.length = std::chrono::seconds{row.integer(3)};
    series.time_base = static_cast<TimeBase>(row.integer(4));
    series.source = static_cast<BillingSource>(row.integer(5));
    return series;
}

/// All series of the store, and those that the point has a chain of.
struct KnownSeries {
    std::vector<PointSeries> all;
    std::vector<PointSeries> own;
};

KnownSeries known_series(Database& database, PointNumber point) {
    Statement row = database.prepare(
        "SELECT number, quantity, rate, length_s, time_base, source, EXISTS(SELECT 1 FROM chain "
        "WHERE chain.point = ? AND chain.series = number) FROM series ORDER BY number");
    KnownSeries known;
    row.with(raw(point));
    while (row.next()) {
        const SeriesNumber number{static_cast<std::uint32_t>(row.integer(0))};
        known.all.push_back({point, number, series_of(row)});
        if (row.integer(6) != 0) {
            known.own.push_back(known.all.back());
        }
    }
    return known;
}

Error no_such_series(const Id& point, const std::vector<PointSeries>& own) {
    std::string codes;
    for (const PointSeries& one : own) {
        codes += (codes.empty() ? "" : ", ") + code_of(one.series);
    }
    return {Fault::not_found, "point \"" + point + "\" has no such series" +
                                  (codes.empty() ? ", and none yet" : "; it has " + codes)};
}

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

Result<PointSeries> find_series(Database& database, const Id& point,
                                const std::optional<Series>& wanted) {
    Transaction transaction(database, Transaction::Kind::read, "find series");
    const auto number =
        database.prepare("SELECT number FROM point WHERE id = ?").with(point).number();
    const PointNumber found{static_cast<std::uint32_t>(number.value_or(0))};
    const KnownSeries known = known_series(database, found);
    if (const Result<void> done = transaction.commit(); !done) {
        return done.error();
    }
    if (!number) {
        return Error{Fault::not_found, "there is no point \"" + point + "\""};
    }
    if (!wanted) {
        return known.own.empty() ? Result<PointSeries>(no_such_series(point, known.own))
                                 : known.own.front();
    }
    const auto match = std::find_if(known.all.begin(), known.all.end(),
                                    [&](const auto& one) { return one.series == *wanted; });
    return match == known.all.end() ? Result<PointSeries>(no_such_series(point, known.own))
                                    : *match;
}

Result<std::optional<Extent>> read_extent(Database& database) {
    Transaction transaction(database, Transaction::Kind::read, "read extent");
    const auto packed =
        database.prepare(R"(SELECT start FROM closed_day ORDER BY "end" LIMIT 1)").number();
    const auto row =
        database.prepare(R"(SELECT start FROM record ORDER BY "end" LIMIT 1)").number();
    const auto newest = database
                            .prepare(R"(SELECT "end" FROM batch INDEXED BY batch_by_end
        WHERE panel <> 0 ORDER BY "end" DESC LIMIT 1)")
                            .number();
    if (const Result<void> done = transaction.commit(); !done) {
        return done.error();
    }
    if (!newest || (!packed && !row)) {
        return std::nullopt;
    }
    const std::int64_t first_s = std::min(packed ? *packed : *row, row ? *row : *packed);
    return Extent{utc_from_s(first_s), utc_from_s(*newest)};
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
    records_.emplace(*database_);
    return {};
}

template <class T>
Result<T> SqliteHistory::close_if_broken(Result<T> result) {
    if (!result && breaks_connection(result.error())) {
        records_.reset();
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

Result<PointSeries> SqliteHistory::find_series(const Id& point,
                                               const std::optional<Series>& wanted) {
    if (const Result<void> ready = ensure_open(); !ready) {
        return ready.error();
    }
    return close_if_broken(storage::find_series(*database_, point, wanted));
}

Result<std::optional<Extent>> SqliteHistory::extent() {
    if (const Result<void> ready = ensure_open(); !ready) {
        return ready.error();
    }
    return close_if_broken(read_extent(*database_));
}

Result<RecordSpan> SqliteHistory::records(const DayKey& key, const RecordReader::Limits& limits) {
    if (const Result<void> ready = ensure_open(); !ready) {
        return ready.error();
    }
    Transaction transaction(*database_, Transaction::Kind::read, "read records");
    RecordSpan span = records_->read(key, limits);
    if (const Result<void> done = transaction.commit(); !done) {
        return close_if_broken(Result<RecordSpan>(done.error()));
    }
    return span;
}

}  // namespace metergate::storage
