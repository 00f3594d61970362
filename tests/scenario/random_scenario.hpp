#pragma once

#include <chrono>
#include <cstdint>

#include "tests/building/scenario.hpp"

namespace metergate::scenario {

/// A building with one small panel on each of two lines, and faults of lines, meters, network,
/// power and clock at random: about two a day, one after the other on each line. The same seed
/// gives the same scenario.
[[nodiscard]] building::Scenario random_scenario(std::uint64_t seed, std::chrono::days length);

}  // namespace metergate::scenario
