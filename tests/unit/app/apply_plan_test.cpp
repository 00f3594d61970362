#include "gateway/app/apply_plan.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace metergate::app {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

schema::LineSettings line_of(const Id& id, int address) {
    schema::PointSettings point;
    point.id = id + "-suite";
    schema::PanelSettings panel;
    panel.id = id + "-panel";
    panel.address = address;
    panel.profile = "metergate-panel-24";
    panel.points = {point};
    schema::LineSettings line;
    line.id = id;
    line.rs485 = schema::Rs485Settings{.port = "/dev/" + id};
    line.panels = {panel};
    return line;
}

schema::Settings two_lines() {
    schema::DestinationSettings office;
    office.id = "office";
    office.mqtt.emplace().host = "broker.example";
    schema::Settings settings;
    settings.gateway.id = "tower";
    settings.lines = {line_of("riser-1", 1), line_of("riser-2", 2)};
    settings.destinations = {office};
    return settings;
}

TEST(ApplyPlan, equal_settings_touch_nothing) {
    const auto plan = plan_apply(two_lines(), two_lines());
    EXPECT_THAT(plan.lines.kept, ElementsAre("riser-1", "riser-2"));
    EXPECT_THAT(plan.lines.ending(), IsEmpty());
    EXPECT_THAT(plan.destinations.kept, ElementsAre("office"));
    EXPECT_THAT(plan.differences, IsEmpty());
    EXPECT_THAT(plan.notes, IsEmpty());
}

TEST(ApplyPlan, a_line_is_made_anew_for_what_its_thread_works_by_and_nothing_else) {
    auto named = two_lines();
    auto& panel = named.lines[0].panels[0];
    named.lines[0].name = "Riser";
    panel.name = "Panel";
    panel.nominal_mv = 230'000;
    panel.points[0].name = "Suite";
    panel.points[0].series = {"kwh-1h"};
    panel.points[0].service = Service::network_bc;
    panel.points[0].channels = {1, 2};
    EXPECT_THAT(plan_apply(two_lines(), named).lines.ending(), IsEmpty());

    const std::vector<void (*)(schema::LineSettings&)> changes{
        [](auto& line) { line.rs485->baud = 9'600; },
        [](auto& line) { line.panels[0].address = 3; },
        [](auto& line) { line.panels[0].profile = "metergate-panel-12"; },
        [](auto& line) { line.panels[0].poll_period_ms = 5'000; },
        [](auto& line) { line.panels[0].points[0].slot = 2; },
        [](auto& line) { line.panels[0].points[0].ct_primary_a = 400; },
        [](auto& line) { line.panels[0].points.clear(); },
        [](auto& line) { line.panels.clear(); }};
    for (const auto change : changes) {
        auto wanted = two_lines();
        change(wanted.lines[0]);
        const auto plan = plan_apply(two_lines(), wanted);
        EXPECT_THAT(plan.lines.changed, ElementsAre("riser-1"));
        EXPECT_THAT(plan.lines.kept, ElementsAre("riser-2"));
    }
}

TEST(ApplyPlan, lines_and_destinations_come_and_go) {
    auto wanted = two_lines();
    wanted.lines[0] = line_of("riser-3", 1);
    wanted.destinations[0].id = "billing";
    const auto plan = plan_apply(two_lines(), wanted);
    EXPECT_THAT(plan.lines.ending(), ElementsAre("riser-1"));
    EXPECT_THAT(plan.lines.beginning(), ElementsAre("riser-3"));
    EXPECT_THAT(plan.destinations.ending(), ElementsAre("office"));
    EXPECT_THAT(plan.destinations.beginning(), ElementsAre("billing"));
    EXPECT_THAT(plan.notes, ElementsAre(HasSubstr("--drop-cursor office")));
}

TEST(ApplyPlan, where_a_destination_began_matters_to_a_new_one_only) {
    auto wanted = two_lines();
    wanted.destinations[0].from = "oldest";
    const auto plan = plan_apply(two_lines(), wanted);
    EXPECT_THAT(plan.destinations.kept, ElementsAre("office"));
    EXPECT_THAT(plan.notes, ElementsAre(HasSubstr("new destination only")));
    wanted.destinations[0].mqtt->window = 20;
    EXPECT_THAT(plan_apply(two_lines(), wanted).destinations.changed, ElementsAre("office"));
}

TEST(ApplyPlan, what_only_a_start_can_do_is_said) {
    auto other = two_lines();
    other.gateway.id = "mill";
    other.gateway.zone = "America/Toronto";
    other.gateway.laboratory = true;
    EXPECT_THAT(plan_apply(two_lines(), other).refusals,
                ElementsAre(HasSubstr("gateway.id"), HasSubstr("gateway.zone"),
                            HasSubstr("gateway.laboratory")));
    auto larger = two_lines();
    larger.recording.store_max_mb = 4'096;
    const auto plan = plan_apply(two_lines(), larger);
    EXPECT_THAT(plan.refusals, IsEmpty());
    EXPECT_THAT(plan.notes, ElementsAre(HasSubstr("started again")));
}

TEST(ApplyPlan, each_sealed_or_logged_difference_is_an_event_with_old_and_new) {
    auto wanted = two_lines();
    wanted.lines[0].name = "Riser";
    wanted.lines[0].panels[0].points[0].ct_primary_a = 400;
    const auto plan = plan_apply(two_lines(), wanted);
    ASSERT_EQ(plan.differences.size(), 2U);
    const auto events = programming_events(plan.differences, utc_from_ms(1));
    ASSERT_EQ(events.size(), 1U);
    EXPECT_EQ(events[0].kind, EventKind::programming);
    EXPECT_EQ(events[0].source, "riser-1-suite");
    EXPECT_EQ(events[0].old_value, "200 A");
    EXPECT_EQ(events[0].new_value, "400 A");
}

TEST(ApplyPlan, the_modbus_gateway_comes_changes_and_goes_without_touching_lines) {
    const auto off = two_lines();
    auto on = off;
    on.modbus_gateway.enabled = true;
    on.modbus_gateway.units = {{1, "riser-1-panel"}};
    auto other = on;
    other.modbus_gateway.units[0].unit = 2;
    EXPECT_EQ(plan_apply(off, off).modbus_gateway, PartChange::off);
    EXPECT_EQ(plan_apply(off, on).modbus_gateway, PartChange::added);
    EXPECT_EQ(plan_apply(on, on).modbus_gateway, PartChange::kept);
    EXPECT_EQ(plan_apply(on, other).modbus_gateway, PartChange::changed);
    EXPECT_EQ(plan_apply(on, off).modbus_gateway, PartChange::removed);
    EXPECT_THAT(plan_apply(on, other).lines.ending(), IsEmpty());
    auto faster = on;
    faster.lines[0].rs485->baud = 9'600;
    EXPECT_EQ(plan_apply(on, faster).modbus_gateway, PartChange::kept);
}

}  // namespace
}  // namespace metergate::app
