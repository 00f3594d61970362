#include "southbound/learned_gap.hpp"

#include <algorithm>

namespace metergate::southbound {

void LearnedGap::answered(Duration waited) {
    if (waited > ceiling_) {
        return;
    }
    ++since_timeout_;
    if (gap_ > floor_ && since_timeout_ % calm_needed == 0) {
        proven_ = gap_;
        const Duration shorter = gap_ * 7 / 8;
        gap_ = std::max(floor_, shorter < first ? Duration{} : shorter);
    }
}

void LearnedGap::timed_out(Duration waited) {
    if (waited > ceiling_) {
        return;
    }
    const bool is_soon = since_timeout_ < soon;
    since_timeout_ = 0;
    if (proven_) {
        gap_ = floor_ = *proven_;
        proven_.reset();
    } else if (gap_ == Duration{}) {
        gap_ = std::min(first, ceiling_);
    } else if (is_soon) {
        floor_ = std::max(floor_, gap_ * 5 / 4);
        gap_ = std::min(std::max(gap_ * 4, floor_), ceiling_);
        floor_ = std::min(floor_, gap_);
    }
}

}  // namespace metergate::southbound
