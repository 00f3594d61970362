#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "gateway/model/record.hpp"
#include "storage/day_block.hpp"
#include "storage/sqlite.hpp"

/// Reading the current records of stretches of time: from the rows, and from packed days. Inside a
/// transaction that the caller has begun; errors show when that commits.
namespace metergate::storage {

/// The rows themselves. What has been purged is not among them.
class RecordRows {
  public:
    explicit RecordRows(Database& database);

    /// The first end after a moment of any record; nothing if there is none.
    [[nodiscard]] std::optional<UtcSeconds> next_end(UtcSeconds after);

    /// The current records of the points `first` to `last` with after < end <= through, in order of
    /// end, point, series.
    [[nodiscard]] std::vector<Record> current(UtcSeconds after, UtcSeconds through,
                                              PointNumber first, PointNumber last);
    /// The same of one point and series.
    [[nodiscard]] std::vector<Record> current(const DayKey& key);
    /// Whether some rows of the point's panel in this time have been purged.
    [[nodiscard]] bool purged(const DayKey& key);

  private:
    Statement next_end_;
    Statement records_;
    Statement purged_;
};

/// The blocks.
class PackedDays {
  public:
    explicit PackedDays(Database& database);

    struct Day {
        UtcSeconds start;
        UtcSeconds end;
        std::optional<PointNumber> unpacked_from;
    };
    /// The first day with end > `after`.
    [[nodiscard]] std::optional<Day> next_day(UtcSeconds after);

    /// The block of one point and series; nothing if there is none.
    [[nodiscard]] std::optional<std::string> block(const DayKey& key);

  private:
    Statement next_day_;
    Statement block_;
};

/// Of each end the record with the higher revision; both lists in order of end. Of equal revisions
/// the one of `rows`.
[[nodiscard]] std::vector<Record> merged(const std::vector<Record>& packed,
                                         const std::vector<Record>& rows);

/// A day whose block failed its hash; the rows were read in its place.
struct DamagedDay {
    DayKey key;
    bool rows_purged = false;  ///< what they do not hold any more could not be read
};

/// A stretch of one point's series, as far as it was read at once.
struct RecordSpan {
    std::vector<Record> records;  ///< current revisions, in order of end
    UtcSeconds through;           ///< everything up to here has been looked at
    std::vector<DamagedDay> damaged;
};

/// Reads one stretch after another: packed days where there are blocks, rows everywhere else.
class RecordReader {
  public:
    explicit RecordReader(Database& database);

    struct Limits {
        std::size_t count_max = 0;         ///< looks no further once there are so many
        std::function<bool()> keep_going;  ///< asked between days; false: stop with what there is
    };
    /// Ends in (key.start, key.end]. At least one day further than the start, so that asking again
    /// from `through` always comes to an end.
    [[nodiscard]] RecordSpan read(const DayKey& key, const Limits& limits);

  private:
    void read_day(const DayKey& wanted, const PackedDays::Day& day, RecordSpan& span);
    void read_rows(const DayKey& wanted, RecordSpan& span);

    RecordRows rows_;
    PackedDays days_;
};

}  // namespace metergate::storage
