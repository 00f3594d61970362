#include "southbound/poller_events.hpp"

#include <fmt/format.h>

namespace metergate::southbound {
namespace {

Event event_of(EventKind kind, PanelNumber panel, const Id& source, UtcTime at) {
    Event event;
    event.at = at;
    event.panel = panel;
    event.source = source;
    event.kind = kind;
    event.start = at;
    return event;
}

}  // namespace

Event line_lost_event(const Id& line, UtcTime at, const Error& why) {
    Event event = event_of(EventKind::line_lost, gateway_panel, line, at);
    event.text = fmt::format("line {} is down: {}", line, why.text);
    return event;
}

Event line_back_event(const Id& line, UtcTime at, UtcTime since) {
    Event event = event_of(EventKind::line_back, gateway_panel, line, at);
    event.start = since;
    event.end = at;
    event.text = fmt::format("line {} is back", line);
    return event;
}

Event wire_news_event(const Id& line, UtcTime at, const WireNews& news) {
    Event event = event_of(news.kind, gateway_panel, line, at);
    event.text = fmt::format("line {} {}", line, news.text);
    return event;
}

Event panel_lost_event(const PanelSetup& panel, const Id& line, UtcTime at,
                       const PanelHealth& health) {
    Event event = event_of(EventKind::panel_lost, panel.number, panel.id, at);
    event.start = health.failing_since();
    event.text = fmt::format("panel {} on line {} is lost: {} ({} times in a row)", panel.id, line,
                             health.status().problem, health.failures());
    return event;
}

Event panel_back_event(const PanelSetup& panel, const Id& line, UtcTime at,
                       const PanelHealth& health) {
    Event event = event_of(EventKind::panel_back, panel.number, panel.id, at);
    event.start = health.failing_since();
    event.end = at;
    event.text = fmt::format("panel {} on line {} is back", panel.id, line);
    return event;
}

Event serial_unexpected_event(const PanelDriver& driver, UtcTime at) {
    const PanelSetup& panel = driver.setup();
    Event event = event_of(EventKind::meter_changed, panel.number, panel.id, at);
    event.old_value = panel.expected_serial;
    event.new_value = driver.serial();
    event.text = fmt::format("panel {} has serial number {}, but the settings expect {}", panel.id,
                             event.new_value, event.old_value);
    return event;
}

}  // namespace metergate::southbound
