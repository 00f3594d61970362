#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "gateway/model/time.hpp"

namespace metergate::building {

enum class TenantKind : std::uint8_t { home, office, shop, vacant, constant };

/// `home`, `office`, `shop`, `vacant`, `constant`: as written in scenarios.
[[nodiscard]] std::string_view name_of(TenantKind kind);
[[nodiscard]] std::optional<TenantKind> tenant_kind_named(std::string_view name);

struct TenantPlan {
    TenantKind kind = TenantKind::home;
    std::uint64_t seed = 1;
    std::int64_t scale_percent = 100;
    std::int64_t constant_w = 1000;  ///< of a `constant` tenant
};

/// Power is constant for this long, on whole minutes of UTC.
inline constexpr std::chrono::seconds segment_length{60};
/// Microjoules (milliwatts x milliseconds) in a watt-hour and in a milliwatt-hour.
inline constexpr std::int64_t uj_per_wh = 3'600'000'000;
inline constexpr std::int64_t uj_per_mwh = 3'600'000;

/// What one tenant draws: a pure function of the plan and the time, so that the true energy at any
/// moment is exact. Base load, a cycling refrigerator, morning and evening peaks or opening hours,
/// and appliances that come and go. One thread (segments are computed when first asked for).
class Tenant {
  public:
    /// `utc_offset`: local time minus UTC, for the hours of the day.
    Tenant(const TenantPlan& plan, UtcTime start, std::chrono::seconds utc_offset);

    /// In milliwatts, 0 .. 20 kW x scale. Times before the start count as the start.
    [[nodiscard]] std::int64_t power_mw(UtcTime at) {
        select(at);
        return cursor_.power_mw;
    }
    /// Energy in microjoules since the whole minute at or before `start`. Never falls.
    [[nodiscard]] std::int64_t energy_uj(UtcTime at) {
        select(at);
        const std::int64_t inside_ms = epoch_ms(at) - cursor_.begin_ms;
        return cursor_.energy_before_uj + (inside_ms > 0 ? inside_ms * cursor_.power_mw : 0);
    }

  private:
    struct Segment {
        std::int64_t begin_ms = 0;
        std::int64_t energy_before_uj = 0;
        std::int64_t power_mw = 0;
    };

    void select(UtcTime at) {
        const std::int64_t inside_ms = epoch_ms(at) - cursor_.begin_ms;
        if (inside_ms < 0 || inside_ms >= segment_ms) {
            find_segment(at);
        }
    }
    void find_segment(UtcTime at);
    [[nodiscard]] std::int64_t power_of_minute_mw(std::int64_t utc_minute) const;
    [[nodiscard]] std::int64_t appliances_w(std::int64_t local_minute) const;
    [[nodiscard]] std::int64_t fridge_w(std::int64_t local_minute) const;
    [[nodiscard]] std::int64_t daily_w(std::int64_t local_minute) const;

    static constexpr std::int64_t segment_ms = std::chrono::milliseconds{segment_length}.count();

    TenantPlan plan_;
    Segment cursor_;
    std::int64_t first_minute_;
    std::int64_t offset_minutes_;
    std::vector<Segment> segments_;
};

}  // namespace metergate::building
