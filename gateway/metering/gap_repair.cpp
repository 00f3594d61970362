#include "gateway/metering/gap_repair.hpp"

#include <algorithm>
#include <cstdlib>
#include <iterator>
#include <utility>

namespace metergate::metering {
namespace {

/// Flags that belong to one end of a chain.
constexpr Flags breaks = Flag::meter_changed | Flag::register_reset | Flags(Flag::config_changed);

Flags without(Flags flags, Flags others) {
    return Flags::from_bits(flags.bits() & ~others.bits());
}

/// A register at a moment, and what was counted since the one before.
struct Knot {
    UtcSeconds time;
    Milli reg = 0;
    Milli counted = 0;
    const LoggedEdge* logged = nullptr;  ///< null: it is one of the gap's own ends
};

/// What the log has next to the two ends of the gap without a hole.
struct Usable {
    std::span<const LoggedEdge> prefix;
    std::span<const LoggedEdge> suffix;
};

/// Those at edges inside of the gap.
std::vector<LoggedEdge> edges_inside(const Gap& gap, std::span<const LoggedEdge> logged,
                                     const IntervalGrid& grid) {
    std::vector<LoggedEdge> inside;
    std::copy_if(logged.begin(), logged.end(), std::back_inserter(inside),
                 [&](const LoggedEdge& edge) {
                     return edge.end > gap.start && edge.end < gap.end && grid.is_edge(edge.end);
                 });
    return inside;
}

Usable usable_part(const Gap& gap, std::span<const LoggedEdge> logged, const IntervalGrid& grid) {
    std::size_t first_left = 0;
    for (UtcSeconds edge = grid.next_edge(gap.start);
         first_left < logged.size() && logged[first_left].end == edge;
         edge = grid.next_edge(edge)) {
        ++first_left;
    }
    std::size_t last_left = logged.size();
    for (UtcSeconds following = gap.end;
         last_left > first_left && grid.next_edge(logged[last_left - 1].end) >= following;
         following = logged[last_left].end) {
        --last_left;
    }
    return {logged.first(first_left), logged.subspan(last_left)};
}

/// Works out one gap.
class Repairing {
  public:
    Repairing(const Gap& gap, const RepairRules& rules) : gap_(gap), rules_(rules) {}

    Repair run(std::span<const LoggedEdge> logged) {
        const std::vector<LoggedEdge> inside = edges_inside(gap_, logged, *rules_.grid);
        const Usable usable = usable_part(gap_, inside, *rules_.grid);
        if (usable.prefix.empty() && usable.suffix.empty()) {
            return {};
        }
        knots_.push_back({gap_.start, opening()});
        for (const LoggedEdge& edge : usable.prefix) {
            add(edge.end, edge.reg, &edge);
        }
        place_of_rest_ = knots_.size();
        for (const LoggedEdge& edge : usable.suffix) {
            add(edge.end, edge.reg, &edge);
        }
        add(gap_.end, gap_.reg, nullptr);
        if (!balance()) {
            return std::move(repair_);
        }
        for (std::size_t i = 1; i < knots_.size(); ++i) {
            put(i);
        }
        compare_increments();
        return std::move(repair_);
    }

  private:
    [[nodiscard]] Milli opening() const {
        const Milli plain = gap_.reg - gap_.value;
        return rules_.modulus == 0 ? plain
                                   : (plain % rules_.modulus + rules_.modulus) % rules_.modulus;
    }

    void add(UtcSeconds time, Milli reg, const LoggedEdge* logged) {
        const Milli step = reg - knots_.back().reg;
        knots_.push_back({time, reg, step < 0 ? step + rules_.modulus : step, logged});
    }

    /// The gap's value is what the register counted; the steps between the knots must not exceed
    /// it. What they leave belongs to the rest, in which a register may have passed its modulus
    /// unseen.
    bool balance() {
        Milli sum = 0;
        bool falls = false;
        for (std::size_t i = 1; i < knots_.size(); ++i) {
            falls = falls || knots_[i].counted < 0;
            sum += knots_[i].counted;
        }
        const Milli left = gap_.value - sum;
        const bool exact = left == 0 || (left > 0 && rest_is_open() && rules_.modulus > 0 &&
                                         left % rules_.modulus == 0);
        if (falls || !exact) {
            repair_.disagreement = LogDisagreement{gap_.start, gap_.end, gap_.value, sum};
            return false;
        }
        if (rest_is_open()) {
            knots_[place_of_rest_].counted += left;
        }
        return true;
    }

