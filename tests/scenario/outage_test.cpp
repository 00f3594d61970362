#include <fmt/format.h>

#include "tests/scenario/runs.hpp"

/// Outages of days, and registers that do not just count on.
namespace metergate::scenario {
namespace {

using std::chrono::hours;

constexpr std::int64_t day_s = 24LL * 3600;

TEST(ScenarioOutage, a_week_without_a_broker_in_ten_days_loses_and_doubles_nothing) {
    const auto outcome = outcome_of(
        scenario_from(fmt::format(
            R"({{"seed": 3, "poll_period_ms": 20000, "lines": [{{"id": "riser", "panels": 2}}],
                 "faults": [{{"at_s": {}, "kind": "broker-stop", "for_s": {}}}]}})",
            day_s + 700, 7 * day_s)),
        hours{240});
    EXPECT_TRUE(outcome.verdict.clean()) << table_of(outcome.verdict);
    EXPECT_EQ(outcome.verdict.missing, 0U);
    EXPECT_GE(outcome.verdict.expected, 48U * (10 * 96 - 2));
}

TEST(ScenarioOutage, a_line_that_is_away_for_days_leaves_one_long_record_with_all_the_energy) {
    const auto outcome = outcome_of(scenario_from(fmt::format(
                                        R"({{"seed": 4, "poll_period_ms": 20000,
                 "panels": [{{"id": "east", "line": "line-1", "kind": "metergate-panel-12",
                             "log_slots": 0}}],
                 "faults": [{{"at_s": 5000, "kind": "silent", "target": "line-1", "for_s": {}}}]}})",
                                        4 * day_s)),
                                    hours{100});
    EXPECT_TRUE(outcome.verdict.clean()) << table_of(outcome.verdict);
    EXPECT_GT(outcome.verdict.missing, 12U * 4 * 95);
}

/// Registers of two bytes, four bytes and six to eight digits, one panel each.
TEST(ScenarioOutage, registers_of_every_width_roll_over_without_a_loss) {
    std::string panels;
    std::string faults;
    int at_s = 3000;
    for (const std::int64_t modulus :
         {65'536LL, 4'294'967'296LL, 1'000'000LL, 10'000'000LL, 100'000'000LL}) {
        panels += fmt::format(R"({}{{"id": "p{}", "line": "line-1", "kind": "metergate-panel-12",
                                  "resolution_wh": 1, "modulus_wh": {}}})",
                              panels.empty() ? "" : ",", modulus, modulus);
        faults += fmt::format(R"({}{{"at_s": {}, "kind": "rollover", "target": "p{}"}})",
                              faults.empty() ? "" : ",", at_s, modulus);
        at_s += 777;
    }
    const auto outcome = outcome_of(
        scenario_from(R"({"seed": 6, "panels": [)" + panels + R"(], "faults": [)" + faults + "]}"),
        hours{4});
    EXPECT_TRUE(outcome.verdict.clean()) << table_of(outcome.verdict);
}

TEST(ScenarioOutage, a_meter_swapped_during_an_outage_and_one_reset_after_it_invent_nothing) {
    const auto outcome = outcome_of(scenario_from(R"({"seed": 8, "panels": [
            {"id": "east", "line": "line-1", "kind": "metergate-panel-12"},
            {"id": "west", "line": "line-1", "kind": "metergate-panel-12"}], "faults": [
            {"at_s": 3000, "kind": "swap", "target": "east", "for_s": 9000, "args": {"register_wh": 77}},
            {"at_s": 3000, "kind": "silent", "target": "west", "for_s": 5000},
            {"at_s": 9000, "kind": "register-reset", "target": "west", "args": {"register_wh": 12}}]})"),
                                    hours{6});
    EXPECT_TRUE(outcome.verdict.clean()) << table_of(outcome.verdict);
}

}  // namespace
}  // namespace metergate::scenario
