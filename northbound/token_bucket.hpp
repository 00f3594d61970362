#pragma once

#include <algorithm>
#include <cstdint>

#include "gateway/model/time.hpp"

namespace metergate::northbound {

/// Lets through at most `per_s` in the long run, and a quarter of a second's worth (at least one)
/// at once.
class TokenBucket {
  public:
    explicit TokenBucket(std::uint32_t per_s)
        : cost_(std::chrono::microseconds{1'000'000 / std::max(per_s, 1U)}),
          room_(std::max<Duration>(std::chrono::milliseconds{250}, cost_)) {}

    /// When the next one may go; in the past if one may go now.
    [[nodiscard]] Instant ready_at() const { return filled_ - room_ + cost_; }

    /// Counts one that goes now; only when ready_at() has come.
    void take(Instant now) { filled_ = std::max(filled_, now) + cost_; }

  private:
    Duration cost_;
    Duration room_;
    Instant filled_{};  ///< how far ahead of `now` the taken ones reach
};

}  // namespace metergate::northbound
