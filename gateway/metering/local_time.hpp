#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "gateway/model/result.hpp"
#include "gateway/model/time.hpp"

namespace date {
class time_zone;
}

namespace metergate::metering {

/// The wall clock of a site, for people: times as they read and write them. A plain value, any
/// thread.
class LocalTime {
  public:
    /// Error: not_found if the zone is unknown.
    [[nodiscard]] static Result<LocalTime> make(std::string_view zone);

    /// `2026-03-08T01:45:00-05:00`
    [[nodiscard]] std::string text(UtcSeconds time) const;

    /// Reads `2026-03-08` (its first moment), `2026-03-08T01:45` and `2026-03-08T01:45:00` by the
    /// wall clock, and `2026-03-08T06:45:00Z`. A time that the wall clock shows twice is the first,
    /// one that it skips is the moment of the jump. Years 2000..2199. Error: invalid.
    [[nodiscard]] Result<UtcSeconds> read(std::string_view text) const;

  private:
    explicit LocalTime(const date::time_zone* zone) : zone_(zone) {}

    const date::time_zone* zone_;
};

}  // namespace metergate::metering
