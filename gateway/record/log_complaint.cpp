#include "gateway/record/log_complaint.hpp"

#include <utility>

namespace metergate::record {

bool LogComplaint::may_pass(const Error& error) {
    return error.fault == Fault::timeout || error.fault == Fault::damaged ||
           error.fault == Fault::disconnected || error.fault == Fault::busy;
}

std::optional<Event> LogComplaint::event_for(const Error& error, UtcTime at,
                                             const PanelRecorder& recorder,
                                             std::string_view effect) {
    if (may_pass(error) || std::exchange(told_, error.text) == error.text) {
        return std::nullopt;
    }
    Event event;
    event.at = at;
    event.start = at;
    event.panel = recorder.number();
    event.source = recorder.id();
    event.kind = EventKind::log_unusable;
    event.text = "panel " + recorder.id() + ": " + std::string(effect) + ": " + error.text;
    return event;
}

}  // namespace metergate::record
