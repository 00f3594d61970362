#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>
#include <vector>

#include "gateway/model/ids.hpp"
#include "gateway/model/time.hpp"

namespace metergate::southbound {

/// The first interval edge of a panel after a time; nothing if it has none or that time cannot be
/// right. Called on the line's thread.
using EdgeClock = std::function<std::optional<UtcTime>(PanelNumber panel, UtcTime after)>;

/// One panel as a passenger.
struct EdgeRider {
    bool is_ready = false;  ///< it answers, and its registers may be asked for at once
    Duration cost{};        ///< of a read of its registers; 0 = not known, and so it cannot ride
};

/// Plans the reads around an interval edge: one train of reads of all panels ends at the edge, a
/// second one in the same order begins there. So each panel has a reading on either side, and the
/// two are no further apart than one train is long: that is what bounds the energy that may have
/// flowed on the wrong side of the edge. Pure; one thread.
class EdgeTrain {
  public:
    /// Nothing is looked at earlier: costs and civil time may still change.
    static constexpr std::chrono::milliseconds horizon = std::chrono::seconds{60};

    struct Read {
        std::size_t panel = 0;
        Instant start;
    };

    /// `clock` may be empty: there are no edges then.
    EdgeTrain(EdgeClock clock, const std::vector<PanelNumber>& panels);

    /// Finds the next edge if there is none or civil time was set. Before the others.
    void look(UtcTime utc);
    /// Whether riders are wanted: the edge is less than the horizon away, or not done with.
    [[nodiscard]] bool is_near(UtcTime utc) const { return edge_ && utc > *edge_ - horizon; }
    /// When it will be; `never` if it is, or there is none.
    [[nodiscard]] Instant near_from(Instant now, UtcTime utc) const;

    /// The next read; nothing if all is done, and then for good. `riders` is one per panel.
    [[nodiscard]] std::optional<Read> next(const std::vector<EdgeRider>& riders, Instant now,
                                           UtcTime utc);
    /// Before the first read: `slack` is how long the line may do without its polls. Leaves behind
    /// whom there is no time for, others at each edge.
    void depart(const std::vector<EdgeRider>& riders, Duration slack);
    [[nodiscard]] bool has_departed() const { return departed_; }
    /// The read that next() told begins now.
    void begun(std::size_t panel, UtcTime utc);

  private:
    struct Seat {
        PanelNumber panel{};
        bool rides = false;  ///< this is an edge of its series
        bool before = false;
        bool after = false;
    };
    [[nodiscard]] bool is_over(UtcTime utc) const;

    EdgeClock clock_;
    std::vector<Seat> seats_;
    std::optional<UtcTime> edge_;
    UtcTime looked_{};
    bool departed_ = false;
    std::size_t first_ = 0;  ///< has a place for certain at the next departure
};

}  // namespace metergate::southbound
