#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "gateway/app/log.hpp"
#include "gateway/model/clock.hpp"
#include "gateway/model/event.hpp"
#include "gateway/model/queue.hpp"

namespace metergate::app {

/// Where every event of the daemon goes: to the log, to the recorder, and to the destinations at
/// once. Any thread, once all listeners are there.
class EventDesk {
  public:
    using Listener = std::function<void(const Event&)>;

    EventDesk(const Clock& clock, const Log& log, Queue<Event>& recorder)
        : clock_(&clock), log_(&log), recorder_(&recorder) {}

    /// Before any thread runs.
    void add_listener(Listener listener) { listeners_.push_back(std::move(listener)); }

    void report(Event event);
    /// An event of the gateway itself, now.
    void report_own(EventKind kind, std::string text);

  private:
    const Clock* clock_;
    const Log* log_;
    Queue<Event>* recorder_;
    std::vector<Listener> listeners_;
};

}  // namespace metergate::app
