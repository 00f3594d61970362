#include <algorithm>
#include <array>
#include <bit>
#include <chrono>
#include <utility>

#include "tests/building/panel_model.hpp"

// Addresses from Accuenergy's "Acuvim II Series Power Meter User's Manual": all holding registers,
// the most significant first; floats are IEEE 754 singles.
namespace metergate::building {
namespace {

constexpr std::uint8_t read_holding = 3;
constexpr unsigned clock_address = 0x1040;
constexpr unsigned log_settings = 0x1100;
constexpr unsigned live_base = 0x4000;
constexpr unsigned import_address = 0x4048;
constexpr unsigned export_address = 0x404A;
constexpr unsigned retrieval_base = 0x6000;
constexpr unsigned window_base = 0x6004;
constexpr unsigned status_base = 0x6100;
constexpr std::int64_t wh_per_count = 100;
constexpr std::uint16_t ready = 0x0B;
constexpr std::uint16_t not_ready = 0xFF;
/// The manual says that it may take more than a second.
constexpr std::chrono::milliseconds time_to_show{300};

struct Block {
    unsigned address;
    unsigned length;
};
constexpr std::array<Block, 5> blocks{{{clock_address, 6},
                                       {log_settings, 0xB9},
                                       {live_base, 0x60},
                                       {retrieval_base, 0x7F},
                                       {status_base, 12}}};

std::uint32_t bits_of(double value) {
    return std::bit_cast<std::uint32_t>(static_cast<float>(value));
}

/// Year since 2000, month, day, hour, minute, second.
std::array<unsigned, 6> civil(UtcTime at, std::int64_t zone_min) {
    const UtcTime local = at + std::chrono::minutes{zone_min};
    const auto day = std::chrono::floor<std::chrono::days>(local);
    const std::chrono::year_month_day date{day};
    const std::chrono::hh_mm_ss time{std::chrono::floor<std::chrono::seconds>(local - day)};
    return {static_cast<unsigned>(static_cast<int>(date.year())) - 2000U,
            static_cast<unsigned>(date.month()),
            static_cast<unsigned>(date.day()),
            static_cast<unsigned>(time.hours().count()),
            static_cast<unsigned>(time.minutes().count()),
            static_cast<unsigned>(time.seconds().count())};
}

}  // namespace

AcuvimMeter::AcuvimMeter(PanelPlan plan, UtcTime start, std::chrono::seconds utc_offset,
                         Ledger& ledger)
    : RememberingPanel(std::move(plan), start, utc_offset, ledger), ready_at_(start) {}

std::optional<ModbusException> AcuvimMeter::read(std::uint8_t function, Window& window,
                                                 UtcTime at) {
    if (function != read_holding) {
        return ModbusException::illegal_function;
    }
    const auto inside = [&window](const Block& block) {
        return window.address() >= block.address && window.end() <= block.address + block.length;
    };
    if (std::none_of(blocks.begin(), blocks.end(), inside)) {
        return ModbusException::illegal_address;
    }
    put_clock(window, at);
    put_live(window, at);
    if (window.overlaps(import_address, 4)) {
        put_energy(window, at);
    }
    put_log(window, at);
    return std::nullopt;
}

void AcuvimMeter::put_clock(Window& window, UtcTime at) const {
    const auto parts = civil(clock(shown_time(at)), plan().clock_zone_min);
    window.put_u16(clock_address, 2000U + parts[0]);
    for (unsigned i = 1; i < parts.size(); ++i) {
        window.put_u16(clock_address + i, parts[i]);
    }
}

void AcuvimMeter::put_live(Window& window, UtcTime at) {
    window.put_u32(live_base, bits_of(60));
    const double power_w = static_cast<double>(power_mw(0, at)) / 1000;
    for (unsigned phase = 0; phase < 3; ++phase) {
        const double volts = static_cast<double>(voltage_mv(phase, at)) / 1000;
        window.put_u32(0x4002 + 2 * phase, bits_of(volts));
        window.put_u32(0x4012 + 2 * phase, bits_of(power_w / 3 / volts));
    }
}

void AcuvimMeter::put_energy(Window& window, UtcTime at) {
    const std::int64_t shown_wh = register_wh(0, at);
    window.put_u32(import_address, static_cast<std::uint64_t>(shown_wh / wh_per_count));
    window.put_u32(export_address, 0);
    if (window.address() <= import_address && window.end() >= import_address + 2) {
        const std::array<std::int64_t, 1> told{shown_wh};
        note_served(at, 0, told);
    }
}

/// One parameter of two registers is logged: the imported energy.
void AcuvimMeter::put_log(Window& window, UtcTime at) const {
    window.put_u16(log_settings, 0x0201);
    window.put_u16(log_settings + 1, static_cast<std::uint64_t>(log().length().count()));
    window.put_u32(log_settings + 2, 0x4048'4049);
    window.put_u16(log_settings + 0x77, 0x0200);
    const std::uint32_t used = log().newest() - log().oldest() + 1U;
    window.put_u32(status_base, log().capacity());
    window.put_u32(status_base + 2, used);
    window.put_u16(status_base + 4, 16);
    window.put_u16(retrieval_base, asked_[0]);
    const bool is_ready = at >= ready_at_;
    window.put_u16(retrieval_base + 1, (asked_[1] & 0xFF00U) | (is_ready ? ready : not_ready));
    window.put_u16(retrieval_base + 2, asked_[2]);
    window.put_u16(retrieval_base + 3, asked_[3]);
    if (is_ready) {
        put_record(window);
    }
}

/// Number, time, values, and a CRC of two bytes that nobody has described.
void AcuvimMeter::put_record(Window& window) const {
    const std::uint32_t offset = std::uint32_t{asked_[2]} << 16U | asked_[3];
    const LoggedSlot* slot = log().find(log().oldest() + offset);
    if (slot == nullptr) {
        return;
    }
    window.put_u32(window_base, std::uint64_t{offset} + 1);
    const auto stamp = civil(slot->end, plan().clock_zone_min);
    for (unsigned i = 0; i < 3; ++i) {
        window.put_u16(window_base + 2 + i, stamp[2 * i] << 8U | stamp[2 * i + 1]);
    }
    window.put_u32(window_base + 5,
                   static_cast<std::uint64_t>(slot->registers_wh[0] / wh_per_count));
    window.put_u16(window_base + 7, 0x5A5A);
}

std::optional<ModbusException> AcuvimMeter::write(unsigned address,
                                                  std::span<const std::uint16_t> values,
                                                  UtcTime at) {
    if (address < retrieval_base || address + values.size() > retrieval_base + asked_.size()) {
        return ModbusException::illegal_address;
    }
    std::copy(values.begin(), values.end(), asked_.begin() + (address - retrieval_base));
    ready_at_ = at + time_to_show;
    return std::nullopt;
}

}  // namespace metergate::building
