#pragma once

#include <functional>

#include "gateway/model/event.hpp"
#include "gateway/model/panel_events.hpp"
#include "gateway/model/panel_log.hpp"
#include "gateway/model/queue.hpp"
#include "gateway/model/reading.hpp"
#include "gateway/record/store.hpp"

namespace metergate::record {

/// Where the lines and the deliveries leave what the recorder is to work on.
struct RecorderInbox {
    Queue<Reading> readings{4096, WhenFull::keep_newest_per_key,
                            [](const Reading& reading) { return raw(reading.panel); }};
    Queue<Event> events{1024, WhenFull::never_drop};
    Queue<CursorMove> cursors{1024, WhenFull::never_drop};
    Queue<Receipt> receipts{1024, WhenFull::never_drop};
    /// At most one of a panel is on its way.
    Queue<LogAnswer> logged{256, WhenFull::never_drop};
    /// Of a panel again only after a look minutes later.
    Queue<PanelEvents> panel_events{256, WhenFull::never_drop};

    /// `wake` runs when something arrives where nothing was waiting; see Queue::on_push.
    void on_arrival(const std::function<void()>& wake);
    /// When the first of all that waits was sent; never, if nothing does.
    [[nodiscard]] Instant oldest() const;
};

}  // namespace metergate::record
