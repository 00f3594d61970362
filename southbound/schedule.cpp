#include "southbound/schedule.hpp"

#include <algorithm>
#include <array>

namespace metergate::southbound {
namespace {

/// Of two panels of which the same may be hoped.
bool comes_before(const PanelTurn& one, const PanelTurn& other, Schedule::Hope hope) {
    return hope == Schedule::Hope::lost ? one.asked < other.asked : one.deadline < other.deadline;
}

}  // namespace

void Schedule::timed_out(Instant asked) {
    constexpr int too_many = 2;
    if (++timeouts_ == too_many) {
        doubt_since_ = asked;
    }
}

Schedule::Hope Schedule::hope_of(const PanelTurn& turn) const {
    if (turn.state == PanelState::lost) {
        return Hope::lost;
    }
    if (turn.state != PanelState::ok) {
        return Hope::unsure;
    }
    return is_steady(turn) ? Hope::steady : Hope::unheard;
}

std::optional<std::size_t> Schedule::next_due(const std::vector<PanelTurn>& turns,
                                              Instant now) const {
    std::array<std::optional<std::size_t>, hopes> first;
    for (std::size_t place = 0; place < turns.size(); ++place) {
        if (turns[place].due > now) {
            continue;
        }
        const Hope hope = hope_of(turns[place]);
        auto& best = first.at(static_cast<std::size_t>(hope));
        if (!best || comes_before(turns[place], turns[*best], hope)) {
            best = place;
        }
    }
    const auto& [steady, unheard, unsure, lost] = first;
    const auto ends_before = [&](const auto& one, const auto& other) {
        return one && (!other || turns[*one].deadline < turns[*other].deadline);
    };
    const auto silent = ends_before(lost, unsure) ? lost : unsure;
    const auto doubtful = unheard ? unheard : silent;
    if (steady && (steady_next_ || !ends_before(doubtful, steady))) {
        return steady;
    }
    return doubtful;
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
