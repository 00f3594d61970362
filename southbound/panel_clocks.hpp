#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "gateway/model/clock.hpp"
#include "gateway/model/event.hpp"
#include "southbound/panel_clock.hpp"
#include "southbound/poller.hpp"

namespace metergate::southbound {

/// Compares the clocks of a line's panels with ours, once an hour and as a guest of the line's
/// poller, tells of those that are wrong, and sets those whose settings say so: only while our own
/// time is known, and never near the end of an interval. What was set is read back. Stepped with
/// the poller, on its line's thread.
class PanelClocks {
  public:
    struct Sinks {
        std::function<void(Event)> event;     ///< inside step() or a step of the poller
        std::function<bool()> is_time_known;  ///< whether our own clock may be believed
    };

    PanelClocks(const Clock& clock, Poller& poller, Sinks sinks);
    PanelClocks(const PanelClocks&) = delete;  // the poller's answers come back to this one
    PanelClocks& operator=(const PanelClocks&) = delete;
    ~PanelClocks() = default;

    /// Gives the poller the next request, if one is due. To be called before each Poller::step().
    void step();
    /// When step() wants to be called next. To be asked after each Poller::step().
    [[nodiscard]] Instant next_at() const;
    /// Adds how far ahead the clocks were found to be.
    void add_to(std::vector<PanelStatus>& panels) const;

  private:
    /// One panel's clock.
    struct Watched {
        std::size_t place = 0;  ///< of the panel on the line
        Instant due{};
        std::optional<ClockReading> found{};  ///< last
        std::string told{};                   ///< the newest trouble that was told; empty = none
        int sets_in_vain = 0;                 ///< in a row
    };
    /// What is under way.
    struct Job {
        Job();
        std::size_t watched = 0;
        std::deque<RegisterSpan> spans;  ///< still to be read; the first is under way
        RegisterBook book{};
        UtcTime asked{};                     ///< when the request for the seconds had left
        bool writes = false;                 ///< the request under way sets the clock
        std::optional<ClockReading> before;  ///< it was set; so it stood until then
    };

    void begin(std::size_t watched);
    void read_next();
    void take_registers(const Result<Reply>& outcome);
    void take_reading(const ClockReading& found);
    void set(const ClockReading& found);
    void take_set(const Result<Reply>& outcome);
    void judge_set(Watched& watched, const ClockReading& before);
    void tell_wrong(Watched& watched, const std::string& more);
    void rest(Duration pause);
    [[nodiscard]] bool is_to_be_set(const Watched& watched) const;
    [[nodiscard]] const PanelDriver& driver_of(const Watched& watched) const {
        return poller_.driver(watched.place);
    }

    const Clock& clock_;
    Poller& poller_;
    Sinks sinks_;
    std::vector<Watched> watched_;
    std::optional<Job> job_;
};

}  // namespace metergate::southbound
