#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gateway/model/record.hpp"
#include "gateway/model/result.hpp"
#include "gateway/model/series.hpp"
#include "storage/installation.hpp"
#include "storage/record_days.hpp"

namespace metergate::storage {

/// A register as a current record holds it.
struct RegisterRead {
    UtcSeconds at;
    Milli reg = 0;
    Flags flags;  ///< of the record that ends there
    Milli uncertainty = 0;

    bool operator==(const RegisterRead&) const = default;
};

/// The reads next to a moment. `before` lies at or before it: at the moment itself the read is
/// exact.
struct RegisterAround {
    std::optional<RegisterRead> before;
    std::optional<RegisterRead> after;
};

[[nodiscard]] Result<RegisterAround> read_register_at(Database& database, PointNumber point,
                                                      SeriesNumber series, UtcSeconds time);

/// Events with seq < `before_seq`, newest first.
[[nodiscard]] Result<std::vector<Event>> read_events(Database& database, std::int64_t before_seq,
                                                     std::size_t count_max);

/// A series of a point, as the store numbers them.
struct PointSeries {
    PointNumber point{};
    SeriesNumber number{};
    Series series;
};

/// `wanted` absent: the first of the point's series. Errors: not_found for an unknown point or
/// series, naming the series that the point has.
[[nodiscard]] Result<PointSeries> find_series(Database& database, const Id& point,
                                              const std::optional<Series>& wanted);

/// From where to where the store has records at all, packed or not.
struct Extent {
    UtcSeconds start;  ///< of the first day or record
    UtcSeconds newest_end;
};
[[nodiscard]] Result<std::optional<Extent>> read_extent(Database& database);

/// Reads what people ask for, over a connection of its own that never writes. One object per
/// thread. After an I/O error the next call opens the store again.
class SqliteHistory {
  public:
    [[nodiscard]] static Result<std::unique_ptr<SqliteHistory>> open(const std::string& path);

    [[nodiscard]] Result<std::vector<Event>> events(std::int64_t before_seq, std::size_t count_max);
    [[nodiscard]] Result<std::vector<Installation>> installations(PointNumber point);
    [[nodiscard]] Result<RegisterAround> register_at(PointNumber point, SeriesNumber series,
                                                     UtcSeconds time);
    [[nodiscard]] Result<PointSeries> find_series(const Id& point,
                                                  const std::optional<Series>& wanted);
    [[nodiscard]] Result<std::optional<Extent>> extent();
    /// The current records of a stretch of time, in one read transaction: see RecordReader::read.
    [[nodiscard]] Result<RecordSpan> records(const DayKey& key, const RecordReader::Limits& limits);

  private:
    explicit SqliteHistory(std::string path) : path_(std::move(path)) {}
    [[nodiscard]] Result<void> ensure_open();
    template <class T>
    Result<T> close_if_broken(Result<T> result);

    std::string path_;
    std::optional<Database> database_;
    std::optional<RecordReader> records_;  ///< on database_
};

}  // namespace metergate::storage
