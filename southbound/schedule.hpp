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
    Instant due;    ///< not before; `never` if nothing of it is read
    Instant asked;  ///< when its last poll began
};

/// Whose poll comes next on a line: whoever has been due longest. Pure; one thread.
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

}  // namespace metergate::southbound
