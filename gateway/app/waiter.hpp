#pragma once

#include "gateway/model/clock.hpp"

namespace metergate::app {

/// Lets one thread wait for a moment, for a descriptor, or to be woken. `wake` may come from any
/// thread and is not lost if it comes first.
class Waiter {
  public:
    explicit Waiter(const Clock& clock);
    Waiter(const Waiter&) = delete;
    Waiter& operator=(const Waiter&) = delete;
    ~Waiter();

    void wake() const;
    /// Until `until`, or until `readable_fd` (-1 = none) has bytes, or until woken. At most one
    /// second, so that whoever waits shows regularly that it is alive.
    void wait(Instant until, int readable_fd = -1) const;

  private:
    const Clock* clock_;
    int event_fd_;
};

}  // namespace metergate::app
