#include "gateway/app/space_alarm.hpp"

#include <fmt/format.h>

#include <array>
#include <cstdint>

namespace metergate::app {
namespace {

constexpr std::array<std::int64_t, 4> thresholds_days{14, 7, 3, 1};

std::size_t passed(std::int64_t days) {
    std::size_t count = 0;
    while (count < thresholds_days.size() && days < thresholds_days.at(count)) {
        ++count;
    }
    return count;
}

}  // namespace

std::optional<std::string> SpaceAlarm::observe(const storage::Room& room) {
    if (!room.days_left) {
        return std::nullopt;
    }
    const std::int64_t days = *room.days_left;
    if (passed(days) > told_) {
        told_ = passed(days);
        return fmt::format(
            "the store has room for {} more days of records that are not delivered everywhere; "
            "after that the oldest of them go ({} MiB of {} in use, {} MiB free on the disk)",
            days, room.used_bytes >> 20, room.limit_bytes >> 20, room.disk_free_bytes >> 20);
    }
    // A day more than the threshold, so that a figure that swings is not told again and again.
    if (passed(days - 1) < told_) {
        told_ = passed(days - 1);
    }
    return std::nullopt;
}

}  // namespace metergate::app
