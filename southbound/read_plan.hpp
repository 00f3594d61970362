#pragma once

#include <algorithm>
#include <chrono>
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

/// The first register behind it; up to 65536.
[[nodiscard]] constexpr unsigned end_of(const RegisterSpan& span) {
    return unsigned{span.address} + span.count;
}

/// True if all of `inner` lies in `outer`.
[[nodiscard]] constexpr bool lies_in(const RegisterSpan& inner, const RegisterSpan& outer) {
    return inner.table == outer.table && inner.address >= outer.address &&
           end_of(inner) <= end_of(outer);
}

/// Those of the spans (all of one table) that lie in no other of them: by address, so that their
/// beginnings and their ends rise.
[[nodiscard]] std::vector<RegisterSpan> outermost(std::vector<RegisterSpan> spans);

/// How long a request and its reply keep the wire. Nanoseconds, because a character at 115200 baud
/// is no whole number of microseconds.
struct WireCost {
    std::chrono::nanoseconds request{};  ///< without any register
    std::chrono::nanoseconds per_register{};

    [[nodiscard]] constexpr std::chrono::nanoseconds of(unsigned registers) const {
        return request + per_register * registers;
    }
};

/// On a serial wire: 8 characters of request, 5 + 2n of reply, a silence of 3.5 characters before
/// each of them (or gap_min before the request, if that is longer), and the turnaround. A hole of h
/// registers is therefore worth reading while h < 10 + turnaround / (2 characters).
[[nodiscard]] constexpr WireCost serial_cost(std::chrono::nanoseconds character, Duration gap_min,
                                             Duration turnaround) {
    const std::chrono::nanoseconds silence = character * 7 / 2;
    return {character * (8 + 5) + std::max<std::chrono::nanoseconds>(silence, gap_min) + silence +
                turnaround,
            character * 2};
}

/// On a network registers cost nothing, only requests do.
[[nodiscard]] constexpr WireCost network_cost(Duration gap_min, Duration turnaround) {
    return {gap_min + turnaround, {}};
}

/// What a plan may do and what it costs.
struct ReadLimits {
    std::uint16_t registers_max = 125;     ///< in one request
    std::uint16_t hole_registers_max = 0;  ///< in a row, that nobody says the panel has
    WireCost cost = serial_cost(std::chrono::nanoseconds{572'917}, Duration{},
                                std::chrono::milliseconds{20});  ///< 19200 baud, 11 bits
};

/// What is known of a panel's registers besides those that are wanted. In any order; may overlap.
struct KnownRegisters {
    /// The panel has them: they may be read across as far as that costs less than a request.
    std::span<const RegisterSpan> listed;
    /// The panel refused to be asked for these at once, so it refuses whatever contains one of
    /// them. Parts of one may be read.
    std::span<const RegisterSpan> refused;
};

/// The requests that read all of `wanted`, each span whole inside one of them (a value read in two
/// halves may tear), by address. No other set of requests takes less time; of those that take the
/// same time it has the fewest requests, then the fewest registers. Spans may overlap and come in
/// any order; each wanted one has 1 to registers_max registers. A wanted span that contains a
/// refused one is asked for, but never together with another. Pure; takes time in proportion to the
/// number of spans.
[[nodiscard]] std::vector<RegisterSpan> plan_reads(std::span<const RegisterSpan> wanted,
                                                   const KnownRegisters& known,
                                                   const ReadLimits& limits);

}  // namespace metergate::southbound
