#pragma once

#include <algorithm>
#include <cstdint>
#include <random>

#include "gateway/model/time.hpp"

namespace metergate::northbound {

/// How long to wait before the next try. The bound doubles from 2 s to 60 s; the delay is drawn
/// evenly from its upper half, so it lies in 1..60 s and many gateways do not return to a broker
/// together.
class Backoff {
  public:
    explicit Backoff(std::uint64_t seed) : random_(seed) {}

    [[nodiscard]] Duration next() {
        const std::int64_t half_us = bound_.count() / 2;
        const auto drawn =
            static_cast<std::int64_t>(random_() % static_cast<std::uint64_t>(half_us));
        bound_ = std::min(bound_ * 2, bound_max);
        return Duration{half_us + drawn};
    }
    void reset() { bound_ = bound_min; }

  private:
    static constexpr Duration bound_min = std::chrono::seconds{2};
    static constexpr Duration bound_max = std::chrono::seconds{60};

    std::mt19937_64 random_;
    Duration bound_ = bound_min;
};

}  // namespace metergate::northbound
