#include "config/findings.hpp"

namespace metergate::config {

Findings::Findings(const schema::Problems& known) {
    for (const schema::Problem& problem : known)
        known_.insert(problem.path);
}

void Findings::error(const std::string& path, std::string text) {
    if (sound(path)) errors_.push_back({path, std::move(text), {}});
}

void Findings::warning(const std::string& path, std::string text) {
    if (sound(path)) warnings_.push_back({path, std::move(text), {}});
}

bool Findings::sound(const std::string& path) const {
    for (auto at = known_.lower_bound(path); at != known_.end() && at->starts_with(path); ++at) {
        const bool same_or_below = at->size() == path.size() || path.empty() ||
                                   at->at(path.size()) == '.' || at->at(path.size()) == '[';
        if (same_or_below) return false;
    }
    return true;
}

bool Findings::readable(const std::string& path) const {
    return !known_.contains(path);
}

std::string quoted(std::string_view text) {
    return "\"" + std::string(text) + "\"";
}

std::string did_you_mean(std::string_view name, const std::vector<std::string>& known) {
    const std::string nearest = schema::nearest_name(name, known);
    return nearest.empty() ? "" : "; did you mean " + quoted(nearest) + "?";
}

}  // namespace metergate::config
