#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gateway/app/guest_door.hpp"
#include "gateway/app/published.hpp"
#include "gateway/app/site.hpp"
#include "gateway/app/step_thread.hpp"
#include "gateway/model/panel_log.hpp"
#include "gateway/model/queue.hpp"
#include "southbound/line.hpp"
#include "southbound/panel_clocks.hpp"
#include "southbound/panel_event_logs.hpp"
#include "southbound/panel_logs.hpp"
#include "southbound/panel_parameters.hpp"
#include "southbound/poller.hpp"

namespace metergate::app {

struct LineStatus {
    Id line;
    std::optional<Error> fault;
    southbound::LineCounters counters;
    southbound::WireState wire{};
    southbound::LineLoad load;
    std::vector<southbound::PanelStatus> panels;
};

/// One line with its poller, on a thread of its own.
class LineWorker {
  public:
    /// Called on the line's thread.
    struct Hooks {
        southbound::Sinks sinks;
        southbound::PanelLogs::Sink logged;  ///< what the panels remember
        southbound::PanelEventLogs::Sink panel_events;
        std::function<bool()> is_time_known;  ///< whether our clock may be believed
    };

    /// What is known from before.
    struct Past {
        Instant begin;  ///< nothing is done before: replies to what another worker asked may come
        std::vector<PanelEventMark> panel_marks;  ///< also of panels on other lines
    };

    LineWorker(const Clock& clock, std::unique_ptr<southbound::Line> line, LinePlan plan,
               Hooks hooks, const Past& past);

    void start() { thread_.start(); }
    [[nodiscard]] StepThread& thread() { return thread_; }
    [[nodiscard]] const Id& id() const { return id_; }

    /// When no reply can come any more to what was asked. Once the thread has ended.
    [[nodiscard]] Instant quiet_from() const { return poller_.quiet_from(); }

    /// As it was at most a second ago. Any thread.
    [[nodiscard]] LineStatus status() const { return status_.get(); }
    /// Reads a panel at the next request boundary; the answer comes on the line's thread. Any
    /// thread.
    void request_read(Id panel, southbound::ReadAnswer answer);
    /// Reads or sets parameters of a panel; the answer comes on the line's thread. Any thread.
    void request_parameters(southbound::ParameterOrder order);
    /// Numbers of the panels. Any thread.
    [[nodiscard]] const std::vector<PanelNumber>& panels() const { return panels_; }
    /// Where orders for the logs of these panels are left; looked at with each step. Outlives the
    /// worker, since whoever orders learns of its end a little later.
    [[nodiscard]] std::shared_ptr<Queue<LogOrder>> log_orders() const { return log_orders_; }
    /// Where others ask these panels, below metering. Outlives the worker likewise, and then
    /// answers that the line has ended.
    [[nodiscard]] std::shared_ptr<GuestDoor> guest_door() const { return guest_door_; }

  private:
    struct ReadRequest {
        Id panel;
        southbound::ReadAnswer answer;
    };

    Instant step();
    void let_guests_in();
    void finish();
    void publish_status();

    const Clock* clock_;
    Id id_;
    Instant begin_;
    std::unique_ptr<southbound::Line> line_;
    std::vector<PanelNumber> panels_;
    southbound::Poller poller_;
    southbound::PanelLogs logs_;
    southbound::PanelClocks clocks_;
    southbound::PanelEventLogs event_logs_;
    southbound::PanelParameters parameters_;
    // At most one of a panel is under way.
    std::shared_ptr<Queue<LogOrder>> log_orders_ =
        std::make_shared<Queue<LogOrder>>(256, WhenFull::never_drop);
    // What people ask is not dropped: the poller refuses what is too much.
    Queue<ReadRequest> reads_{64, WhenFull::never_drop};
    Queue<southbound::ParameterOrder> parameter_orders_{64, WhenFull::never_drop};
    std::shared_ptr<GuestDoor> guest_door_;
    Published<LineStatus> status_;
    Instant status_due_{};
    StepThread thread_;
};

}  // namespace metergate::app
