#include "tests/building/scenario.hpp"

#include <gtest/gtest.h>

#include "config/schema/settings_tables.hpp"
#include "tests/building/gateway_settings.hpp"

namespace metergate::building {
namespace {

std::string complaint(std::string_view text) {
    const auto scenario = parse_scenario(text);
    return scenario ? "accepted" : scenario.error().text;
}

TEST(Scenario, an_empty_document_is_one_line_with_one_panel_of_24_points) {
    const auto scenario = parse_scenario("{}");
    ASSERT_TRUE(scenario) << scenario.error().text;
    ASSERT_EQ(scenario->lines.size(), 1U);
    ASSERT_EQ(scenario->panels.size(), 1U);
    EXPECT_EQ(scenario->panels[0].points.size(), 24U);
    EXPECT_EQ(scenario->panels[0].points[4].id, "line-1-p1-05");
    EXPECT_EQ(scenario->series, std::vector<std::string>{"kwh-15min"});
}

TEST(Scenario, the_same_seed_gives_the_same_building_and_another_does_not) {
    const auto one = parse_scenario(R"({"seed": 5})");
    const auto same = parse_scenario(R"({"seed": 5})");
    const auto other = parse_scenario(R"({"seed": 6})");
    EXPECT_EQ(one->panels[0].serial, same->panels[0].serial);
    EXPECT_NE(one->panels[0].serial, other->panels[0].serial);
}

TEST(Scenario, what_is_wrong_is_named_with_its_path) {
    EXPECT_EQ(complaint("[]"), "the document: not an object but a list");
    EXPECT_EQ(complaint(R"({"seeds": 1})"), "seeds: unknown key");
    EXPECT_EQ(complaint(R"({"lines": [{"id": "a", "baud": 5}]})"),
              "lines[0].baud: 5 is outside 1200..1000000");
    EXPECT_EQ(complaint(R"({"panels": [{"id": "x", "line": "nowhere"}]})"),
              "panels[0].line: there is no line \"nowhere\"");
    EXPECT_EQ(complaint(R"({"faults": [{"kind": "silnt"}]})"),
              "faults[0].kind: \"silnt\" is not a kind of fault");
    EXPECT_EQ(complaint(R"({"faults": [{"kind": "silent", "target": "cellar"}]})"),
              "faults[0].target: \"cellar\" is nothing such a fault can happen to");
    EXPECT_EQ(complaint(R"({"faults": [{"kind": "late", "target": "line-1", "args": {"m": 1}}]})"),
              "faults[0].args.m: unknown key");
    EXPECT_EQ(complaint(R"({"tenants": [{"point": "line-1-p1-77"}]})"),
              "tenants[0].point: there is no point \"line-1-p1-77\"");
    EXPECT_EQ(complaint(R"({"zone": "Mars/Olympus"})"),
              "zone: \"Mars/Olympus\" is not a time zone");
    EXPECT_EQ(complaint(R"({"start": "yesterday"})"),
              "start: not a UTC time such as 2026-03-02T05:00:00Z");
    EXPECT_EQ(load_scenario("/nonexistent.json").error().fault, Fault::not_found);
}

TEST(Scenario, a_panel_fault_on_a_line_strikes_each_of_its_panels) {
    const auto scenario = parse_scenario(R"({"lines": [{"id": "a", "panels": 3}],
        "faults": [{"kind": "power-cut", "target": "a", "at_s": 5, "for_s": 9}]})");
    ASSERT_TRUE(scenario) << scenario.error().text;
    EXPECT_EQ(scenario->faults.size(), 3U);
    EXPECT_EQ(scenario->panels[2].faults.size(), 1U);
}

TEST(Scenario, a_fault_on_a_point_strikes_it_alone) {
    const auto scenario =
        parse_scenario(R"({"faults": [{"kind": "register-reset", "target": "line-1-p1-03"}]})");
    ASSERT_TRUE(scenario) << scenario.error().text;
    EXPECT_EQ(scenario->panels[0].faults[0].point, 2U);
}

TEST(Scenario, moving_the_start_moves_the_faults) {
    auto scenario =
        parse_scenario(R"({"faults": [{"kind": "silent", "target": "line-1", "at_s": 60}]})");
    scenario->start_at(utc_from_s(1'800'000'000));
    EXPECT_EQ(scenario->lines[0].faults[0].from, UtcTime{utc_from_s(1'800'000'060)});
    EXPECT_EQ(scenario->faults[0].from, UtcTime{utc_from_s(1'800'000'060)});
}

TEST(Scenario, the_shipped_files_are_good_and_their_settings_have_no_problem) {
    for (const char* name : {"demo", "day"}) {
        const auto scenario =
            load_scenario(std::string(METERGATE_SCENARIO_DIR "/") + name + ".json");
        ASSERT_TRUE(scenario) << scenario.error().text;
        GatewayConnections connections;
        connections.mqtt_port = 1883;
        const std::string text = settings_for(*scenario, connections);
        const auto document = schema::parse_json(text);
        ASSERT_TRUE(document) << document.error().text;
        const auto read = schema::read_settings(*document);
        for (const auto& problem : read.problems) {
            ADD_FAILURE() << name << ": " << schema::text_of(problem);
        }
        EXPECT_EQ(read.settings.lines.size(), scenario->lines.size());
    }
}

TEST(GatewaySettings, ports_are_those_of_the_building) {
    const auto scenario = parse_scenario(
        R"({"lines": [{"id": "a", "panels": 1}, {"id": "b", "kind": "tcp", "panels": 1},
                      {"id": "c", "kind": "rtu_over_tcp", "baud": 9600, "panels": 1}]})");
    GatewayConnections connections;
    connections.serial_ports["a"] = "/tmp/x/a";
    connections.tcp_ports["b"] = 5021;
    connections.tcp_ports["c"] = 5022;
    const auto document = schema::parse_json(settings_for(*scenario, connections));
    const auto read = schema::read_settings(*document);
    EXPECT_TRUE(read.problems.empty());
    ASSERT_TRUE(read.settings.lines[0].rs485);
    EXPECT_EQ(read.settings.lines[0].rs485->port, "/tmp/x/a");
    EXPECT_EQ(read.settings.lines[0].rs485->baud, 115'200);
    ASSERT_TRUE(read.settings.lines[1].modbus_tcp);
    EXPECT_EQ(read.settings.lines[1].modbus_tcp->port, 5021);
    EXPECT_EQ(read.settings.lines[1].panels[0].points.size(), 24U);
    ASSERT_TRUE(read.settings.lines[2].rtu_over_tcp);
    EXPECT_EQ(read.settings.lines[2].rtu_over_tcp->port, 5022);
    EXPECT_EQ(read.settings.lines[2].rtu_over_tcp->baud, 9600);
}

}  // namespace
}  // namespace metergate::building
