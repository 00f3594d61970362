#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "gateway/metering/interval_grid.hpp"
#include "gateway/model/event.hpp"
#include "storage/record_days.hpp"

namespace metergate::storage {

/// Keeps the packed days true. Works inside a transaction that the caller has begun.
///
/// A day is packed some minutes after it closed, in small steps. A later revision of a day is
/// packed again in the transaction that stores it, so a block is never older than the rows. Where
/// rows have been purged the block knows more than they: what it holds is merged, never dropped.
class DayPacker {
  public:
    /// `local_days`: the grid of 24 h of the site's zone.
    DayPacker(Database& database, const metering::IntervalGrid& local_days);

    /// To be called after the rows of a batch were written.
    void absorb(const Batch& batch, std::int64_t revision);

    struct Step {
        std::size_t blocks = 0;  ///< written
        bool more = false;       ///< another step would find more to do
    };
    /// Packs a few points of the oldest day that is closed and not packed yet, at most some
    /// thousand records; with nothing to pack, drops what is older than blocks are kept.
    [[nodiscard]] Step step(UtcTime now);

    /// Looks at one block that a reader found damaged, and packs it again from the rows.
    void repair(const DayKey& key);

    /// All days are packed again, in the steps to come: derived data, made anew.
    void pack_all_again();

    /// What was found damaged since the last call, to be stored in the same transaction.
    [[nodiscard]] std::vector<Event> take_events(UtcTime now);

  private:
    struct Damage {
        DayKey key;
        bool rebuilt = false;
    };

    PackedDays::Day day_of(UtcSeconds end);
    [[nodiscard]] std::optional<PackedDays::Day> day_to_pack(UtcTime now);
    [[nodiscard]] std::int64_t points_at_once(const PackedDays::Day& day);
    std::size_t pack_points(const PackedDays::Day& day, PointNumber first, PointNumber last);
    void absorb_record(const PackedDays::Day& day, const Record& record);
    /// Merges with the block that is there. Returns whether one was written.
    bool pack(const DayKey& key, const std::vector<Record>& rows);
    [[nodiscard]] std::string point_id(PointNumber point);
    std::size_t drop_expired(UtcTime now);

    Database& database_;
    metering::IntervalGrid local_days_;
    RecordRows rows_;
    PackedDays days_;
    std::vector<Damage> damaged_;
    std::pair<UtcSeconds, std::int64_t> slots_of_day_;  ///< end of the day, ends counted in it

    Statement newest_day_;
    Statement day_before_;
    Statement unfinished_day_;
    Statement add_day_;
    Statement mark_day_;
    Statement last_point_;
    Statement put_block_;
};

/// Removes some blocks of the oldest packed day. Returns how many; 0 if there are none.
std::size_t drop_oldest_blocks(Database& database);

}  // namespace metergate::storage
