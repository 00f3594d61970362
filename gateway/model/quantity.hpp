#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace metergate {

/// What is measured. Every value of every quantity is an integer in thousandths of the quantity's
/// unit: Wh for kWh, W for kW, mA, mV, mHz, thousandths of a power factor. Numbers are stored:
/// append only.
enum class Quantity : std::uint8_t {
    energy_delivered = 0,
    energy_received = 1,
    reactive_energy_q1 = 2,
    reactive_energy_q2 = 3,
    reactive_energy_q3 = 4,
    reactive_energy_q4 = 5,
    apparent_energy_arithmetic = 6,
    apparent_energy_vector = 7,
    power = 8,
    reactive_power = 9,
    apparent_power = 10,
    power_factor = 11,
    current_1 = 12,
    current_2 = 13,
    current_3 = 14,
    voltage_1 = 15,
    voltage_2 = 16,
    voltage_3 = 17,
    frequency = 18,
};
inline constexpr std::size_t quantity_count = 19;

/// A value in thousandths of its quantity's unit.
using Milli = std::int64_t;
inline constexpr int milli_exponent = -3;

struct QuantityFacts {
    std::string_view name;  ///< in settings, topics and series codes: `kwh`, `kw`, `a1`, `v1`
    std::string_view unit;  ///< as people read it: `kWh`, `A`
    bool is_register;       ///< counts up for ever; intervals are made from it
};

[[nodiscard]] const QuantityFacts& facts_of(Quantity quantity);
[[nodiscard]] std::optional<Quantity> quantity_named(std::string_view name);

}  // namespace metergate
