#include "gateway/record/live_values.hpp"

#include <algorithm>
#include <cstddef>
#include <iterator>

namespace metergate::record {
namespace {

std::size_t place_of(const Measured& measured) {
    return index_in_panel(measured.point) * quantity_count +
           static_cast<std::size_t>(measured.quantity);
}

}  // namespace

void LiveValues::update(const Reading& reading) {
    const std::scoped_lock lock(mutex_);
    ++version_;
    auto& values = panels_[reading.panel];
    std::size_t places = values.size();
    for (const Measured& measured : reading.values) {
        places = std::max(places, place_of(measured) + 1);
    }
    values.reserve(places);  // as many as the panel has: it stays so for years
    values.resize(places);
    for (const Measured& measured : reading.values) {
        values[place_of(measured)] = {measured.point, measured.quantity, measured.valid,
                                      measured.value, reading.at,        reading.at_utc,
                                      version_};
    }
}

std::vector<LiveValue> LiveValues::since(std::uint64_t version) const {
    const std::scoped_lock lock(mutex_);
    std::vector<LiveValue> changed;
    for (const auto& [panel, values] : panels_) {
        std::copy_if(values.begin(), values.end(), std::back_inserter(changed),
                     [version](const LiveValue& value) { return value.version > version; });
    }
    return changed;
}

std::uint64_t LiveValues::version() const {
    const std::scoped_lock lock(mutex_);
    return version_;
}

}  // namespace metergate::record
