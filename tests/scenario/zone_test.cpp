#include <fmt/format.h>

#include "tests/scenario/runs.hpp"

/// Days on which the wall clock jumps, with lengths that divide the jump and lengths that do not.
namespace metergate::scenario {
namespace {

using std::chrono::hours;

struct Site {
    const char* name;
    const char* zone;
    const char* start;  ///< about a day before the jump
};

class ScenarioZone : public ::testing::TestWithParam<Site> {};

TEST_P(ScenarioZone, every_interval_around_a_change_of_the_wall_clock_is_there_once) {
    const auto scenario = scenario_from(fmt::format(
        R"({{"seed": 5, "start": "{}", "zone": "{}", "poll_period_ms": 30000,
             "series": ["kwh-15min", "kwh-20min", "kwh-1h", "kwh-1h-std", "kwh-4h", "kwh-24h"],
             "panels": [{{"id": "east", "line": "line-1", "kind": "metergate-panel-12"}}]}})",
        GetParam().start, GetParam().zone));
    const auto outcome = outcome_of(scenario, hours{60});
    EXPECT_TRUE(outcome.verdict.clean()) << table_of(outcome.verdict);
    EXPECT_EQ(outcome.verdict.missing, 0U);
    EXPECT_GT(outcome.verdict.expected, 12U * (59U * 4 + 59U * 3 + 2 * 58U + 14U + 2U) - 100);
}

INSTANTIATE_TEST_SUITE_P(
    Sites, ScenarioZone,
    ::testing::Values(Site{"toronto_spring", "America/Toronto", "2026-03-07T08:00:00Z"},
                      Site{"toronto_autumn", "America/Toronto", "2026-10-31T08:00:00Z"},
                      Site{"st_johns_spring", "America/St_Johns", "2026-03-07T07:10:00Z"},
                      Site{"st_johns_autumn", "America/St_Johns", "2026-10-31T05:00:00Z"},
                      Site{"lord_howe_spring", "Australia/Lord_Howe", "2026-10-02T16:00:00Z"},
                      Site{"lord_howe_autumn", "Australia/Lord_Howe", "2026-04-03T15:20:00Z"},
                      Site{"kathmandu_without_jumps", "Asia/Kathmandu", "2026-03-07T08:00:00Z"}),
    [](const auto& site) { return std::string(site.param.name); });

}  // namespace
}  // namespace metergate::scenario
