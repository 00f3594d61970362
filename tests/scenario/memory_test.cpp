#include <fmt/format.h>

#include "tests/scenario/runs.hpp"

/// Outages with panels that remember: what was missing comes back from their own logs. The verdict
/// fails for every slot that a panel's log still has and that was not recovered.
namespace metergate::scenario {
namespace {

using std::chrono::hours;

constexpr std::int64_t hour_s = 3600;
constexpr std::int64_t day_s = 24 * hour_s;

/// One panel of 12 points, with `more` of its members; a fault from the second hour on.
building::Scenario one_panel(const std::string& kind, std::int64_t for_s,
                             const std::string& more = "", const std::string& top = "") {
    const std::string target = kind.starts_with("gateway") ? "gateway" : "line-1";
    return scenario_from(fmt::format(
        R"({{"seed": 11, "poll_period_ms": 20000, {} "panels": [{{"id": "east", "line": "line-1",
             "kind": "metergate-panel-12" {}}}],
             "faults": [{{"at_s": 5000, "kind": "{}", "target": "{}", "for_s": {}}}]}})",
        top, more, kind, target, for_s));
}

/// Nothing is missing any more, and everything in the outage says where it comes from.
void expect_all_back(const Outcome& outcome, std::uint64_t recovered_at_least) {
    EXPECT_TRUE(outcome.verdict.clean()) << table_of(outcome.verdict);
    EXPECT_EQ(outcome.verdict.missing, 0U);
    EXPECT_GE(outcome.verdict.recovered, recovered_at_least);
    EXPECT_FALSE(outcome.has_event("log-disagrees"));
    EXPECT_FALSE(outcome.has_event("log-unusable"));
}

TEST(ScenarioMemory, a_line_down_for_minutes_leaves_no_gap) {
    expect_all_back(outcome_of(one_panel("silent", 1500), hours{6}), 12U * 2);
}

TEST(ScenarioMemory, a_line_down_for_hours_leaves_no_gap) {
    expect_all_back(outcome_of(one_panel("silent", 9 * hour_s), hours{16}), 12U * 36);
}

TEST(ScenarioMemory, a_port_that_is_missing_for_hours_leaves_no_gap) {
    expect_all_back(outcome_of(one_panel("port-missing", 5 * hour_s), hours{12}), 12U * 20);
}

TEST(ScenarioMemory, a_line_down_for_sixty_days_leaves_no_gap) {
    expect_all_back(outcome_of(one_panel("silent", 60 * day_s, R"(, "log_minutes": 60)",
                                         R"("series": ["kwh-1h"],)"),
                               hours{24 * 60 + 6}),
                    12U * 24 * 60);
}

TEST(ScenarioMemory, ninety_five_days_at_one_hour_come_back_after_the_gateway_was_off) {
    expect_all_back(outcome_of(one_panel("gateway-stop", 95 * day_s, R"(, "log_minutes": 60)",
                                         R"("series": ["kwh-1h"],)"),
                               hours{24 * 95 + 6}),
                    12U * 24 * 95);
}

TEST(ScenarioMemory, a_gateway_off_for_a_day_finds_what_it_missed) {
    expect_all_back(outcome_of(one_panel("gateway-stop", day_s), hours{30}), 12U * 96);
    expect_all_back(outcome_of(one_panel("gateway-kill", day_s), hours{30}), 12U * 96);
}

TEST(ScenarioMemory, an_hour_from_quarters_of_an_hour_comes_back_too) {
    expect_all_back(
        outcome_of(one_panel("silent", 9 * hour_s, "", R"("series": ["kwh-15min", "kwh-1h"],)"),
                   hours{16}),
        12U * (36 + 9));
}

TEST(ScenarioMemory, what_the_log_has_overwritten_stays_missing_and_its_energy_is_kept) {
    const auto outcome =
        outcome_of(one_panel("silent", 4 * day_s, R"(, "log_slots": 200)"), hours{110});
    EXPECT_TRUE(outcome.verdict.clean()) << table_of(outcome.verdict);
    // 384 slots were missed; what was overwritten before they were asked for is some more than 184.
    EXPECT_GE(outcome.verdict.missing, 12U * 180);
    EXPECT_LE(outcome.verdict.missing, 12U * 190);
    EXPECT_GE(outcome.verdict.recovered, 12U * 190);
}

TEST(ScenarioMemory, a_panel_whose_clock_is_wrong_is_not_believed) {
    const auto outcome =
        outcome_of(one_panel("silent", 4 * hour_s, R"(, "clock_offset_s": 8)"), hours{8});
    EXPECT_TRUE(outcome.verdict.clean()) << table_of(outcome.verdict);
    EXPECT_EQ(outcome.verdict.recovered, 0U);
    EXPECT_GE(outcome.verdict.missing, 12U * 15);
    EXPECT_TRUE(outcome.has_event("panel-lost"));
}

TEST(ScenarioMemory, a_panel_whose_clock_was_set_in_time_fills_its_gap) {
    const auto outcome = outcome_of(
        one_panel("silent", 4 * hour_s, R"(, "clock_offset_s": 400, "clock": "set")"), hours{9});
    expect_all_back(outcome, 12U * 16);
    EXPECT_TRUE(outcome.has_event("panel-clock-set"));
    EXPECT_FALSE(outcome.has_event("panel-clock-wrong"));
}

