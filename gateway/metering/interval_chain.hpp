#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <vector>

#include "gateway/metering/interval_grid.hpp"
#include "gateway/model/event.hpp"
#include "gateway/model/flags.hpp"
#include "gateway/model/quantity.hpp"
#include "gateway/model/time.hpp"

namespace metergate::metering {

/// What one register said at one moment.
struct RegisterReading {
    Instant at;                  ///< monotonic: judges whether a step is possible
    UtcTime at_utc;              ///< civil: decides in which slot it falls
    std::uint64_t identity = 0;  ///< of the meter; 0 = unknown
    Milli reg = 0;
};

/// A slot that is decided, for now: a record before it has a point, series and revision.
struct ClosedInterval {
    UtcSeconds start;
    UtcSeconds end;
    std::optional<Milli> value;  ///< absent exactly when flagged missing
    std::optional<Milli> reg;
    Flags flags;
    Milli uncertainty = 0;

    bool operator==(const ClosedInterval&) const = default;
};

/// Something about a register that a person should know.
struct ChainNotice {
    EventKind kind{};
    UtcTime at;
    Milli old_register = 0;
    Milli new_register = 0;
};

struct ChainOutput {
    std::vector<ClosedInterval> intervals;
    std::vector<ChainNotice> notices;
};

/// Stands for the identity of a chain that has ended: the next reading begins another one.
inline constexpr std::uint64_t ended_chain = ~std::uint64_t{0};

struct ChainRules {
    /// An edge is interpolated between two readings at most this far apart: max(2 poll periods, 60
    /// s), never more than one interval.
    std::chrono::milliseconds bracket_max{60'000};
    /// After this long without a reading beyond the edge a slot is declared missing.
    std::chrono::seconds close_wait{30};
    /// The register counts to modulus - 1, then 0; 0 = it never rolls over.
    Milli modulus = 0;
    /// A register cannot count faster than this power allows, in W; 0 = not known: only what no
    /// low-voltage panel carries is refused.
    std::int64_t power_max_w = 0;
    /// Set on every interval: Flag::test in a laboratory.
    Flags always;
};

/// Turns the readings of one register into the intervals of one series.
///
/// It books what the register counted between two known edges and nothing else: the values of a
/// chain add up to its register difference. A chain ends and a new one begins where the register
/// stops being the same counter (another meter, or a jump that stays); what flowed between the last
/// reading of the old and the first of the new is not invented. Feed readings in the order they
/// were read. One thread.
class IntervalChain {
  public:
    IntervalChain(const IntervalGrid& grid, ChainRules rules) : grid_(&grid), rules_(rules) {}

    /// A known edge of an earlier run, from the store. Before the first reading.
    struct Baseline {
        std::uint64_t identity = 0;  ///< `ended_chain` after end()
        UtcSeconds opened;
        Milli opened_register = 0;
        UtcSeconds edge;
        Milli edge_register = 0;
        UtcSeconds closed_through;  ///< slots up to here have records already
        Flags open_flags{};         ///< of the interval that begins at the edge, so far
    };
    void resume(const Baseline& baseline);
    /// A reading of the earlier run; it is of use if it was taken after the last edge.
    void resume_reading(UtcTime at, Milli reg);

    /// The same chain under other rules, on the same grid.
    [[nodiscard]] IntervalChain with_rules(const ChainRules& rules) const;
    /// Ends the chain at its last reading: what is read from now on is another counter, or nothing.
    /// Both the last interval and the first of the next chain carry `why`. Until then slots are
    /// declared missing as if the register could not be read.
    void end(Flags why, ChainOutput& out);

    void feed(const RegisterReading& reading, ChainOutput& out);
    /// Declares slots missing whose time to close has passed.
    void close_overdue(UtcTime now, ChainOutput& out);
    /// For meters that tell their register's scale at run time. Before feed().
    void set_modulus(Milli modulus) { rules_.modulus = modulus; }
    /// Marks the interval that is open now. If slots of it come out missing, those that begin
    /// before `until` tell why.
    void mark(Flags flags, UtcTime until);

