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
/// poller: metering never waits for it. Fresh slots are read first, also while an order for others
/// is under way. Every order is answered. Stepped with the poller, on its line's thread.
class PanelLogs {
  public:
    using Sink = std::function<void(LogAnswer)>;

    /// `answer` is called inside step() or end().
    PanelLogs(const Clock& clock, Poller& poller, Sink answer);
    PanelLogs(const PanelLogs&) = delete;  // the poller's answers come back to this one
    PanelLogs& operator=(const PanelLogs&) = delete;
    ~PanelLogs() = default;

    /// Another order for the same panel and use takes the place of one that is still waiting.
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
        Job(IntervalLogReader log_reader, LogOrder of) : reader(std::move(log_reader)), order(of) {}
        IntervalLogReader reader;
        LogOrder order;
        bool asked = false;  ///< the poller has its request
        Instant not_before{};
        int times_busy = 0;  ///< in a row
    };
    /// One lane for what was just closed, one for all that may wait.
    struct Lane {
        std::deque<LogOrder> waiting;
        std::optional<Job> job;
    };

    [[nodiscard]] Lane& lane_of(LogUse use) { return use == LogUse::fresh ? fresh_ : other_; }
    void begin_next(Lane& lane);
    void ask(Lane& lane);
    void take(Lane& lane, const Result<Reply>& outcome);
    void end(Lane& lane);
    void answer_with(const LogOrder& order, const Error& error);
    [[nodiscard]] Instant next_at(const Lane& lane) const;
    [[nodiscard]] const PanelDriver* driver_of(PanelNumber panel) const;

    const Clock& clock_;
    Poller& poller_;
    Sink answer_;
    Lane fresh_;
    Lane other_;
};

}  // namespace metergate::southbound
