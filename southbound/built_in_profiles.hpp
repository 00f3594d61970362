#pragma once

#include <span>
#include <string_view>

namespace metergate::southbound {

/// One file of southbound/profiles as it stands.
struct BuiltInProfile {
    std::string_view name;  ///< file name without .json
    std::string_view json;
};

/// All of them, by name; written by the build from the files.
[[nodiscard]] std::span<const BuiltInProfile> built_in_profiles();

}  // namespace metergate::southbound
