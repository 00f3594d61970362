#include "tests/building/tenant.hpp"

#include <algorithm>
#include <cassert>
#include <cmath>

#include "tests/building/random.hpp"

namespace metergate::building {
namespace {

constexpr std::array<std::string_view, 5> kind_names{"home", "office", "shop", "vacant",
                                                     "constant"};
constexpr std::int64_t minutes_a_day = 24 * 60;

/// One appliance: at most one use per slot, of the given power and length.
struct Appliance {
    std::uint64_t tag;
    std::int64_t slot_min;
    std::int64_t shortest_min;
    std::int64_t longest_min;
    std::int64_t power_w;
    std::int64_t chance_percent;  ///< per slot, while people are up
};

constexpr std::array<Appliance, 4> home_appliances{{
    {1, 60, 2, 5, 1800, 25},     // kettle
    {2, 180, 20, 60, 2200, 20},  // oven
    {3, 360, 60, 110, 900, 18},  // washing machine
    {4, 240, 60, 200, 150, 60},  // television
}};
constexpr std::array<Appliance, 2> business_appliances{{
    {5, 30, 5, 25, 1500, 35},  // air conditioning
    {6, 60, 3, 10, 2000, 30},  // coffee machine
}};

/// 0 .. 1000: how near `minute` is to `peak`, bell shaped.
double bell(std::int64_t minute, std::int64_t peak, double width_min) {
    const double distance = static_cast<double>(minute - peak) / width_min;
    return std::exp(-distance * distance / 2);
}

struct DayShapes {
    std::array<std::int64_t, minutes_a_day> home_w{};
    std::array<std::int64_t, minutes_a_day> open_w{};
};

DayShapes make_shapes() {
    DayShapes shapes;
    for (std::int64_t minute = 0; minute < minutes_a_day; ++minute) {
        const auto at = static_cast<std::size_t>(minute);
        shapes.home_w.at(at) = std::llround(700 * bell(minute, 7 * 60 + 15, 45) +
                                            1100 * bell(minute, 19 * 60 + 30, 100));
        // Opening hours 8:00 .. 18:30 with soft ends.
        const double open = 1 / (1 + std::exp(-static_cast<double>(minute - 8 * 60) / 12));
        const double closed = 1 / (1 + std::exp(-static_cast<double>(minute - 18 * 60 - 30) / 15));
        shapes.open_w.at(at) = std::llround(2400 * (open - closed));
    }
    return shapes;
}

const DayShapes& shapes() {
    static const DayShapes made = make_shapes();
    return made;
}

bool running(const Appliance& appliance, std::uint64_t seed, std::int64_t minute) {
    const std::int64_t slot = minute / appliance.slot_min;
    const std::uint64_t dice =
        scrambled(seed ^ (appliance.tag << 56U), static_cast<std::uint64_t>(slot));
    const auto part = [dice](unsigned shift, std::int64_t limit) {
        return static_cast<std::int64_t>((dice >> shift) & 0xFFFFU) % limit;
    };
    if (part(0, 100) >= appliance.chance_percent) {
        return false;
    }
    const std::int64_t length =
        appliance.shortest_min + part(16, appliance.longest_min - appliance.shortest_min + 1);
    const std::int64_t begin = part(32, appliance.slot_min - length + 1);
    const std::int64_t inside = minute % appliance.slot_min;
    return inside >= begin && inside < begin + length;
}

}  // namespace

std::string_view name_of(TenantKind kind) {
    return kind_names.at(static_cast<std::size_t>(kind));
}

std::optional<TenantKind> tenant_kind_named(std::string_view name) {
    const auto found = std::find(kind_names.begin(), kind_names.end(), name);
    if (found == kind_names.end()) {
        return std::nullopt;
    }
    return static_cast<TenantKind>(found - kind_names.begin());
}

Tenant::Tenant(const TenantPlan& plan, UtcTime start, std::chrono::seconds utc_offset)
    : plan_(plan),
      first_minute_(std::chrono::floor<std::chrono::minutes>(start).time_since_epoch().count()),
      offset_minutes_(utc_offset.count() / 60) {
    cursor_ = {first_minute_ * segment_ms, 0, power_of_minute_mw(first_minute_)};
    segments_.push_back(cursor_);
}

void Tenant::find_segment(UtcTime at) {
    const std::int64_t minute =
        std::chrono::floor<std::chrono::minutes>(at).time_since_epoch().count();
    const auto index = static_cast<std::size_t>(std::max<std::int64_t>(minute - first_minute_, 0));
    while (segments_.size() <= index) {
        const Segment& last = segments_.back();
        const auto next_minute = first_minute_ + static_cast<std::int64_t>(segments_.size());
        segments_.push_back({next_minute * segment_ms,
                             last.energy_before_uj + last.power_mw * segment_ms,
                             power_of_minute_mw(next_minute)});
    }
    cursor_ = segments_[index];
}

std::int64_t Tenant::power_of_minute_mw(std::int64_t utc_minute) const {
    const std::int64_t local_minute = utc_minute + offset_minutes_;
    std::int64_t power_w = 0;
    switch (plan_.kind) {
        case TenantKind::constant:
            return plan_.constant_w * 1000;
        case TenantKind::vacant:
            power_w = 3;
            break;
        case TenantKind::home:
        case TenantKind::office:
        case TenantKind::shop:
            power_w = 60 + static_cast<std::int64_t>(plan_.seed % 90) + fridge_w(local_minute) +
                      daily_w(local_minute) + appliances_w(local_minute);
            break;
    }
    // A ripple below one watt's worth of thousandths, so that no two minutes are quite alike.
    const auto ripple_mw =
        static_cast<std::int64_t>(scrambled(plan_.seed, static_cast<std::uint64_t>(utc_minute)) %
                                  (static_cast<std::uint64_t>(power_w) * 20 + 1));
    return (power_w * 1000 + ripple_mw) * plan_.scale_percent / 100;
}

std::int64_t Tenant::fridge_w(std::int64_t local_minute) const {
    if (plan_.kind == TenantKind::office) {
        return 0;
    }
    const auto period = 38 + static_cast<std::int64_t>((plan_.seed >> 8U) % 17);
    const auto phase = static_cast<std::int64_t>((plan_.seed >> 16U) % 60);
    const std::int64_t on_min = period * 2 / 5;
    return (local_minute + phase) % period < on_min ? 110 : 0;
}

std::int64_t Tenant::daily_w(std::int64_t local_minute) const {
    const auto of_day = static_cast<std::size_t>(local_minute % minutes_a_day);
    const std::int64_t day = local_minute / minutes_a_day;
    const auto day_percent =
        70 + static_cast<std::int64_t>(
                 scrambled(plan_.seed ^ 0xDA7U, static_cast<std::uint64_t>(day)) % 60);
    if (plan_.kind == TenantKind::home) {
        return shapes().home_w.at(of_day) * day_percent / 100;
    }
    const std::int64_t weekday = (day + 4) % 7;  // 1 January 1970 was a Thursday; 0 = Sunday
    const bool rests = weekday == 0 || (plan_.kind == TenantKind::office && weekday == 6);
    return rests ? 0 : shapes().open_w.at(of_day) * day_percent / 100;
}

std::int64_t Tenant::appliances_w(std::int64_t local_minute) const {
    const std::int64_t hour = local_minute % minutes_a_day / 60;
    std::int64_t power_w = 0;
    if (plan_.kind == TenantKind::home) {
        if (hour < 6) {
            return 0;
        }
        for (const Appliance& appliance : home_appliances) {
            power_w += running(appliance, plan_.seed, local_minute) ? appliance.power_w : 0;
        }
        return power_w;
    }
    if (hour < 8 || hour >= 18) {
        return 0;
    }
    for (const Appliance& appliance : business_appliances) {
        power_w += running(appliance, plan_.seed, local_minute) ? appliance.power_w : 0;
    }
    return power_w;
}

}  // namespace metergate::building
