#include "southbound/reply_time.hpp"

#include <algorithm>
#include <limits>

namespace metergate::southbound {
namespace {

/// The one at or below which `percent` of `count` sorted values are.
std::size_t rank_of(std::size_t percent, std::size_t count) {
    return (count * percent + 99) / 100 - 1;
}

}  // namespace

ReplyTime::ReplyTime(Duration floor, Duration ceiling)
    : floor_(std::min(floor, ceiling)), ceiling_(ceiling) {}

void ReplyTime::answered(Duration taken) {
    constexpr Duration::rep longest = std::numeric_limits<std::uint32_t>::max();
    taken_us_.at(next_) =
        static_cast<std::uint32_t>(std::clamp<Duration::rep>(taken.count(), 0, longest));
    next_ = (next_ + 1) % remembered_max;
    count_ = std::min(count_ + 1, remembered_max);
    const bool is_slower = std::min(taken * 3 / 2, ceiling_) > learned_;
    if (next_ % replies_to_learn == 0 || (is_slower && count_ > replies_to_learn)) {
        learn();
    }
}

/// Now and then, since it sorts all that is remembered.
void ReplyTime::learn() {
    const ReplySpread spread = *this->spread();
    // A block that is read in turn may be slower than all others and too seldom to move the p99.
    learned_ = std::clamp(std::max(3 * spread.p99, spread.slowest * 3 / 2), floor_, ceiling_);
}

Duration ReplyTime::timeout() const {
    return patient_ || count_ < replies_to_learn ? ceiling_ : learned_;
}

std::optional<ReplySpread> ReplyTime::spread() const {
    if (count_ == 0) {
        return std::nullopt;
    }
    auto sorted = taken_us_;
    std::sort(sorted.begin(), sorted.begin() + static_cast<std::ptrdiff_t>(count_));
    return ReplySpread{Duration{sorted.at(rank_of(50, count_))},
                       Duration{sorted.at(rank_of(99, count_))}, Duration{sorted.at(count_ - 1)}};
}

}  // namespace metergate::southbound
