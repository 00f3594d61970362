#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "config/schema/settings.hpp"
#include "gateway/app/commands.hpp"
#include "gateway/model/result.hpp"
#include "southbound/scan.hpp"

/// Where a scan looks, from what the command line says. Pure.
namespace metergate::app {

struct ScanTarget {
    /// One for each speed and parity, most usual first; without panels. On TCP one.
    std::vector<schema::LineSettings> wires;
    std::vector<std::uint8_t> addresses;  ///< 1..247, each once, rising
};

/// `1-247`, `3`, `1-10,20,30-32`. Error: invalid, naming the part that is none.
[[nodiscard]] Result<std::vector<std::uint8_t>> addresses_from(const std::string& text);

/// Of --port or --host. Error: invalid, naming the option.
[[nodiscard]] Result<ScanTarget> target_of(const ScanRequest& request);
/// Of a line in the settings: its own speed and parity, unless others are asked for.
[[nodiscard]] Result<ScanTarget> target_of(const ScanRequest& request,
                                           const schema::LineSettings& line);

/// As electricians write it: 9600 8N1; tcp.
[[nodiscard]] std::string format_text(const schema::LineSettings& wire);

/// How a scan talks on these wires.
[[nodiscard]] southbound::ScanPlan scan_plan(const ScanTarget& target, bool all_wires);

}  // namespace metergate::app