TEST(ScenarioMemory, a_panel_whose_clock_runs_wrong_is_told_of) {
    const auto outcome =
        outcome_of(one_panel("silent", 600, R"(, "clock_offset_s": -400)"), hours{3});
    EXPECT_TRUE(outcome.verdict.clean()) << table_of(outcome.verdict);
    EXPECT_TRUE(outcome.has_event("panel-clock-wrong"));
    EXPECT_FALSE(outcome.has_event("panel-clock-set"));
}

TEST(ScenarioMemory, a_clock_a_little_off_is_good_enough) {
    expect_all_back(
        outcome_of(one_panel("silent", 4 * hour_s, R"(, "clock_offset_s": -3)"), hours{9}),
        12U * 16);
}

TEST(ScenarioMemory, a_panel_that_was_without_power_lacks_those_slots_only) {
    auto scenario = scenario_from(R"({"seed": 12, "panels": [
        {"id": "east", "line": "line-1", "kind": "metergate-panel-12"}], "faults": [
        {"at_s": 5000, "kind": "silent", "target": "line-1", "for_s": 36000},
        {"at_s": 15000, "kind": "power-cut", "target": "east", "for_s": 7200}]})");
    const auto outcome = outcome_of(scenario, hours{16});
    EXPECT_TRUE(outcome.verdict.clean()) << table_of(outcome.verdict);
    EXPECT_EQ(outcome.verdict.missing, 12U * 8) << "eight ended without power, the ninth is long";
    EXPECT_GE(outcome.verdict.recovered, 12U * 30);
}

TEST(ScenarioMemory, registers_that_pass_their_modulus_meanwhile_count_on) {
    const auto outcome = outcome_of(scenario_from(R"({"seed": 13, "panels": [
        {"id": "east", "line": "line-1", "kind": "metergate-panel-12", "modulus_wh": 1000000}],
        "faults": [{"at_s": 5000, "kind": "silent", "target": "line-1", "for_s": 20000},
                   {"at_s": 15000, "kind": "rollover", "target": "east"}]})"),
                                    hours{12});
    expect_all_back(outcome, 12U * 21);
}

TEST(ScenarioMemory, another_meter_does_not_fill_the_gap_of_the_one_before) {
    const auto outcome = outcome_of(scenario_from(R"({"seed": 14, "panels": [
        {"id": "east", "line": "line-1", "kind": "metergate-panel-12"}], "faults": [
        {"at_s": 5000, "kind": "silent", "target": "line-1", "for_s": 20000},
        {"at_s": 15000, "kind": "swap", "target": "east", "for_s": 60,
         "args": {"register_wh": 77}}]})"),
                                    hours{12});
    EXPECT_TRUE(outcome.verdict.clean()) << table_of(outcome.verdict);
    EXPECT_EQ(outcome.verdict.recovered, 0U);
    EXPECT_GE(outcome.verdict.missing, 12U * 20);
}

/// A meter that logs registers alone, by civil time, and counts its slots from the oldest kept.
building::Scenario one_dated_log(const std::string& faults, const std::string& more = "") {
    return scenario_from(fmt::format(
        R"({{"seed": 16, "poll_period_ms": 20000, "panels": [{{"id": "main", "line": "line-1",
             "kind": "accuenergy-acuvim-ii", "clock_zone_min": -300 {}}}], "faults": [{}]}})",
        more, faults));
}

TEST(ScenarioMemory, a_log_by_civil_time_fills_the_gap_of_a_line) {
    expect_all_back(
        outcome_of(one_dated_log(
                       R"({"at_s": 5000, "kind": "silent", "target": "line-1", "for_s": 40000})"),
                   hours{16}),
        44);
}

TEST(ScenarioMemory, a_log_by_civil_time_fills_the_gap_of_a_gateway) {
    expect_all_back(outcome_of(one_dated_log(
                                   R"({"at_s": 5000, "kind": "gateway-stop", "target": "gateway",
                                       "for_s": 864000})"),
                               hours{250}),
                    950);
}

TEST(ScenarioMemory, slots_given_up_by_a_log_by_civil_time_leave_the_gap_as_it_is) {
    const auto outcome = outcome_of(
        one_dated_log(R"({"at_s": 5000, "kind": "silent", "target": "line-1", "for_s": 345600})",
                      R"(, "log_slots": 200, "log_sector": 50)"),
        hours{110});
    EXPECT_TRUE(outcome.verdict.clean()) << table_of(outcome.verdict);
    EXPECT_EQ(outcome.verdict.recovered, 0U) << "it is read onward from a known register only";
    EXPECT_GE(outcome.verdict.missing, 380U);
    EXPECT_FALSE(outcome.has_event("log-disagrees"));
}

TEST(ScenarioMemory, many_panels_on_a_slow_line_get_all_of_it_back) {
    const auto outcome = outcome_of(scenario_from(R"({"seed": 15, "poll_period_ms": 60000,
        "lines": [{"id": "riser", "baud": 9600, "panels": 8}],
        "faults": [{"at_s": 5000, "kind": "silent", "target": "riser", "for_s": 40000}]})"),
                                    hours{24});
    expect_all_back(outcome, 8U * 24 * 44);
}

}  // namespace
}  // namespace metergate::scenario
