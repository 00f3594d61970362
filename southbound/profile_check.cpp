#include <cstdio>
#include <fstream>
#include <iterator>
#include <string>

#include "southbound/profile.hpp"

// Run by the build: `profile_check FILE...` reads each panel profile and fails on a bad one, so
// that no program is made with it.

namespace {

/// Empty = the file is a good profile.
std::string complaint_about(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    if (!file) {
        return "cannot be read";
    }
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    const auto profile = metergate::southbound::profile_from_json(text);
    if (profile.has_error()) {
        return profile.error().text;
    }
    if (!path.ends_with("/" + profile->name + ".json")) {
        return "its name is \"" + profile->name + "\", which must be the file's name too";
    }
    return {};
}

}  // namespace

int main(int argc, char** argv) {
    int bad = 0;
    for (int i = 1; i < argc; ++i) {
        const std::string path = argv[i];
        if (const std::string complaint = complaint_about(path); !complaint.empty()) {
            std::fprintf(stderr, "panel profile %s:\n%s\n", path.c_str(), complaint.c_str());
            bad = 1;
        }
    }
    return bad;
}
