#include "gateway/record/held_readings.hpp"

#include <algorithm>
#include <chrono>
#include <iterator>
#include <utility>

namespace metergate::record {
namespace {

/// A panel may need several replies to tell all its values. What a reply is about: its first value.
using Kind = std::pair<PointNumber, Quantity>;

Kind kind_of(const Reading& reading) {
    const Measured& first = reading.values.front();
    return {first.point, first.quantity};
}

/// Keeps of each kind the first, every second of the others, and the newest.
void thin_out(std::vector<Reading>& readings) {
    std::map<Kind, std::size_t> left;
    for (const Reading& reading : readings) {
        ++left[kind_of(reading)];
    }
    std::map<Kind, std::size_t> seen;
    std::erase_if(readings, [&](const Reading& reading) {
        const Kind kind = kind_of(reading);
        const bool is_newest = --left[kind] == 0;
        const bool is_odd_one = seen[kind]++ % 2 != 0;
        return is_odd_one && !is_newest;
    });
}

}  // namespace

void HeldReadings::hold(Reading reading) {
    if (reading.values.empty()) {
        return;
    }
    auto& readings = panels_[reading.panel];
    readings.push_back(std::move(reading));
    if (readings.size() > per_panel_max) {
        thin_out(readings);
    }
}

std::vector<Reading> HeldReadings::release(Instant now, UtcTime utc) {
    std::vector<Reading> all;
    for (auto& [panel, readings] : panels_) {
        std::move(readings.begin(), readings.end(), std::back_inserter(all));
    }
    panels_.clear();
    std::stable_sort(all.begin(), all.end(),
                     [](const Reading& a, const Reading& b) { return a.at < b.at; });
    for (Reading& reading : all) {
        reading.at_utc = utc - std::chrono::floor<std::chrono::milliseconds>(now - reading.at);
    }
    return all;
}

}  // namespace metergate::record
