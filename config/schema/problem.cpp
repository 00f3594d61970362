#include "config/schema/problem.hpp"

#include <algorithm>
#include <charconv>

namespace metergate::schema {
namespace {

char folded(char c) {
    if (c >= 'A' && c <= 'Z') return static_cast<char>(c - 'A' + 'a');
    return c == '-' ? '_' : c;
}

/// Insertions, deletions, replacements and swaps of neighbours that lead from one name to the
/// other.
std::size_t distance(std::string_view a, std::string_view b) {
    const auto same = [](char x, char y) { return folded(x) == folded(y); };
    std::vector<std::size_t> before_last(b.size() + 1);
    std::vector<std::size_t> last(b.size() + 1);
    std::vector<std::size_t> row(b.size() + 1);
    for (std::size_t j = 0; j <= b.size(); ++j)
        last[j] = j;
    for (std::size_t i = 1; i <= a.size(); ++i) {
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t replaced = last[j - 1] + (same(a[i - 1], b[j - 1]) ? 0 : 1);
            row[j] = std::min({last[j] + 1, row[j - 1] + 1, replaced});
            if (i > 1 && j > 1 && same(a[i - 1], b[j - 2]) && same(a[i - 2], b[j - 1])) {
                row[j] = std::min(row[j], before_last[j - 2] + 1);
            }
        }
        before_last.swap(last);
        last.swap(row);
    }
    return last[b.size()];
}

/// The next step of a path: `key` or `[index]`, without dot and brackets.
std::string_view take_step(std::string_view& path) {
    const bool index = path.starts_with('[');
    if (index || path.starts_with('.')) path.remove_prefix(1);
    const std::size_t end = std::min(path.find_first_of(index ? "]" : ".["), path.size());
    const std::string_view step = path.substr(0, end);
    path.remove_prefix(std::min(end + (index ? 1 : 0), path.size()));
    return step;
}

const Json* step_into(const Json& value, std::string_view step) {
    const auto* items = value.as_array();
    if (items == nullptr) return value.find(step);
    std::size_t index = 0;
    std::from_chars(step.data(), step.data() + step.size(), index);
    return index < items->size() ? &items->at(index) : nullptr;
}

}  // namespace

std::string text_of(const Problem& problem) {
    std::string text = problem.path.empty() ? problem.text : problem.path + ": " + problem.text;
    if (problem.place.line > 0) {
        text += " (line " + std::to_string(problem.place.line) + ", column " +
                std::to_string(problem.place.column) + ")";
    }
    return text;
}

std::string member_path(std::string_view path, std::string_view key) {
    return std::string(path) + (path.empty() ? "" : ".") + std::string(key);
}

std::string item_path(std::string_view path, std::size_t index) {
    return std::string(path) + "[" + std::to_string(index) + "]";
}

Place place_of(const Json& document, std::string_view path) {
    const Json* value = &document;
    while (!path.empty()) {
        const Json* inner = step_into(*value, take_step(path));
        if (inner == nullptr) break;
        value = inner;
    }
    return value->place();
}

std::string nearest_name(std::string_view name, const std::vector<std::string>& known) {
    constexpr std::size_t length_max = 64;
    if (name.size() > length_max) return {};
    std::string best;
    std::size_t best_distance = 2 + name.size() / 4;  // more slips than this are another word
    for (const std::string& candidate : known) {
        const std::size_t slips = distance(name, candidate);
        if (slips < best_distance && slips < std::max(name.size(), candidate.size())) {
            best_distance = slips;
            best = candidate;
        }
    }
    return best;
}

}  // namespace metergate::schema
