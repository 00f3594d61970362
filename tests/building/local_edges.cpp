#include "tests/building/local_edges.hpp"

#include <date/tz.h>

#include <algorithm>
#include <chrono>
#include <numeric>

#include "tests/building/received.hpp"

namespace metergate::building {
namespace {

using std::chrono::seconds;

constexpr std::int64_t day_s = 24LL * 3600;
/// The wall clocks of this century jump at multiples of this, in UTC.
constexpr std::int64_t jump_grid_s = 900;

std::int64_t floor_of(std::int64_t time_s, std::int64_t length_s) {
    const std::int64_t rest = time_s % length_s;
    return time_s - (rest < 0 ? rest + length_s : rest);
}

/// What the wall clock is ahead of UTC by, now and just before.
struct WallClock {
    std::int64_t offset_s = 0;
    std::int64_t offset_before_s = 0;
    std::int64_t since_s = 0;  ///< when the offset came into force
};

WallClock wall_clock(const date::time_zone& zone, std::int64_t time_s) {
    const auto info = zone.get_info(date::sys_seconds{seconds{time_s}});
    const auto before = zone.get_info(info.begin - seconds{1});
    return {info.offset.count(), before.offset.count(), info.begin.time_since_epoch().count()};
}

/// Standard time all year: the smaller of the offsets of winter and summer.
std::int64_t standard_offset(const date::time_zone& zone, std::int64_t time_s) {
    const date::sys_seconds time{seconds{time_s}};
    const auto year = date::year_month_day(date::floor<date::days>(time)).year();
    const date::sys_seconds january = date::sys_days(year / date::January / 1);
    const date::sys_seconds july = date::sys_days(year / date::July / 1);
    return std::min(zone.get_info(january).offset, zone.get_info(july).offset).count();
}

bool is_local_edge(const WallClock& clock, std::int64_t time_s, std::int64_t length_s) {
    const std::int64_t jump_s = clock.offset_s - clock.offset_before_s;
    const std::int64_t shown_s = time_s + clock.offset_s;
    if (jump_s > 0 && time_s == clock.since_s) {
        const std::int64_t last_shown_s = time_s - 1 + clock.offset_before_s;
        return floor_of(shown_s, length_s) > floor_of(last_shown_s, length_s);
    }
    const bool comes_twice = jump_s < 0 && time_s < clock.since_s - jump_s;
    if (comes_twice && jump_s % length_s != 0) {
        return false;
    }
    return floor_of(shown_s, length_s) == shown_s;
}

bool is_standard(std::string_view series) {
    return series.size() > 4 && series.substr(series.size() - 4) == "-std";
}

}  // namespace

void LocalEdges::add_day(std::string_view series, std::int64_t day, std::set<std::int64_t>& edges) {
    const date::time_zone& zone = *date::locate_zone(zone_);
    const std::int64_t length_s = length_of_series(series);
    const std::int64_t stride_s = std::gcd(length_s, jump_grid_s);
    for (std::int64_t time_s = day * day_s; time_s < (day + 1) * day_s; time_s += stride_s) {
        const bool edge = is_standard(series)
                              ? (time_s + standard_offset(zone, time_s)) % length_s == 0
                              : is_local_edge(wall_clock(zone, time_s), time_s, length_s);
        if (edge) {
            edges.insert(time_s);
        }
    }
}

/// Long intervals may end a day away.
const std::set<std::int64_t>& LocalEdges::edges_near(std::string_view series, std::int64_t time_s) {
    Days& days = series_.try_emplace(std::string(series)).first->second;
    const std::int64_t today = floor_of(time_s, day_s) / day_s;
    for (std::int64_t day = today - 2; day <= today + 2; ++day) {
        if (days.known.insert(day).second) {
            add_day(series, day, days.edges);
        }
    }
    return days.edges;
}

bool LocalEdges::is_edge(std::string_view series, std::int64_t time_s) {
    return edges_near(series, time_s).contains(time_s);
}

std::int64_t LocalEdges::before(std::string_view series, std::int64_t time_s) {
    return *std::prev(edges_near(series, time_s).lower_bound(time_s));
}

std::int64_t LocalEdges::after(std::string_view series, std::int64_t time_s) {
    return *edges_near(series, time_s).upper_bound(time_s);
}

}  // namespace metergate::building
