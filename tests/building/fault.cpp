#include "tests/building/fault.hpp"

#include <algorithm>
#include <array>

namespace metergate::building {
namespace {

struct Entry {
    std::string_view name;
    FlagRule rule;
};

/// No reply means no reading: the slots in its reach are missing, and one long record follows.
constexpr Flags gap = Flag::missing | Flag::long_interval;
constexpr Flags changed = Flag::short_interval | Flag::meter_changed;
constexpr Flags reset = Flag::short_interval | Flag::register_reset;
constexpr Flags none;

/// The one table of flags per fault, in the order of FaultKind.
constexpr std::array<Entry, fault_kind_count> entries{{
    {"silent", {gap, none, false}},
    {"late", {gap, none, false}},
    {"garbled", {gap, none, false}},
    {"wrong-unit", {gap, none, false}},
    {"echo", {gap, none, false}},
    {"parity", {gap, none, false}},
    {"dropped", {gap, none, false}},
    {"port-missing", {gap, none, false}},
    {"register-reset", {reset | gap, Flag::register_reset, false}},
    {"rollover", {Flag::rollover, Flag::rollover, false}},
    {"swap", {changed | gap, Flag::meter_changed, false}},
    {"power-cut", {gap, none, false}},
    {"zero", {gap, none, false}},
    {"not-available", {gap, none, false}},
    {"frozen", {none, none, true}},
    {"backward", {gap, none, false}},
    {"clock-step", {gap | Flag::short_interval | Flags(Flag::clock_set), Flag::clock_set, false}},
    {"gateway-stop", {gap, none, false}},
    {"gateway-kill", {gap | Flag::power_fail, none, false}},
    {"broker-stop", {none, none, false}},
}};

const Entry& entry_of(FaultKind kind) {
    return entries.at(static_cast<std::size_t>(kind));
}

}  // namespace

std::string_view name_of(FaultKind kind) {
    return entry_of(kind).name;
}

std::optional<FaultKind> fault_kind_named(std::string_view name) {
    const auto found = std::find_if(entries.begin(), entries.end(),
                                    [name](const Entry& entry) { return entry.name == name; });
    if (found == entries.end()) {
        return std::nullopt;
    }
    return static_cast<FaultKind>(found - entries.begin());
}

const FlagRule& flag_rule_of(FaultKind kind) {
    return entry_of(kind).rule;
}

bool is_panel_fault(FaultKind kind) {
    return kind >= FaultKind::register_reset && kind <= FaultKind::backward;
}

bool is_wire_fault(FaultKind kind) {
    return kind <= FaultKind::port_missing;
}

const PlannedFault* active_fault(const std::vector<PlannedFault>& faults, FaultKind kind,
                                 UtcTime at) {
    for (const PlannedFault& fault : faults) {
        if (fault.kind == kind && fault.active(at)) {
            return &fault;
        }
    }
    return nullptr;
}

}  // namespace metergate::building
