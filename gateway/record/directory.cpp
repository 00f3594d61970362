#include "gateway/record/directory.hpp"

#include <algorithm>

namespace metergate::record {
namespace {

const Id gateway_panel_id = "gateway";
const Id unknown_panel_id = "unknown";

template <class Entries, class Number>
auto* find_in(Entries& entries, Number number) {
    const auto found = std::find_if(entries.begin(), entries.end(),
                                    [&](const auto& entry) { return entry.number == number; });
    return found == entries.end() ? nullptr : &*found;
}

}  // namespace

const Directory::Panel* Directory::find_panel(PanelNumber number) const {
    const Panel* panel = find_in(panels, number);
    return panel != nullptr ? panel : find_in(retired_panels, number);
}

const Directory::Point* Directory::find_point(PointNumber number) const {
    for (const std::vector<Panel>* list : {&panels, &retired_panels}) {
        const Panel* panel = find_in(*list, panel_of(number));
        const Point* point = panel == nullptr ? nullptr : find_in(panel->points, number);
        if (point != nullptr) {
            return point;
        }
    }
    return nullptr;
}

const Directory::SeriesEntry* Directory::find_series(SeriesNumber number) const {
    const SeriesEntry* entry = find_in(series, number);
    return entry != nullptr ? entry : find_in(retired_series, number);
}

bool Directory::is_in_use(PointNumber number) const {
    const Panel* panel = find_in(panels, panel_of(number));
    return panel != nullptr && find_in(panel->points, number) != nullptr;
}

const Id& Directory::panel_id(PanelNumber number) const {
    if (number == gateway_panel) {
        return gateway_panel_id;
    }
    const Panel* panel = find_panel(number);
    return panel == nullptr ? unknown_panel_id : panel->id;
}

}  // namespace metergate::record
