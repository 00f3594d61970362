#pragma once

#include <cstdint>
#include <vector>

#include "gateway/model/event.hpp"
#include "gateway/model/ids.hpp"

/// What a panel noted in its own event log. Plain values that pass from a line's thread to the
/// recorder's.
namespace metergate {

/// How far a panel's event log has been taken over.
struct PanelEventMark {
    PanelNumber panel{};
    std::uint64_t identity = 0;  ///< of the meter that keeps the log, as in readings
    std::uint32_t through = 0;   ///< number of the newest event taken over; 0 = none was there

    bool operator==(const PanelEventMark&) const = default;
};

struct NumberedEvent {
    std::uint32_t number = 0;  ///< in the panel's log
    Event event;
};

/// The next part of a panel's event log. To be taken once: events up to the mark that is kept of
/// the same meter are known already.
struct PanelEvents {
    PanelEventMark mark;                ///< what is taken over with them
    std::vector<NumberedEvent> events;  ///< in order of number; those of unknown kinds left out
    bool is_new_log = false;  ///< of a meter seen for the first time, or cleared: nothing is known
};

}  // namespace metergate
