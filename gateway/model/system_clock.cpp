#include <ctime>

#include "gateway/model/clock.hpp"

namespace metergate {
namespace {

std::chrono::nanoseconds read_clock(clockid_t id) {
    timespec value{};
    clock_gettime(id, &value);
    return std::chrono::seconds{value.tv_sec} + std::chrono::nanoseconds{value.tv_nsec};
}

}  // namespace

Instant SystemClock::now() const {
    return Instant{std::chrono::floor<Duration>(read_clock(CLOCK_BOOTTIME))};
}

UtcTime SystemClock::utc() const {
    return UtcTime{std::chrono::floor<std::chrono::milliseconds>(read_clock(CLOCK_REALTIME))};
}

}  // namespace metergate
