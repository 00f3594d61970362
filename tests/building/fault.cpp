#include "tests/building/fault.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>

namespace metergate::building {
namespace {

struct Entry {
    std::string_view name;
    FlagRule rule;
};

/// No reply means no reading: the slots in its reach are missing, and one long record follows; or
/// they come back from the panel's own memory.
constexpr Flags gap = Flag::missing | Flag::long_interval | Flags(Flag::recovered);
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
    {"foreign-master", {gap, none, false}},
    {"port-missing", {gap, none, false}},
    {"register-reset", {reset | gap, Flag::register_reset, false}},
    {"rollover", {Flag::rollover, Flag::rollover, false}},
    {"swap", {changed | gap, Flag::meter_changed, false}},
    {"power-cut", {gap | Flag::power_fail, none, false}},
    {"zero", {gap, none, false}},
    {"not-available", {gap, none, false}},
    {"frozen", {none, none, true}},
    {"backward", {gap, none, false}},
    {"clock-step", {gap | Flag::short_interval | Flags(Flag::clock_set), Flag::clock_set, false}},
    {"gateway-stop", {gap, none, false}},
    {"gateway-kill", {gap | Flag::power_fail, none, false}},
    {"broker-stop", {none, none, false}},
    {"removed",
     {gap | Flag::short_interval | Flags(Flag::config_changed), Flag::config_changed, false}},
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

bool is_leap(std::chrono::milliseconds step) {
    return std::chrono::abs(step) > std::chrono::hours{24};
}

FlagRule flag_rule_of(const PlannedFault& fault) {
    constexpr std::int64_t noticed_ms = 1500;
    FlagRule rule = flag_rule_of(fault.kind);
    if (fault.kind == FaultKind::clock_step && std::abs(fault.ms) <= noticed_ms) {
        rule.required = none;
    }
    if (fault.kind == FaultKind::clock_step && is_leap(std::chrono::milliseconds{fault.ms})) {
        rule.allowed |= Flag::clock_unsync;
        rule.required |= Flag::clock_unsync;
    }
    return rule;
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

void FaultWatch::look(UtcTime at) const {
    from_ = UtcTime::min();
    until_ = UtcTime::max();
    active_ = {};
    for (const PlannedFault& fault : faults_) {
        for (const UtcTime turn : {fault.from, fault.until}) {
            if (turn <= at) {
                from_ = std::max(from_, turn);
            } else {
                until_ = std::min(until_, turn);
            }
        }
        const PlannedFault*& active = active_.at(static_cast<std::size_t>(fault.kind));
        if (active == nullptr && fault.active(at)) {
            active = &fault;
        }
    }
}

}  // namespace metergate::building
