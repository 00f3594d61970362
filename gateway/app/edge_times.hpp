#pragma once

#include "gateway/record/plan.hpp"
#include "southbound/edge_train.hpp"

namespace metergate::app {

/// Where the intervals of the plan's panels end, for one line's thread: each line needs its own,
/// because grids remember what they were asked last. No edges of a panel without series, of a zone
/// that is not known, and while the time is before the plan's `clock_valid_from`. Pure.
[[nodiscard]] southbound::EdgeClock edge_times(const record::RecordPlan& plan);

}  // namespace metergate::app
