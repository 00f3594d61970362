#include <fmt/format.h>

#include <map>
#include <set>
#include <utility>

#include "config/schema/json.hpp"
#include "tests/scenario/runs.hpp"

/// What panels note in their own event logs arrives once, whatever happens to the gateway.
namespace metergate::scenario {
namespace {

using schema::Json;
using std::chrono::hours;

/// How often each event of that kind was published, by source and start; a batch that came twice
/// counts once.
std::map<std::pair<std::string, std::string>, int> published(const ScenarioRun& run,
                                                             const std::string& kind) {
    std::set<std::pair<std::string, std::uint64_t>> batches;
    std::map<std::pair<std::string, std::string>, int> counts;
    for (const building::ReceivedBatch& batch : run.far_end().batches()) {
        if (!batches.emplace(batch.panel, batch.number).second) {
            continue;
        }
        const auto payload = schema::parse_json(batch.payload);
        EXPECT_TRUE(payload) << batch.payload;
        for (const Json& event : *payload->find("events")->as_array()) {
            if (*event.string_at("kind") == kind) {
                ++counts[{*event.string_at("source"), schema::write_compact(*event.find("start"))}];
            }
        }
    }
    return counts;
}

TEST(ScenarioNoted, power_cuts_of_a_panel_arrive_once_though_the_gateway_dies_again_and_again) {
    std::string faults;
    int cuts = 0;
    for (int hour = 1; hour <= 20; ++hour) {
        faults +=
            fmt::format(R"({{"at_s": {}, "kind": "power-cut", "target": "east", "for_s": 120}},)",
                        hour * 3600 + 600);
        ++cuts;
        if (hour % 3 == 0) {
            // While the event is looked for, read, stored or on its way, by turns.
            faults += fmt::format(
                R"({{"at_s": {}, "kind": "{}", "target": "gateway", "for_s": 60}},)",
                hour * 3600 + 720 + 20 * hour, hour % 2 == 0 ? "gateway-kill" : "gateway-stop");
        }
    }
    faults.pop_back();
    const auto scenario = scenario_from(
        R"({"seed": 5, "panels": [{"id": "east", "line": "line-1", "kind": "metergate-panel-12"},
            {"id": "west", "line": "line-1", "kind": "metergate-panel-12"}], "faults": [)" +
        faults + "]}");
    const support::TempDir folder;
    ScenarioRun run(scenario, {.folder = folder.path()});
    ASSERT_TRUE(run.run_for(hours{23})) << run.problem();
    const auto verdict = run.finish();
    EXPECT_TRUE(verdict.clean()) << table_of(verdict);
    const auto counts = published(run, "panel-power-failed");
    EXPECT_EQ(counts.size(), static_cast<std::size_t>(cuts));
    for (const auto& [event, count] : counts) {
        EXPECT_EQ(event.first, "east");
        EXPECT_EQ(count, 1) << event.second;
    }
}

}  // namespace
}  // namespace metergate::scenario
