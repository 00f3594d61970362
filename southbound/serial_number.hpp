#pragma once

#include <string_view>

namespace metergate::southbound {

/// Serial numbers are printed with leading zeros on plates and lists, and without in registers.
[[nodiscard]] constexpr std::string_view without_leading_zeros(std::string_view serial) {
    const std::size_t first = serial.find_first_not_of("0 ");
    return first == std::string_view::npos ? std::string_view("0") : serial.substr(first);
}

}  // namespace metergate::southbound
