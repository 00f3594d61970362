#include "config/schema/address_prefix.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <string_view>

namespace metergate::schema {
namespace {

constexpr unsigned bits_max = 128;
constexpr unsigned ipv4_bits = 32;
constexpr std::size_t ipv4_at = 12;

std::optional<unsigned> number_from(std::string_view digits) {
    unsigned number = 0;
    const char* end = digits.data() + digits.size();
    const auto [stop, fault] = std::from_chars(digits.data(), end, number);
    return fault == std::errc{} && stop == end ? std::optional(number) : std::nullopt;
}

bool is_ipv4(const std::string& text) {
    return text.find(':') == std::string::npos;
}

}  // namespace

bool AddressPrefix::contains(const IpAddress& other) const {
    const unsigned whole = bits / 8;
    const auto end = address.begin() + whole;
    if (!std::equal(address.begin(), end, other.begin())) {
        return false;
    }
    if (bits % 8 == 0) {
        return true;
    }
    const unsigned differing = unsigned{address.at(whole)} ^ other.at(whole);
    return differing >> (8 - bits % 8) == 0;
}

std::optional<IpAddress> ip_address_from(const std::string& text) {
    IpAddress address{};
    if (text.find('\0') != std::string::npos) {
        return std::nullopt;  // inet_pton() would not see what follows
    }
    if (!is_ipv4(text)) {
        return inet_pton(AF_INET6, text.c_str(), address.data()) == 1 ? std::optional(address)
                                                                      : std::nullopt;
    }
    address[10] = 0xFF;
    address[11] = 0xFF;
    return inet_pton(AF_INET, text.c_str(), address.data() + ipv4_at) == 1 ? std::optional(address)
                                                                           : std::nullopt;
}

std::optional<AddressPrefix> address_prefix_from(const std::string& text) {
    const std::size_t slash = text.find('/');
    const std::string before = text.substr(0, slash);
    const auto address = ip_address_from(before);
    if (!address) {
        return std::nullopt;
    }
    if (slash == std::string::npos) {
        return AddressPrefix{*address, bits_max};
    }
    const auto bits = number_from(std::string_view(text).substr(slash + 1));
    const unsigned written_max = is_ipv4(before) ? ipv4_bits : bits_max;
    if (!bits || *bits > written_max) {
        return std::nullopt;
    }
    return AddressPrefix{*address, *bits + (bits_max - written_max)};
}

}  // namespace metergate::schema
