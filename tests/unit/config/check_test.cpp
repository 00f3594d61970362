#include "tests/unit/config/check_fixture.hpp"

namespace metergate::config {
namespace {

TEST_F(Check, good_settings_have_no_problems) {
    add_destination("office");
    EXPECT_THAT(errors(), IsEmpty());
    EXPECT_THAT(warnings(), IsEmpty());
}

TEST_F(Check, an_id_is_unique_over_lines_panels_points_and_destinations) {
    point(1).id = "riser-1";
    add_destination("east");
    EXPECT_THAT(
        errors(),
        ElementsAre("lines[0].panels[0].points[1].id: \"riser-1\" is already the id of "
                    "lines[0]",
                    "destinations[0].id: \"east\" is already the id of lines[0].panels[0]"));
}

TEST_F(Check, gateway_is_no_id_for_a_panel) {
    panel().id = "gateway";
    EXPECT_THAT(errors(), ElementsAre("lines[0].panels[0].id: \"gateway\" is reserved: the "
                                      "gateway's own batches go by that name"));
}

TEST_F(Check, an_unknown_zone_is_refused) {
    settings.gateway.zone = "EST5";
    EXPECT_THAT(errors(), ElementsAre("gateway.zone: \"EST5\" is no time zone; write it as "
                                      "America/Toronto"));
}

TEST_F(Check, an_address_used_twice_on_a_line_is_refused) {
    line().panels.push_back(new_panel("west", 1, "panel-12"));
    line().panels[1].points = {new_point("suite-201", 1)};
    EXPECT_THAT(errors(), ElementsAre("lines[0].panels[1].address: 1 is already the address of "
                                      "panel \"east\""));
}

TEST_F(Check, the_same_address_on_two_lines_is_fine) {
    settings.lines.push_back({.id = "riser-2",
                              .name = {},
                              .rs485 = {},
                              .modbus_tcp = {},
                              .rtu_over_tcp = {},
                              .panels = {}});
    settings.lines[1].modbus_tcp.emplace().host = "10.0.0.7";
    settings.lines[1].panels.push_back(new_panel("west", 1, "panel-12"));
    settings.lines[1].panels[0].points = {new_point("suite-201", 1)};
    EXPECT_THAT(errors(), IsEmpty());
}

TEST_F(Check, a_wire_used_by_two_lines_is_refused) {
    settings.lines.push_back({.id = "riser-2",
                              .name = {},
                              .rs485 = line().rs485,
                              .modbus_tcp = {},
                              .rtu_over_tcp = {},
                              .panels = {}});
    for (const char* host : {"panel.local", "Panel.local"}) {
        auto& tcp = settings.lines.emplace_back();
        tcp.id = host[0] == 'p' ? "tcp-1" : "tcp-2";
        tcp.modbus_tcp.emplace().host = host;
    }
    EXPECT_THAT(errors(), ElementsAre("lines[1].rs485.port: \"/dev/ttyUSB0\" is already used by "
                                      "line \"riser-1\"",
                                      "lines[3].modbus_tcp: \"panel.local:502\" is already used "
                                      "by line \"tcp-1\""));
}

TEST_F(Check, a_port_of_a_host_is_one_wire_whatever_is_spoken_there) {
    for (const char* id : {"server-1", "server-2"}) {
        auto& server = settings.lines.emplace_back();
        server.id = id;
        server.rtu_over_tcp.emplace().host = "10.0.0.9";
    }
    auto& tcp = settings.lines.emplace_back();
    tcp.id = "tcp";
    tcp.modbus_tcp = schema::ModbusTcpSettings{"10.0.0.9", 4001};
    EXPECT_THAT(errors(),
                ElementsAre("lines[2].rtu_over_tcp: \"10.0.0.9:4001\" is already used by line "
                            "\"server-1\"",
                            "lines[3].modbus_tcp: \"10.0.0.9:4001\" is already used by line "
                            "\"server-1\""));
}

TEST_F(Check, delays_of_a_direction_control_that_is_off_are_warned_of) {
    line().rs485->rts_delay_before_send_ms = 1;
    line().rs485->rts_delay_after_send_ms = 1;
    EXPECT_THAT(warnings(), ElementsAre("lines[0].rs485.rts_delay_before_send_ms: has no effect "
                                        "while direction_control is off",
                                        "lines[0].rs485.rts_delay_after_send_ms: has no effect "
                                        "while direction_control is off"));
    line().rs485->direction_control = schema::DirectionControl::rts_on_send;
    EXPECT_THAT(warnings(), IsEmpty());
}

TEST_F(Check, an_unknown_profile_is_refused_with_the_nearest_name) {
    panel().profile = "panel-42";
    EXPECT_THAT(errors(), ElementsAre("lines[0].panels[0].profile: there is no profile "
                                      "\"panel-42\"; did you mean \"panel-12\"?"));
    panel().profile = "something-else";
    EXPECT_THAT(errors(), ElementsAre("lines[0].panels[0].profile: there is no profile "
                                      "\"something-else\"; known: meter-1, panel-12, panel-24"));
}

TEST_F(Check, a_slot_used_twice_or_beyond_the_profile_is_refused) {
    panel().profile = "panel-12";
    point(1).slot = 1;
    panel().points.push_back(new_point("suite-103", 13));
    EXPECT_THAT(errors(), ElementsAre("lines[0].panels[0].points[1].slot: 1 is already the slot "
                                      "of point \"suite-101\"",
                                      "lines[0].panels[0].points[2].slot: 13 is beyond the 12 "
                                      "points of profile panel-12"));
}

TEST_F(Check, a_channel_used_twice_is_refused) {
    wire(point(1), Service::network_bc, {2, 17});
    EXPECT_THAT(errors(), ElementsAre("lines[0].panels[0].points[1].channels[0]: channel 2 (cable "
                                      "1, pair 2) is already used by point \"suite-101\""));
    wire(point(1), Service::network_bc, {17, 17});
    EXPECT_THAT(errors(), ElementsAre("lines[0].panels[0].points[1].channels[1]: channel 17 (cable "
                                      "2, pair 1) is already used by point \"suite-102\""));
}

TEST_F(Check, a_channel_beyond_the_profile_is_refused) {
    panel().profile = "panel-12";
    wire(point(1), Service::network_bc, {24, 25});
    EXPECT_THAT(errors(), ElementsAre("lines[0].panels[0].points[1].channels[1]: 25 is beyond the "
                                      "24 channels of profile panel-12"));
}

TEST_F(Check, the_number_of_channels_is_that_of_the_service) {
    wire(point(0), Service::four_wire_wye, {1, 2});
    wire(point(1), Service::two_wire_120_a, {});
    EXPECT_THAT(errors(), ElementsAre("lines[0].panels[0].points[0].channels: service 4-wire "
                                      "needs 3 channels, here are 2",
                                      "lines[0].panels[0].points[1].channels: service 2-wire-a "
                                      "needs 1 channel, here are 0"));
}

TEST_F(Check, channels_need_a_service) {
    point(0).service.reset();
    EXPECT_THAT(errors(), ElementsAre("lines[0].panels[0].points[0].service: is needed to know "
                                      "the phases of the channels"));
}

TEST_F(Check, channels_of_a_meter_with_fixed_inputs_are_refused) {
    panel().profile = "meter-1";
    panel().points.resize(1);
    EXPECT_THAT(errors(), ElementsAre("lines[0].panels[0].points[0].channels: profile meter-1 has "
                                      "no channels to choose: its inputs are fixed"));
}

TEST_F(Check, reversed_channels_are_among_the_channels) {
    point(0).reversed_channels = {2, 3, 2};
    EXPECT_THAT(errors(), ElementsAre("lines[0].panels[0].points[0].reversed_channels[1]: 3 is "
                                      "not among the channels of the point",
                                      "lines[0].panels[0].points[0].reversed_channels[2]: 2 "
                                      "stands twice"));
}

TEST_F(Check, what_feeds_a_point_must_exist) {
    point(0).fed_from = "suite-12";
    EXPECT_THAT(errors(), ElementsAre("lines[0].panels[0].points[0].fed_from: there is no point "
                                      "\"suite-12\"; did you mean \"suite-102\"?"));
}

TEST_F(Check, a_supply_in_a_circle_is_told_once) {
    panel().points.push_back(new_point("suite-103", 3));
    point(0).fed_from = "suite-102";
    point(1).fed_from = "suite-103";
    point(2).fed_from = "suite-101";
    EXPECT_THAT(errors(), ElementsAre("lines[0].panels[0].points[0].fed_from: the supply goes in "
                                      "a circle: suite-101 from suite-102 from suite-103 from "
                                      "suite-101"));
    point(2).fed_from = "suite-103";
    EXPECT_THAT(errors(), ElementsAre("lines[0].panels[0].points[2].fed_from: the supply goes in "
                                      "a circle: suite-103 from suite-103"));
}

TEST_F(Check, seconds_are_only_for_a_laboratory) {
    settings.recording.series = {"kwh-10s", "kwh-7min", "kwh-15min", "kwh-15min"};
    panel().poll_period_ms = 1'000;
    EXPECT_THAT(errors(),
                ElementsAre("recording.series[0]: \"kwh-10s\" is only for a laboratory: set "
                            "gateway.laboratory, or take 5 min or more",
                            "recording.series[1]: \"kwh-7min\" has no length for billing: 5, 10, "
                            "15, 20, 30 min, 1, 2, 3, 4, 6, 8, 12 or 24 h",
                            "recording.series[3]: \"kwh-15min\" stands twice"));
    settings.gateway.laboratory = true;
    settings.recording.series = {"kwh-10s", "kwh-15min"};
    EXPECT_THAT(errors(), IsEmpty());
}

TEST_F(Check, a_poll_period_longer_than_the_interval_is_refused) {
    panel().poll_period_ms = 400'000;
    point(1).series = {"kwh-5min"};
    EXPECT_THAT(errors(), ElementsAre("lines[0].panels[0].points[1].series[0]: kwh-5min needs a "
                                      "poll in each interval of 5 min; poll_period_ms is 400000"));
}

TEST_F(Check, a_series_billed_from_a_log_needs_a_log_of_that_quantity) {
    settings.recording.series = {"kwh-15min-log"};
    EXPECT_THAT(errors(), IsEmpty());
    point(0).series = {"kwh-received-15min-log"};
    line().panels.push_back(new_panel("west", 2, "panel-12"));
    line().panels[1].points = {new_point("suite-201", 1)};
    EXPECT_THAT(errors(),
                testing::IsSupersetOf({"lines[0].panels[0].points[0].series[0]: "
                                       "kwh-received-15min-log: profile panel-24 has no interval "
                                       "log with increments of kwh-received",
                                       "lines[0].panels[1].points[0].series: kwh-15min-log: "
                                       "profile panel-12 has no interval log with increments of "
                                       "kwh"}));
}

TEST_F(Check, a_panel_has_one_log_of_whole_minutes) {
    settings.gateway.laboratory = true;
    settings.recording.series = {"kwh-15min-log"};
    point(1).series = {"kwh-1h-log", "kwh-1h", "kwh-30s-log"};
    panel().poll_period_ms = 1'000;
    EXPECT_THAT(errors(), ElementsAre("lines[0].panels[0].points[1].series[0]: kwh-1h-log: another "
                                      "series of this panel is billed from its log in intervals of "
                                      "15 min, and a panel has one log",
                                      "lines[0].panels[0].points[1].series[2]: kwh-30s-log: a "
                                      "panel's own log has whole minutes"));
}

TEST_F(Check, a_series_needs_its_register_in_the_profile) {
    point(0).series = {"kwh-received-15min"};
    EXPECT_THAT(errors(), ElementsAre("lines[0].panels[0].points[0].series[0]: "
                                      "kwh-received-15min: profile panel-24 has no register "
                                      "kwh-received"));
}

TEST_F(Check, a_ct_that_would_step_up_is_refused) {
    point(0).ct_primary_a = 4;
    point(0).ct_secondary_ma = 5'000;
    EXPECT_THAT(errors(), ElementsAre("lines[0].panels[0].points[0].ct_secondary_ma: a CT of 4 A "
                                      ": 5000 mA would step the current up"));
}

TEST_F(Check, a_multiplier_that_breaks_the_rollover_is_refused) {
    point(0).ct_secondary_ma = 5'000;
    point(0).ct_turns = 3;  // 200/(5 x 3) = 40/3: 10^12 x 40/3 is no whole number
    EXPECT_THAT(errors(), ElementsAre("lines[0].panels[0].points[0].ct_primary_a: the multiplier "
                                      "40/3 turns the rollover of register kwh into no whole "
                                      "number; check the CT and PT ratios"));
}

TEST_F(Check, doubtful_transformers_are_warned_of) {
    point(0).ct_secondary_ma = 333;
    point(1).breaker_a = 150;
    point(1).ct_turns = 2;
    settings.lines[0].panels[0].profile = "panel-24";
    EXPECT_THAT(warnings(),
                ElementsAre("lines[0].panels[0].points[0].ct_secondary_ma: 333 mA is unusual; "
                            "look at the CT: 80, 1000 and 5000 are common",
                            "lines[0].panels[0].points[1].breaker_a: the breaker of 150 A lets "
                            "more flow than the CT's 200 A : 80 mA with 2 turns can measure"));
}

TEST_F(Check, transformers_of_a_meter_with_primary_registers_are_warned_of) {
    panel().profile = "meter-1";
    panel().points = {new_point("suite-101", 1)};
    point(0).pt_ratio_thousandths = 2'000;
    EXPECT_THAT(errors(), IsEmpty());
    EXPECT_THAT(warnings(), ElementsAre("lines[0].panels[0].points[0].ct_primary_a: registers of "
                                        "profile meter-1 are primary values: the transformers "
                                        "set here change nothing, they must be set in the meter"));
}

TEST_F(Check, what_would_measure_or_record_nothing_is_warned_of) {
    settings.recording.series.clear();
    panel().points.resize(1);
    line().panels.push_back(new_panel("west", 2, "panel-12"));
    EXPECT_THAT(warnings(), ElementsAre("lines[0].panels[0].points[0].series: no series: nothing "
                                        "of this point will be recorded",
                                        "lines[0].panels[1].points: there is no point: nothing of "
                                        "this panel will be recorded"));
    settings.lines.clear();
    EXPECT_THAT(warnings(), ElementsAre("lines: there is no line: nothing will be measured"));
}

TEST_F(Check, a_clock_that_nobody_knows_how_to_set_is_not_promised_to_be_set) {
    panel().clock = schema::ClockCare::set;
    EXPECT_THAT(errors(), IsEmpty());
    panel().profile = "panel-12";
    EXPECT_THAT(
        errors(),
        ElementsAre("lines[0].panels[0].clock: profile panel-12 says no way to set a clock"));
}

TEST_F(Check, nothing_is_concluded_from_what_could_not_be_read) {
    line().panels.push_back(new_panel("", 1, ""));  // as the reader leaves what it could not read
    line().panels[1].points = {new_point("suite-101", 1)};
    known = {{"lines[0].panels[1].id", "is missing", {}},
             {"lines[0].panels[1].address", "248 is outside 1..247", {}},
             {"lines[0].panels[1].profile", "is missing", {}},
             {"lines[0].panels[1].points[0]", "must be an object, not a string", {}},
             {"lines[0].panels[1].points[0].id", "", {}}};
    EXPECT_THAT(errors(), IsEmpty());
}

// ---- Modbus gateway ----

TEST_F(Check, units_of_the_modbus_gateway_are_panels_and_each_one_panel) {
    settings.modbus_gateway.units = {{17, "east"}, {18, "eats"}, {17, "east"}, {19, "east"}};
    EXPECT_THAT(errors(), ElementsAre("modbus_gateway.units[1].panel: there is no panel \"eats\"; "
                                      "did you mean \"east\"?",
                                      "modbus_gateway.units[2].unit: 17 is already the unit of "
                                      "panel \"east\""));
}

TEST_F(Check, without_units_panels_go_by_their_addresses_which_must_then_differ) {
    settings.modbus_gateway.enabled = true;
    EXPECT_THAT(errors(), IsEmpty());
    settings.lines.push_back({.id = "riser-2",
                              .name = {},
                              .rs485 = {},
                              .modbus_tcp = {},
                              .rtu_over_tcp = {},
                              .panels = {}});
    settings.lines[1].modbus_tcp.emplace().host = "10.0.0.7";
    settings.lines[1].panels.push_back(new_panel("west", 1, "panel-12"));
    settings.lines[1].panels[0].points = {new_point("suite-201", 1)};
    EXPECT_THAT(errors(), ElementsAre("modbus_gateway.units: is needed: panels \"east\" and "
                                      "\"west\" both have the address 1"));
    settings.modbus_gateway.units = {{1, "east"}, {2, "west"}};
    EXPECT_THAT(errors(), IsEmpty());
    settings.modbus_gateway.units.clear();
    settings.modbus_gateway.enabled = false;
    EXPECT_THAT(errors(), IsEmpty());
}

TEST_F(Check, a_modbus_gateway_that_is_open_to_everybody_is_warned_of) {
    auto& gateway = settings.modbus_gateway;
    gateway.enabled = true;
    EXPECT_THAT(warnings(), IsEmpty()) << "of this machine alone";
    gateway.address = "0.0.0.0";
    EXPECT_THAT(warnings(), ElementsAre("modbus_gateway.clients: is empty: whoever reaches "
                                        "0.0.0.0:502 can read the panels"));
    gateway.allow_writes = true;
    EXPECT_THAT(warnings(), ElementsAre("modbus_gateway.clients: is empty: whoever reaches "
                                        "0.0.0.0:502 can write to the panels"));
    gateway.clients = {"10.1.0.7"};
    EXPECT_THAT(warnings(),
                ElementsAre("modbus_gateway.allow_writes: clients can write to the panels, and so "
                            "change what is billed"));
    gateway.allow_writes = false;
    EXPECT_THAT(warnings(), IsEmpty());
}

}  // namespace
}  // namespace metergate::config
