#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "storage/room.hpp"

namespace metergate::app {

/// Tells in time that the store runs full: once when it has room for less than 14 days, and again
/// below 7, 3 and 1.
class SpaceAlarm {
  public:
    /// A sentence for an event if there is news.
    [[nodiscard]] std::optional<std::string> observe(const storage::Room& room);

  private:
    std::size_t told_ = 0;  ///< thresholds that were passed and told
};

}  // namespace metergate::app
