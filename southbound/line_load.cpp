#include "southbound/line_load.hpp"

#include <algorithm>
#include <chrono>

namespace metergate::southbound {
namespace {

using std::chrono::seconds;

constexpr std::int64_t window_s = 60;
/// One over the weight of the newest poll in the mean.
constexpr int mean_weight = 8;

std::int64_t second_of(Instant at) {
    return std::chrono::floor<seconds>(at).time_since_epoch().count();
}

}  // namespace

void WireUse::busy(Instant from, Instant to) {
    // Of a time longer than the window only the end counts.
    from = std::max(from, to - seconds{window_s + 1});
    while (from < to) {
        const std::int64_t number = second_of(from);
        const Instant end = std::min(to, Instant{seconds{number + 1}});
        Second& second = seconds_.at(static_cast<std::size_t>(number) % seconds_.size());
        if (second.number != number) {
            second = {number, {}};
        }
        second.busy += end - from;
        from = end;
    }
}

double WireUse::percent(Instant now) const {
    const std::int64_t until = second_of(now);
    const Instant from = std::max(since_, Instant{seconds{until - window_s}});
    const Duration span = Instant{seconds{until}} - from;
    if (span <= Duration{}) {
        return 0;
    }
    Duration busy{};
    for (const Second& second : seconds_) {
        if (second.number >= second_of(from) && second.number < until) {
            busy += second.busy;
        }
    }
    return std::min(100.0,
                    100.0 * static_cast<double>(busy.count()) / static_cast<double>(span.count()));
}

void PollCost::polled(Duration on_wire) {
    mean_ += mean_ == Duration{} ? on_wire : (on_wire - mean_) / mean_weight;
}

double PollCost::percent(Duration period) const {
    return 100.0 * static_cast<double>(mean_.count()) / static_cast<double>(period.count());
}

}  // namespace metergate::southbound
