#include "gateway/app/event_desk.hpp"

namespace metergate::app {
namespace {

bool is_good_news(EventKind kind) {
    switch (kind) {
        case EventKind::gateway_started:
        case EventKind::gateway_stopped:
        case EventKind::line_back:
        case EventKind::panel_back:
        case EventKind::destination_back:
        case EventKind::server_back:
        case EventKind::clock_valid:
        case EventKind::settings_applied:
        case EventKind::programming:
        case EventKind::meter_change_out:
            return true;
        default:
            return false;
    }
}

}  // namespace

void EventDesk::report(Event event) {
    if (is_good_news(event.kind)) {
        log_->info(event.text);
    } else {
        log_->warn(event.text);
    }
    for (const Listener& listener : listeners_) {
        listener(event);
    }
    recorder_->push(clock_->now(), std::move(event));
}

void EventDesk::report_own(EventKind kind, std::string text) {
    Event event;
    event.at = clock_->utc();
    event.start = event.at;
    event.panel = gateway_panel;
    event.source = "gateway";
    event.kind = kind;
    event.text = std::move(text);
    report(std::move(event));
}

}  // namespace metergate::app
