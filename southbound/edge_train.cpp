#include "southbound/edge_train.hpp"

#include <algorithm>
#include <utility>

namespace metergate::southbound {
namespace {

using std::chrono::milliseconds;

/// Where there is no edge or no time that can be right.
constexpr milliseconds look_again = std::chrono::seconds{1};
/// Reads that late tell nothing more about the edge.
constexpr milliseconds after_max = std::chrono::seconds{30};

bool can_ride(const EdgeRider& rider) {
    return rider.is_ready && rider.cost > Duration{};
}

}  // namespace

EdgeTrain::EdgeTrain(EdgeClock clock, const std::vector<PanelNumber>& panels)
    : clock_(std::move(clock)) {
    seats_.reserve(panels.size());
    for (const PanelNumber panel : panels) {
        seats_.push_back({panel});
    }
}

/// Both trains have gone, or it is too late for the second.
bool EdgeTrain::is_over(UtcTime utc) const {
    return utc >= *edge_ + after_max ||
           std::none_of(seats_.begin(), seats_.end(),
                        [](const Seat& seat) { return seat.before && !seat.after; });
}

void EdgeTrain::look(UtcTime utc) {
    const bool is_ahead = edge_ && utc < *edge_;
    const bool waits = !edge_ && utc < looked_ + look_again;
    if (!clock_ || (utc >= looked_ && (is_ahead || waits || (edge_ && !is_over(utc))))) {
        return;
    }
    looked_ = utc;
    edge_.reset();
    departed_ = false;
    std::vector<std::optional<UtcTime>> edges;
    for (const Seat& seat : seats_) {
        edges.push_back(clock_(seat.panel, utc));
        if (edges.back() && (!edge_ || *edges.back() < *edge_)) {
            edge_ = edges.back();
        }
    }
    for (std::size_t panel = 0; panel < seats_.size(); ++panel) {
        seats_[panel] = {seats_[panel].panel, edge_ && edges[panel] == edge_};
    }
}

Instant EdgeTrain::near_from(Instant now, UtcTime utc) const {
    return !edge_ || is_near(utc) ? never : now + (*edge_ - horizon - utc) + milliseconds{1};
}

std::optional<EdgeTrain::Read> EdgeTrain::next(const std::vector<EdgeRider>& riders, Instant now,
                                               UtcTime utc) {
    const Instant edge = now + (*edge_ - utc);
    Duration left{};
    std::optional<std::size_t> before;
    std::optional<std::size_t> after;
    for (std::size_t panel = 0; panel < seats_.size(); ++panel) {
        const Seat& seat = seats_[panel];
        if (!seat.rides || !can_ride(riders[panel])) {
            continue;
        }
        if (!seat.before) {
            left += riders[panel].cost;
            before = before ? before : panel;
        } else if (!seat.after) {
            after = after ? after : panel;
        }
    }
    if (before && now < edge) {
        // Costs are means.
        return Read{*before, edge - left - left / 32};
    }
    if (after) {
        return Read{*after, edge};
    }
    if (now >= edge) {
        for (Seat& seat : seats_) {
            seat.after = true;
        }
    }
    return std::nullopt;
}

void EdgeTrain::depart(const std::vector<EdgeRider>& riders, Duration slack) {
    departed_ = true;
    std::size_t place = first_;
    for (std::size_t i = 0; i < seats_.size(); ++i) {
        const std::size_t panel = (first_ + i) % seats_.size();
        Seat& seat = seats_[panel];
        if (!seat.rides || !can_ride(riders[panel])) {
            continue;
        }
        seat.rides = 2 * riders[panel].cost <= slack;
        slack -= 2 * riders[panel].cost;
        place = seat.rides ? panel + 1 : place;
    }
    first_ = place % seats_.size();
}

void EdgeTrain::begun(std::size_t panel, UtcTime utc) {
    Seat& seat = seats_[panel];
    (utc < *edge_ ? seat.before : seat.after) = true;
}

}  // namespace metergate::southbound
