#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "gateway/model/ids.hpp"
#include "gateway/model/time.hpp"

namespace metergate {

/// Everything that can be told as an event. Numbers are stored: append only.
enum class EventKind : std::uint8_t {
    gateway_started = 0,
    gateway_stopped = 1,
    gateway_power_failed = 2,  ///< found at start: the last run did not end cleanly
    line_lost = 3,
    line_back = 4,
    panel_lost = 5,
    panel_back = 6,
    meter_changed = 7,   ///< the identity behind a panel's address is another
    register_reset = 8,  ///< a register jumped and stayed there: chain closed and opened
    register_rollover = 9,
    register_rejected = 10,  ///< readings were not believed and not booked
    clock_stepped = 11,
    clock_valid = 12,  ///< the time was not known before
    settings_applied = 13,
    settings_damaged = 14,  ///< the last good copy was started instead
    store_replaced = 15,    ///< the store was damaged, kept aside, and a new one begun
    store_failing = 16,
    store_low_space = 17,
    destination_lost = 18,
    destination_back = 19,
    destination_paused = 20,  ///< the other side refuses for good: needs a person
    records_purged = 21,
    meter_change_out = 22,  ///< a person recorded a change of meter
    gap_not_recorded = 23,  ///< a gap longer than is written out slot by slot
    queue_overflow = 24,
    voltage_sag = 25,
    voltage_swell = 26,
    voltage_interruption = 27,  ///< of the metering voltage
    panel_power_failed = 28,    ///< of the panel's electronics
    programming = 29,
    receiver_silent = 30,       ///< its receipts hold the purge up no longer
    subscription_refused = 31,  ///< the broker does not let a destination hear its receivers
    history_damaged = 32,       ///< a packed day failed its hash
    log_disagrees = 33,         ///< a panel's own log, against itself or against its register
    log_unusable = 34,          ///< a panel's own log cannot be used, and gaps stay open
    panel_clock_wrong = 35,     ///< a panel's own clock, as compared with the gateway's
    panel_clock_set = 36,       ///< by the gateway
    server_lost = 37,           ///< others cannot connect: its address or port cannot be had
    server_back = 38,
    panel_written = 39,   ///< another master writes to a panel through the gateway
    local_echo = 40,      ///< a line hears what it sends, or no longer does
    foreign_master = 41,  ///< somebody else asks on a line's wire, or no longer does
};
inline constexpr std::size_t event_kind_count = 42;

/// The published word: `line-lost`.
[[nodiscard]] std::string_view name_of(EventKind kind);
[[nodiscard]] std::optional<EventKind> event_kind_named(std::string_view name);

/// Something a person or a billing system may ask about later. Kept and published like records.
struct Event {
    std::int64_t seq = 0;  ///< given by the store, in order of storing
    UtcTime at;            ///< when it was noticed
    bool clock_ok = true;  ///< false: `at` was stamped before the clock was known to be right
    PanelNumber panel{};   ///< whose batch carries it; gateway_panel if none
    std::string source;    ///< id of the line, panel, point or destination; "gateway" for itself
    EventKind kind{};
    std::string phase;  ///< "A", "B", "C" or empty
    std::uint32_t occurrence =
        0;          ///< counts this kind of event of this source, from 1; by the store
    UtcTime start;  ///< when it began, as far as known
    std::optional<UtcTime> end;
    std::string old_value;
    std::string new_value;
    std::string text;  ///< one plain sentence

    bool operator==(const Event&) const = default;
};

}  // namespace metergate
