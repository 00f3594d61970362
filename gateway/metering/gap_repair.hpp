#pragma once

#include <chrono>
#include <optional>
#include <span>
#include <vector>

#include "gateway/metering/interval_chain.hpp"
#include "gateway/metering/interval_grid.hpp"
#include "gateway/model/flags.hpp"
#include "gateway/model/quantity.hpp"
#include "gateway/model/time.hpp"

/// Putting what a panel remembers in the place of a gap. Pure; any thread.
namespace metergate::metering {

/// A gap of one chain, as the LONG record that stands for it tells: the slots between its start and
/// its end are missing, and its value is all the register counted meanwhile.
struct Gap {
    UtcSeconds start;  ///< last known edge before
    UtcSeconds end;    ///< next known edge
    Milli value = 0;
    Milli reg = 0;  ///< at the end
    Flags flags;
    Milli uncertainty = 0;
};

/// What the panel logged at an edge.
struct LoggedEdge {
    UtcSeconds end;
    Milli reg = 0;
    std::optional<Milli> increment;  ///< counted in the slot that ends there, by the same log
    Flags flags;                     ///< of that slot
};

struct RepairRules {
    const IntervalGrid* grid = nullptr;  ///< of the series
    Milli modulus = 0;                   ///< of the register; 0 = it never rolls over
    std::chrono::seconds log_length{};   ///< of the log's slots
};

/// The panel's log against itself or against the register: both are kept, neither is bent.
struct LogDisagreement {
    UtcSeconds start;
    UtcSeconds end;
    Milli by_register = 0;
    Milli by_log = 0;
};

struct Repair {
    /// What stands in the gap's place, in order of the ends; empty: nothing of the log fits. The
    /// values add up to the gap's.
    struct Slot {
        ClosedInterval interval;
        bool from_log = true;  ///< false: what is left of the gap, with a register of our own
    };
    std::vector<Slot> slots;
    /// Registers that lie beyond those around the gap (then nothing is taken), or increments that
    /// do not add up to the registers of the same slots.
    std::optional<LogDisagreement> disagreement;
};

/// `logged` in order of `end`; edges outside of the gap or beside the grid are passed over. Taken
/// is what begins at the gap's start or ends at its end without a hole; what lies between two holes
/// is not. The rest stays one LONG interval that ends at the last slot still missing.
[[nodiscard]] Repair repair(const Gap& gap, std::span<const LoggedEdge> logged,
                            const RepairRules& rules);

}  // namespace metergate::metering
