#include "southbound/unserved_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>

namespace metergate::southbound {
namespace {

constexpr std::size_t named_max = 3;

std::string point_text(PointNumber number, const std::vector<PanelPoint>& points) {
    const auto found = std::find_if(points.begin(), points.end(), [&](const PanelPoint& point) {
        return point.number == number;
    });
    if (found == points.end()) {
        return "?";
    }
    return found->id.empty() ? fmt::format("slot {}", found->slot) : found->id;
}

std::string registers_text(const RegisterSpan& span) {
    return span.count == 1 ? fmt::format("register {}", span.address)
                           : fmt::format("registers {}-{}", span.address, end_of(span) - 1);
}

}  // namespace

std::string unserved_text(const std::vector<PanelField>& fields,
                          const std::vector<std::size_t>& unserved,
                          const std::vector<PanelPoint>& points) {
    std::string text;
    for (std::size_t first = 0, end = 0; first < unserved.size(); first = end) {
        const Quantity quantity = fields[unserved[first]].quantity;
        text +=
            fmt::format("{}{} of ", first == 0 ? "does not serve " : "; ", facts_of(quantity).name);
        for (end = first; end < unserved.size() && fields[unserved[end]].quantity == quantity;
             ++end) {
            if (end < first + named_max) {
                const PanelField& field = fields[unserved[end]];
                text += fmt::format("{}{} ({})", end == first ? "" : ", ",
                                    point_text(field.point, points), registers_text(field.span));
            }
        }
        if (end > first + named_max) {
            text += fmt::format(" and {} more", end - first - named_max);
        }
    }
    return text;
}

}  // namespace metergate::southbound
