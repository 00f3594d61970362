#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "gateway/model/result.hpp"

namespace metergate {

enum class Phase : std::uint8_t { a = 0, b = 1, c = 2 };

/// "A", "B", "C".
[[nodiscard]] std::string_view name_of(Phase phase);
[[nodiscard]] std::optional<Phase> phase_named(std::string_view name);

/// One current transformer seen against one phase voltage.
struct Element {
    std::uint8_t channel = 1;  ///< 1..48 = cable 1-3, pair 1-16
    Phase phase = Phase::a;
    bool reversed = false;

    bool operator==(const Element&) const = default;
};

inline constexpr unsigned channels_per_cable = 16;
inline constexpr unsigned channels_max = 48;

/// 1..3 and 1..16 of a channel.
[[nodiscard]] constexpr unsigned cable_of(unsigned channel) {
    return (channel - 1) / channels_per_cable + 1;
}
[[nodiscard]] constexpr unsigned pair_of(unsigned channel) {
    return (channel - 1) % channels_per_cable + 1;
}
[[nodiscard]] constexpr unsigned channel_at(unsigned cable, unsigned pair) {
    return (cable - 1) * channels_per_cable + pair;
}

/// How a tenant is connected. The phases of a template's elements stand in the order of its
/// channels.
enum class Service : std::uint8_t {
    two_wire_120_a,
    two_wire_120_b,
    two_wire_120_c,      ///< one hot leg and neutral
    three_wire_120_240,  ///< two hot legs, 180 degrees apart
    network_ab,
    network_bc,
    network_ca,     ///< two hot legs of a 120/208 V wye
    four_wire_wye,  ///< three elements
};

/// `2-wire-a`, `3-wire`, `network-ab`, `4-wire`: as written in the settings.
[[nodiscard]] std::string_view name_of(Service service);
[[nodiscard]] std::optional<Service> service_named(std::string_view name);
/// The phases whose voltages the elements see, in order. A 3-wire 120/240 V service uses A and B
/// for its two legs.
[[nodiscard]] std::vector<Phase> phases_of(Service service);

}  // namespace metergate
