#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>

namespace metergate::building {

/// Where the intervals of a series end at one site, found by looking at the wall clock again and
/// again: slow, and nothing of it shared with the gateway's own grid.
///
/// An edge is where the wall clock shows a multiple of the length. Wall clock time that comes twice
/// counts once, unless the length divides the jump; an edge in time that is left out falls at the
/// jump. Times are UTC seconds. One thread.
class LocalEdges {
  public:
    /// An unknown zone, and series codes that end in `-std`, have no jumps.
    explicit LocalEdges(std::string zone) : zone_(std::move(zone)) {}

    [[nodiscard]] bool is_edge(std::string_view series, std::int64_t time_s);
    /// The last edge before `time_s`, and the first after it.
    [[nodiscard]] std::int64_t before(std::string_view series, std::int64_t time_s);
    [[nodiscard]] std::int64_t after(std::string_view series, std::int64_t time_s);

  private:
    /// The edges of whole days around those asked for; added day by day.
    struct Days {
        std::set<std::int64_t> edges;
        std::set<std::int64_t> known;
    };
    const std::set<std::int64_t>& edges_near(std::string_view series, std::int64_t time_s);
    void add_day(std::string_view series, std::int64_t day, std::set<std::int64_t>& edges);

    std::string zone_;
    std::map<std::string, Days, std::less<>> series_;
};

}  // namespace metergate::building
