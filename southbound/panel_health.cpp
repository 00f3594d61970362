#include "southbound/panel_health.hpp"

#include <algorithm>
#include <array>

namespace metergate::southbound {
namespace {

/// Weight of the newest reply in the mean.
constexpr double mean_weight = 1.0 / 16;

}  // namespace

std::string_view name_of(PanelState state) {
    static constexpr std::array<std::string_view, 4> names{"starting", "ok", "failing", "lost"};
    return names.at(static_cast<std::size_t>(state));
}

Instant PanelHealth::wanted_at() const {
    return status_.state == PanelState::lost ? retry_ : std::min(due_, retry_);
}

bool PanelHealth::begin_poll(Instant now, Duration period) {
    retry_ = never;
    asked_at_ = now;
    if (due_ > now) {
        return true;
    }
    if (status_.state == PanelState::lost) {
        due_ = now + period;
        return false;
    }
    // A line that cannot keep up: behind all panels that are due already, so that each gets its
    // turn.
    due_ += period;
    if (due_ < now) {
        status_.skipped_polls += static_cast<std::uint64_t>((now - due_) / period + 1);
        due_ = now;
    }
    return false;
}

void PanelHealth::line_back(Instant now) {
    due_ = std::max(due_, now);
}

void PanelHealth::count(const Result<RegisterReply>& outcome, Duration on_wire) {
    if (outcome.has_value()) {
        const Duration taken = outcome->answered - outcome->asked;
        const double ms = std::chrono::duration<double, std::milli>(taken).count();
        status_.reply_mean_ms +=
            status_.replies == 0 ? ms : (ms - status_.reply_mean_ms) * mean_weight;
        ++status_.replies;
        reply_time_.answered(taken - on_wire);
        return;
    }
    switch (outcome.error().fault) {
        case Fault::timeout:
            ++status_.timeouts;
            reply_time_.timed_out();
            break;
        case Fault::damaged:
            ++status_.bad_frames;
            break;
        case Fault::refused:
            ++status_.refusals;
            break;
        default:
            break;
    }
}

bool PanelHealth::good(Instant asked) {
    const bool was_lost = status_.state == PanelState::lost;
    status_.state = PanelState::ok;
    status_.last_good = asked;
    failures_ = 0;
    if (was_lost) {
        retry_ = never;
    }
    return was_lost;
}

bool PanelHealth::failed(Instant now, UtcTime utc, bool was_retry) {
    ++failures_;
    if (failures_ == 1) {
        failing_since_ = utc;
    }
    if (status_.state == PanelState::lost) {
        back_off_ = std::min(back_off_ * 2, probe_wait_max);
        retry_ = now + back_off_;
        return false;
    }
    if (failures_ < failures_to_lost) {
        status_.state = PanelState::failing;
        retry_ = was_retry ? never : now + retry_wait;
        return false;
    }
    status_.state = PanelState::lost;
    back_off_ = probe_wait_min;
    retry_ = now + back_off_;
    return true;
}

}  // namespace metergate::southbound
