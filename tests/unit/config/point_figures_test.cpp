#include "config/point_figures.hpp"

#include <gtest/gtest.h>

#include "tests/unit/config/fake_facts.hpp"

namespace metergate::config {
namespace {

schema::PointSettings new_point(const Id& id) {
    schema::PointSettings point;
    point.id = id;
    return point;
}

TEST(PointFigures, the_table_shows_wiring_multiplier_and_full_load_of_each_point) {
    schema::Settings settings;
    auto& panels = settings.lines.emplace_back().panels;
    auto& panel = panels.emplace_back();
    panel.id = "east";
    panel.profile = "panel-24";
    panel.points = {new_point("suite-101"), new_point("bulk"), new_point("bare")};
    panel.points[0].service = Service::network_ab;
    panel.points[0].channels = {1, 18};
    panel.points[0].reversed_channels = {18};
    panel.points[1].service = Service::four_wire_wye;
    panel.points[1].channels = {3, 4, 5};
    panel.points[1].ct_primary_a = 225;
    panel.points[1].ct_secondary_ma = 5'000;
    panel.points[1].ct_turns = 2;
    auto& meter = panels.emplace_back();
    meter.id = "m";
    meter.profile = "meter-1";
    meter.points = {new_point("hall")};
    panels.emplace_back().profile = "unknown";

    EXPECT_EQ("\n" + figures_table(point_figures(settings, FakeFacts())), R"(
panel  point      service     channels     CT                        multiplier  full load kW
east   suite-101  network-ab  1.1 2.2-     200 A : 80 mA                   2500          48.0
east   bulk       4-wire      1.3 1.4 1.5  225 A : 5000 mA, 2 turns        45/2          40.5
east   bare       -           -            200 A : 80 mA                   2500             -
m      hall       -           -            200 A : 80 mA                      1             -
)");
}

}  // namespace
}  // namespace metergate::config
