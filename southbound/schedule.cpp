#include "southbound/schedule.hpp"

namespace metergate::southbound {

std::optional<std::size_t> Schedule::next_due(const std::vector<PanelTurn>& turns,
                                              Instant now) const {
    using Place = std::optional<std::size_t>;
    Place steady;
    Place unsure;
    Place lost;
    const auto due_before = [&](std::size_t place, const Place& other) {
        return !other || turns[place].due < turns[*other].due;
    };
    for (std::size_t place = 0; place < turns.size(); ++place) {
        const PanelTurn& turn = turns[place];
        if (turn.due > now) {
            continue;
        }
        if (turn.state == PanelState::lost) {
            lost = !lost || turn.asked < turns[*lost].asked ? place : lost;
        } else {
            Place& first = turn.state == PanelState::ok ? steady : unsure;
            first = due_before(place, first) ? place : first;
        }
    }
    const Place doubtful = lost && due_before(*lost, unsure) ? lost : unsure;
    if (steady && doubtful) {
        return !steady_next_ && due_before(*doubtful, steady) ? doubtful : steady;
    }
    return steady ? steady : doubtful;
}

}  // namespace metergate::southbound
