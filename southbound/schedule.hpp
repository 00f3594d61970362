#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "gateway/model/time.hpp"
#include "southbound/panel_health.hpp"

namespace metergate::southbound {

/// What decides when the next poll of one panel comes.
struct PanelTurn {
    PanelState state = PanelState::starting;
    Instant due;       ///< not before; `never` if nothing of it is read
    Instant deadline;  ///< the poll after it is due then
    Duration cost{};   ///< what it takes on the wire, as far as is known
    Instant asked;     ///< when its last poll began
    Instant heard{};   ///< when it last answered
};

/// Whose poll comes next on a line: of those that are due, the one with the earliest deadline.
/// Pure; one thread.
///
/// Panels that may cost a timeout never come twice in a row while one that answers is due: many
/// that died at once would push it out of its period. When two that had been answering time out one
/// after the other, that is every panel that was not heard since: those first that had been
/// answering.
class Schedule {
  public:
    /// How far a panel may be expected to answer.
    enum class Hope : std::uint8_t { steady, unheard, unsure, lost };
    static constexpr std::size_t hopes = 4;

    /// Place of the panel in `turns`; nothing if none is due. Of lost ones that come first which
    /// was longest without a poll.
    [[nodiscard]] std::optional<std::size_t> next_due(const std::vector<PanelTurn>& turns,
                                                      Instant now) const;
    /// Whether it may be expected to answer.
    [[nodiscard]] bool is_steady(const PanelTurn& turn) const {
        return turn.state == PanelState::ok && turn.heard >= doubt_since_;
    }
    /// That poll begins now.
    void begun(const PanelTurn& turn) { steady_next_ = !is_steady(turn); }
    /// What came of a poll's request that left at `asked`, of a panel that was steady.
    void answered() { timeouts_ = 0; }
    void timed_out(Instant asked);

  private:
    [[nodiscard]] Hope hope_of(const PanelTurn& turn) const;

    bool steady_next_ = false;  ///< the last poll was of a panel that may not have answered
    int timeouts_ = 0;          ///< in a row
    Instant doubt_since_{};     ///< who was not heard since may be dead too
};

/// So long the line may do something else before the polls of panels that are not lost, one after
/// the other by their deadlines, would end after them; negative on a line that cannot keep up.
[[nodiscard]] Duration slack(std::vector<PanelTurn> turns, Instant now);

}  // namespace metergate::southbound