    /// Whether slots are still missing before the knot at place_of_rest_.
    [[nodiscard]] bool rest_is_open() const {
        return rules_.grid->next_edge(knots_[place_of_rest_ - 1].time) <
               knots_[place_of_rest_].time;
    }

    void put(std::size_t place) {
        const Knot& from = knots_[place - 1];
        const Knot& to = knots_[place];
        const bool is_first = place == 1;
        const bool is_last = to.logged == nullptr;
        const bool is_rest = place == place_of_rest_ && rest_is_open();
        ClosedInterval interval{.start = from.time,
                                .end = to.time,
                                .value = to.counted,
                                .reg = to.reg,
                                .flags = flags_of(is_first, is_last),
                                .uncertainty = is_first || is_last ? gap_.uncertainty : 0};
        if (to.logged != nullptr) {
            interval.flags |= without(to.logged->flags, Flag::short_interval | Flag::long_interval |
                                                            Flags(Flag::missing));
        }
        if (is_rest) {
            interval.flags |= Flag::long_interval;
        } else if (!rules_.grid->is_edge(from.time) || !rules_.grid->is_edge(to.time)) {
            interval.flags |= Flag::short_interval;
        }
        if (to.counted != to.reg - from.reg) {
            interval.flags |= Flag::rollover;
        }
        const bool from_log = !(is_rest && is_last) || gap_.flags.has(Flag::recovered);
        if (from_log) {
            interval.flags |= Flag::recovered;
        }
        repair_.slots.push_back({interval, from_log});
    }

    /// What is known of the gap as a whole says something about its two ends only.
    [[nodiscard]] Flags flags_of(bool is_first, bool is_last) const {
        Flags flags = without(gap_.flags, Flag::long_interval | Flag::short_interval |
                                              Flag::rollover | Flags(Flag::recovered));
        const bool ends_chain = !rules_.grid->is_edge(gap_.end);
        const bool opens_chain = !ends_chain || !rules_.grid->is_edge(gap_.start);
        const bool at_break = (is_first && opens_chain) || (is_last && ends_chain);
        if (!at_break) {
            flags = without(flags, breaks);
        }
        if (!is_first && !is_last) {
            flags = Flags::from_bits(flags.bits() & Flags(Flag::test).bits());
        }
        return flags;
    }

    [[nodiscard]] bool is_comparable(const Knot& from, const Knot& to) const {
        const Flags flags = to.logged->flags;
        return to.logged->increment && to.time - from.time == rules_.log_length &&
               !flags.has(Flag::long_interval) && !flags.has(Flag::short_interval);
    }

    void compare_increments() {
        LogDisagreement sums;
        Milli slots = 0;
        for (std::size_t i = 2; i < knots_.size(); ++i) {
            const Knot& from = knots_[i - 1];
            const Knot& to = knots_[i];
            if (from.logged == nullptr || to.logged == nullptr || !is_comparable(from, to)) {
                continue;
            }
            sums.start = slots == 0 ? from.time : sums.start;
            sums.end = to.time;
            sums.by_register += to.counted;
            sums.by_log += *to.logged->increment;
            ++slots;
        }
        // Increments may each have been rounded by one count.
        if (std::abs(sums.by_log - sums.by_register) > slots) {
            repair_.disagreement = sums;
        }
    }

    const Gap& gap_;
    const RepairRules& rules_;
    std::vector<Knot> knots_;
    std::size_t place_of_rest_ = 1;  ///< of the knot that ends the rest, if there is one
    Repair repair_;
};

}  // namespace

Repair repair(const Gap& gap, std::span<const LoggedEdge> logged, const RepairRules& rules) {
    return Repairing(gap, rules).run(logged);
}

}  // namespace metergate::metering
