#pragma once

#include <algorithm>
#include <vector>

#include "gateway/model/record.hpp"

namespace metergate::northbound {

/// What a destination gets: whole panels and whole series; an empty list means all. Batches are
/// never left out, only emptied: their numbers stay gapless for the receiver.
struct Filter {
    std::vector<PanelNumber> panels;
    std::vector<SeriesNumber> series;

    /// The gateway's own events always pass.
    [[nodiscard]] bool passes(PanelNumber panel) const {
        return panel == gateway_panel || panels.empty() ||
               std::find(panels.begin(), panels.end(), panel) != panels.end();
    }
    [[nodiscard]] bool passes(SeriesNumber number) const {
        return series.empty() || std::find(series.begin(), series.end(), number) != series.end();
    }
    /// Removes from the batch what does not pass; a panel that does not pass loses its events too.
    void apply(Batch& batch) const {
        if (!passes(batch.panel)) {
            batch.records.clear();
            batch.events.clear();
            return;
        }
        std::erase_if(batch.records, [&](const Record& record) { return !passes(record.series); });
    }
};

}  // namespace metergate::northbound
