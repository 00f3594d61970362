#include <array>

#include "tests/building/panel_model.hpp"

// Registers from the SunSpec Information Model Reference: the marker "SunS" at 40000, model 1
// (common, 66 registers), a model 11 (Ethernet link, 13 registers) to be stepped over, model 203
// (wye meter, 105 registers), end. Addresses below count from register 40000; those of model 203
// from its id.
namespace metergate::building {
namespace {

constexpr std::uint8_t read_holding = 3;
constexpr unsigned base = 40000;
constexpr unsigned common_at = base + 2;
constexpr unsigned link_at = common_at + 2 + 66;
constexpr unsigned meter_at = link_at + 2 + 13;
constexpr unsigned end_at = meter_at + 2 + 105;
constexpr unsigned map_end = end_at + 2;

constexpr unsigned import_at = meter_at + 46;
constexpr std::int64_t wh_per_count = 10;  // scale factor 1
constexpr std::uint64_t not_implemented = 0x8000;

std::uint64_t scale_factor(int power) {
    return static_cast<std::uint64_t>(power) & 0xFFFFU;
}

}  // namespace

void SunspecMeter::put_text(Window& window, unsigned address, std::string_view text) {
    for (std::size_t i = 0; i < text.size(); i += 2) {
        const auto high = static_cast<std::uint8_t>(text[i]);
        const auto low = static_cast<std::uint8_t>(i + 1 < text.size() ? text[i + 1] : '\0');
        window.put_u16(address + static_cast<unsigned>(i / 2), high << 8U | low);
    }
}

std::optional<ModbusException> SunspecMeter::read(std::uint8_t function, Window& window,
                                                  UtcTime at) {
    if (function != read_holding) {
        return ModbusException::illegal_function;
    }
    if (window.address() < base || window.end() > map_end) {
        return ModbusException::illegal_address;
    }
    window.put_u32(base, 0x53756E53);
    window.put_u32(common_at, 0x0001'0042);
    put_text(window, common_at + 2, "Metergate");
    put_text(window, common_at + 18, "simulated");
    put_text(window, common_at + 50, std::to_string(serial()));
    window.put_u16(common_at + 66, plan().unit);
    window.put_u32(link_at, 0x000B'000D);
    window.put_u32(meter_at, 0x00CB'0069);
    window.put_u32(end_at, 0xFFFF'0000);
    put_live(window, at);
    if (window.overlaps(import_at, 2)) {
        put_energy(window, at);
    }
    return std::nullopt;
}

void SunspecMeter::put_live(Window& window, UtcTime at) {
    for (unsigned offset = 2; offset < 38; ++offset) {
        window.put_u16(meter_at + offset, not_implemented);
    }
    const std::int64_t power_w = power_mw(0, at) / 1000;
    std::int64_t total_ca = 0;
    for (unsigned phase = 0; phase < 3; ++phase) {
        const std::int64_t millivolts = voltage_mv(phase, at);
        const std::int64_t current_ca = power_w * 100'000 / 3 / millivolts;
        total_ca += current_ca;
        window.put_u16(meter_at + 3 + phase, static_cast<std::uint64_t>(current_ca));
        window.put_u16(meter_at + 8 + phase, static_cast<std::uint64_t>(millivolts / 100));
    }
    window.put_u16(meter_at + 2, static_cast<std::uint64_t>(total_ca));
    window.put_u16(meter_at + 6, scale_factor(-2));
    window.put_u16(meter_at + 15, scale_factor(-1));
    window.put_u16(meter_at + 16, 6000);
    window.put_u16(meter_at + 17, scale_factor(-2));
    window.put_u16(meter_at + 18, static_cast<std::uint64_t>(power_w));
    window.put_u16(meter_at + 22, scale_factor(0));
    window.put_u16(meter_at + 54, scale_factor(1));
    window.put_u16(meter_at + 71, not_implemented);
    window.put_u16(meter_at + 104, not_implemented);
}

/// An accumulator of 0 says that it does not accumulate; import is the only one that does.
void SunspecMeter::put_energy(Window& window, UtcTime at) {
    const std::int64_t shown_wh = register_wh(0, at);
    const std::int64_t counts = shown_wh < 0 ? 0 : shown_wh / wh_per_count;
    window.put_u32(import_at, static_cast<std::uint64_t>(counts));
    const bool whole = window.address() <= import_at && window.end() >= meter_at + 55;
    if (whole) {
        const std::array<std::int64_t, 1> told{counts == 0 ? -1 : counts * wh_per_count};
        note_served(at, 0, told);
    }
}

std::optional<ModbusException> SunspecMeter::write(unsigned /*address*/,
                                                   std::span<const std::uint16_t> /*values*/,
                                                   UtcTime /*at*/) {
    return ModbusException::illegal_address;
}

}  // namespace metergate::building
