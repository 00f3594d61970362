#include <fmt/format.h>

#include "tests/scenario/random_scenario.hpp"
#include "tests/scenario/runs.hpp"

/// Random faults. A failing seed can be run alone: --gtest_filter='*Random*/SEED'.
namespace metergate::scenario {
namespace {

std::string faults_of(const building::Scenario& scenario) {
    std::string text;
    for (const building::PlannedFault& fault : scenario.faults) {
        text += fmt::format("  {:<14} {:<8} {}..{} ms={}\n", name_of(fault.kind), fault.target,
                            epoch_ms(fault.from) / 1000, epoch_ms(fault.until) / 1000, fault.ms);
    }
    return text;
}

class ScenarioRandom : public ::testing::TestWithParam<int> {};

TEST_P(ScenarioRandom, random_faults_of_line_meter_network_power_and_clock_lose_nothing) {
    const std::chrono::days length{METERGATE_RANDOM_DAYS};
    const auto scenario = random_scenario(static_cast<std::uint64_t>(GetParam()), length);
    const auto outcome = outcome_of(scenario, length);
    EXPECT_TRUE(outcome.verdict.clean()) << "seed " << GetParam() << "\n"
                                         << faults_of(scenario) << table_of(outcome.verdict);
}

INSTANTIATE_TEST_SUITE_P(Seed, ScenarioRandom, ::testing::Range(1, METERGATE_RANDOM_SEEDS + 1),
                         [](const auto& seed) { return std::to_string(seed.param); });

}  // namespace
}  // namespace metergate::scenario
