#include "tests/scenario/runs.hpp"

namespace metergate::scenario {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

/// Two lines with two panels each, quarter-hours, polls each 10 s; `faults` is the list's content.
building::Scenario small_building(const std::string& faults, const std::string& head = "") {
    return scenario_from(R"({"seed": 7, )" + head + R"(
        "lines": [{"id": "riser-1"}, {"id": "riser-2"}],
        "panels": [{"id": "east", "line": "riser-1"}, {"id": "west", "line": "riser-1"},
                   {"id": "north", "line": "riser-2"}, {"id": "south", "line": "riser-2"}],
        "faults": [)" + faults +
                         "]}");
}

TEST(Scenario, an_undisturbed_building_is_recorded_to_the_last_watt_hour) {
    const auto outcome = outcome_of(small_building(""), hours{3});
    EXPECT_TRUE(outcome.verdict.clean()) << table_of(outcome.verdict);
    EXPECT_EQ(outcome.verdict.missing, 0U);
    EXPECT_GT(outcome.verdict.energy_wh, 0);
}

TEST(Scenario, a_broker_that_is_away_for_an_hour_gets_everything_later) {
    const auto outcome = outcome_of(
        small_building(
            R"({"at_s": 1800, "kind": "broker-stop", "target": "gateway", "for_s": 3600})"),
        hours{3});
    EXPECT_TRUE(outcome.verdict.clean()) << table_of(outcome.verdict);
    EXPECT_EQ(outcome.verdict.missing, 0U);
    EXPECT_TRUE(outcome.has_event("destination-lost"));
    EXPECT_TRUE(outcome.has_event("destination-back"));
}

TEST(Scenario, a_line_outage_leaves_missing_slots_and_one_long_one_with_all_the_energy) {
    auto forgetful =
        small_building(R"({"at_s": 2000, "kind": "silent", "target": "riser-1", "for_s": 4000})");
    for (building::PanelPlan& panel : forgetful.panels) {
        panel.log_slots = 0;
    }
    const auto outcome = outcome_of(forgetful, hours{4});
    EXPECT_TRUE(outcome.verdict.clean()) << table_of(outcome.verdict);
    EXPECT_GT(outcome.verdict.missing, 0U);
    EXPECT_TRUE(outcome.has_event("panel-lost"));
    EXPECT_TRUE(outcome.has_event("panel-back"));
}

TEST(Scenario, another_master_on_the_wire_costs_intervals_but_invents_nothing) {
    const auto outcome = outcome_of(
        small_building(
            R"({"at_s": 2000, "kind": "foreign-master", "target": "riser-1", "for_s": 4000})"),
        hours{4});
    EXPECT_TRUE(outcome.verdict.clean()) << table_of(outcome.verdict);
    EXPECT_TRUE(outcome.has_event("foreign-master"));
    EXPECT_TRUE(outcome.has_event("line-lost"));
    EXPECT_TRUE(outcome.has_event("line-back"));
}

TEST(Scenario, where_turns_are_taken_another_master_costs_nothing) {
    auto building = small_building(
        R"({"at_s": 2000, "kind": "foreign-master", "target": "riser-1", "for_s": 4000})");
    building.lines[0].shares = true;
    const auto outcome = outcome_of(building, hours{4});
    EXPECT_TRUE(outcome.verdict.clean()) << table_of(outcome.verdict);
    EXPECT_EQ(outcome.verdict.missing, 0U);
    EXPECT_TRUE(outcome.has_event("foreign-master"));
    EXPECT_FALSE(outcome.has_event("line-lost"));
}

TEST(Scenario, an_adapter_with_a_local_echo_costs_nothing_and_is_told_once) {
    const auto outcome = outcome_of(
        small_building(R"({"at_s": 0, "kind": "echo", "target": "riser-1", "for_s": 7200})"),
        hours{4});
    EXPECT_TRUE(outcome.verdict.clean()) << table_of(outcome.verdict);
    EXPECT_EQ(outcome.verdict.missing, 0U);
    EXPECT_EQ(std::count(outcome.events.begin(), outcome.events.end(), "local-echo"), 2)
        << "that there is one, and that it has gone";
}

TEST(Scenario, panels_behind_a_device_server_are_recorded_through_everything_that_befalls_it) {
    const auto outcome = outcome_of(scenario_from(R"({"seed": 9,
        "lines": [{"id": "riser", "kind": "rtu_over_tcp", "baud": 19200}],
        "panels": [{"id": "east", "line": "riser", "log_slots": 0},
                   {"id": "west", "line": "riser", "log_slots": 0}], "faults": [
        {"at_s": 1000, "kind": "late", "target": "east", "for_s": 900, "args": {"ms": 800}},
        {"at_s": 4000, "kind": "garbled", "target": "riser", "for_s": 900, "args": {"percent": 1}},
        {"at_s": 7000, "kind": "silent", "target": "west", "for_s": 1800},
        {"at_s": 10000, "kind": "port-missing", "target": "riser", "for_s": 1200}]})"),
                                    hours{4});
    EXPECT_TRUE(outcome.verdict.clean()) << table_of(outcome.verdict);
    EXPECT_TRUE(outcome.has_event("line-lost"));
    EXPECT_TRUE(outcome.has_event("line-back"));
}

