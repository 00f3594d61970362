#pragma once

#include <cstddef>
#include <map>
#include <vector>

#include "gateway/model/reading.hpp"

namespace metergate::record {

/// Readings taken while civil time was not known. They wait, by monotonic time, until it is.
/// Bounded: of a panel with too many every second one of the same values is dropped, never the
/// first or the newest, so that a long wait costs resolution and no energy.
class HeldReadings {
  public:
    static constexpr std::size_t per_panel_max = 512;

    void hold(Reading reading);
    /// All held readings in the order they were taken, stamped with the civil time that is now
    /// known.
    [[nodiscard]] std::vector<Reading> release(Instant now, UtcTime utc);
    [[nodiscard]] bool empty() const { return panels_.empty(); }

  private:
    std::map<PanelNumber, std::vector<Reading>> panels_;
};

}  // namespace metergate::record
