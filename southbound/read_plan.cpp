#include "southbound/read_plan.hpp"

#include <cassert>
#include <compare>
#include <cstddef>
#include <iterator>
#include <utility>

namespace metergate::southbound {
namespace {

bool comes_before(const RegisterSpan& a, const RegisterSpan& b) {
    return a.address != b.address ? a.address < b.address : a.count > b.count;
}

/// Why one pass over sorted spans finds the optimum, whatever overlaps:
///
/// 1. A span inside another one needs no thought: the request for the outer one brings it.
/// 2. The spans that are left have rising beginnings and rising ends. In some best plan no request
///    lies inside another (it could go), so its requests rise in both ways as well.
/// 3. Give each span to the first request that contains it. If s comes before t, but t went to an
///    earlier request than s, then that request begins before s does (the later one already begins
///    at or before s) and ends at or after t, so it contains s: a contradiction. So each
///    request serves neighbours, and cutting it down to just these costs nothing and breaks no
///    rule: less of a hole is read, and no refused span is contained that was not before.
///
/// So the best plan of the first i spans is the best of the first j with one request for those from
/// j to i, for some j; and if a request may not begin at j, it may not begin further back.
class TablePlan {
  public:
    TablePlan(std::vector<RegisterSpan> wanted, const KnownRegisters& known,
              const ReadLimits& limits)
        : limits_(limits), spans_(outermost(std::move(wanted))) {
        if (!spans_.empty()) {
            find_joints(known.listed);
            find_barriers(known.refused);
        }
    }

    void append_best(std::vector<RegisterSpan>& plan) const;

  private:
    struct Cost {
        std::chrono::nanoseconds time{};
        std::size_t requests = 0;
        std::size_t registers = 0;

        auto operator<=>(const Cost&) const = default;
    };
    /// The best plan of the first so many spans: its last request begins with span `from`.
    struct Best {
        Cost cost;
        std::size_t from = 0;
    };

    void find_joints(std::span<const RegisterSpan> listed);
    void find_barriers(std::span<const RegisterSpan> refused);
    [[nodiscard]] Best best_of_first(std::size_t spans, const std::vector<Best>& best) const;
    [[nodiscard]] bool may_begin_at(std::size_t first, std::size_t last) const;
    /// Registers of a request for the spans from first to last.
    [[nodiscard]] unsigned registers(std::size_t first, std::size_t last) const {
        return end_of(spans_[last]) - spans_[first].address;
    }

    ReadLimits limits_;
    std::vector<RegisterSpan> spans_;
    std::vector<bool> joins_next_;      ///< what lies between span i and the next may be read
    std::vector<unsigned> not_before_;  ///< a longer request ending with span i must begin here
};

/// Longest run of registers from `begin` to before `end` that lie in none of the spans, which are
/// sorted with rising ends.
unsigned longest_unlisted(const std::vector<RegisterSpan>& listed, unsigned begin, unsigned end) {
    auto next = std::partition_point(listed.begin(), listed.end(), [&](const RegisterSpan& span) {
        return end_of(span) <= begin;
    });
    unsigned longest = 0;
    for (; next != listed.end() && next->address < end; ++next) {
        longest = std::max(longest, std::max<unsigned>(next->address, begin) - begin);
        begin = end_of(*next);
    }
    return std::max(longest, std::max(begin, end) - begin);
}

void TablePlan::find_joints(std::span<const RegisterSpan> listed) {
    const std::vector<RegisterSpan> known = outermost({listed.begin(), listed.end()});
    joins_next_.resize(spans_.size());
    for (std::size_t i = 0; i + 1 < spans_.size(); ++i) {
        joins_next_[i] = longest_unlisted(known, end_of(spans_[i]), spans_[i + 1].address) <=
                         limits_.hole_registers_max;
    }
}

/// A request contains a refused span if it ends behind it and does not begin behind its beginning.
void TablePlan::find_barriers(std::span<const RegisterSpan> refused) {
    not_before_.resize(spans_.size());
    for (std::size_t i = 0; i < spans_.size(); ++i) {
        for (const RegisterSpan& hole : refused) {
            if (end_of(hole) <= end_of(spans_[i])) {
                not_before_[i] = std::max(not_before_[i], hole.address + 1U);
            }
        }
    }
}

/// Whether a request from span `first` to span `last` is allowed, if one from the span behind
/// `first` is.
bool TablePlan::may_begin_at(std::size_t first, std::size_t last) const {
    return first == last ||
           (joins_next_[first] && registers(first, last) <= limits_.registers_max &&
            spans_[first].address >= not_before_[last]);
}

TablePlan::Best TablePlan::best_of_first(std::size_t spans, const std::vector<Best>& best) const {
    const std::size_t last = spans - 1;
    Best found;
    for (std::size_t first = spans; first-- > 0 && may_begin_at(first, last);) {
        const unsigned count = registers(first, last);
        const Cost& before = best[first].cost;
        const Cost cost{before.time + limits_.cost.of(count), before.requests + 1,
                        before.registers + count};
        if (first == last || cost < found.cost) {
            found = {cost, first};
        }
    }
    return found;
}

void TablePlan::append_best(std::vector<RegisterSpan>& plan) const {
    std::vector<Best> best{Best{}};
    for (std::size_t spans = 1; spans <= spans_.size(); ++spans) {
        best.push_back(best_of_first(spans, best));
    }
    const auto first_new = static_cast<std::ptrdiff_t>(plan.size());
    for (std::size_t spans = spans_.size(); spans > 0; spans = best[spans].from) {
        const std::size_t from = best[spans].from;
        const auto count = static_cast<std::uint16_t>(registers(from, spans - 1));
        plan.push_back({spans_[from].table, spans_[from].address, count});
    }
    std::reverse(plan.begin() + first_new, plan.end());
}

std::vector<RegisterSpan> in_table(Table table, std::span<const RegisterSpan> spans) {
    std::vector<RegisterSpan> result;
    std::copy_if(spans.begin(), spans.end(), std::back_inserter(result),
                 [&](const RegisterSpan& span) { return span.table == table; });
    return result;
}

}  // namespace

std::vector<RegisterSpan> outermost(std::vector<RegisterSpan> spans) {
    std::sort(spans.begin(), spans.end(), comes_before);
    std::vector<RegisterSpan> result;
    for (const RegisterSpan& span : spans) {
        if (result.empty() || end_of(span) > end_of(result.back())) {
            result.push_back(span);
        }
    }
    return result;
}

std::vector<RegisterSpan> plan_reads(std::span<const RegisterSpan> wanted,
                                     const KnownRegisters& known, const ReadLimits& limits) {
    assert(std::all_of(wanted.begin(), wanted.end(), [&](const RegisterSpan& span) {
        return span.count >= 1 && span.count <= limits.registers_max;
    }));
    std::vector<RegisterSpan> plan;
    for (const Table table : {Table::holding, Table::input}) {
        const std::vector<RegisterSpan> listed = in_table(table, known.listed);
        const std::vector<RegisterSpan> refused = in_table(table, known.refused);
        TablePlan(in_table(table, wanted), {listed, refused}, limits).append_best(plan);
    }
    return plan;
}

}  // namespace metergate::southbound
