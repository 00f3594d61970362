#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "southbound/line.hpp"

namespace metergate::southbound {

/// A run of registers.
struct RegisterSpan {
    Table table = Table::holding;
    std::uint16_t address = 0;
    std::uint16_t count = 1;

    bool operator==(const RegisterSpan&) const = default;
};

/// What a plan may do and what it costs.
struct ReadLimits {
    std::uint16_t registers_max = 125;     ///< in one request
    std::uint16_t hole_registers_max = 0;  ///< registers the panel may not have, between two wanted
    /// Registers the panel has but nobody asked for, between two wanted: up to here reading them
    /// costs less than a request of their own (13 bytes of frames, two silences, the panel's
    /// turnaround).
    std::uint16_t listed_hole_registers_max = 16;
};

/// The requests that read all of `wanted`, each span whole inside one of them (a value read in two
/// halves may tear). `listed` is what else the panel is known to have. Spans may overlap and come
/// in any order; each wanted one is at most registers_max long. Pure. Greedy: from the lowest
/// address on, a request grows while it may.
[[nodiscard]] std::vector<RegisterSpan> plan_reads(std::span<const RegisterSpan> wanted,
                                                   std::span<const RegisterSpan> listed,
                                                   const ReadLimits& limits);

}  // namespace metergate::southbound
