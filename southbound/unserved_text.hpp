#pragma once

#include <string>
#include <vector>

#include "southbound/panel_blocks.hpp"

namespace metergate::southbound {

/// For people: which values, told by the places of their fields, a panel does not serve, and where
/// their registers are: "does not serve kw of suite-101 (registers 1200-1201)". At most three
/// points are named for each quantity. Empty without any. Pure; any thread.
[[nodiscard]] std::string unserved_text(const std::vector<PanelField>& fields,
                                        const std::vector<std::size_t>& unserved,
                                        const std::vector<PanelPoint>& points);

}  // namespace metergate::southbound
