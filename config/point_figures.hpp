#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "config/facts.hpp"
#include "config/schema/settings.hpp"

namespace metergate::config {

/// What an installer compares with the panel: one row a point.
struct PointFigures {
    Id panel;
    Id point;
    std::string service;                      ///< empty = not stated
    std::string channels;                     ///< `1.3 1.4-`: cable.pair, - = reversed
    std::string ct;                           ///< `200 A : 80 mA`, `400 A : 5000 mA, 2 turns`
    Ratio multiplier;                         ///< registers are multiplied by it
    std::optional<std::int64_t> full_load_w;  ///< at the CTs' rated current; needs the service
};

/// In the order of the settings. Panels of an unknown profile are left out.
[[nodiscard]] std::vector<PointFigures> point_figures(const schema::Settings& settings,
                                                      const Facts& facts);

/// The same as a text table with a heading, for the terminal.
[[nodiscard]] std::string figures_table(const std::vector<PointFigures>& figures);

}  // namespace metergate::config
