#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "gateway/model/time.hpp"
#include "southbound/panel_driver.hpp"
#include "southbound/register_book.hpp"

/// A panel's own clock: what its registers say, and how it is set. Pure; any thread.
namespace metergate::southbound {

/// A panel's clock may be this far from ours for its slots to be taken. They are stamped by it, and
/// a register of a wrong moment moves energy from one slot to the next.
inline constexpr std::chrono::milliseconds panel_clock_error_max{5000};

struct ClockReading {
    bool knows_time = true;  ///< by its own account
    /// Of ours. Registers show whole seconds: right to half a second, and the time the reply took.
    std::chrono::milliseconds ahead{};
    /// Of a clock with civil time: how far its zone is ahead of UTC. Times that it has stamped are
    /// so much too late.
    std::chrono::minutes zone{};

    [[nodiscard]] bool is_right() const {
        return knows_time && std::chrono::abs(ahead) <= panel_clock_error_max;
    }
};

/// The registers to read together.
[[nodiscard]] std::vector<RegisterSpan> clock_spans(const ProfileClock& clock);
/// `asked`: civil time when the request for the seconds had left.
[[nodiscard]] ClockReading clock_in(const ProfileClock& clock, const RegisterBook& book,
                                    UtcTime asked);
/// Sets a clock of seconds since 1970 to the one nearest to `now`.
[[nodiscard]] Request clock_write(const PanelSetup& setup, const Profile& profile, UtcTime now);

/// How long to wait before a clock is set: until the middle of five minutes, 0 there. Interval
/// lengths are multiples of five minutes, and a clock that is set across the end of a slot gives
/// that slot to nobody or to two.
[[nodiscard]] Duration wait_to_set_clock(UtcTime now);

/// `63 s ahead`, `5 s behind`.
[[nodiscard]] std::string ahead_text(std::chrono::milliseconds ahead);

}  // namespace metergate::southbound
