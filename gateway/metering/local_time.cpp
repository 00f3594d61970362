#include "gateway/metering/local_time.hpp"

#include <date/tz.h>

#include <stdexcept>

#include "config/schema/utc_text.hpp"

namespace metergate::metering {
namespace {

using std::chrono::seconds;

constexpr std::string_view first_second = "00:00:00";

/// The wall clock reading as if it were UTC.
std::optional<UtcSeconds> wall_clock(std::string_view text) {
    constexpr std::size_t date_size = 10;
    std::string full(text);
    if (full.size() == date_size) {
        full += "T" + std::string(first_second);
    } else if (full.size() == date_size + 6) {
        full += ":00";
    }
    return schema::utc_from_text(full + "Z");
}

}  // namespace

Result<LocalTime> LocalTime::make(std::string_view zone) {
    try {
        return LocalTime(date::locate_zone(zone));
    } catch (const std::runtime_error&) {
        return Error{Fault::not_found, "time zone \"" + std::string(zone) + "\" is unknown"};
    }
}

std::string LocalTime::text(UtcSeconds time) const {
    const seconds offset = zone_->get_info(time).offset;
    std::string text = schema::utc_text(time + offset);
    text.pop_back();
    // utc_text of a time of day is two digits each: the offset reads like one.
    const std::string hours_and_minutes =
        schema::utc_text(UtcSeconds{offset < seconds{0} ? -offset : offset}).substr(11, 5);
    return text + (offset < seconds{0} ? "-" : "+") + hours_and_minutes;
}

Result<UtcSeconds> LocalTime::read(std::string_view text) const {
    if (const auto utc = schema::utc_from_text(text)) {
        return *utc;
    }
    const auto wall = wall_clock(text);
    if (!wall) {
        return Error{Fault::invalid,
                     "\"" + std::string(text) +
                         "\" is no time: write 2026-01-31, 2026-01-31T17:30 (by the site's clock) "
                         "or 2026-01-31T22:30:00Z"};
    }
    const date::local_seconds local{wall->time_since_epoch()};
    return zone_->to_sys(local, date::choose::earliest);
}

}  // namespace metergate::metering
