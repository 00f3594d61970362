#pragma once

#include <optional>
#include <string>
#include <vector>

#include "gateway/model/ids.hpp"
#include "gateway/model/series.hpp"
#include "gateway/model/wiring.hpp"

namespace metergate::record {

/// Who is behind the numbers: made once from settings and store numbering, then only read. Copied
/// to whoever needs it.
struct Directory {
    struct Point {
        PointNumber number{};
        Id id;
        std::string name;
        std::string role;
        Id fed_from;
        std::string suite;
        std::vector<Element> elements;
        std::vector<SeriesNumber> series;
    };
    struct Panel {
        PanelNumber number{};
        Id id;
        Id line;
        std::string name;
        std::string profile;
        std::vector<Point> points;
    };
    struct SeriesEntry {
        SeriesNumber number{};
        Series series;
        std::string code;  ///< code_of(series)
    };

    Id gateway;
    std::string gateway_name;
    std::string zone;
    std::vector<Panel> panels;
    std::vector<SeriesEntry> series;
    /// What the settings named once and name no more: records of it may still wait, and are asked
    /// for. Of these only numbers and ids are known. A panel that lost some points is in both.
    std::vector<Panel> retired_panels;
    std::vector<SeriesEntry> retired_series;

    // These find what is retired as well.
    [[nodiscard]] const Panel* find_panel(PanelNumber number) const;
    [[nodiscard]] const Point* find_point(PointNumber number) const;
    [[nodiscard]] const SeriesEntry* find_series(SeriesNumber number) const;
    /// Whether the settings name the point now.
    [[nodiscard]] bool is_in_use(PointNumber number) const;
    /// The panel's id; "gateway" for the pseudo-panel.
    [[nodiscard]] const Id& panel_id(PanelNumber number) const;
};

}  // namespace metergate::record
