#pragma once

#include <chrono>
#include <map>
#include <string>
#include <utility>

#include "gateway/metering/interval_grid.hpp"

namespace metergate::record {

/// One grid for all chains of one length and time base. References stay valid as long as this
/// lives.
class Grids {
  public:
    explicit Grids(std::string zone) : zone_(std::move(zone)) {}

    /// Error: zone unknown or length not usable.
    [[nodiscard]] Result<const metering::IntervalGrid*> get(std::chrono::seconds length,
                                                            TimeBase base) {
        const auto key = std::pair(length, base);
        auto found = grids_.find(key);
        if (found == grids_.end()) {
            auto made = metering::IntervalGrid::make(zone_, length, base);
            if (!made) {
                return made.error();
            }
            found = grids_.emplace(key, *made).first;
        }
        return &found->second;
    }

  private:
    std::string zone_;
    std::map<std::pair<std::chrono::seconds, TimeBase>, metering::IntervalGrid> grids_;
};

}  // namespace metergate::record
