#pragma once

#include <optional>
#include <string>
#include <vector>

#include "config/schema/json.hpp"
#include "config/schema/settings.hpp"
#include "southbound/identification.hpp"

/// What a scan found, for people and programs. Pure. `wires` are the scan's, by which each device
/// names its own.
namespace metergate::app {

using Wires = std::vector<schema::LineSettings>;
using FoundDevices = std::vector<southbound::FoundDevice>;

/// One row a device, and a line for each that needs a word.
[[nodiscard]] std::string found_text(const FoundDevices& found, const Wires& wires);

[[nodiscard]] schema::Json found_json(const FoundDevices& found, const Wires& wires);

/// A line with panels as the settings have it, ids to be edited, and what is not in it.
struct Fragment {
    std::optional<schema::Json> line;  ///< nothing: no device with a profile was found
    std::string remarks;               ///< one a line
};
[[nodiscard]] Fragment fragment_of(const FoundDevices& found, const Wires& wires);

}  // namespace metergate::app
