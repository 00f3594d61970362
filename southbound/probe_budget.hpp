#pragma once

#include "gateway/model/time.hpp"

namespace metergate::southbound {

/// Keeps all probes of one line together within 2 % of its time: a probe is paid for with 49 times
/// as long without one. It may always be spent in one piece, so that a panel with a long timeout
/// is probed too. Requests that are answered are free: of a building whose power returns all panels
/// are found at once. Pure; one thread.
class ProbeBudget {
  public:
    static constexpr int percent = 2;

    /// Not before this may the next probe begin.
    [[nodiscard]] Instant free_at() const { return free_at_; }
    /// A request of a probe kept the line from `begin` to `end` in vain.
    void spent(Instant begin, Instant end);

  private:
    Instant free_at_{};
};

}  // namespace metergate::southbound
