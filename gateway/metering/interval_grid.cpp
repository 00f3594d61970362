#include "gateway/metering/interval_grid.hpp"

#include <date/tz.h>

#include <algorithm>
#include <stdexcept>
#include <string>

namespace metergate::metering {
namespace {

using std::chrono::seconds;

const date::time_zone* find_zone(std::string_view name) {
    try {
        return date::locate_zone(name);
    } catch (const std::runtime_error&) {
        return nullptr;
    }
}

/// A stretch of time in which the wall clock runs evenly, and by how much it jumped at its begin.
struct EvenSpan {
    UtcSeconds begin;
    UtcSeconds end;
    seconds offset;
    seconds jump;  ///< offset minus the offset before `begin`
};

seconds offset_at(const date::time_zone& zone, UtcSeconds time) {
    return zone.get_info(time).offset;
}

seconds standard_offset(const date::time_zone& zone, date::year year) {
    return std::min(offset_at(zone, date::sys_days{year / date::January / 1}),
                    offset_at(zone, date::sys_days{year / date::July / 1}));
}

EvenSpan span_at(const date::time_zone& zone, UtcSeconds time) {
    const auto info = zone.get_info(time);
    const seconds before = offset_at(zone, info.begin - seconds{1});
    return {info.begin, info.end, info.offset, info.offset - before};
}

/// The first multiple of `length` on a wall clock running at `offset`, at or after `from`.
UtcSeconds aligned_from(UtcSeconds from, seconds offset, seconds length) {
    const seconds local = from.time_since_epoch() + offset;
    const seconds past = (local % length + length) % length;
    return past == seconds{0} ? from : from + (length - past);
}

/// Whether one of the wall clock times that the jump at `span.begin` skipped is an edge.
bool edge_was_skipped(const EvenSpan& span, seconds length) {
    if (span.jump <= seconds{0}) {
        return false;
    }
    const UtcSeconds first = aligned_from(span.begin, span.offset - span.jump, length);
    return first < span.begin + span.jump;
}

/// The first edge of the span after `after`; may lie beyond the span's end.
UtcSeconds first_edge_in(const EvenSpan& span, UtcSeconds after, seconds length) {
    UtcSeconds from = after + seconds{1};
    if (from <= span.begin) {
        if (edge_was_skipped(span, length)) {
            return span.begin;
        }
        from = span.begin;
    }
    const bool repeats_time = span.jump < seconds{0};
    if (repeats_time && span.jump % length != seconds{0}) {
        from = std::max(from, span.begin - span.jump);
    }
    return aligned_from(from, span.offset, length);
}

}  // namespace

bool zone_exists(std::string_view zone) {
    return find_zone(zone) != nullptr;
}

Result<IntervalGrid> IntervalGrid::make(std::string_view zone, seconds length, TimeBase base) {
    const date::time_zone* found = find_zone(zone);
    if (found == nullptr) {
        return Error{Fault::not_found, "time zone \"" + std::string(zone) + "\" is unknown"};
    }
    if (length <= seconds{0} || seconds{86'400} % length != seconds{0}) {
        return Error{Fault::invalid, "an interval of " + std::to_string(length.count()) +
                                         " s does not divide a day"};
    }
    return IntervalGrid(found, length, base);
}

UtcSeconds IntervalGrid::next_edge(UtcSeconds after) const {
    if (after < asked_ || after >= answered_) {
        answered_ = base_ == TimeBase::local ? next_local_edge(after) : next_standard_edge(after);
        asked_ = after;
    }
    return answered_;
}

UtcSeconds IntervalGrid::next_local_edge(UtcSeconds after) const {
    EvenSpan span = span_at(*zone_, after);
    UtcSeconds edge = first_edge_in(span, after, length_);
    while (edge >= span.end) {
        span = span_at(*zone_, span.end);
        edge = first_edge_in(span, after, length_);
    }
    return edge;
}

UtcSeconds IntervalGrid::next_standard_edge(UtcSeconds after) const {
    const UtcSeconds from = after + seconds{1};
    const auto year = date::year_month_day{date::floor<date::days>(from)}.year();
    const UtcSeconds next_year = date::sys_days{(year + date::years{1}) / date::January / 1};
    const UtcSeconds edge = aligned_from(from, standard_offset(*zone_, year), length_);
    return edge < next_year
               ? edge
               : aligned_from(next_year, standard_offset(*zone_, year + date::years{1}), length_);
}

}  // namespace metergate::metering
