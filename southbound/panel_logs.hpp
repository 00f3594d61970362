#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>

#include "gateway/model/clock.hpp"
#include "gateway/model/panel_log.hpp"
#include "southbound/interval_log_reader.hpp"
#include "southbound/poller.hpp"

namespace metergate::southbound {

/// Reads the logs of a line's panels as ordered, one after the other, as a guest of the line's
/// poller: metering never waits for it. Every order is answered. Stepped with the poller, on its
/// line's thread.
class PanelLogs {
  public:
    using Sink = std::function<void(LogAnswer)>;

    /// `answer` is called inside step() or end().
    PanelLogs(const Clock& clock, Poller& poller, Sink answer);
    PanelLogs(const PanelLogs&) = delete;  // the poller's answers come back to this one
    PanelLogs& operator=(const PanelLogs&) = delete;
    ~PanelLogs() = default;

    /// Another order for the same panel takes the place of one that is still waiting.
    void order(const LogOrder& order);
    /// Gives the poller the next request, if one is due. To be called before each Poller::step().
    void step();
    /// When step() wants to be called next; at once, if the poller has just answered. To be asked
    /// after each Poller::step().
    [[nodiscard]] Instant next_at() const;
    /// The line ends: answers all that is open with an error that may pass.
    void end();

  private:
    /// The order being carried out.
    struct Job {
        Job(IntervalLogReader log_reader, PanelNumber of)
            : reader(std::move(log_reader)), panel(of) {}
        IntervalLogReader reader;
        PanelNumber panel;
        bool asked = false;  ///< the poller has its request
        Instant not_before{};
        int times_busy = 0;  ///< in a row
    };

    void begin_next();
    void ask();
    void take(const Result<Reply>& outcome);
    void answer_with(const LogOrder& order, const Error& error);
    [[nodiscard]] const PanelDriver* driver_of(PanelNumber panel) const;

    const Clock& clock_;
    Poller& poller_;
    Sink answer_;
    std::deque<LogOrder> waiting_;
    std::optional<Job> job_;
};

}  // namespace metergate::southbound
