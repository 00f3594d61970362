#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "tests/support/modbus_frames.hpp"

/// The registers of SunSpec devices for tests, from the pages of models 1 and 203.
namespace metergate::southbound {

inline constexpr std::uint16_t sunspec_common_registers = 68;

/// The marker and a common model of 66 registers behind its header.
[[nodiscard]] inline Registers sunspec_head(std::string_view serial) {
    Registers registers{0x5375, 0x6E53, 1, 66};
    registers.resize(2U + sunspec_common_registers);
    const auto put = [&](std::size_t at, std::string_view text) {
        for (std::size_t i = 0; i < text.size(); ++i) {
            const auto c = static_cast<std::uint16_t>(static_cast<unsigned char>(text[i]));
            registers.at(at + i / 2) =
                static_cast<std::uint16_t>(registers.at(at + i / 2) | (i % 2 == 0 ? c << 8U : c));
        }
    };
    put(4, "Example");
    put(20, "EM-3");
    put(52, serial);
    return registers;
}

struct SunspecEnergy {
    std::uint32_t import_counts = 0;
    std::int16_t scale_factor = 0;
};

/// Model 203 with its header; what is not named is not implemented.
[[nodiscard]] inline Registers sunspec_model_203(SunspecEnergy energy, std::int16_t power_w = 0) {
    Registers registers(107, 0x8000);
    registers[0] = 203;
    registers[1] = 105;
    registers[18] = static_cast<std::uint16_t>(power_w);
    registers[22] = 0;
    registers[38] = registers[39] = 0;
    registers[46] = static_cast<std::uint16_t>(energy.import_counts >> 16U);
    registers[47] = static_cast<std::uint16_t>(energy.import_counts & 0xFFFFU);
    registers[54] = static_cast<std::uint16_t>(energy.scale_factor);
    return registers;
}

}  // namespace metergate::southbound
