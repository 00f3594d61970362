#include "southbound/read_plan.hpp"

#include <algorithm>
#include <cassert>
#include <tuple>

namespace metergate::southbound {
namespace {

unsigned end_of(const RegisterSpan& span) {
    return unsigned{span.address} + span.count;
}

std::vector<RegisterSpan> sorted(std::span<const RegisterSpan> spans) {
    std::vector<RegisterSpan> result(spans.begin(), spans.end());
    std::sort(result.begin(), result.end(), [](const RegisterSpan& a, const RegisterSpan& b) {
        return std::tie(a.table, a.address, a.count) < std::tie(b.table, b.address, b.count);
    });
    return result;
}

/// True if the sorted spans cover all registers of the table from `begin` to before `end`.
bool cover(const std::vector<RegisterSpan>& spans, Table table, unsigned begin, unsigned end) {
    for (const RegisterSpan& span : spans) {
        if (span.table == table && span.address <= begin) {
            begin = std::max(begin, end_of(span));
        }
    }
    return begin >= end;
}

bool may_bridge(const RegisterSpan& run, const RegisterSpan& next,
                const std::vector<RegisterSpan>& listed, const ReadLimits& limits) {
    const unsigned end = end_of(run);
    if (next.address <= end + limits.hole_registers_max) {
        return true;
    }
    return next.address <= end + limits.listed_hole_registers_max &&
           cover(listed, run.table, end, next.address);
}

}  // namespace

std::vector<RegisterSpan> plan_reads(std::span<const RegisterSpan> wanted,
                                     std::span<const RegisterSpan> listed,
                                     const ReadLimits& limits) {
    const std::vector<RegisterSpan> known = sorted(listed);
    std::vector<RegisterSpan> runs;
    for (const RegisterSpan& span : sorted(wanted)) {
        assert(span.count >= 1 && span.count <= limits.registers_max);
        if (!runs.empty() && runs.back().table == span.table) {
            RegisterSpan& run = runs.back();
            const unsigned count = std::max(end_of(run), end_of(span)) - run.address;
            if (count <= limits.registers_max && may_bridge(run, span, known, limits)) {
                run.count = static_cast<std::uint16_t>(count);
                continue;
            }
        }
        runs.push_back(span);
    }
    return runs;
}

}  // namespace metergate::southbound
