#include <algorithm>
#include <utility>

#include "tests/building/panel_model.hpp"

// The numbers of this file are copied by hand from southbound/profiles/metergate-panel.md.
namespace metergate::building {
namespace {

constexpr std::uint64_t not_available = ~std::uint64_t{0};
constexpr std::uint8_t read_holding = 3;

constexpr unsigned clock_address = 32;
constexpr unsigned log_minutes_address = 64;
constexpr unsigned ct_secondary_address = 65;
constexpr unsigned ct_primary_base = 68;
constexpr unsigned log_base = 3000;
constexpr unsigned log_window_address = 3006;
constexpr unsigned slot_base = 3010;
constexpr unsigned increment_base = 3016;
constexpr unsigned slot_register_base = 3100;
constexpr unsigned event_base = 3300;
constexpr unsigned event_window_address = 3304;
constexpr unsigned first_event_address = 3310;
constexpr unsigned events_shown = 8;
constexpr std::uint16_t power_failure_event = 1;
constexpr std::uint16_t programming_event = 4;
constexpr std::uint16_t clock_set_event = 5;
constexpr std::uint16_t register_reset_event = 6;
constexpr unsigned energy_base = 1000;
constexpr unsigned energy_width = 4;
constexpr unsigned power_base = 1200;
constexpr unsigned current_base = 1250;
constexpr unsigned apparent_base = 1800;

/// Length = fixed + per_point x N.
struct Block {
    unsigned address;
    unsigned fixed;
    unsigned per_point;
};

constexpr std::array<Block, 21> blocks{{
    {0, 16, 0},   {32, 3, 0},   {40, 6, 0},    {64, 2, 0},   {68, 0, 1},   {100, 7, 0},
    {1000, 0, 4}, {1100, 0, 4}, {1200, 0, 2},  {1250, 0, 2}, {1400, 0, 4}, {1500, 0, 4},
    {1600, 0, 4}, {1700, 0, 4}, {1800, 0, 4},  {3000, 8, 0}, {3010, 6, 0}, {3016, 0, 2},
    {3100, 0, 4}, {3300, 6, 0}, {3310, 64, 0},
}};

}  // namespace

MetergatePanel::MetergatePanel(PanelPlan plan, UtcTime start, std::chrono::seconds utc_offset,
                               Ledger& ledger)
    : RememberingPanel(std::move(plan), start, utc_offset, ledger),
      ct_primary_a_(this->plan().points.size(), 200) {}

/// What happened since the last look, in order of time.
void MetergatePanel::note_events(UtcTime until) {
    const auto stamp = [this](UtcTime at) {
        return std::chrono::floor<std::chrono::seconds>(clock(at));
    };
    for (const PlannedFault& fault : plan().faults) {
        const bool cut = fault.kind == FaultKind::power_cut;
        const UtcTime told = cut ? fault.until : fault.from;
        if (told <= ran_until() || told > until) {
            continue;
        }
        if (cut) {
            events_.push_back({power_failure_event, 0, stamp(fault.from), stamp(fault.until)});
        } else if (fault.kind == FaultKind::register_reset) {
            events_.push_back({register_reset_event, 0, stamp(told), stamp(told)});
        }
    }
}

bool MetergatePanel::is_listed(unsigned address) const {
    const auto points = static_cast<unsigned>(plan().points.size());
    return std::any_of(blocks.begin(), blocks.end(), [address, points](const Block& block) {
        return address >= block.address &&
               address < block.address + block.fixed + block.per_point * points;
    });
}

bool MetergatePanel::all_listed(const Window& window) const {
    unsigned address = window.address();
    const auto points = static_cast<unsigned>(plan().points.size());
    for (const Block& block : blocks) {
        const unsigned end = block.address + block.fixed + block.per_point * points;
        if (address >= block.address && address < end) {
            address = end;
        }
        if (address >= window.end()) {
            return true;
        }
    }
    return false;
}

std::optional<ModbusException> MetergatePanel::read(std::uint8_t function, Window& window,
                                                    UtcTime at) {
    if (function != read_holding) {
        return ModbusException::illegal_function;
    }
    if (!all_listed(window)) {
        return ModbusException::illegal_address;
    }
    if (window.overlaps(energy_base, 96)) {
        put_energy(window, at);
    }
    if (window.overlaps(0, 46)) {
        put_identity(window, at);
    }
    if (window.overlaps(64, 28)) {
        put_settings(window);
    }
    if (window.overlaps(100, 7) || window.overlaps(power_base, 98) ||
        window.overlaps(apparent_base, 96)) {
        put_live(window, at);
    }
    if (window.overlaps(log_base, slot_register_base + 96 - log_base)) {
        put_interval_log(window);
    }
    if (window.overlaps(event_base, first_event_address + 64 - event_base)) {
        put_event_log(window);
    }
    return std::nullopt;
}

void MetergatePanel::put_identity(Window& window, UtcTime at) {
    const auto points = static_cast<unsigned>(plan().points.size());
    window.put_u16(0, 0x4D47);
    window.put_u16(1, 1);
    window.put_u16(2, points);
    window.put_u16(3, points * 2);
    window.put_u32(4, serial());
    window.put_u32(6, 0x0001'0000);
    const std::string_view model = name_of(plan().kind);
    for (unsigned i = 0; i < 8; ++i) {
        const auto character = [model](unsigned place) {
            return place < model.size() ? static_cast<unsigned char>(model[place]) : 0U;
        };
        window.put_u16(8 + i, character(2 * i) << 8U | character(2 * i + 1));
    }
    const std::int64_t clock_s = epoch_ms(clock(shown_time(at))) / 1000;
    window.put_u32(clock_address, static_cast<std::uint64_t>(clock_s));
    window.put_u16(34, 1);
    window.put_u16(40, plan().seal_open ? 0 : 1);
    const bool was_reset =
        std::any_of(plan().faults.begin(), plan().faults.end(), [at](const PlannedFault& fault) {
            return fault.kind == FaultKind::register_reset && fault.from <= at;
        });
    window.put_u16(41, (power_failures(at) > 0 ? 1U : 0U) | (was_reset ? 2U : 0U));
    window.put_u32(42, static_cast<std::uint64_t>(uptime(at).count()));
    window.put_u32(44, power_failures(at));
}

void MetergatePanel::put_settings(Window& window) const {
    window.put_u16(log_minutes_address, static_cast<std::uint64_t>(plan().log_minutes));
    window.put_u16(ct_secondary_address, ct_secondary_ma_);
    for (unsigned p = 0; p < plan().points.size(); ++p) {
        window.put_u16(ct_primary_base + p, ct_primary_a_[p]);
    }
}

void MetergatePanel::put_live(Window& window, UtcTime at) {
    for (unsigned phase = 0; phase < 3; ++phase) {
        window.put_u32(100 + 2 * phase, static_cast<std::uint64_t>(voltage_mv(phase, at)));
    }
    window.put_u16(106, 60'000);
    const std::size_t points = plan().points.size();
    const PointSpan power = touched(window, power_base, 2, points);
    for (unsigned p = power.first; p < power.first + power.count; ++p) {
        window.put_u32(power_base + 2 * p, static_cast<std::uint64_t>(power_mw(p, at) / 1000));
    }
    const PointSpan current = touched(window, current_base, 2, points);
    for (unsigned p = current.first; p < current.first + current.count; ++p) {
        // mW / mV = A; the whole load is on the point's first channel.
        const std::int64_t centiamperes = power_mw(p, at) * 100 / voltage_mv(p % 3, at);
        window.put_u16(current_base + 2 * p, static_cast<std::uint64_t>(centiamperes));
    }
    const PointSpan apparent = touched(window, apparent_base, energy_width, points);
    for (unsigned p = apparent.first; p < apparent.first + apparent.count; ++p) {
        // The load is purely resistive: apparent equals active energy.
        const std::int64_t shown = register_wh(p, at);
        window.put_u64(apparent_base + energy_width * p,
                       shown < 0 ? not_available : static_cast<std::uint64_t>(shown));
    }
}

void MetergatePanel::put_energy(Window& window, UtcTime at) {
    const PointSpan span = touched(window, energy_base, energy_width, plan().points.size());
    std::array<std::int64_t, 24> whole{};
    std::size_t count = 0;
    unsigned first_whole = 0;
    for (unsigned p = span.first; p < span.first + span.count; ++p) {
        const std::int64_t shown = register_wh(p, at);
        const unsigned address = energy_base + energy_width * p;
        window.put_u64(address, shown < 0 ? not_available : static_cast<std::uint64_t>(shown));
        if (address >= window.address() && address + energy_width <= window.end()) {
            first_whole = count == 0 ? p : first_whole;
            whole.at(count++) = shown;
        }
    }
    if (count > 0) {
        note_served(at, first_whole, {whole.data(), count});
    }
}

void MetergatePanel::put_interval_log(Window& window) const {
    window.put_u16(log_base, log().capacity());
    window.put_u16(log_base + 1, static_cast<std::uint64_t>(log().length().count()));
    window.put_u32(log_base + 2, log().newest() == 0 ? 0 : log().oldest());
    window.put_u32(log_base + 4, log().newest());
    window.put_u32(log_window_address, log_window_);
    put_slot(window);
}

void MetergatePanel::put_slot(Window& window) const {
    const LoggedSlot* slot = log().find(log_window_);
    if (slot == nullptr) {
        return;
    }
    window.put_u32(slot_base, log_window_);
    window.put_u32(slot_base + 2, static_cast<std::uint64_t>(epoch_s(slot->end)));
    window.put_u16(slot_base + 4, slot->flags);
    for (unsigned p = 0; p < slot->increments_wh.size(); ++p) {
        // Not available is -1: all ones in every width.
        window.put_u32(increment_base + 2 * p, static_cast<std::uint64_t>(slot->increments_wh[p]));
        window.put_u64(slot_register_base + energy_width * p,
                       static_cast<std::uint64_t>(slot->registers_wh[p]));
    }
}

void MetergatePanel::put_event_log(Window& window) const {
    window.put_u32(event_base, events_.empty() ? 0 : 1);
    window.put_u32(event_base + 2, events_.size());
    window.put_u32(event_window_address, event_window_);
    for (unsigned i = 0; i < events_shown; ++i) {
        const std::size_t number = event_window_ + std::size_t{i};
        if (event_window_ == 0 || number > events_.size()) {
            return;
        }
        const LoggedEvent& event = events_[number - 1];
        const unsigned address = first_event_address + 8 * i;
        window.put_u32(address, number);
        window.put_u16(address + 2, event.kind);
        window.put_u16(address + 3, event.phase);
        window.put_u32(address + 4, static_cast<std::uint64_t>(epoch_s(event.start)));
        window.put_u32(address + 6,
                       event.end ? static_cast<std::uint64_t>(epoch_s(*event.end)) : 0U);
    }
}

/// CT ratios; the length of its log stays as planned. Its registers count primary energy as the
/// tenants use it, whatever it is told of its CTs.
bool MetergatePanel::set_parameter(unsigned address, std::uint16_t value) {
    if (address == ct_secondary_address && (value == 80 || value == 5000)) {
        ct_secondary_ma_ = value;
        return true;
    }
    const unsigned point = address - ct_primary_base;
    if (address < ct_primary_base || point >= ct_primary_a_.size() || value == 0) {
        return false;
    }
    ct_primary_a_[point] = value;
    return true;
}

std::optional<ModbusException> MetergatePanel::write(unsigned address,
                                                     std::span<const std::uint16_t> values,
                                                     UtcTime at) {
    for (unsigned i = 0; i < values.size(); ++i) {
        if (!is_listed(address + i)) {
            return ModbusException::illegal_address;
        }
    }
    if (values.size() == 1 && plan().seal_open && set_parameter(address, values[0])) {
        const auto second = std::chrono::floor<std::chrono::seconds>(clock(at));
        events_.push_back({programming_event, 0, second, second});
        return std::nullopt;
    }
    const bool both = values.size() == 2;
    if (both && address == clock_address) {
        const std::int64_t told = std::int64_t{values[0]} << 16U | values[1];
        set_clock(told, at);
        const auto second = std::chrono::floor<std::chrono::seconds>(clock(at));
        events_.push_back({clock_set_event, 0, second, second});
        return std::nullopt;
    }
    if (both && (address == log_window_address || address == event_window_address)) {
        auto& shown = address == log_window_address ? log_window_ : event_window_;
        shown = std::uint32_t{values[0]} << 16U | values[1];
        return std::nullopt;
    }
    return ModbusException::illegal_value;
}

}  // namespace metergate::building
