/// How long a simulated day of 32 panels takes: tests/bench/run scenario.

#include <cstdio>
#include <string>

#include "tests/scenario/virtual_gateway.hpp"
#include "tests/support/temp_dir.hpp"

namespace {

using namespace metergate;

constexpr double target_s = 5.0;

double seconds_between(Instant from, Instant to) {
    return static_cast<double>((to - from).count()) / 1e6;
}

}  // namespace

int main() {
    const auto scenario =
        building::load_scenario(std::string(METERGATE_SCENARIO_DIR) + "/day.json");
    if (!scenario) {
        std::fprintf(stderr, "%s\n", scenario.error().text.c_str());
        return 1;
    }
    const support::TempDir folder;
    const SystemClock clock;
    const Instant before = clock.now();
    scenario::ScenarioRun run(*scenario, {.folder = folder.path()});
    const bool ran = run.run_for(std::chrono::hours{24});
    const Instant simulated = clock.now();
    const auto status = run.recorder_status();
    const auto verdict = run.finish();
    const Instant judged = clock.now();

    const double day_s = seconds_between(before, simulated);
    std::printf("%-34s %10.2f s  (target under %.0f s)\n", "32 panels x 24 points, one day", day_s,
                target_s);
    std::printf("%-34s %10.2f s\n", "verdict", seconds_between(simulated, judged));
    std::printf("%-34s %10llu\n", "readings", static_cast<unsigned long long>(status.readings));
    std::printf("%-34s %10llu\n", "batches received",
                static_cast<unsigned long long>(run.far_end().batches().size()));
    std::printf("%-34s %10s\n", "verdict clean", verdict.clean() ? "yes" : "no");
    std::printf("{\"day_32x24_s\": %.3f, \"readings\": %llu, \"clean\": %s}\n", day_s,
                static_cast<unsigned long long>(status.readings),
                verdict.clean() ? "true" : "false");
    return ran && verdict.clean() ? 0 : 1;
}
