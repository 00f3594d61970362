#include <fmt/format.h>

#include "tests/scenario/runs.hpp"

/// The gateway's clock is wrong, or set: no energy moves, nothing is doubled or lost.
namespace metergate::scenario {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

constexpr std::int64_t day_s = 24LL * 3600;
constexpr std::int64_t year_s = 365 * day_s;
constexpr std::int64_t edge_s = 2 * 3600;  ///< an edge of a quarter-hour, after the start

std::string clock_step(std::int64_t at_s, std::int64_t by_s) {
    return fmt::format(R"({{"at_s": {}, "kind": "clock-step", "args": {{"ms": {}}}}})", at_s,
                       by_s * 1000);
}

building::Scenario one_panel(const std::string& faults) {
    return scenario_from(R"({"seed": 11, "panels": [{"id": "east", "line": "line-1",
                            "kind": "metergate-panel-12"}], "faults": [)" +
                         faults + "]}");
}

TEST(ScenarioClock, a_gateway_that_starts_in_1970_stamps_its_readings_when_the_time_is_known) {
    const std::int64_t wrong_by_s = 56 * year_s;
    const auto outcome = outcome_of(
        one_panel(clock_step(0, -wrong_by_s) + "," + clock_step(4900, wrong_by_s)), hours{3});
    EXPECT_TRUE(outcome.verdict.clean()) << table_of(outcome.verdict);
    EXPECT_EQ(outcome.verdict.missing, 0U);
    EXPECT_GE(outcome.verdict.expected, 12U * 11U);
}

struct Steps {
    std::int64_t by_s;
    std::int64_t beside_edge_s;  ///< when, counted from an edge
};

class ScenarioClockStep : public ::testing::TestWithParam<Steps> {};

TEST_P(ScenarioClockStep, a_step_moves_no_energy) {
    const auto [by_s, beside_edge_s] = GetParam();
    // Time that was set back has to catch up before new slots begin.
    const seconds length = hours{4} + seconds{by_s < 0 ? -by_s : 0};
    const auto outcome = outcome_of(one_panel(clock_step(edge_s + beside_edge_s, by_s)), length);
    EXPECT_TRUE(outcome.verdict.clean()) << table_of(outcome.verdict);
}

TEST_P(ScenarioClockStep, a_step_that_is_taken_back_moves_no_energy) {
    const auto [by_s, beside_edge_s] = GetParam();
    const std::int64_t at_s = edge_s + beside_edge_s;
    const auto outcome = outcome_of(
        one_panel(clock_step(at_s, by_s) + "," + clock_step(at_s + 400, -by_s)), hours{4});
    EXPECT_TRUE(outcome.verdict.clean()) << table_of(outcome.verdict);
}

std::vector<Steps> steps() {
    std::vector<Steps> all;
    for (const std::int64_t by_s : {std::int64_t{1}, std::int64_t{61}, std::int64_t{3600}, day_s}) {
        for (const std::int64_t beside_edge_s : {-20LL, 0LL, 20LL}) {
            all.push_back({by_s, beside_edge_s});
            all.push_back({-by_s, beside_edge_s});
        }
    }
    return all;
}

std::string name_of_steps(const ::testing::TestParamInfo<Steps>& info) {
    const auto [by_s, beside_edge_s] = info.param;
    return fmt::format("{}_{}_s_{}", by_s < 0 ? "back" : "forward", std::abs(by_s),
                       beside_edge_s < 0   ? "before_an_edge"
                       : beside_edge_s > 0 ? "after_an_edge"
                                           : "at_an_edge");
}

INSTANTIATE_TEST_SUITE_P(Steps, ScenarioClockStep, ::testing::ValuesIn(steps()), name_of_steps);

class ScenarioClockLeap : public ::testing::TestWithParam<std::int64_t> {};

TEST_P(ScenarioClockLeap, ten_years_forward_and_taken_back_within_minutes_leave_no_trace) {
    const std::int64_t at_s = edge_s + GetParam();
    const auto outcome = outcome_of(
        one_panel(clock_step(at_s, 10 * year_s) + "," + clock_step(at_s + 400, -10 * year_s)),
        hours{4});
    EXPECT_TRUE(outcome.verdict.clean()) << table_of(outcome.verdict);
    EXPECT_EQ(outcome.verdict.missing, 0U);
}

TEST_P(ScenarioClockLeap, ten_years_back_and_corrected_after_an_hour_lose_nothing) {
    const std::int64_t at_s = edge_s + GetParam();
    const auto outcome = outcome_of(
        one_panel(clock_step(at_s, -10 * year_s) + "," + clock_step(at_s + 3600, 10 * year_s)),
        hours{5});
    EXPECT_TRUE(outcome.verdict.clean()) << table_of(outcome.verdict);
    EXPECT_EQ(outcome.verdict.missing, 0U);
}

TEST_P(ScenarioClockLeap, ten_years_forward_that_stay_are_one_long_record) {
    const auto outcome =
        outcome_of(one_panel(clock_step(edge_s + GetParam(), 10 * year_s)), hours{4});
    EXPECT_TRUE(outcome.verdict.clean()) << table_of(outcome.verdict);
}

INSTANTIATE_TEST_SUITE_P(BesideAnEdge, ScenarioClockLeap, ::testing::Values(-20, 0, 20));

}  // namespace
}  // namespace metergate::scenario
