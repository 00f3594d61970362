#include "gateway/app/scan_progress.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cstdio>

namespace metergate::app {
namespace {

void say(const std::string& text) {
    std::fputs(text.c_str(), stderr);
    std::fflush(stderr);
}

constexpr const char* wipe_line = "\r\x1b[K";

}  // namespace

std::string time_left_text(Duration left) {
    const auto s = std::chrono::ceil<std::chrono::seconds>(left).count();
    if (s < 60) {
        return fmt::format("about {} s left", s);
    }
    if (s < 600) {
        return fmt::format("about {} min {} s left", s / 60, s % 60 / 10 * 10);
    }
    return fmt::format("about {} min left", (s + 59) / 60);
}

std::string progress_line(const southbound::ScanProgress& progress, const std::string& format) {
    constexpr unsigned width = 12;
    const unsigned full = width * progress.percent / 100;
    return fmt::format("[{}{}] {:3} %  {}, address {}, {} found, {}", std::string(full, '#'),
                       std::string(width - full, '.'), progress.percent, format, progress.unit,
                       progress.found, time_left_text(progress.left));
}

std::string nothing_text(const ScanTarget& target) {
    if (!target.wires.front().rs485) {
        return "nothing answers there at these addresses\n";
    }
    return "nothing answers. Are A and B swapped? Has the meter power, and an address within those "
           "asked?\nIs the wire ended by 120 ohm at both ends, and does the adapter's lamp "
           "blink?\n";
}

void ScanProgressView::show(const southbound::ScanProgress& progress, const FoundDevices& found) {
    const std::string format = format_text(target_.wires.at(progress.wire));
    if (is_terminal_) {
        say(wipe_line + progress_line(progress, format));
        return;
    }
    if (const std::pair round(progress.wire, progress.second); round_told_ != round) {
        round_told_ = round;
        say(fmt::format("{}: asking {} addresses{}, {}\n", format, target_.addresses.size(),
                        progress.second ? " once more" : "", time_left_text(progress.left)));
    }
    tell(found);
}

void ScanProgressView::tell(const FoundDevices& found) {
    for (const southbound::FoundDevice& one : found) {
        const bool is_known = !one.how.empty() || !one.doubled.empty();
        if (is_known && told_.insert({one.wire, one.unit}).second) {
            say(fmt::format("found address {}: {}, serial {}\n", one.unit,
                            one.profiles.empty()
                                ? one.device
                                : fmt::format("{}", fmt::join(one.profiles, " or ")),
                            one.serial.empty() ? "unknown" : one.serial));
        }
    }
}

void ScanProgressView::end(const FoundDevices& found) {
    if (is_terminal_) {
        say(wipe_line);
    } else {
        tell(found);
    }
}

}  // namespace metergate::app
