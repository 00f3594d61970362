#pragma once

#include <cstddef>
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
};

/// Whose poll comes next on a line: of those that are due, the one with the earliest deadline.
/// Pure; one thread.
class Schedule {
  public:
    /// Place of the panel in `turns`; nothing if none is due. Panels that may cost a timeout never
    /// come twice in a row while one that answers is due: many that died at once would push it out
    /// of its period. Of lost ones that come first which was longest without a poll.
    [[nodiscard]] std::optional<std::size_t> next_due(const std::vector<PanelTurn>& turns,
                                                      Instant now) const;
    /// That poll begins now.
    void begun(const PanelTurn& turn) { steady_next_ = turn.state != PanelState::ok; }

  private:
    bool steady_next_ = false;  ///< the last poll was of a panel that had not been answering
};

/// So long the line may do something else before the polls of panels that are not lost, one after
/// the other by their deadlines, would end after them; negative on a line that cannot keep up.
[[nodiscard]] Duration slack(std::vector<PanelTurn> turns, Instant now);

}  // namespace metergate::southbound