TEST(Scenario, meters_that_are_swapped_reset_or_roll_over_invent_and_lose_nothing) {
    const auto outcome = outcome_of(small_building(R"(
        {"at_s": 2000, "kind": "swap", "target": "east", "for_s": 120, "args": {"register_wh": 5000}},
        {"at_s": 5000, "kind": "register-reset", "target": "west", "args": {"register_wh": 0}},
        {"at_s": 7000, "kind": "rollover", "target": "north"},
        {"at_s": 8000, "kind": "zero", "target": "south", "for_s": 15})"),
                                    hours{4});
    EXPECT_TRUE(outcome.verdict.clean()) << table_of(outcome.verdict);
}

TEST(Scenario, sunspec_meters_among_others_are_found_read_and_roll_over_without_loss) {
    const auto outcome = outcome_of(scenario_from(R"({"seed": 7,
        "lines": [{"id": "riser-1"}],
        "panels": [{"id": "east", "line": "riser-1"},
                   {"id": "shop", "line": "riser-1", "kind": "sunspec-meter"},
                   {"id": "roof", "line": "riser-1", "kind": "sunspec-meter"},
                   {"id": "pump", "line": "riser-1", "kind": "eastron-sdm630"}],
        "faults": [
        {"at_s": 2000, "kind": "swap", "target": "shop", "for_s": 120, "args": {"register_wh": 5000}},
        {"at_s": 4000, "kind": "garbled", "target": "riser-1", "for_s": 300, "args": {"percent": 0.05}},
        {"at_s": 7000, "kind": "rollover", "target": "roof"},
        {"at_s": 9000, "kind": "not-available", "target": "shop", "for_s": 25}]})"),
                                    hours{3});
    EXPECT_TRUE(outcome.verdict.clean()) << table_of(outcome.verdict);
}

TEST(Scenario, a_noisy_wire_costs_polls_and_no_energy) {
    const auto outcome = outcome_of(small_building(R"(
        {"at_s": 600, "kind": "garbled", "target": "riser-1", "for_s": 3000, "args": {"percent": 0.05}},
        {"at_s": 4000, "kind": "late", "target": "east", "for_s": 600, "args": {"ms": 900}},
        {"at_s": 6000, "kind": "wrong-unit", "target": "north", "for_s": 60},
        {"at_s": 7000, "kind": "echo", "target": "riser-2", "for_s": 600})"),
                                    hours{3});
    EXPECT_TRUE(outcome.verdict.clean()) << table_of(outcome.verdict);
}

TEST(Scenario, a_gateway_that_is_stopped_or_killed_goes_on_without_a_gap_in_the_numbers) {
    const auto outcome = outcome_of(small_building(R"(
        {"at_s": 3000, "kind": "gateway-stop", "target": "gateway", "for_s": 40},
        {"at_s": 6000, "kind": "gateway-kill", "target": "gateway", "for_s": 1500})"),
                                    hours{3});
    EXPECT_TRUE(outcome.verdict.clean()) << table_of(outcome.verdict);
}

