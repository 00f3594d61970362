/// A panel profile.

#include "southbound/profile.hpp"
#include "tests/fuzz/fuzz.hpp"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace metergate;
    const auto profile = southbound::profile_from_json(fuzz::text_of(data, size));
    if (!profile) {
        fuzz::expect(!profile.error().text.empty(), "a refused profile has a reason");
    }
    return 0;
}
