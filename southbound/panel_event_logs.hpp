#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <vector>

#include "gateway/model/clock.hpp"
#include "gateway/model/panel_events.hpp"
#include "southbound/event_log_reader.hpp"
#include "southbound/poller.hpp"

namespace metergate::southbound {

/// Takes over what a line's panels note in their own event logs: looks every five minutes, as a
/// guest of the line's poller. A panel that was away is caught up with when it answers again.
/// Stepped with the poller, on its line's thread.
class PanelEventLogs {
  public:
    using Sink = std::function<void(PanelEvents)>;

    /// `marks`: how far the logs of these and other panels were taken over. `found` is called
    /// inside step() or a step of the poller, also without events when the mark is new.
    PanelEventLogs(const Clock& clock, Poller& poller, const std::vector<PanelEventMark>& marks,
                   Sink found);
    PanelEventLogs(const PanelEventLogs&) = delete;  // the poller's answers come back to this one
    PanelEventLogs& operator=(const PanelEventLogs&) = delete;
    ~PanelEventLogs() = default;

    /// Gives the poller the next request, if one is due. To be called before each Poller::step().
    void step();
    /// When step() wants to be called next. To be asked after each Poller::step().
    [[nodiscard]] Instant next_at() const;

  private:
    struct Watched {
        std::size_t place = 0;  ///< of the panel on the line
        Instant due{};
        std::optional<PanelEventMark> mark{};
    };
    /// What is under way.
    struct Job {
        std::size_t watched = 0;
        EventLogReader reader;
    };

    void ask();
    void take(const Result<Reply>& outcome);
    void finish();

    const Clock& clock_;
    Poller& poller_;
    Sink found_;
    std::vector<Watched> watched_;
    std::optional<Job> job_;
    bool asked_ = false;  ///< the poller has the job's request
};

}  // namespace metergate::southbound
