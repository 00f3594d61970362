#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <vector>

#include "gateway/model/reading.hpp"

namespace metergate::record {

/// The newest value of one quantity of one point.
struct LiveValue {
    PointNumber point{};
    Quantity quantity{};
    bool valid = false;  ///< false: the panel says "not available"
    Milli value = 0;
    Instant at;  ///< when it was read: its age tells whether it is stale
    UtcTime at_utc;
    std::uint64_t version = 0;  ///< grows with every update of the table
};

/// Last values of everything, beside the stream of records, never a queue: a slow reader sees the
/// newest. Any thread may call any method.
class LiveValues {
  public:
    void update(const Reading& reading);

    /// All values updated after `version`, in no particular order; version 0 = all.
    [[nodiscard]] std::vector<LiveValue> since(std::uint64_t version) const;
    /// The table's version now.
    [[nodiscard]] std::uint64_t version() const;

  private:
    mutable std::mutex mutex_;
    /// By panel and, within it, by index of the point and quantity; version 0 = never read.
    std::map<PanelNumber, std::vector<LiveValue>> panels_;
    std::uint64_t version_ = 0;
};

}  // namespace metergate::record
