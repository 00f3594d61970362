#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "config/schema/json.hpp"
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

/// Kinds of the events that were published with batches.
inline std::vector<std::string> published_events(const ScenarioRun& run) {
    std::vector<std::string> kinds;
    for (const building::ReceivedBatch& batch : run.far_end().batches()) {
        const auto payload = schema::parse_json(batch.payload);
        EXPECT_TRUE(payload) << batch.payload;
        for (const schema::Json& event : *payload->find("events")->as_array()) {
            kinds.push_back(*event.string_at("kind"));
        }
    }
    return kinds;
}

struct Outcome {
    building::Verdict verdict;
    std::vector<std::string> events;     ///< kinds: what the lines told
    std::vector<std::string> published;  ///< the same of what was published, if it came so far

    [[nodiscard]] bool has_event(const std::string& kind) const {
        return std::find(events.begin(), events.end(), kind) != events.end() ||
               std::find(published.begin(), published.end(), kind) != published.end();
    }
};

inline Outcome outcome_of(const building::Scenario& scenario, std::chrono::seconds length) {
    const support::TempDir folder;
    ScenarioRun run(scenario, {.folder = folder.path()});
    EXPECT_TRUE(run.run_for(length)) << run.problem();
    auto verdict = run.finish();
    EXPECT_TRUE(run.far_end().problems().empty()) << run.far_end().problems().front();
    return {std::move(verdict), run.events(), published_events(run)};
}

}  // namespace metergate::scenario
