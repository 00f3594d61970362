#include "gateway/record/directory.hpp"

#include <gtest/gtest.h>

namespace metergate::record {
namespace {

Directory two_panels() {
    Directory directory;
    for (const std::uint32_t number : {1U, 2U}) {
        Directory::Panel panel;
        panel.number = PanelNumber{number};
        panel.id = "panel-" + std::to_string(number);
        panel.points.push_back({.number = point_number(panel.number, 3),
                                .id = "suite-" + std::to_string(number),
                                .name = {},
                                .role = {},
                                .fed_from = {},
                                .suite = {},
                                .elements = {},
                                .series = {}});
        directory.panels.push_back(panel);
    }
    directory.series.push_back({SeriesNumber{4}, Series{}, "kwh-15min"});
    return directory;
}

TEST(Directory, finds_what_it_knows_by_number) {
    const Directory directory = two_panels();
    EXPECT_EQ(directory.find_panel(PanelNumber{2})->id, "panel-2");
    EXPECT_EQ(directory.find_point(point_number(PanelNumber{2}, 3))->id, "suite-2");
    EXPECT_EQ(directory.find_series(SeriesNumber{4})->code, "kwh-15min");
    EXPECT_EQ(directory.panel_id(PanelNumber{1}), "panel-1");
}

TEST(Directory, what_it_does_not_know_is_nothing) {
    const Directory directory = two_panels();
    EXPECT_EQ(directory.find_panel(PanelNumber{3}), nullptr);
    EXPECT_EQ(directory.find_point(point_number(PanelNumber{2}, 4)), nullptr);
    EXPECT_EQ(directory.find_point(point_number(PanelNumber{9}, 3)), nullptr);
    EXPECT_EQ(directory.find_series(SeriesNumber{5}), nullptr);
    EXPECT_EQ(directory.panel_id(PanelNumber{9}), "unknown");
}

TEST(Directory, the_panel_without_a_wire_is_called_gateway) {
    EXPECT_EQ(two_panels().panel_id(gateway_panel), "gateway");
}

}  // namespace
}  // namespace metergate::record
