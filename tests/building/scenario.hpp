#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/model/result.hpp"
#include "gateway/model/time.hpp"
#include "tests/building/bus.hpp"
#include "tests/building/fault.hpp"
#include "tests/building/panel_model.hpp"
#include "tests/building/verdict.hpp"

namespace metergate::building {

/// A building, its gateway's settings, and what will go wrong: all from one JSON file in which
/// nearly everything has a default. The keys are listed in tests/building/README.md.
struct Scenario {
    std::uint64_t seed = 1;
    UtcSeconds start;
    std::string zone = "UTC";
    std::chrono::seconds utc_offset{0};  ///< of the zone, at the start
    bool laboratory = false;
    std::vector<std::string> series;
    std::int64_t poll_period_ms = 10'000;
    std::int64_t close_wait_s = 30;
    std::int64_t commit_wait_s = 5;
    std::vector<LinePlan> lines;
    std::vector<PanelPlan> panels;
    std::vector<PlannedFault>
        faults;  ///< all of them, in order of `from`; also in lines and panels

    /// Moves everything to another start; for runs in real time.
    void start_at(UtcSeconds when);
    [[nodiscard]] RunFacts run_facts() const { return {laboratory, poll_period_ms, series, zone}; }
    [[nodiscard]] VerdictOptions verdict_options() const { return options_for(run_facts()); }
};

/// Error: invalid, naming the path: `faults[2].kind: "silnt" is not a kind of fault`.
[[nodiscard]] Result<Scenario> parse_scenario(std::string_view text);
/// Also not_found if the file cannot be read; the text names the file.
[[nodiscard]] Result<Scenario> load_scenario(const std::string& path);

}  // namespace metergate::building
