#include <fmt/format.h>

#include "tests/scenario/runs.hpp"

/// Series that are billed as the panel's own log has them. The verdict compares each value with the
/// row that the simulated panel logged, and fails for a row that was not read.
namespace metergate::scenario {
namespace {

using std::chrono::hours;

constexpr std::int64_t hour_s = 3600;
constexpr std::int64_t day_s = 24 * hour_s;

/// One panel of 12 points, with `more` of its members, and these faults.
building::Scenario billed_by_log(const std::string& faults, const std::string& more = "",
                                 const std::string& series = R"("kwh-15min-log")") {
    return scenario_from(fmt::format(
        R"({{"seed": 21, "poll_period_ms": 20000, "series": [{}], "panels": [{{"id": "east",
             "line": "line-1", "kind": "metergate-panel-12" {}}}], "faults": [{}]}})",
        series, more, faults));
}

std::string fault(const std::string& kind, std::int64_t at_s, std::int64_t for_s,
                  const std::string& target = "line-1") {
    return fmt::format(R"({{"at_s": {}, "kind": "{}", "target": "{}", "for_s": {}}})", at_s, kind,
                       target, for_s);
}

void expect_all_there(const Outcome& outcome, std::uint64_t recovered_at_least) {
    EXPECT_TRUE(outcome.verdict.clean()) << table_of(outcome.verdict);
    EXPECT_EQ(outcome.verdict.missing, 0U);
    EXPECT_GE(outcome.verdict.recovered, recovered_at_least);
    EXPECT_FALSE(outcome.has_event("log-disagrees"));
    EXPECT_FALSE(outcome.has_event("log-unusable"));
}

TEST(ScenarioLogged, a_healthy_day_is_as_the_panel_logged_it_and_in_time) {
    const auto outcome = outcome_of(billed_by_log(""), hours{24});
    expect_all_there(outcome, 0);
    EXPECT_EQ(outcome.verdict.recovered, 0U);
    EXPECT_GE(outcome.verdict.received, 12U * 94);
}

TEST(ScenarioLogged, both_sources_of_one_register_stand_beside_each_other) {
    const auto outcome = outcome_of(billed_by_log(fault("silent", 5000, 4 * hour_s), "",
                                                  R"("kwh-15min-log", "kwh-15min", "kwh-1h")"),
                                    hours{12});
    expect_all_there(outcome, 12U * (16 + 16 + 3));
}

TEST(ScenarioLogged, a_line_down_for_hours_leaves_no_gap) {
    expect_all_there(outcome_of(billed_by_log(fault("silent", 5000, 9 * hour_s)), hours{16}),
                     12U * 35);
}

TEST(ScenarioLogged, a_line_down_for_sixty_days_leaves_no_gap) {
    expect_all_there(outcome_of(billed_by_log(fault("silent", 5000, 60 * day_s),
                                              R"(, "log_minutes": 60)", R"("kwh-1h-log")"),
                                hours{24 * 60 + 6}),
                     12U * (24 * 60 - 1));
}

TEST(ScenarioLogged, a_gateway_off_for_a_day_finds_what_it_missed) {
    for (const char* kind : {"gateway-stop", "gateway-kill"}) {
        expect_all_there(outcome_of(billed_by_log(fault(kind, 5000, day_s, "gateway")), hours{30}),
                         12U * 95);
    }
}

TEST(ScenarioLogged, a_gateway_that_dies_while_it_reads_what_it_missed_goes_on) {
    std::string faults = fault("silent", 5000, 40 * hour_s);
    for (int i = 0; i < 12; ++i) {
        faults += ", " + fault(i % 3 == 0 ? "gateway-stop" : "gateway-kill",
                               5000 + 40 * hour_s + 15 + 11 * i, 2, "gateway");
    }
    expect_all_there(outcome_of(billed_by_log(faults), hours{48}), 12U * 158);
}

TEST(ScenarioLogged, what_the_panel_lacks_is_missing_and_its_long_slot_holds_the_rest) {
    const auto outcome =
        outcome_of(billed_by_log(fault("power-cut", 15000, 2 * hour_s, "east")), hours{10});
    EXPECT_TRUE(outcome.verdict.clean()) << table_of(outcome.verdict);
    EXPECT_EQ(outcome.verdict.missing, 12U * 8) << "eight ended without power";
}

TEST(ScenarioLogged, a_panel_without_power_amid_an_outage_of_the_line_is_told_as_it_was) {
    const auto outcome = outcome_of(billed_by_log(fault("silent", 5000, 10 * hour_s) + ", " +
                                                  fault("power-cut", 15000, 2 * hour_s, "east")),
                                    hours{16});
    EXPECT_TRUE(outcome.verdict.clean()) << table_of(outcome.verdict);
    EXPECT_EQ(outcome.verdict.missing, 12U * 8);
    EXPECT_GE(outcome.verdict.recovered, 12U * 30);
}

