#include "southbound/panel_clock.hpp"

#include <fmt/format.h>

#include "southbound/panel_request.hpp"

namespace metergate::southbound {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

}  // namespace

std::vector<RegisterField> clock_fields(const ProfileClock& clock) {
    std::vector<RegisterField> fields{clock.seconds};
    if (clock.state) {
        fields.push_back(*clock.state);
    }
    return fields;
}

ClockReading clock_in(const ProfileClock& clock, const RegisterBook& book, UtcTime asked) {
    const std::uint64_t state = clock.state ? book.bits(*clock.state).value_or(0) : 0;
    const auto shown = static_cast<std::int64_t>(book.bits(clock.seconds).value_or(0));
    // It shows the second that has begun: on average half of it is over.
    return {!clock.state || (state & clock.valid_mask) != 0,
            utc_from_s(shown) + milliseconds{500} - asked};
}

Request clock_write(const PanelSetup& setup, const Profile& profile, UtcTime now) {
    const auto nearest = std::chrono::round<seconds>(now.time_since_epoch()).count();
    return panel_write(setup.unit, profile.limits, profile.clock->seconds,
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
