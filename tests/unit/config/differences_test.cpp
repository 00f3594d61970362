#include "config/differences.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/document.hpp"

namespace metergate::config {
namespace {

using ::testing::ElementsAre;

schema::Settings one_panel() {
    schema::PointSettings point;
    point.id = "suite-1";
    schema::PanelSettings panel;
    panel.id = "east";
    panel.profile = "metergate-panel-24";
    panel.points = {point};
    schema::LineSettings line;
    line.id = "riser-1";
    line.rs485 = schema::Rs485Settings{.port = "/dev/ttyUSB0"};
    line.panels = {panel};
    schema::Settings settings;
    settings.gateway.id = "tower";
    settings.lines = {line};
    return settings;
}

std::vector<std::string> texts(const schema::Settings& from, const schema::Settings& to) {
    std::vector<std::string> all;
    for (const Difference& difference : differences(from, to)) {
        all.push_back(text_of(difference));
    }
    return all;
}

TEST(Differences, equal_settings_have_none) {
    EXPECT_TRUE(differences(one_panel(), one_panel()).empty());
}

TEST(Differences, are_told_by_path_with_label_unit_and_seal) {
    auto to = one_panel();
    to.lines[0].name = "Riser";
    to.lines[0].panels[0].address = 7;
    to.lines[0].panels[0].points[0].ct_primary_a = 400;
    to.recording.close_wait_s = 60;
    EXPECT_THAT(
        texts(one_panel(), to),
        ElementsAre(
            "recording.close_wait_s: Wait for the reading after an edge 30 s -> 60 s (logged)",
            "lines[riser-1].name: Name \"\" -> \"Riser\"",
            "lines[riser-1].panels[east].address: Modbus address 1 -> 7 (sealed)",
            "lines[riser-1].panels[east].points[suite-1].ct_primary_a: CT primary 200 A -> 400 A "
            "(sealed)"));
}

TEST(Differences, what_is_in_one_document_only_is_one_difference) {
    auto to = one_panel();
    auto panel = to.lines[0].panels[0];
    panel.id = "west";
    panel.points[0].id = "suite-2";
    to.lines[0].panels = {panel};
    to.lines[0].rs485.reset();
    to.lines[0].modbus_tcp = schema::ModbusTcpSettings{.host = "10.0.0.7"};
    EXPECT_THAT(texts(one_panel(), to),
                ElementsAre("lines[riser-1].rs485: removed: RS485 line (logged)",
                            "lines[riser-1].modbus_tcp: added: Modbus TCP line (logged)",
                            "lines[riser-1].panels[east]: removed: Panel with 1 points (sealed)",
                            "lines[riser-1].panels[west]: added: Panel with 1 points (sealed)"));
}

TEST(Differences, optional_values_and_the_order_of_a_list_are_told) {
    auto from = one_panel();
    auto second = from.lines[0];
    second.id = "riser-2";
    second.panels.clear();
    from.lines.push_back(second);
    auto to = from;
    std::swap(to.lines[0], to.lines[1]);
    to.lines[1].panels[0].points[0].service = Service::network_bc;
    EXPECT_THAT(texts(from, to),
                ElementsAre("lines[riser-1].panels[east].points[suite-1].service: Service nothing "
                            "-> \"network-bc\" (sealed)",
                            "lines: Order of the list riser-1, riser-2 -> riser-2, riser-1"));
}

TEST(Differences, of_sealed_or_logged_parameters_are_those_that_change_the_hash) {
    auto named = one_panel();
    named.lines[0].panels[0].points[0].suite = "101";
    auto moved = one_panel();
    moved.lines[0].panels[0].points[0].slot = 2;
    for (const auto& to : {named, moved}) {
        const auto found = differences(one_panel(), to);
        ASSERT_EQ(found.size(), 1U);
        EXPECT_EQ(found[0].seal == schema::Seal::free,
                  parameter_hash(one_panel()) == parameter_hash(to));
        EXPECT_EQ(found[0].source, "suite-1");
    }
}

TEST(Differences, of_items_without_an_id_are_told_by_what_stands_first) {
    auto from = one_panel();
    from.modbus_gateway.units = {{17, "east"}, {18, "west"}};
    auto to = from;
    to.modbus_gateway.units = {{18, "east"}, {19, "west"}};
    EXPECT_THAT(
        texts(from, to),
        ElementsAre("modbus_gateway.units[17]: removed: Unit {\"unit\":17,\"panel\":\"east\"} "
                    "(logged)",
                    "modbus_gateway.units[18].panel: Panel \"west\" -> \"east\" (logged)",
                    "modbus_gateway.units[19]: added: Unit {\"unit\":19,\"panel\":\"west\"} "
                    "(logged)"));
    for (const Difference& difference : differences(from, to)) {
        EXPECT_EQ(difference.source, "") << "of the gateway itself";
    }
}

}  // namespace
}  // namespace metergate::config
