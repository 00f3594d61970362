#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <vector>

#include "gateway/metering/gap_repair.hpp"
#include "gateway/metering/interval_chain.hpp"
#include "gateway/metering/interval_grid.hpp"
#include "gateway/model/flags.hpp"
#include "gateway/model/quantity.hpp"
#include "gateway/model/time.hpp"

namespace metergate::metering {

/// What a panel's interval log says of one register in one slot.
struct LoggedAmount {
    UtcSeconds end;
    std::optional<Milli> value;  ///< counted in the slot; absent: the panel has none
    std::optional<Milli> reg;    ///< at its end; absent: not logged
    Flags flags;                 ///< as the panel set them
};

struct LoggedRules {
    /// After this long a slot that was not read is declared missing, to be read later.
    std::chrono::seconds close_wait{30};
    /// The register counts to modulus - 1, then 0; 0 = it never rolls over.
    Milli modulus = 0;
    /// Set on every interval: Flag::test in a laboratory.
    Flags always;

    bool operator==(const LoggedRules&) const = default;
};

/// Intervals of one series that is billed as the panel's own log has it: a slot's value is what the
/// log says, never worked out.
///
/// Slots are taken twice: fresh ones as they close, in order; those that were declared missing
/// meanwhile when the log is read behind them, in order too, from `read_through()` on. Only what
/// the log itself says it lacks, and what was overwritten before it could be read, stays missing.
/// A meter that is changed, or another register in its place, ends what can be read: the slot in
/// which that happened is missing. One thread.
class LoggedChain {
  public:
    struct Output {
        /// A slot, and whether the log decided it; else it stands for one that was not read.
        struct Slot {
            ClosedInterval interval;
            bool from_log = true;
        };
        std::vector<Slot> slots;
        /// Increments and registers of the log that do not agree; the increments are booked. Told
        /// once, until they agree again.
        std::vector<LogDisagreement> disagreements;
        bool meter_changed = false;
        bool gap_not_recorded = false;  ///< too long a gap to declare its slots one by one
    };

    LoggedChain(const IntervalGrid& grid, const LoggedRules& rules) : grid_(&grid), rules_(rules) {}

    /// Where an earlier run was, from the store: its edge is the end of the newest slot up to which
    /// nothing is left to read. Before hear(). Registers are of no use here.
    void resume(const IntervalChain::Baseline& baseline);
    /// The same chain under other rules, on the same grid.
    [[nodiscard]] LoggedChain with_rules(const LoggedRules& rules) const;

    /// The panel has answered a poll: the first time, slots count from the one under way on.
    void hear(UtcTime at, std::uint64_t identity, Output& out);
    /// What is logged up to now cannot be used any more, or nothing follows. Slots are declared
    /// missing until the panel is heard again.
    void end(Flags why);
    /// The next slot to be decided says so.
    void mark(Flags flags);

    /// A slot in order of the ends; those that are decided already are passed over, those left out
    /// are declared missing.
    void take(const LoggedAmount& logged, UtcTime now, Output& out);
    /// A slot after read_through(), in order of the ends. `unread`: the flags of the record that
    /// stands for it; none if it was read, and only tells where the following one begins.
    void take_unread(const LoggedAmount& logged, std::optional<Flags> unread, Output& out);
    /// All that the log has up to there was taken.
    void read_up_to(UtcSeconds end);
    /// Declares slots missing whose time to be read has passed.
    void close_overdue(UtcTime now, Output& out);

    [[nodiscard]] bool is_open() const { return open_; }
    /// Whether its slots are being decided: it is open, or has ended and waits to be heard.
    [[nodiscard]] bool is_recording() const { return open_ || ended_; }
    [[nodiscard]] std::uint64_t identity() const { return identity_; }
    [[nodiscard]] const LoggedRules& rules() const { return rules_; }
    [[nodiscard]] const IntervalGrid& grid() const { return *grid_; }
    /// The first edge whose slot is neither read nor declared missing.
    [[nodiscard]] UtcSeconds undecided_edge() const { return grid_->next_edge(closed_through_); }
    [[nodiscard]] UtcSeconds closed_through() const { return closed_through_; }
    /// Slots up to here are read, as far as they can be.
    [[nodiscard]] UtcSeconds read_through() const { return read_through_; }
    [[nodiscard]] bool has_unread() const { return open_ && read_through_ < closed_through_; }
    /// What must outlive the process.
    [[nodiscard]] IntervalChain::Baseline baseline() const;
    /// True once after something happened that a baseline must tell; it is then to be stored, not
    /// before the intervals up to its `closed_through`.
    [[nodiscard]] bool take_baseline_due();

  private:
    void open(UtcSeconds from, std::uint64_t identity);
    [[nodiscard]] UtcSeconds last_edge_through(UtcTime time) const;
    void declare_missing_through(UtcSeconds last, Output& out);
    [[nodiscard]] Flags use_next_flags();
    [[nodiscard]] LoggedAmount own(LoggedAmount amount) const;
    [[nodiscard]] ClosedInterval interval_of(const LoggedAmount& amount, UtcSeconds start) const;
    [[nodiscard]] UtcSeconds start_of(const LoggedAmount& amount, UtcSeconds regular) const;
    void pass(const LoggedAmount& amount, UtcSeconds regular_start, Output& out);
    void compare(const LoggedAmount& amount, UtcSeconds start, Output& out);

    const IntervalGrid* grid_;
    LoggedRules rules_;
    bool open_ = false;
    bool ended_ = false;
    std::uint64_t identity_ = 0;
    UtcSeconds opened_;
    UtcSeconds valued_through_;  ///< end of the newest slot with a value, of those read in order
    UtcSeconds read_through_;
    UtcSeconds closed_through_;
    Flags next_flags_;          ///< of the next slot to be decided
    std::optional<Milli> reg_;  ///< as logged at valued_through_
    bool told_disagreement_ = false;
    bool stored_behind_ = false;  ///< the baseline says that slots are to be read
    bool baseline_due_ = false;
};

}  // namespace metergate::metering
