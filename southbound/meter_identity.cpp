#include "southbound/meter_identity.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>

#include "southbound/register_value.hpp"

namespace metergate::southbound {
namespace {

std::uint64_t fnv1a(std::string_view text, std::uint64_t hash = 0xCBF29CE484222325U) {
    for (const char c : text) {
        hash ^= static_cast<unsigned char>(c);
        hash *= 0x100000001B3U;
    }
    return hash;
}

}  // namespace

std::uint64_t identity_of(std::string_view profile, std::string_view serial,
                          std::string_view about) {
    constexpr std::string_view separator("\0", 1);
    std::uint64_t hash = fnv1a(serial, fnv1a(separator, fnv1a(profile)));
    if (!about.empty()) {
        hash = fnv1a(about, fnv1a(separator, hash));
    }
    return std::max<std::uint64_t>(hash, 1);
}

Result<std::string> serial_in(const Profile& profile, std::span<const std::uint16_t> registers,
                              std::uint8_t unit) {
    assert(profile.identity && registers.size() == profile.identity->count);
    const ProfileIdentity& identity = *profile.identity;
    for (const ProfileIdentity::Expected& expected : identity.expected) {
        const std::uint16_t found = registers[std::size_t{expected.address} - identity.address];
        if (found != expected.value) {
            return Error{
                Fault::refused,
                fmt::format("register {} reads {} (0x{:04X}), but {} has {} (0x{:04X}) there: "
                            "another kind of device at address {}?",
                            expected.address, found, found, profile.name, expected.value,
                            expected.value, unit)};
        }
    }
    const std::uint64_t serial =
        bits_of(registers.subspan(std::size_t{identity.serial.address} - identity.address,
                                  width_of(identity.serial.type)),
                identity.serial.order);
    return std::to_string(serial);
}

}  // namespace metergate::southbound
