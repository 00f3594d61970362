#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "tests/scenario/virtual_gateway.hpp"
#include "tests/support/temp_dir.hpp"

/// What the scenario tests have in common: a scenario from its text, and what became of a run.
namespace metergate::scenario {

inline building::Scenario scenario_from(const std::string& text) {
    auto scenario = building::parse_scenario(text);
    if (!scenario) {
        ADD_FAILURE() << scenario.error().text;
        return {};
    }
    return *scenario;
}

struct Outcome {
    building::Verdict verdict;
    std::vector<std::string> events;

    [[nodiscard]] bool has_event(const std::string& kind) const {
        return std::find(events.begin(), events.end(), kind) != events.end();
    }
};

inline Outcome outcome_of(const building::Scenario& scenario, std::chrono::seconds length) {
    const support::TempDir folder;
    ScenarioRun run(scenario, {.folder = folder.path()});
    EXPECT_TRUE(run.run_for(length)) << run.problem();
    auto verdict = run.finish();
    EXPECT_TRUE(run.far_end().problems().empty()) << run.far_end().problems().front();
    return {std::move(verdict), run.events()};
}

}  // namespace metergate::scenario
