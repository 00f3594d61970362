#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "gateway/model/event.hpp"
#include "gateway/model/flags.hpp"
#include "gateway/model/ids.hpp"
#include "gateway/model/quantity.hpp"
#include "gateway/model/time.hpp"

namespace metergate {

/// Where a record's value came from. Numbers are stored: append only.
enum class Origin : std::uint8_t {
    gateway = 0,    ///< register readings of the gateway
    panel_log = 1,  ///< the panel's own interval log
    person = 2,     ///< entered by hand, with a reason
};

/// One value of one series: the energy of one slot. Never changed once stored; a correction is a
/// new record with a higher revision.
struct Record {
    UtcSeconds end;    ///< end of the interval; with point, series and revision the key
    UtcSeconds start;  ///< real start, also of short and long intervals
    PointNumber point{};
    SeriesNumber series{};
    std::uint32_t revision = 0;  ///< given by the store: counts the batches of (panel, end)
    std::optional<Milli> value;  ///< absent exactly when flagged missing
    std::optional<Milli> reg;    ///< the register at `end`, as its face shows it
    Flags flags;
    Origin origin = Origin::gateway;
    Milli uncertainty = 0;  ///< the value is right within this, >= 0; from interpolated edges

    bool operator==(const Record&) const = default;
};

/// What is published at once: all that became known of one panel and one end in one step.
struct Batch {
    BatchSeq seq{};
    PanelNumber panel{};
    std::uint64_t number = 0;  ///< gapless per (epoch, panel), from 1
    UtcSeconds end;
    std::uint32_t revision = 0;
    std::vector<Record> records;
    std::vector<Event> events;

    bool operator==(const Batch&) const = default;
};

}  // namespace metergate
