#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "gateway/model/quantity.hpp"
#include "gateway/model/result.hpp"

namespace metergate {

/// Which clock the edges of a series follow.
enum class TimeBase : std::uint8_t {
    local = 0,     ///< the wall clock of the site, with its daylight saving time
    standard = 1,  ///< the site's standard time all year
};

/// Who decides what a slot's energy is.
enum class BillingSource : std::uint8_t {
    gateway_difference = 0,  ///< differences of the register as the gateway read it at the edges
    panel_log = 1,           ///< the panel's own interval log
};

/// What a record's value means. Two series are the same if all their fields are; the store gives
/// each a permanent number. Values are in thousandths of the quantity's unit (exponent -3).
struct Series {
    Quantity quantity = Quantity::energy_delivered;
    std::uint8_t rate = 0;  ///< 0 = total, 1..4 = time-of-use rate
    std::chrono::seconds length{900};
    TimeBase time_base = TimeBase::local;
    BillingSource source = BillingSource::gateway_difference;

    bool operator==(const Series&) const = default;
};

/// The code people and payloads use: `kwh-15min`, `kwh-1h-std`, `kwh-r2-15min`, `kwh-15min-log`.
[[nodiscard]] std::string code_of(const Series& series);

/// Reads such a code back. Error: invalid, naming the part that is not understood. Lengths are not
/// checked here; see is_billing_length.
[[nodiscard]] Result<Series> series_from_code(std::string_view code);

/// 5, 10, 15, 20, 30, 60 minutes and 2, 3, 4, 6, 8, 12, 24 hours.
[[nodiscard]] bool is_billing_length(std::chrono::seconds length);
/// 5, 10, 20, 30, 60 s: only where the settings say `laboratory`.
[[nodiscard]] bool is_laboratory_length(std::chrono::seconds length);

}  // namespace metergate
