#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>

namespace metergate::schema {

/// An IP address as 16 bytes, IPv4 as ::ffff:a.b.c.d (RFC 4291, 2.5.5.2).
using IpAddress = std::array<std::uint8_t, 16>;

/// Those addresses whose first bits are the same.
struct AddressPrefix {
    IpAddress address{};
    unsigned bits = 128;  ///< 0..128; of IPv4 96 more than are written

    [[nodiscard]] bool contains(const IpAddress& other) const;
};

/// `10.1.0.7`, `fd00::7`; no names, no zones. Pure; any thread.
[[nodiscard]] std::optional<IpAddress> ip_address_from(const std::string& text);
/// The same, or `10.1.0.0/16` (RFC 4632, 3.1).
[[nodiscard]] std::optional<AddressPrefix> address_prefix_from(const std::string& text);

}  // namespace metergate::schema
