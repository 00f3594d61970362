#pragma once

#include <cstdint>
#include <optional>

#include "gateway/model/time.hpp"
#include "storage/sqlite.hpp"

namespace metergate::storage {

/// How much room the store has left.
struct Room {
    std::int64_t used_bytes = 0;       ///< of the store's file
    std::int64_t limit_bytes = 0;      ///< the file never grows beyond
    std::int64_t disk_free_bytes = 0;  ///< on the disk that it is on
    /// Whole days until records must go that not every destination has, at the rate of the last
    /// day and if nothing more is delivered. Nothing: the store is less than a day old.
    std::optional<std::int64_t> days_left;

    bool operator==(const Room&) const = default;
};

/// A few reads by key; `pages_max` as of PurgeLimits.
[[nodiscard]] Result<Room> measure_room(Database& database, std::int64_t pages_max, UtcTime now);

}  // namespace metergate::storage