    [[nodiscard]] bool is_open() const { return open_; }
    /// Whether its slots are being decided: it is open, or has ended and waits for the next
    /// reading.
    [[nodiscard]] bool is_recording() const { return open_ || ended_; }
    [[nodiscard]] const ChainRules& rules() const { return rules_; }
    /// Of the meter; 0 = unknown.
    [[nodiscard]] std::uint64_t identity() const { return identity_; }
    /// The first edge whose slot is neither booked nor declared missing.
    [[nodiscard]] UtcSeconds undecided_edge() const;
    [[nodiscard]] const IntervalGrid& grid() const { return *grid_; }
    /// What must outlive the process.
    [[nodiscard]] Baseline baseline() const;
    /// The newest believed reading, if it was taken after the last known edge.
    [[nodiscard]] std::optional<RegisterReading> last_reading() const;
    /// True once after the chain opened, was marked, entered a gap or learned its meter's identity:
    /// its baseline is then to be stored, not before the intervals up to its `closed_through`.
    [[nodiscard]] bool take_baseline_due();

  private:
    /// A register at a moment that ends one interval and starts the next.
    struct Knot {
        UtcSeconds time;
        Milli reg = 0;      ///< as its face shows it
        Milli counted = 0;  ///< since the knot before; more than one modulus if need be
        Milli uncertainty = 0;
        bool interpolated = false;
    };

    void begin(const RegisterReading& reading, ChainOutput& out);
    void open_at(const RegisterReading& reading, Flags why);
    void close_at_last(Flags why, ChainOutput& out);
    void start_over(const RegisterReading& reading, Flags why, ChainOutput& out);

    /// Whether a register can have counted from `from` to `to` in `time`, over its modulus or not.
    [[nodiscard]] bool is_possible(Milli from, Milli to, Duration time) const;
    [[nodiscard]] Duration time_since_last(const RegisterReading& reading) const;
    [[nodiscard]] Duration longest_time_to_count(const RegisterReading& reading) const;
    [[nodiscard]] Milli difference(Milli from, Milli to) const;
    [[nodiscard]] bool is_before_start(const RegisterReading& reading) const;
    void accept(const RegisterReading& reading, ChainOutput& out);
    void doubt(const RegisterReading& reading, ChainOutput& out);
    [[nodiscard]] Duration time_needed_to_believe(Milli reg) const;

    void decide_edges(const RegisterReading& next, ChainOutput& out);
    [[nodiscard]] Knot knot_between(const RegisterReading& next) const;
    void book(const Knot& knot, ChainOutput& out);
    void declare_missing(UtcSeconds edge, ChainOutput& out);
    void declare_missing_through(UtcTime time, ChainOutput& out);
    [[nodiscard]] UtcSeconds last_edge_through(UtcTime time) const;

    const IntervalGrid* grid_;
    ChainRules rules_;

    bool open_ = false;
    std::optional<Flags> ended_;  ///< why it was ended, until the next reading begins another
    std::uint64_t identity_ = 0;
    Knot opened_;            ///< first knot of the chain
    Knot start_;             ///< last known edge: where the next booked interval starts
    Milli counted_ = 0;      ///< by the register from start_ to last_
    UtcSeconds slot_start_;  ///< regular start of the slot that ends at next_edge_
    UtcSeconds next_edge_;   ///< first edge after the last reading
    UtcSeconds
        closed_through_;   ///< newest end of any interval put out; beyond next_edge_ all missing
    Flags open_flags_;     ///< of the interval that starts at start_
    Flags flags_at_last_;  ///< the same when last_ was read: what came later is not about it
    Flags missing_flags_;  ///< why slots of it are missing
    UtcTime flags_until_;  ///< missing slots that begin later have another reason
    bool clock_went_back_ =
        false;  ///< before start_: the open interval is held until time catches up

    RegisterReading last_;
    Instant
        last_changed_;  ///< when the register last moved: a coarse or stuck one catches up at once
    bool resumed_ = false;  ///< last_ stems from an earlier run: its Instant means nothing
    bool baseline_due_ = false;
    std::vector<RegisterReading> doubtful_;  ///< readings not believed, consistent among themselves
};

}  // namespace metergate::metering
