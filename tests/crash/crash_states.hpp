#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "tests/crash/crash_run.hpp"

namespace metergate::crash {

/// A state in which a power cut may leave the disk of a run.
struct CrashState {
    std::size_t boundary = 0;  ///< steps that were done before the cut
    std::uint64_t kind = 0;  ///< 0: all of them arrived; 1: what was synced; else a torn one's seed
};

struct CrashReport {
    std::size_t states = 0;             ///< different ones, all opened
    std::size_t bad = 0;                ///< in which a rule was broken
    std::vector<std::string> findings;  ///< of the first few bad ones, with how to repeat each
};

struct CrashRules {
    bool may_be_made_anew = false;  ///< before the first acknowledgement
    std::uint64_t torn = 10;        ///< random states at each step
    /// A further rule about the files as the cut left them: what is broken, or nothing.
    std::function<std::optional<std::string>(VirtualDisk&)> files_rule{};
};

/// Opens the store in every crash state of a run and compares it with what was acknowledged: the
/// store holds all of that, row by row, and at most the one thing that was under way, whole. Then
/// one more commit must get the next numbers. METERGATE_CRASH_STATE=<boundary>:<kind> looks at that
/// state only.
[[nodiscard]] CrashReport try_crash_states(const CrashRun& run, const CrashRules& rules);

}  // namespace metergate::crash
