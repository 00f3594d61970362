#include "tests/building/panel_model.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

#include "tests/building/random.hpp"

namespace metergate::building {
namespace {

constexpr std::uint8_t read_holding = 3;
constexpr std::uint8_t read_input = 4;
constexpr std::uint8_t write_one = 6;
constexpr std::uint8_t write_several = 16;
constexpr std::uint16_t registers_max = 125;

constexpr std::array<std::string_view, 6> kind_names{"metergate-panel-24", "metergate-panel-12",
                                                     "eastron-sdm630",     "eastron-sdm120",
                                                     "sunspec-meter",      "accuenergy-acuvim-ii"};

std::int64_t floor_divided(std::int64_t value, std::int64_t by) {
    const std::int64_t quotient = value / by;
    return value % by < 0 ? quotient - 1 : quotient;
}

bool remembers(PanelKind kind) {
    return points_of(kind) > 1 || kind == PanelKind::acuvim;
}

PanelFacts facts_of(const PanelPlan& plan) {
    PanelFacts facts;
    facts.id = plan.id;
    facts.line = plan.line;
    facts.resolution_wh = plan.resolution_wh;
    facts.modulus_wh = plan.modulus_wh;
    facts.float_registers = plan.kind == PanelKind::sdm630 || plan.kind == PanelKind::sdm120;
    facts.log_slots = remembers(plan.kind) ? plan.log_slots : 0;
    facts.log_onward_only = plan.kind == PanelKind::acuvim;
    for (const PointPlan& point : plan.points) {
        facts.points.push_back(point.id);
    }
    return facts;
}

}  // namespace

std::string_view name_of(PanelKind kind) {
    return kind_names.at(static_cast<std::size_t>(kind));
}

std::optional<PanelKind> panel_kind_named(std::string_view name) {
    const auto found = std::find(kind_names.begin(), kind_names.end(), name);
    if (found == kind_names.end()) {
        return std::nullopt;
    }
    return static_cast<PanelKind>(found - kind_names.begin());
}

std::size_t points_of(PanelKind kind) {
    constexpr std::array<std::size_t, 6> counts{24, 12, 1, 1, 1, 1};
    return counts.at(static_cast<std::size_t>(kind));
}

std::int64_t usual_modulus_wh(PanelKind kind) {
    constexpr std::int64_t sunspec_counts = std::int64_t{1} << 32U;
    if (kind == PanelKind::sunspec) {
        return sunspec_counts * 10;
    }
    if (kind == PanelKind::acuvim) {
        return 100'000'000'000;
    }
    return points_of(kind) == 1 ? 1'000'000'000 : 100'000'000'000;
}

std::int64_t PanelModel::MeteredPoint::metered_uj(UtcTime at) {
    const std::int64_t true_uj = tenant.energy_uj(at);
    // In two parts, so that the product stays below 64 bits.
    constexpr std::int64_t million = 1'000'000;
    return true_uj + true_uj / million * gain_ppm + true_uj % million * gain_ppm / million;
}

PanelModel::PanelModel(PanelPlan plan, UtcTime start, std::chrono::seconds utc_offset,
                       Ledger& ledger)
    : plan_(std::move(plan)),
      faults_(plan_.faults),
      start_(start),
      ledger_(ledger),
      ledger_panel_(ledger.add_panel(facts_of(plan_))),
      truth_scratch_(plan_.points.size()),
      serial_(plan_.serial) {
    points_.reserve(plan_.points.size());
    for (const PointPlan& point : plan_.points) {
        points_.push_back({Tenant(point.tenant, start, utc_offset), point.gain_ppm, 0,
                           point.register_wh % plan_.modulus_wh, 0});
    }
    arrange_rollovers();
    write_truth(std::chrono::floor<std::chrono::minutes>(start));
}

/// Sets the registers back so far that they pass the modulus exactly when the scenario says.
void PanelModel::arrange_rollovers() {
    const std::int64_t step_uj = plan_.resolution_wh * uj_per_wh;
    for (const PlannedFault& fault : plan_.faults) {
        if (fault.kind != FaultKind::rollover) {
            continue;
        }
        for (std::size_t i = 0; i < points_.size(); ++i) {
            if (fault.point.value_or(i) != i) {
                continue;
            }
            MeteredPoint& point = points_[i];
            const std::int64_t then_uj = point.metered_uj(fault.from);
            point.base_uj = then_uj % step_uj;
            point.base_wh =
                plan_.modulus_wh - (then_uj - point.base_uj) / step_uj * plan_.resolution_wh;
        }
    }
}

void PanelModel::restart_register(std::size_t point, const PlannedFault& fault) {
    points_[point].base_uj = points_[point].metered_uj(fault.from);
    points_[point].base_wh = fault.register_wh % plan_.modulus_wh;
    ++points_[point].restarts;
}

void PanelModel::apply_changes(UtcTime at) {
    while (faults_applied_ < plan_.faults.size() && plan_.faults[faults_applied_].from <= at) {
        const PlannedFault& fault = plan_.faults[faults_applied_++];
        if (fault.kind != FaultKind::register_reset && fault.kind != FaultKind::swap) {
            continue;
        }
        for (std::size_t i = 0; i < points_.size(); ++i) {
            if (fault.point.value_or(i) == i) {
                restart_register(i, fault);
            }
        }
        if (fault.kind == FaultKind::swap) {
            serial_ = static_cast<std::uint32_t>(scrambled(serial_) % 90'000'000 + 10'000'000);
        }
    }
}

std::int64_t PanelModel::register_wh(std::size_t point, UtcTime at) {
    apply_changes(at);
    const auto active = [this, point, at](FaultKind kind) {
        const PlannedFault* fault = faults_.active(kind, at);
        return fault != nullptr && fault->point.value_or(point) == point ? fault : nullptr;
    };
    std::int64_t less_wh = 0;
    if (!plan_.faults.empty()) {
        if (active(FaultKind::zero) != nullptr) {
            return 0;
        }
        if (active(FaultKind::not_available) != nullptr) {
            return -1;
        }
        if (const PlannedFault* backward = active(FaultKind::backward)) {
            less_wh = backward->wh;
        }
        if (const PlannedFault* frozen = active(FaultKind::frozen)) {
            at = frozen->from;
        }
    }
    const std::int64_t shown = counted_wh(point, at) - less_wh;
    return shown - floor_divided(shown, plan_.modulus_wh) * plan_.modulus_wh;
}

std::int64_t PanelModel::counted_wh(std::size_t point, UtcTime at) {
    MeteredPoint& metered = points_[point];
    const std::int64_t counted_uj = metered.metered_uj(at) - metered.base_uj;
    const std::int64_t steps = floor_divided(counted_uj, plan_.resolution_wh * uj_per_wh);
    const std::int64_t counted = metered.base_wh + steps * plan_.resolution_wh;
    return counted - floor_divided(counted, plan_.modulus_wh) * plan_.modulus_wh;
}

std::int64_t PanelModel::power_mw(std::size_t point, UtcTime at) {
    return points_[point].tenant.power_mw(shown_time(at));
}

void PanelModel::note_truth(UtcTime at) {
    run_until(at);
    write_truth(at);
}

void PanelModel::write_truth(UtcTime at) {
    for (std::size_t i = 0; i < points_.size(); ++i) {
        truth_scratch_[i] = points_[i].tenant.energy_uj(at) / uj_per_mwh;
    }
    ledger_.truth(ledger_panel_, at, truth_scratch_);
}

void PanelModel::note_served(UtcTime at, std::size_t first_point,
                             std::span<const std::int64_t> registers) {
    const bool untrue = faults_.active(FaultKind::zero, at) != nullptr ||
                        faults_.active(FaultKind::not_available, at) != nullptr ||
                        faults_.active(FaultKind::backward, at) != nullptr;
    served_row_ = ledger_.served(ledger_panel_, at, first_point, registers, !untrue);
}

UtcTime PanelModel::shown_time(UtcTime at) const {
    const PlannedFault* frozen = faults_.active(FaultKind::frozen, at);
    return frozen != nullptr && !frozen->point ? frozen->from : at;
}

std::int64_t PanelModel::voltage_mv(unsigned phase, UtcTime at) const {
    const auto second = static_cast<std::uint64_t>(epoch_ms(shown_time(at)) / 1000);
    const std::uint64_t dice = scrambled(hash_of(plan_.line) + phase, second / 20);
    return plan_.nominal_mv + static_cast<std::int64_t>(dice % 3000) - 1500;
}

std::uint32_t PanelModel::power_failures(UtcTime at) const {
    return static_cast<std::uint32_t>(
        std::count_if(plan_.faults.begin(), plan_.faults.end(), [at](const PlannedFault& fault) {
            return fault.kind == FaultKind::power_cut && fault.until <= at;
        }));
}

std::chrono::seconds PanelModel::uptime(UtcTime at) const {
    UtcTime since = start_ - std::chrono::hours{24};
    for (const PlannedFault& fault : plan_.faults) {
        if (fault.kind == FaultKind::power_cut && fault.until <= at) {
            since = std::max(since, fault.until);
        }
    }
    return std::chrono::floor<std::chrono::seconds>(at - since);
}

PanelModel::PointSpan PanelModel::touched(const Window& window, unsigned base, unsigned width,
                                          std::size_t points) {
    const unsigned begin = std::max(window.address(), base);
    const unsigned end = std::min(window.end(), base + width * static_cast<unsigned>(points));
    if (begin >= end) {
        return {};
    }
    const unsigned first = (begin - base) / width;
    return {first, (end - 1 - base) / width - first + 1};
}

void PanelModel::run_until(UtcTime at) {
    apply_changes(at);
}

bool PanelModel::is_off(UtcTime at) const {
    return faults_.active(FaultKind::power_cut, at) != nullptr ||
           faults_.active(FaultKind::swap, at) != nullptr;
}

Answer PanelModel::answer(std::span<const std::uint8_t> pdu, UtcTime at) {
    Answer answer;
    served_row_.reset();
    run_until(at);
    if (pdu.empty() || is_off(at)) {
        return answer;
    }
    if (const auto refused = dispatch(pdu, at, answer.pdu)) {
        answer.pdu = exception_pdu(pdu[0], *refused);
    }
    answer.row = served_row_;
    return answer;
}

std::optional<ModbusException> PanelModel::dispatch(std::span<const std::uint8_t> pdu, UtcTime at,
                                                    Bytes& reply) {
    const std::uint8_t function = pdu[0];
    const bool reads = function == read_holding || function == read_input;
    if (!reads && function != write_one && function != write_several) {
        return ModbusException::illegal_function;
    }
    if (pdu.size() < 5) {
        return ModbusException::illegal_value;
    }
    const std::uint16_t address = u16_at(pdu, 1);
    if (function == write_one) {
        const std::array<std::uint16_t, 1> value{u16_at(pdu, 3)};
        reply.assign(pdu.begin(), pdu.begin() + 5);
        return write(address, value, at);
    }
    const std::uint16_t count = u16_at(pdu, 3);
    if (count == 0 || count > registers_max) {
        return ModbusException::illegal_value;
    }
    if (function == write_several) {
        if (pdu.size() != 6U + 2U * count || pdu[5] != 2U * count) {
            return ModbusException::illegal_value;
        }
        std::vector<std::uint16_t> values;
        for (std::size_t i = 0; i < count; ++i) {
            values.push_back(u16_at(pdu, 6 + 2 * i));
        }
        reply.assign(pdu.begin(), pdu.begin() + 5);
        return write(address, values, at);
    }
    Window window(address, count);
    if (const auto refused = read(function, window, at)) {
        return refused;
    }
    reply.resize(2U + 2U * count);
    reply[0] = function;
    reply[1] = static_cast<std::uint8_t>(2U * count);
    auto byte = reply.begin() + 2;
    for (const std::uint16_t value : window.registers()) {
        *byte++ = static_cast<std::uint8_t>(value >> 8U);
        *byte++ = static_cast<std::uint8_t>(value & 0xFFU);
    }
    return std::nullopt;
}

std::unique_ptr<PanelModel> make_panel(PanelPlan plan, UtcTime start,
                                       std::chrono::seconds utc_offset, Ledger& ledger) {
    if (plan.kind == PanelKind::sdm630 || plan.kind == PanelKind::sdm120) {
        return std::make_unique<EastronMeter>(std::move(plan), start, utc_offset, ledger);
    }
    if (plan.kind == PanelKind::sunspec) {
        return std::make_unique<SunspecMeter>(std::move(plan), start, utc_offset, ledger);
    }
    if (plan.kind == PanelKind::acuvim) {
        return std::make_unique<AcuvimMeter>(std::move(plan), start, utc_offset, ledger);
    }
    return std::make_unique<MetergatePanel>(std::move(plan), start, utc_offset, ledger);
}

}  // namespace metergate::building
