# cmake -DOUT=FILE.cpp "-DPROFILES=a.json;b.json" -P embed_profiles.cmake
# Writes the profiles into a source file.
set(entries "")
foreach(path IN LISTS PROFILES)
  get_filename_component(name ${path} NAME_WE)
  file(READ ${path} json)
  # The standard lets compilers stop at 65536 characters.
  string(LENGTH "${json}" length)
  if(length GREATER 60000)
    message(FATAL_ERROR "${path} is too long to be built in: ${length} characters")
  endif()
  string(APPEND entries "    {\"${name}\", R\"profile(${json})profile\"},\n")
endforeach()
file(WRITE ${OUT} "// Made by southbound/embed_profiles.cmake from southbound/profiles.
#include <array>

#include \"southbound/built_in_profiles.hpp\"

namespace metergate::southbound {

std::span<const BuiltInProfile> built_in_profiles() {
    static constexpr auto profiles = std::to_array<BuiltInProfile>({
${entries}    });
    return profiles;
}

}  // namespace metergate::southbound
")
