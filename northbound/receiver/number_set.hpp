#pragma once

#include <cstdint>
#include <iterator>
#include <map>
#include <optional>

namespace metergate::northbound::receiver {

/// A set of batch numbers as runs: as large as its holes are many, however many numbers it has.
class NumberSet {
  public:
    struct Run {
        std::uint64_t from = 0;
        std::uint64_t to = 0;  ///< included

        bool operator==(const Run&) const = default;
    };

    void add(std::uint64_t from, std::uint64_t to) {
        auto next = runs_.upper_bound(from);
        if (next != runs_.begin() && std::prev(next)->second + 1 >= from) {
            --next;
            from = next->first;
        }
        while (next != runs_.end() && next->first <= to + 1) {
            to = next->second > to ? next->second : to;
            next = runs_.erase(next);
        }
        runs_.emplace(from, to);
    }

    [[nodiscard]] bool contains(std::uint64_t number) const {
        const auto next = runs_.upper_bound(number);
        return next != runs_.begin() && std::prev(next)->second >= number;
    }
    [[nodiscard]] std::uint64_t newest() const {
        return runs_.empty() ? 0 : std::prev(runs_.end())->second;
    }
    /// The first run of numbers within [from, to] that are not in the set.
    [[nodiscard]] std::optional<Run> first_hole(std::uint64_t from, std::uint64_t to) const {
        auto next = runs_.upper_bound(from);
        if (next != runs_.begin() && std::prev(next)->second >= from) {
            from = std::prev(next)->second + 1;
        }
        if (from > to) {
            return std::nullopt;
        }
        const bool bounded = next != runs_.end() && next->first <= to;
        return Run{from, bounded ? next->first - 1 : to};
    }
    /// How many numbers of [1, to] are in the set.
    [[nodiscard]] std::uint64_t count_through(std::uint64_t to) const {
        std::uint64_t count = 0;
        for (const auto& [first, last] : runs_) {
            if (first <= to) {
                count += (last < to ? last : to) - first + 1;
            }
        }
        return count;
    }

  private:
    std::map<std::uint64_t, std::uint64_t>
        runs_;  ///< first -> last; neither touching nor overlapping
};

}  // namespace metergate::northbound::receiver
