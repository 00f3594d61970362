#include <algorithm>

#include "config/schema/problem.hpp"
#include "southbound/built_in_profiles.hpp"
#include "southbound/profile.hpp"

namespace metergate::southbound {

std::vector<std::string> profile_names() {
    std::vector<std::string> names;
    for (const BuiltInProfile& profile : built_in_profiles()) {
        names.emplace_back(profile.name);
    }
    return names;
}

Result<Profile> profile_named(std::string_view name) {
    for (const BuiltInProfile& profile : built_in_profiles()) {
        if (profile.name == name) {
            return profile_from_json(profile.json);
        }
    }
    std::string text = "there is no panel profile \"" + std::string(name) + "\"";
    if (const std::string near = schema::nearest_name(name, profile_names()); !near.empty()) {
        text += "; did you mean \"" + near + "\"?";
    }
    return Error{Fault::not_found, std::move(text)};
}

}  // namespace metergate::southbound
