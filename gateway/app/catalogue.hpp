#pragma once

#include <memory>

#include "config/schema/settings.hpp"
#include "gateway/model/clock.hpp"
#include "gateway/model/ids.hpp"
#include "northbound/publisher.hpp"
#include "southbound/line.hpp"

/// The kinds of lines and destinations that the program has: one branch each, in plain sight.
namespace metergate::app {

/// The wire of one line, not yet open.
[[nodiscard]] std::unique_ptr<southbound::Line> make_line(const schema::LineSettings& line,
                                                          const Clock& clock);

/// The connection of one destination, not yet open.
[[nodiscard]] std::unique_ptr<northbound::Publisher> make_publisher(
    const schema::DestinationSettings& destination, const Id& gateway, const Clock& clock);

}  // namespace metergate::app
