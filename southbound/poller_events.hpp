#pragma once

#include "gateway/model/event.hpp"
#include "southbound/line.hpp"
#include "southbound/panel_driver.hpp"
#include "southbound/panel_health.hpp"

/// The events a poller sends, as values. Pure; any thread.
namespace metergate::southbound {

[[nodiscard]] Event line_lost_event(const Id& line, UtcTime at, const Error& why);
[[nodiscard]] Event line_back_event(const Id& line, UtcTime at, UtcTime since);
/// Something that people are told once about a line's wire.
[[nodiscard]] Event wire_news_event(const Id& line, UtcTime at, const WireNews& news);
[[nodiscard]] Event panel_lost_event(const PanelSetup& panel, const Id& line, UtcTime at,
                                     const PanelHealth& health);
[[nodiscard]] Event panel_back_event(const PanelSetup& panel, const Id& line, UtcTime at,
                                     const PanelHealth& health);
/// The meter's serial number is not the one in the settings.
[[nodiscard]] Event serial_unexpected_event(const PanelDriver& driver, UtcTime at);

}  // namespace metergate::southbound