TEST(ScenarioLogged, what_was_overwritten_before_it_was_read_stays_missing) {
    const auto outcome = outcome_of(
        billed_by_log(fault("silent", 5000, 4 * day_s), R"(, "log_slots": 200)"), hours{110});
    EXPECT_TRUE(outcome.verdict.clean()) << table_of(outcome.verdict);
    EXPECT_GE(outcome.verdict.missing, 12U * 180);
    EXPECT_LE(outcome.verdict.missing, 12U * 190);
}

TEST(ScenarioLogged, short_faults_around_the_edges_cost_no_slot) {
    std::string faults;
    for (int i = 1; i <= 20; ++i) {
        faults += (i > 1 ? ", " : "") + fault(i % 2 == 0 ? "silent" : "garbled", 900 * i - 4, 20);
    }
    expect_all_there(outcome_of(billed_by_log(faults), hours{8}), 0);
}

TEST(ScenarioLogged, a_clock_that_is_set_brings_back_what_was_logged_since) {
    const auto outcome =
        outcome_of(billed_by_log("", R"(, "clock_offset_s": 400, "clock": "set")"), hours{6});
    EXPECT_TRUE(outcome.has_event("panel-clock-set"));
    EXPECT_LE(outcome.verdict.missing, 12U * 2);
    EXPECT_EQ(outcome.verdict.lost, 0U);
    EXPECT_EQ(outcome.verdict.doubled, 0U);
}

TEST(ScenarioLogged, a_clock_that_stays_wrong_is_told_and_nothing_is_booked) {
    const auto outcome = outcome_of(billed_by_log("", R"(, "clock_offset_s": 8)"), hours{6});
    EXPECT_TRUE(outcome.has_event("log-unusable"));
    EXPECT_EQ(outcome.verdict.missing, outcome.verdict.received);
    EXPECT_EQ(outcome.verdict.energy_wh, 0);
}

TEST(ScenarioLogged, a_log_of_another_length_is_told_and_nothing_is_booked) {
    const auto outcome = outcome_of(billed_by_log("", R"(, "log_minutes": 60)"), hours{6});
    EXPECT_TRUE(outcome.has_event("log-unusable"));
    EXPECT_EQ(outcome.verdict.missing, outcome.verdict.received);
}

TEST(ScenarioLogged, another_meter_costs_the_slot_in_which_it_came) {
    const auto outcome =
        outcome_of(billed_by_log(R"({"at_s": 15000, "kind": "swap", "target": "east", "for_s": 60,
                          "args": {"register_wh": 77}})"),
                   hours{12});
    EXPECT_TRUE(outcome.verdict.clean()) << table_of(outcome.verdict);
    EXPECT_EQ(outcome.verdict.missing, 12U);
    EXPECT_TRUE(outcome.has_event("meter-changed"));
}

TEST(ScenarioLogged, registers_that_pass_their_modulus_or_are_reset_spoil_no_increment) {
    const auto outcome =
        outcome_of(billed_by_log(fault("rollover", 15000, 1, "east") + ", " +
                                     R"({"at_s": 25000, "kind": "register-reset", "target": "east",
                              "args": {"register_wh": 0}})",
                                 R"(, "modulus_wh": 1000000)"),
                   hours{12});
    EXPECT_TRUE(outcome.verdict.clean()) << table_of(outcome.verdict);
    EXPECT_EQ(outcome.verdict.missing, 12U) << "the slot of the reset is not available";
}

TEST(ScenarioLogged, a_panel_that_was_removed_comes_back_with_what_it_logged) {
    const auto outcome = outcome_of(scenario_from(R"({"seed": 26, "poll_period_ms": 20000,
        "series": ["kwh-15min-log"], "panels": [
            {"id": "east", "line": "line-1", "kind": "metergate-panel-12"},
            {"id": "west", "line": "line-1", "kind": "metergate-panel-12"}],
        "faults": [{"at_s": 15000, "kind": "removed", "target": "east", "for_s": 7200}]})"),
                                    hours{10});
    expect_all_there(outcome, 12U * 7);
}

TEST(ScenarioLogged, the_gateways_own_clock_moves_no_slot) {
    const auto outcome =
        outcome_of(billed_by_log(R"({"at_s": 15000, "kind": "clock-step", "target": "gateway",
                          "args": {"ms": 3000}})"),
                   hours{8});
    EXPECT_TRUE(outcome.verdict.clean()) << table_of(outcome.verdict);
    EXPECT_EQ(outcome.verdict.missing, 0U);
}

TEST(ScenarioLogged, eight_panels_on_a_slow_line_are_read_in_time_and_get_all_of_an_outage_back) {
    const auto outcome = outcome_of(scenario_from(R"({"seed": 25, "poll_period_ms": 60000,
        "series": ["kwh-15min-log"], "lines": [{"id": "riser", "baud": 9600, "panels": 8}],
        "faults": [{"at_s": 5000, "kind": "silent", "target": "riser", "for_s": 40000}]})"),
                                    hours{24});
    expect_all_there(outcome, 8U * 24 * 43);
    EXPECT_LE(outcome.verdict.recovered, 8U * 24 * 46) << "fresh slots are read in time";
}

}  // namespace
}  // namespace metergate::scenario
