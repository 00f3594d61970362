#include <bit>
#include <cmath>

#include "tests/building/panel_model.hpp"

// Addresses from Eastron's "SDM630 Modbus Protocol" and "SDM120 Modbus Protocol": input register
// 30001 is address 0, each parameter is one IEEE 754 single over two registers.
namespace metergate::building {
namespace {

constexpr std::uint8_t read_holding = 3;
constexpr unsigned parameters_end = 0x0200;
constexpr unsigned registers_max = 80;
constexpr unsigned import_address = 0x0048;
constexpr unsigned total_address = 0x0156;
constexpr unsigned serial_address = 0xFC00;
constexpr unsigned code_address = 0xFC02;

std::uint32_t bits_of(double value) {
    return std::bit_cast<std::uint32_t>(static_cast<float>(value));
}

}  // namespace

std::optional<ModbusException> EastronMeter::read(std::uint8_t function, Window& window,
                                                  UtcTime at) {
    if (function == read_holding) {
        if (window.address() < serial_address || window.end() > code_address + 1) {
            return ModbusException::illegal_address;
        }
        window.put_u32(serial_address, serial());
        window.put_u16(code_address, plan().kind == PanelKind::sdm630 ? 0x0070 : 0x0020);
        return std::nullopt;
    }
    const unsigned count = window.end() - window.address();
    if (window.address() % 2 != 0 || count % 2 != 0 || window.end() > parameters_end) {
        return ModbusException::illegal_address;
    }
    if (count > registers_max) {
        return ModbusException::illegal_value;
    }
    put_live(window, at);
    if (window.overlaps(import_address, 2) || window.overlaps(total_address, 2)) {
        put_energy(window, at);
    }
    return std::nullopt;
}

void EastronMeter::put_live(Window& window, UtcTime at) {
    const unsigned phases = plan().kind == PanelKind::sdm630 ? 3 : 1;
    const double power_w = static_cast<double>(power_mw(0, at)) / 1000;
    for (unsigned phase = 0; phase < phases; ++phase) {
        const double volts = static_cast<double>(voltage_mv(phase, at)) / 1000;
        window.put_u32(2 * phase, bits_of(volts));
        window.put_u32(0x0006 + 2 * phase, bits_of(power_w / phases / volts));
        window.put_u32(0x000C + 2 * phase, bits_of(power_w / phases));
        window.put_u32(0x0012 + 2 * phase, bits_of(power_w / phases));
        window.put_u32(0x001E + 2 * phase, bits_of(1));
    }
    if (plan().kind == PanelKind::sdm630) {
        window.put_u32(0x0034, bits_of(power_w));
        window.put_u32(0x0038, bits_of(power_w));
        window.put_u32(0x003E, bits_of(1));
    }
    window.put_u32(0x0046, bits_of(60));
}

void EastronMeter::put_energy(Window& window, UtcTime at) {
    const std::int64_t shown_wh = register_wh(0, at);
    // Rounded once: a float of Wh would be as coarse as one of kWh, and the two errors add up.
    const double exact_kwh = static_cast<double>(shown_wh) / 1000;
    const auto kwh = shown_wh < 0 ? std::nanf("") : static_cast<float>(exact_kwh);
    window.put_u32(import_address, std::bit_cast<std::uint32_t>(kwh));
    window.put_u32(total_address, std::bit_cast<std::uint32_t>(kwh));
    const bool whole = window.address() <= import_address && window.end() >= import_address + 2;
    if (whole) {
        const std::array<std::int64_t, 1> told{
            shown_wh < 0 ? -1 : std::llround(static_cast<double>(kwh) * 1000)};
        note_served(at, 0, told);
    }
}

std::optional<ModbusException> EastronMeter::write(unsigned /*address*/,
                                                   std::span<const std::uint16_t> /*values*/,
                                                   UtcTime /*at*/) {
    return ModbusException::illegal_address;
}

}  // namespace metergate::building
