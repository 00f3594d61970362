#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "gateway/model/clock.hpp"
#include "gateway/model/ids.hpp"
#include "tests/building/fault.hpp"
#include "tests/building/frame.hpp"
#include "tests/building/panel_model.hpp"
#include "tests/building/random.hpp"

namespace metergate::building {

/// Ties monotonic time to building time.
struct Timeline {
    UtcTime start;
    Instant zero;

    [[nodiscard]] UtcTime at(Instant instant) const {
        return start + std::chrono::floor<std::chrono::milliseconds>(instant - zero);
    }
    [[nodiscard]] Instant when(UtcTime time) const { return zero + (time - start); }
};

/// rtu_over_tcp: an RS485 line behind a serial device server.
enum class WireKind : std::uint8_t { rtu, tcp, rtu_over_tcp };

struct LinePlan {
    Id id;
    WireKind kind = WireKind::rtu;
    std::int64_t baud = 115'200;
    bool shares = false;  ///< the gateway takes turns with another master
    std::uint64_t seed = 1;
    std::vector<PlannedFault> faults;  ///< aimed at the line as a whole
};

/// A character is 11 bits: start, eight, parity (or a second stop bit), stop.
[[nodiscard]] constexpr Duration characters(std::int64_t count, std::int64_t baud) {
    return Duration{(count * 11'000'000 + baud - 1) / baud};
}

/// The silence that must precede each request: 3.5 characters.
[[nodiscard]] constexpr Duration silence_min(std::int64_t baud) {
    return Duration{(35 * 1'100'000 + baud - 1) / baud};
}

/// A reply on its way to the master.
struct Reply {
    Instant begin;  ///< when its first byte starts
    Bytes bytes;
    std::size_t panel = 0;           ///< place among the bus's panels
    std::optional<std::size_t> row;  ///< of the panel's history, if it carries energy registers
};

/// The panels on one wire and what the wire does to their replies: shared by simulated wires and
/// pseudo-terminals. One thread.
class Bus {
  public:
    Bus(LinePlan plan, Timeline timeline, std::vector<PanelModel*> panels, Ledger& ledger);

    /// What comes back for an RTU frame whose last byte left at `end`; nothing for a broken frame,
    /// a unit that is not there, or a fault that silences it.
    [[nodiscard]] std::optional<Reply> rtu_reply(std::span<const std::uint8_t> frame, Instant end);
    /// The same for a Modbus TCP frame; of the faults only silence, lateness and a wrong unit act.
    [[nodiscard]] std::optional<Reply> tcp_reply(std::span<const std::uint8_t> frame, Instant end);

    [[nodiscard]] bool echoes(Instant at) const { return line_fault(FaultKind::echo, at); }
    [[nodiscard]] bool port_missing(Instant at) const {
        return line_fault(FaultKind::port_missing, at);
    }
    /// What another master sends at `now`, a free moment of the wire, if it is due.
    [[nodiscard]] std::optional<Bytes> foreign_request(Instant now);
    /// When it is due next; `never` while there is no other master.
    [[nodiscard]] Instant foreign_due(Instant now) const {
        return line_fault(FaultKind::foreign_master, now) ? foreign_next_ : never;
    }
    /// The reply did not reach the master whole.
    void doubt(const Reply& reply);
    /// Flips a bit of each byte from `first` on: what a collision leaves.
    void spoil(Bytes& bytes, std::size_t first);
    [[nodiscard]] const LinePlan& plan() const { return plan_; }
    [[nodiscard]] const Timeline& timeline() const { return timeline_; }

  private:
    [[nodiscard]] bool line_fault(FaultKind kind, Instant at) const {
        return faults_.active(kind, timeline_.at(at)) != nullptr;
    }
    [[nodiscard]] const PlannedFault* fault_on(const PanelModel& panel, FaultKind kind,
                                               UtcTime at) const;
    [[nodiscard]] std::optional<Reply> reply_of(std::uint8_t unit,
                                                std::span<const std::uint8_t> pdu, Instant end);
    [[nodiscard]] std::uint8_t shown_unit(const Reply& reply, Instant end) const;
    [[nodiscard]] bool harm(const PanelModel& panel, UtcTime at, Bytes& bytes);

    LinePlan plan_;
    FaultWatch faults_;
    Timeline timeline_;
    std::vector<PanelModel*> panels_;
    Ledger& ledger_;
    Random random_;
    Instant foreign_next_{};
};

}  // namespace metergate::building
