#pragma once

#include "gateway/model/time.hpp"

namespace metergate::southbound {

/// Keeps one kind of work within a share of a line's time: of 2 %, each request is paid for with 49
/// times as long without one. It may always be spent in one piece, so that a request that takes
/// long gets its turn too. What is not spent is not saved up. Pure; one thread.
class WireShare {
  public:
    /// `percent` 1..100.
    explicit WireShare(int percent) : percent_(percent) {}

    /// Not before this may the next request begin.
    [[nodiscard]] Instant free_at() const { return free_at_; }
    /// A request kept the line from `begin` to `end`.
    void spent(Instant begin, Instant end);

  private:
    int percent_;
    Instant free_at_{};
};

}  // namespace metergate::southbound
