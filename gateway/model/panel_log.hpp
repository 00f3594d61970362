#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "gateway/model/flags.hpp"
#include "gateway/model/ids.hpp"
#include "gateway/model/quantity.hpp"
#include "gateway/model/result.hpp"
#include "gateway/model/time.hpp"

/// What a panel remembers by itself, and how it is asked for. Plain values that pass between the
/// recorder's thread and a line's.
namespace metergate {

/// What a panel's interval log says of one register in one slot: scaled to thousandths of the
/// quantity's unit and to primary values, as readings are.
struct LoggedValue {
    PointNumber point{};
    Quantity quantity{};
    std::optional<Milli> increment;  ///< counted in the slot; absent: not logged, or not available
    std::optional<Milli> reg;        ///< the register at the slot's end; absent likewise

    bool operator==(const LoggedValue&) const = default;
};

struct LoggedSlot {
    UtcSeconds end;  ///< by the panel's own clock
    Flags flags;     ///< as the panel set them
    std::vector<LoggedValue> values;

    bool operator==(const LoggedSlot&) const = default;
};

/// What slots are asked for.
enum class LogUse : std::uint8_t {
    gap,     ///< to be put in the place of a gap of a register's chain
    fresh,   ///< just closed, and billed as the log has them: read before all others
    unread,  ///< billed as the log has them, but not read in time
};

/// Asks for slots of a panel's interval log that end within [first, last].
struct LogOrder {
    std::uint64_t number = 0;  ///< stands in the answer too, as does `use`
    LogUse use = LogUse::gap;
    PanelNumber panel{};
    UtcSeconds first;
    UtcSeconds last;
    bool newest_first = false;  ///< begin at `last` and go back; else at `first`
    /// Where `first` cannot be used (the panel's clock was set since), begin at the first slot that
    /// can. Not with `newest_first`.
    bool skip_unusable = false;
    std::size_t slots_max = 96;  ///< stop after so many
};

/// What came of it.
struct LogAnswer {
    std::uint64_t order = 0;  ///< LogOrder::number
    LogUse use = LogUse::gap;
    PanelNumber panel{};
    /// Error: the slots were not read, or cannot be trusted; nothing else of the answer counts
    /// then. Faults: timeout, damaged, disconnected and busy may pass; refused (another kind of
    /// device, a wrong clock) and not_found (it keeps no log) need somebody's hand.
    std::optional<Error> error;
    std::uint64_t identity = 0;               ///< of the meter that remembers, as in readings
    std::chrono::seconds length{};            ///< of a slot
    std::optional<UtcSeconds> oldest_end;     ///< of the oldest slot kept; absent: none is
    std::optional<UtcSeconds> newest_end;     ///< of the newest slot kept; absent likewise
    std::chrono::milliseconds clock_ahead{};  ///< how far the panel's clock is ahead of ours
    /// In order of `end`, each one slot length after the one before.
    std::vector<LoggedSlot> slots;
    /// False: `slots_max` was reached; else there is nothing more of the range that can be used.
    bool complete = false;
};

}  // namespace metergate
