#include "gateway/app/edge_times.hpp"

#include <algorithm>
#include <map>
#include <memory>
#include <vector>

#include "gateway/record/grids.hpp"

namespace metergate::app {
namespace {

using std::chrono::seconds;

class EdgeTimes {
  public:
    explicit EdgeTimes(const record::RecordPlan& plan)
        : grids_(plan.zone), valid_from_(plan.clock_valid_from) {
        for (const record::PanelPlan& panel : plan.panels) {
            for (const record::PointPlan& point : panel.points) {
                for (const auto& [series, number] : point.series) {
                    // What the panel's own log tells needs no reading at its edges.
                    if (series.source == BillingSource::gateway_difference) {
                        add(panel.number, series);
                    }
                }
            }
        }
    }

    [[nodiscard]] std::optional<UtcTime> next(PanelNumber panel, UtcTime after) const {
        const auto found = grids_of_.find(panel);
        if (found == grids_of_.end() || after < valid_from_) {
            return std::nullopt;
        }
        std::optional<UtcTime> first;
        for (const metering::IntervalGrid* grid : found->second) {
            const UtcTime edge = grid->next_edge(std::chrono::floor<seconds>(after));
            first = first ? std::min(*first, edge) : edge;
        }
        return first;
    }

  private:
    void add(PanelNumber panel, const Series& series) {
        const auto grid = grids_.get(series.length, series.time_base);
        auto& known = grids_of_[panel];
        if (grid && std::find(known.begin(), known.end(), *grid) == known.end()) {
            known.push_back(*grid);
        }
    }

    record::Grids grids_;
    UtcTime valid_from_;
    std::map<PanelNumber, std::vector<const metering::IntervalGrid*>> grids_of_;
};

}  // namespace

southbound::EdgeClock edge_times(const record::RecordPlan& plan) {
    return [times = std::make_shared<const EdgeTimes>(plan)](PanelNumber panel, UtcTime after) {
        return times->next(panel, after);
    };
}

}  // namespace metergate::app
