#include "tests/scenario/random_scenario.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <random>
#include <string>

#include "tests/scenario/runs.hpp"

namespace metergate::scenario {
namespace {

using Random = std::mt19937_64;

constexpr std::int64_t day_s = 24LL * 3600;

std::int64_t between(Random& random, std::int64_t least, std::int64_t most) {
    return least +
           static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(most - least + 1));
}

/// Mostly short, seldom very long.
std::int64_t span(Random& random, std::int64_t most_s) {
    const std::int64_t limit_s = random() % 8 == 0 ? most_s : most_s / 20;
    return between(random, 5, std::max<std::int64_t>(limit_s, 6));
}

struct Kind {
    const char* name;
    std::int64_t longest_s;
    const char* args;  ///< with {} where a random number of 1..900 goes
};

constexpr std::array line_kinds{
    Kind{"silent", 3 * day_s, ""},
    Kind{"port-missing", day_s, ""},
    Kind{"late", 7200, R"("ms": {})"},
    Kind{"garbled", 7200, R"("percent": 1)"},
    Kind{"dropped", 7200, R"("percent": 1)"},
    Kind{"wrong-unit", 600, ""},
    Kind{"parity", 7200, R"("percent": 1)"},
};
constexpr std::array panel_kinds{
    Kind{"power-cut", day_s, ""},
    Kind{"swap", 7200, R"("register_wh": {})"},
    Kind{"register-reset", 0, R"("register_wh": {})"},
    Kind{"zero", 120, ""},
    Kind{"not-available", 3600, ""},
};
/// Of a panel that remembers, and whose log is billed.
constexpr std::array logging_kinds{
    Kind{"power-cut", day_s, ""},
    Kind{"swap", 7200, R"("register_wh": {})"},
};
/// A gateway whose own clock is wrong does not believe any panel's log from then on.
constexpr std::array gateway_kinds_in_time{
    Kind{"broker-stop", 10 * day_s, ""},
    Kind{"gateway-stop", 7200, ""},
    Kind{"gateway-kill", day_s, ""},
};
constexpr std::array gateway_kinds{
    Kind{"broker-stop", 10 * day_s, ""},      Kind{"gateway-stop", 7200, ""},
    Kind{"gateway-kill", day_s, ""},          Kind{"clock-step", 0, R"("ms": {}000)"},
    Kind{"clock-step", 0, R"("ms": -{}000)"},
};

/// Adds faults of these kinds to one target, each after the end of the one before.
template <std::size_t count>
void add_faults(Random& random, const std::array<Kind, count>& kinds, const std::string& target,
                std::int64_t length_s, std::string& faults) {
    // Calm hours between two faults: their traces are to be told apart.
    for (std::int64_t at_s = between(random, 7200, 2 * day_s); at_s < length_s - day_s;
         at_s += between(random, 7200, 3 * day_s)) {
        const Kind& kind = kinds.at(random() % count);
        // All is well again before the end, so that everything can have arrived.
        const std::int64_t longest_s = std::min(kind.longest_s, length_s - at_s - day_s / 2);
        const std::int64_t for_s = kind.longest_s == 0 ? 0 : span(random, longest_s);
        const std::string args = fmt::format(fmt::runtime(kind.args), between(random, 1, 900));
        faults += fmt::format(
            R"({}{{"at_s": {}, "kind": "{}", "target": "{}", "for_s": {}, "args": {{{}}}}})",
            faults.empty() ? "" : ",", at_s, kind.name, target, for_s, args);
        at_s += for_s;
    }
}

}  // namespace

building::Scenario random_scenario(std::uint64_t seed, std::chrono::days length) {
    Random random(seed);
    const std::int64_t length_s = std::chrono::seconds{length}.count();
    std::string faults;
    add_faults(random, line_kinds, "riser-1", length_s, faults);
    add_faults(random, line_kinds, "riser-2", length_s, faults);
    add_faults(random, panel_kinds, "east", length_s, faults);
    const bool bills_log = seed % 3 == 0;
    if (bills_log) {
        add_faults(random, logging_kinds, "west", length_s, faults);
        add_faults(random, gateway_kinds_in_time, "gateway", length_s, faults);
    } else {
        add_faults(random, gateway_kinds, "gateway", length_s, faults);
    }
    return scenario_from(fmt::format(
        R"({{"seed": {}, "zone": "America/Toronto", "poll_period_ms": 60000,
             "lines": [{{"id": "riser-1"}}, {{"id": "riser-2", "kind": "{}"}}],
             "panels": [{{"id": "east", "line": "riser-1", "kind": "eastron-sdm630"}},
                        {{"id": "west", "line": "riser-2", "kind": "metergate-panel-12",
                          "series": ["kwh-15min"{}]}}],
             "faults": [{}]}})",
        seed, seed % 2 == 0 ? "rtu" : "rtu_over_tcp", bills_log ? R"(, "kwh-15min-log")" : "",
        faults));
}

}  // namespace metergate::scenario
