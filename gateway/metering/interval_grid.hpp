#pragma once

#include <chrono>
#include <string_view>

#include "gateway/model/result.hpp"
#include "gateway/model/series.hpp"
#include "gateway/model/time.hpp"

namespace date {
class time_zone;
}

namespace metergate::metering {

/// Whether the time zone database of the machine knows this IANA name.
[[nodiscard]] bool zone_exists(std::string_view zone);

/// Where the intervals of one length begin and end, at one site, in UTC.
///
/// Edges stand at the multiples of the length from local midnight. When the wall clock jumps:
/// - a length that divides the jump keeps an edge at every real instant, so that a day of 23 hours
/// has
///   92 quarter-hours and one of 25 hours has 100;
/// - else an edge inside the missing time falls at the jump, and an edge in the repeated time
/// counts
///   once, the first time.
///
/// With TimeBase::standard the wall clock never jumps: it is the smaller of the site's offsets on
/// 1 January and 1 July of the year.
///
/// The machine's time zone files list the jumps up to 2037; later ones are not known.
///
/// Remembers the last slot asked for; belongs to one thread.
class IntervalGrid {
  public:
    /// Error: not_found if the zone is unknown, invalid if the length does not divide a day.
    [[nodiscard]] static Result<IntervalGrid> make(std::string_view zone,
                                                   std::chrono::seconds length, TimeBase base);

    /// The first edge after `after`.
    [[nodiscard]] UtcSeconds next_edge(UtcSeconds after) const;
    [[nodiscard]] bool is_edge(UtcSeconds time) const {
        return next_edge(time - std::chrono::seconds{1}) == time;
    }
    [[nodiscard]] std::chrono::seconds length() const { return length_; }

  private:
    IntervalGrid(const date::time_zone* zone, std::chrono::seconds length, TimeBase base)
        : zone_(zone), length_(length), base_(base) {}

    [[nodiscard]] UtcSeconds next_local_edge(UtcSeconds after) const;
    [[nodiscard]] UtcSeconds next_standard_edge(UtcSeconds after) const;

    const date::time_zone* zone_;
    std::chrono::seconds length_;
    TimeBase base_;
    mutable UtcSeconds
        asked_;  ///< every time in [asked_, answered_) has answered_ as its next edge
    mutable UtcSeconds answered_;
};

}  // namespace metergate::metering
