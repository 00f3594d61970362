#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "gateway/model/time.hpp"
#include "tests/building/ledger.hpp"

namespace metergate::building {

/// Two readings around a moment of the gateway's civil time.
struct Bracket {
    static constexpr std::size_t none = static_cast<std::size_t>(-1);
    std::size_t low = none;   ///< place in the view of the last reading at or before it
    std::size_t high = none;  ///< place of the first reading after it
};

/// One panel's history as the gateway could see it: the replies that arrived whole and told the
/// truth, at the times its own clock showed.
class ServedView {
  public:
    ServedView(const Ledger& ledger, const PanelHistory& history);

    /// Where the readings of `point` pass `gateway_time`: once, or several times if the clock was
    /// set back. The bracket is wide enough for `tolerance` either way.
    [[nodiscard]] std::vector<Bracket> brackets(std::size_t point, UtcTime gateway_time,
                                                std::chrono::milliseconds tolerance) const;
    /// The same for a moment that may have been stamped so much earlier or later: each bracket
    /// there can be.
    [[nodiscard]] std::vector<Bracket> brackets_near(std::size_t point, UtcTime gateway_time,
                                                     std::chrono::milliseconds stamp) const;

    /// Whether the register can have been `reg` at a moment inside the bracket: it lies between two
    /// values that the same meter served, counting over the modulus.
    [[nodiscard]] bool holds(const Bracket& bracket, std::size_t point, std::int64_t reg) const;

    /// Whether it lies between two neighbouring replies of one meter around the time, one of them
    /// late or spoilt: when a register was reset among such replies, certain ones say nothing of
    /// what it was just before and after.
    [[nodiscard]] bool may_hold(std::size_t point, UtcTime gateway_time,
                                std::chrono::milliseconds tolerance, std::int64_t reg) const;

    /// Whether a reply that it may have used after all, as late or spoilt as it was, told exactly
    /// this within the tolerance.
    [[nodiscard]] bool may_have_told(std::size_t point, UtcTime gateway_time,
                                     std::chrono::milliseconds tolerance, std::int64_t reg) const;

    /// Time between the two readings as the gateway saw it; 0 if one of them is absent, if doubtful
    /// replies came between them, or if the clock was stepped while the first was on the wire.
    [[nodiscard]] std::chrono::milliseconds certain_gap(const Bracket& bracket) const;

    /// Building time and true energy of a moment inside a bracket.
    struct Truth {
        std::int64_t energy_mwh = 0;
        /// What interpolation between the two readings may be wrong by, and the tolerance in time.
        std::int64_t doubt_mwh = 0;
    };
    [[nodiscard]] Truth truth(const Bracket& bracket, std::size_t point, UtcTime gateway_time,
                              std::chrono::milliseconds tolerance) const;

    /// By the gateway's clock, what it surely read of `point` next to a span of building time.
    struct Around {
        std::optional<UtcTime> last_before;
        std::optional<UtcTime> newest_before;  ///< later than that if the clock was set back since
        std::optional<UtcTime> first_after;
        std::int64_t register_before = 0;  ///< with last_before
        std::int64_t register_after = 0;   ///< with first_after
        UtcTime before_at;                 ///< last_before in building time
        UtcTime after_at;                  ///< first_after in building time
        UtcTime settled_at;  ///< of a reading so much later that a jump is believed, or the last
    };
    [[nodiscard]] Around around(std::size_t point, UtcTime from, UtcTime until) const;

    /// True of a reset after which the register was higher than what was read before: nobody can
    /// tell it from consumption. And of one that another meter answers for before it was believed;
    /// of a clock set in the outage in which the meter was changed.
    [[nodiscard]] bool is_hidden(const PlannedFault& fault, std::size_t point) const;

    /// How long in all the panel has answered since, poll after poll.
    [[nodiscard]] std::chrono::milliseconds answered_since(std::size_t point,
                                                           UtcTime gateway_time) const;

    [[nodiscard]] const PanelHistory& history() const { return history_; }
    [[nodiscard]] bool empty() const { return seen_.empty(); }

  private:
    struct Seen {
        UtcTime gateway_time;
        std::size_t row = 0;  ///< in the history
        bool may_be_forgotten = false;
    };
    struct Run {
        std::size_t begin = 0;
        std::size_t end = 0;
    };

    [[nodiscard]] Bracket with_neighbours(Bracket bracket, const Run& run, std::size_t point) const;
    [[nodiscard]] const ServedRow& row_of(std::size_t seen) const {
        return history_.rows[seen_[seen].row];
    }
    [[nodiscard]] bool carries(std::size_t seen, std::size_t point) const {
        return history_.register_of(row_of(seen), point) >= 0;
    }
    [[nodiscard]] std::int64_t interpolation_doubt_mwh(const Bracket& bracket, std::size_t point,
                                                       UtcTime at) const;
    [[nodiscard]] std::size_t meter_at(std::size_t point, UtcTime building_time) const;

    struct Break {
        UtcTime at;
        std::size_t point = 0;
    };

    const Ledger& ledger_;
    const PanelHistory& history_;
    std::vector<Seen> seen_;
    std::vector<Run> runs_;  ///< stretches of seen_ in which the gateway's clock did not go back
    std::vector<Break> breaks_;  ///< another meter, or the same one counting anew
};

}  // namespace metergate::building
