#include "southbound/schedule.hpp"

#include <algorithm>

namespace metergate::southbound {

void Schedule::timed_out(Instant asked) {
    constexpr int too_many = 2;
    if (++timeouts_ == too_many) {
        doubt_since_ = asked;
    }
}

std::optional<std::size_t> Schedule::next_due(const std::vector<PanelTurn>& turns,
                                              Instant now) const {
    using Place = std::optional<std::size_t>;
    Place steady;
    Place unheard;
    Place unsure;
    Place lost;
    const auto ends_before = [&](std::size_t place, const Place& other) {
        return !other || turns[place].deadline < turns[*other].deadline;
    };
    for (std::size_t place = 0; place < turns.size(); ++place) {
        const PanelTurn& turn = turns[place];
        if (turn.due > now) {
            continue;
        }
        if (turn.state == PanelState::lost) {
            lost = !lost || turn.asked < turns[*lost].asked ? place : lost;
        } else {
            const bool was_answering = turn.state == PanelState::ok;
            Place& first = is_steady(turn) ? steady : was_answering ? unheard : unsure;
            first = ends_before(place, first) ? place : first;
        }
    }
    const Place silent = lost && ends_before(*lost, unsure) ? lost : unsure;
    const Place doubtful = unheard ? unheard : silent;
    if (steady && doubtful) {
        return !steady_next_ && ends_before(*doubtful, steady) ? doubtful : steady;
    }
    return steady ? steady : doubtful;
}

Duration slack(std::vector<PanelTurn> turns, Instant now) {
    std::erase_if(turns, [](const PanelTurn& turn) {
        return turn.state == PanelState::lost || turn.due == never;
    });
    std::sort(turns.begin(), turns.end(), [](const PanelTurn& one, const PanelTurn& other) {
        return one.deadline < other.deadline;
    });
    Duration least = never - now;
    Instant end = now;
    for (const PanelTurn& turn : turns) {
        end += turn.cost;
        least = std::min(least, turn.deadline - end);
    }
    return least;
}

}  // namespace metergate::southbound
