#include "gateway/record/recorder_inbox.hpp"

#include <algorithm>

namespace metergate::record {

void RecorderInbox::on_arrival(const std::function<void()>& wake) {
    readings.on_push(wake);
    events.on_push(wake);
    cursors.on_push(wake);
    receipts.on_push(wake);
    logged.on_push(wake);
    panel_events.on_push(wake);
}

Instant RecorderInbox::oldest() const {
    return std::min({readings.next_at(), events.next_at(), cursors.next_at(), receipts.next_at(),
                     logged.next_at(), panel_events.next_at()});
}

}  // namespace metergate::record