TEST(Scenario, clock_steps_are_flagged_and_move_no_energy) {
    const auto outcome = outcome_of(small_building(R"(
        {"at_s": 3000, "kind": "clock-step", "target": "gateway", "args": {"ms": 61000}},
        {"at_s": 6000, "kind": "clock-step", "target": "gateway", "args": {"ms": -3600000}},
        {"at_s": 12000, "kind": "clock-step", "target": "gateway", "args": {"ms": 3600000}})"),
                                    hours{5});
    EXPECT_TRUE(outcome.verdict.clean()) << table_of(outcome.verdict);
}

TEST(Scenario, the_lines_do_not_notice_whether_there_is_a_broker) {
    const auto transcripts = [](bool with_broker, const std::string& faults) {
        const support::TempDir folder;
        ScenarioRun run(small_building(faults),
                        {.folder = folder.path(), .with_broker = with_broker, .live_values = true});
        EXPECT_TRUE(run.run_for(hours{1})) << run.problem();
        std::vector<std::uint64_t> hashes;
        for (const char* line : {"riser-1", "riser-2"}) {
            EXPECT_GT(run.building().wire(line)->facts().requests, 700U);
            hashes.push_back(run.building().wire(line)->facts().transcript);
        }
        return hashes;
    };
    const auto with = transcripts(true, "");
    EXPECT_EQ(with, transcripts(false, ""));
    EXPECT_EQ(with, transcripts(true, R"({"at_s": 600, "kind": "broker-stop", "target": "gateway",
                                         "for_s": 1200})"));
}

TEST(Scenario, panels_taken_out_of_the_settings_and_back_lose_and_invent_nothing) {
    const auto outcome = outcome_of(small_building(R"(
        {"at_s": 2000, "kind": "removed", "target": "west", "for_s": 4000},
        {"at_s": 3613, "kind": "removed", "target": "north", "for_s": 200},
        {"at_s": 7000, "kind": "removed", "target": "south", "for_s": 10})"),
                                    hours{3});
    EXPECT_TRUE(outcome.verdict.clean()) << table_of(outcome.verdict);
    EXPECT_TRUE(outcome.has_event("programming"));
}

TEST(Scenario, an_apply_leaves_no_trace_in_what_it_does_not_touch) {
    struct Trace {
        std::uint64_t transcript = 0;
        std::vector<std::string> payloads;
        bool operator==(const Trace&) const = default;
    };
    const auto trace_of = [](const std::string& faults, bool also_sealed) {
        const support::TempDir folder;
        ScenarioRun run(small_building(faults), {.folder = folder.path()});
        EXPECT_TRUE(run.run_for(seconds{4'000})) << run.problem();
        if (also_sealed) {
            auto settings = run.settings();
            settings.lines[1].panels.front().points.front().ct_primary_a = 400;
            settings.lines[1].panels.back().points.pop_back();
            settings.gateway.name = "Maple Street 12";
            run.apply(settings);
        }
        EXPECT_TRUE(run.run_for(hours{2})) << run.problem();
        Trace trace{run.building().wire("riser-1")->facts().transcript, {}};
        for (const auto& batch : run.far_end().batches()) {
            if (batch.panel == "east" || batch.panel == "west") {
                // The epoch before it is random.
                trace.payloads.push_back(batch.payload.substr(batch.payload.find("\"panel\"")));
            }
        }
        return trace;
    };
    const Trace without = trace_of("", false);
    EXPECT_EQ(without.payloads.size(), 14U);
    EXPECT_EQ(trace_of("", true), without);
    EXPECT_EQ(trace_of(R"({"at_s": 1790, "kind": "removed", "target": "south", "for_s": 1000},
                          {"at_s": 3599, "kind": "removed", "target": "north", "for_s": 7})",
                       true),
              without);
}

TEST(Scenario, a_day_of_32_panels_with_line_faults_and_a_clock_step_has_a_clean_verdict) {
    auto scenario = building::load_scenario(std::string(METERGATE_SCENARIO_DIR) + "/day.json");
    ASSERT_TRUE(scenario) << scenario.error().text;
    ASSERT_EQ(scenario->panels.size(), 32U);
    const auto outcome = outcome_of(*scenario, hours{24});
    EXPECT_TRUE(outcome.verdict.clean()) << table_of(outcome.verdict);
    EXPECT_GE(outcome.verdict.expected, 32U * 24U * 95U);
}

}  // namespace
}  // namespace metergate::scenario
