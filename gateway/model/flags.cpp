#include "gateway/model/flags.hpp"

#include <array>
#include <cstddef>

namespace metergate {
namespace {

constexpr std::array<const char*, 16> flag_names{
    "SHORT",      "LONG",      "MISSING",        "INTERPOLATED",  "CLOCK_SET", "CLOCK_UNSYNC",
    "POWER_FAIL", "ESTIMATED", "RECOVERED",      "METER_CHANGED", "ROLLOVER",  "REGISTER_RESET",
    "OVERRANGE",  "TEST",      "CONFIG_CHANGED", "EDITED"};

}  // namespace

std::vector<std::string> names_of(Flags flags) {
    std::vector<std::string> names;
    for (std::size_t bit = 0; bit < flag_names.size(); ++bit) {
        if ((flags.bits() >> bit & 1U) != 0) {
            names.emplace_back(flag_names.at(bit));
        }
    }
    return names;
}

}  // namespace metergate
