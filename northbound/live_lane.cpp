#include "northbound/live_lane.hpp"

#include <algorithm>
#include <array>
#include <vector>

#include "northbound/native_encoder.hpp"

namespace metergate::northbound {
namespace {

constexpr std::uint64_t quality_place = 0xFF;
constexpr Duration judge_period = std::chrono::seconds{1};
constexpr std::array<std::string_view, 3> quality_names{"good", "unavailable", "stale"};

std::uint64_t key_of(PointNumber point, std::uint64_t place) {
    return std::uint64_t{raw(point)} << 8U | place;
}

}  // namespace

LiveLane::LiveLane(const DeliveryOptions& options, const record::LiveValues& values,
                   const record::Directory& directory)
    : options_(options), values_(values), directory_(directory) {}

void LiveLane::restart() {
    version_ = 0;
    judge_at_ = {};
    entries_.clear();
    points_.clear();
    waiting_.clear();
}

void LiveLane::clear_unused() {
    std::vector<PointNumber> gone;
    for (const auto& [number, state] : points_) {
        if (!directory_.is_in_use(number)) {
            gone.push_back(number);
        }
    }
    std::for_each(gone.begin(), gone.end(), [this](PointNumber number) { forget(number); });
}

void LiveLane::forget(PointNumber number) {
    const auto first = entries_.lower_bound(key_of(number, 0));
    const auto last = entries_.lower_bound(key_of(number, quality_place));
    for (auto place = first; place != last; ++place) {
        if (place->second.told) {
            const auto name = facts_of(place->second.newest.quantity).name;
            to_clear_.push_back(point_topic(directory_, number, name));
        }
    }
    if (points_.at(number).told) {
        to_clear_.push_back(point_topic(directory_, number, "quality"));
    }
    entries_.erase(first, last);
    points_.erase(number);
    std::erase_if(waiting_, [number](Key key) { return key >> 8U == raw(number); });
}

void LiveLane::refresh(Instant now) {
    const std::uint64_t version = values_.version();
    if (version != version_) {
        std::vector<record::LiveValue> changed = values_.since(version_);
        std::sort(changed.begin(), changed.end(), [](const auto& a, const auto& b) {
            return std::pair{a.point, a.quantity} < std::pair{b.point, b.quantity};
        });
        for (const record::LiveValue& value : changed) {
            take_over(value, now);
            version_ = std::max(version_, value.version);
        }
        judge_at_ = now;
    }
    if (now >= judge_at_) {
        judge_quality(now);
        judge_at_ = now + judge_period;
    }
}

void LiveLane::take_over(const record::LiveValue& value, Instant now) {
    if (!options_.filter.passes(panel_of(value.point)) || !directory_.is_in_use(value.point)) {
        return;
    }
    PointState& point = points_[value.point];
    point.newest_at = std::max(point.newest_at, value.at);
    const Key key = key_of(value.point, static_cast<std::uint64_t>(value.quantity));
    Entry& entry = entries_[key];
    entry.newest = value;
    const bool fresh = now - value.at < options_.live_stale_after;
    const bool due = entry.told != value.value || now - entry.told_at >= options_.live_heartbeat;
    if (value.valid && fresh && due) {
        enqueue(key, entry.waits);
    }
}

void LiveLane::judge_quality(Instant now) {
    for (auto& [number, point] : points_) {
        point.quality = quality_of(number, point.newest_at, now);
        if (point.told != point.quality) {
            enqueue(key_of(number, quality_place), point.waits);
        }
    }
}

LiveLane::Quality LiveLane::quality_of(PointNumber point, Instant newest_at, Instant now) const {
    if (now - newest_at >= options_.live_stale_after) {
        return Quality::stale;
    }
    const auto first = entries_.lower_bound(key_of(point, 0));
    const auto last = entries_.lower_bound(key_of(point, quality_place));
    const bool all_valid =
        std::all_of(first, last, [](const auto& keyed) { return keyed.second.newest.valid; });
    return all_valid ? Quality::good : Quality::unavailable;
}

void LiveLane::enqueue(Key key, bool& waits) {
    if (!waits) {
        waits = true;
        waiting_.push_back(key);
    }
}

std::optional<Message> LiveLane::next(Instant now) {
    while (!waiting_.empty()) {
        const Key key = waiting_.front();
        waiting_.pop_front();
        const PointNumber number{static_cast<std::uint32_t>(key >> 8U)};
        if ((key & 0xFFU) == quality_place) {
            return tell_quality(number, points_[number]);
        }
        Entry& entry = entries_[key];
        entry.waits = false;
        if (entry.newest.valid) {
            return tell_value(number, entry, now);
        }
    }
    return std::nullopt;
}

Message LiveLane::tell_quality(PointNumber number, PointState& point) const {
    point.waits = false;
    point.told = point.quality;
    return {point_topic(directory_, number, "quality"),
            std::string(quality_names.at(static_cast<std::size_t>(point.quality))), true,
            Assurance::best_effort};
}

Message LiveLane::tell_value(PointNumber number, Entry& entry, Instant now) const {
    entry.told = entry.newest.value;
    entry.told_at = now;
    return {point_topic(directory_, number, facts_of(entry.newest.quantity).name),
            decimal_text(entry.newest.value), true, Assurance::best_effort};
}

}  // namespace metergate::northbound
