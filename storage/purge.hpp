#pragma once

#include <cstddef>
#include <cstdint>

#include "gateway/model/time.hpp"
#include "storage/sqlite.hpp"
#include "storage/writer.hpp"

namespace metergate::storage {

/// Parts of the store's limit above which sent records may go, and packed days, then unsent ones.
inline constexpr std::int64_t sent_percent = 90;
inline constexpr std::int64_t unsent_percent = 96;

struct PurgeLimits {
    UtcSeconds sent_before;      ///< what every destination has, and was stored before this, may go
    std::int64_t pages_max = 0;  ///< the store's limit
    UtcSeconds silent_before;    ///< who left older batches unconfirmed since is not waited for
    bool no_room = false;        ///< a write has found no room: as if above sent_percent
    bool still_no_room =
        false;  ///< a commit found none again after that: as if above unsent_percent
};

struct PurgeReport {
    std::size_t batches = 0;         ///< emptied by this step
    std::size_t unsent_batches = 0;  ///< of these, not yet with every destination and receiver
    bool more = false;               ///< another step would find more to do
};

/// One small step of the purge, in one transaction: empties the oldest batches (by seq, never by
/// `end`) as far as the limits ask. Their rows stay as tombstones with number and revision. Sent =
/// passed by every stored cursor, and by the receipts of those receivers that have sent any for the
/// panel. A receiver that is silent for too long is not waited for, told by an event
/// `receiver_silent`.
/// Losing unsent records is told by an event `records_purged`. The edge of a chain whose records go
/// is kept in the chain's row.
[[nodiscard]] Result<PurgeReport> purge_step(Database& database, Writer& writer,
                                             const PurgeLimits& limits, UtcTime now);

}  // namespace metergate::storage
