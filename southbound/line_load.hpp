#pragma once

#include <array>
#include <cstdint>

#include "gateway/model/time.hpp"

namespace metergate::southbound {

/// How much of a wire is in use, and how much its panels would need.
struct LineLoad {
    /// Share of the last minute in which a request was under way: its characters and the reply's,
    /// silences, waiting. 0..100.
    double used_percent = 0;
    /// What all panels that are not lost would take if each was polled at its period. Over 100 the
    /// line cannot keep up, and all are polled less often.
    double needed_percent = 0;
};

/// Adds up when a line was at work. Pure; one thread.
class WireUse {
  public:
    explicit WireUse(Instant since) : since_(since) {}

    /// A request was under way; in order of time.
    void busy(Instant from, Instant to);
    /// Over the last 60 whole seconds, or those since the beginning if they are fewer. 0..100.
    [[nodiscard]] double percent(Instant now) const;

  private:
    struct Second {
        std::int64_t number = -1;
        Duration busy{};
    };

    Instant since_;
    std::array<Second, 64> seconds_{};  ///< a ring by number
};

/// What the polls of one panel take on the wire. Pure; one thread.
class PollCost {
  public:
    /// A poll was answered and kept the wire so long, without asking for the identity.
    void polled(Duration on_wire);
    /// Of the wire, at this period; 0 before the first poll.
    [[nodiscard]] double percent(Duration period) const;
    /// 0 before the first poll.
    [[nodiscard]] Duration mean() const { return mean_; }

  private:
    Duration mean_{};  ///< over the last dozen: what is read in turn differs from poll to poll
};

}  // namespace metergate::southbound
