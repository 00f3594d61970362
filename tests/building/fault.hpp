#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gateway/model/flags.hpp"
#include "gateway/model/ids.hpp"
#include "gateway/model/time.hpp"

namespace metergate::building {

/// What can go wrong in the building, and what a test does to the gateway and its broker.
enum class FaultKind : std::uint8_t {
    // On a line or one panel: the wire.
    silent,          ///< no reply
    late,            ///< replies come `ms` later than they should
    garbled,         ///< bits of a reply flip; `percent` of the bytes
    wrong_unit,      ///< replies carry another unit's number
    echo,            ///< what the master sends comes back before the reply
    parity,          ///< single bytes of a reply are spoilt; `percent` of the bytes
    dropped,         ///< single bytes of a reply are missing; `percent` of the bytes
    foreign_master,  ///< another master asks the first panel each `ms`
    port_missing,    ///< the serial port is gone, or connections are refused
    // On a panel or one point: the meter.
    register_reset,  ///< the register starts again from `register_wh`
    rollover,        ///< the register passes its modulus at this moment
    swap,            ///< another serial number, counting from `register_wh`; silent for `for_s`
    power_cut,       ///< the panel's electronics are off; registers are kept
    zero,            ///< energy registers read 0
    not_available,   ///< energy registers read all ones, or NaN
    frozen,          ///< everything reads as at the beginning of the fault
    backward,        ///< energy registers read `wh` too little
    // Noted by whoever does it; the building itself does nothing.
    clock_step,    ///< the gateway's civil clock jumps by `ms`
    gateway_stop,  ///< the gateway was stopped cleanly
    gateway_kill,  ///< the gateway was killed
    broker_stop,   ///< the broker was away
    removed,       ///< a panel was taken out of the settings by an apply, and came back
};
inline constexpr std::size_t fault_kind_count = 22;

/// Its word in scenarios and ledgers: `wrong-unit`, `register-reset`.
[[nodiscard]] std::string_view name_of(FaultKind kind);
[[nodiscard]] std::optional<FaultKind> fault_kind_named(std::string_view name);

/// Which flags a fault of this kind may leave on records in its reach, and which one it must.
struct FlagRule {
    Flags allowed;
    Flags required;              ///< one of them on at least one record of every point concerned
    bool spoils_energy = false;  ///< the register itself does not tell the truth in its reach
};
[[nodiscard]] const FlagRule& flag_rule_of(FaultKind kind);

/// A clock that is wrong by more than this is not believed at once.
[[nodiscard]] bool is_leap(std::chrono::milliseconds step);

/// True for the kinds that act in the panel, false for those of the wire and of the gateway.
[[nodiscard]] bool is_panel_fault(FaultKind kind);
[[nodiscard]] bool is_wire_fault(FaultKind kind);

/// One entry of a scenario. Times are the building's own, which never steps.
struct PlannedFault {
    FaultKind kind{};
    Id target;  ///< id of a line, panel or point, or "gateway"
    UtcTime from;
    UtcTime until;  ///< not before `from`
    std::int64_t ms = 0;
    double percent = 0;
    std::int64_t wh = 0;
    std::int64_t register_wh = 0;
    std::optional<std::uint32_t> point;  ///< place in the panel, from 0; none = all its points

    [[nodiscard]] bool active(UtcTime at) const { return from <= at && at < until; }
};

/// The same of one fault: small clock steps need no flag, leaps leave readings without a time.
[[nodiscard]] FlagRule flag_rule_of(const PlannedFault& fault);

/// The fault of this kind under way at `at`, or null.
[[nodiscard]] const PlannedFault* active_fault(const std::vector<PlannedFault>& faults,
                                               FaultKind kind, UtcTime at);

/// The same for faults that are asked for at every turn: the list is looked through only when one
/// has begun or ended since. One thread.
class FaultWatch {
  public:
    explicit FaultWatch(std::vector<PlannedFault> faults) : faults_(std::move(faults)) {}
    // What is under way points into the list.
    FaultWatch(const FaultWatch&) = delete;
    FaultWatch& operator=(const FaultWatch&) = delete;
    FaultWatch(FaultWatch&&) = delete;
    FaultWatch& operator=(FaultWatch&&) = delete;
    ~FaultWatch() = default;

    [[nodiscard]] const PlannedFault* active(FaultKind kind, UtcTime at) const {
        if (at < from_ || at >= until_) {
            look(at);
        }
        return active_.at(static_cast<std::size_t>(kind));
    }

  private:
    void look(UtcTime at) const;

    std::vector<PlannedFault> faults_;
    // What is under way in [from_, until_).
    mutable UtcTime from_ = UtcTime::max();
    mutable UtcTime until_ = UtcTime::min();
    mutable std::array<const PlannedFault*, fault_kind_count> active_{};
};

}  // namespace metergate::building
