#include "southbound/panel_clock.hpp"

#include <fmt/format.h>

#include "southbound/panel_request.hpp"
#include "southbound/panel_time.hpp"

namespace metergate::southbound {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

/// All zones in use, with daylight saving time, lie within -12 and +14 h, a quarter of an hour
/// apart at least.
minutes zone_in(milliseconds ahead) {
    using Quarters = std::chrono::duration<int, std::ratio<15 * 60>>;
    const minutes zone = std::chrono::round<Quarters>(ahead);
    const bool exists = zone >= std::chrono::hours{-12} && zone <= std::chrono::hours{14};
    return exists ? zone : minutes{0};
}

}  // namespace

std::vector<RegisterSpan> clock_spans(const ProfileClock& clock) {
    std::vector<RegisterSpan> spans{span_of(clock.time)};
    if (clock.state) {
        spans.push_back(span_of(*clock.state));
    }
    return spans;
}

ClockReading clock_in(const ProfileClock& clock, const RegisterBook& book, UtcTime asked) {
    ClockReading reading;
    const std::uint64_t state = clock.state ? book.bits(*clock.state).value_or(0) : 0;
    const auto shown = time_in(clock.time, book);
    reading.knows_time = shown && (!clock.state || (state & clock.valid_mask) != 0);
    if (!shown) {
        return reading;
    }
    // It shows the second that has begun: on average half of it is over.
    reading.ahead = *shown + milliseconds{500} - asked;
    if (clock.time.form != TimeForm::seconds) {
        reading.zone = zone_in(reading.ahead);
        reading.ahead -= reading.zone;
    }
    return reading;
}

Request clock_write(const PanelSetup& setup, const Profile& profile, UtcTime now) {
    const auto nearest = std::chrono::round<seconds>(now.time_since_epoch()).count();
    const TimeField& time = profile.clock->time;
    return panel_write(setup.unit, profile.limits,
                       {time.table, time.address, RegisterType::u32, time.order},
                       static_cast<std::uint64_t>(nearest));
}

Duration wait_to_set_clock(UtcTime now) {
    constexpr minutes five{5};
    constexpr seconds from_edge{90};
    const milliseconds since_edge = now.time_since_epoch() % five;
    if (since_edge < from_edge) {
        return from_edge - since_edge;
    }
    return since_edge <= five - from_edge ? Duration{} : five + from_edge - since_edge;
}

std::string ahead_text(milliseconds ahead) {
    return fmt::format("{} s {}", std::chrono::round<seconds>(std::chrono::abs(ahead)).count(),
                       ahead.count() > 0 ? "ahead" : "behind");
}

}  // namespace metergate::southbound
