#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "gateway/model/ids.hpp"
#include "gateway/model/quantity.hpp"
#include "gateway/model/series.hpp"
#include "gateway/model/time.hpp"

namespace metergate::record {

/// What the recorder is to make of the readings; from the settings, the profiles and the store's
/// numbers.
struct PointPlan {
    PointNumber number{};
    Id id;
    std::int64_t power_max_w = 0;  ///< full load; a register cannot count much faster
    std::vector<std::pair<Quantity, Milli>> moduli;  ///< of registers that roll over
    std::vector<std::pair<Series, SeriesNumber>> series;
    // Both are only ever compared, with those of an earlier plan.
    std::string source;      ///< which register of which kind of panel, and in what scale
    std::string parameters;  ///< all that is sealed or logged of the point

    bool operator==(const PointPlan&) const = default;
};

struct PanelPlan {
    PanelNumber number{};
    Id id;
    std::chrono::milliseconds poll_period{10'000};
    bool remembers = false;  ///< its profile describes an interval log: gaps are filled from it
    std::vector<PointPlan> points;
    // Both are only ever compared, with those of an earlier plan.
    std::string place;       ///< where it is asked: another place may have another meter
    std::string parameters;  ///< all that is sealed or logged of the panel itself

    bool operator==(const PanelPlan&) const = default;
};

struct RecordPlan {
    std::string zone;
    std::chrono::seconds close_wait{30};
    std::chrono::seconds commit_wait{5};
    bool laboratory = false;
    UtcTime clock_valid_from;  ///< time before this cannot be true: when the program was built
    std::vector<PanelPlan> panels;
};

}  // namespace metergate::record
