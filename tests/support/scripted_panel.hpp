#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "southbound/modbus/rtu_line.hpp"
#include "tests/support/modbus_frames.hpp"
#include "tests/support/scripted_transport.hpp"

namespace metergate::southbound {

/// A panel on a scripted wire: registers by address, and faults to switch on.
struct ScriptedPanel {
    std::uint8_t unit = 1;
    std::map<std::uint16_t, std::uint16_t> registers;  ///< by address; others give exception 2
    Duration turnaround = std::chrono::milliseconds{20};
    bool silent = false;
    bool silent_if_absent = false;  ///< no exception for registers it does not have
    bool garbled = false;           ///< replies with a wrong CRC
    Duration deaf_for{};            ///< ignores requests that begin so soon after its own reply
    /// Set: the exception a request is answered with; 0 = none.
    std::function<std::uint8_t(const AskedFor&)> refuses;
    std::vector<std::uint16_t> asked;  ///< first register of each request
    Instant replied = Instant::min();  ///< the end of its last reply

    void set(std::uint16_t address, const Registers& values) {
        for (const std::uint16_t value : values) {
            registers[address++] = value;
        }
    }
    /// Most significant register first.
    void set_u64(std::uint16_t address, std::uint64_t value) {
        for (unsigned i = 0; i < 4; ++i) {
            registers[static_cast<std::uint16_t>(address + i)] =
                static_cast<std::uint16_t>(value >> (48U - 16U * i));
        }
    }

    /// As metergate-panel-24, all values zero.
    static ScriptedPanel metergate_panel(std::uint8_t unit, std::uint32_t serial) {
        ScriptedPanel panel;
        panel.unit = unit;
        panel.set(0, {0x4D47, 1, 24, 48, static_cast<std::uint16_t>(serial >> 16U),
                      static_cast<std::uint16_t>(serial & 0xFFFFU)});
        panel.set(100, Registers(7));
        panel.set(1200, Registers(48));
        panel.set(1250, Registers(48));
        for (const int base : {1000, 1100, 1400, 1500, 1600, 1700, 1800}) {
            panel.set(static_cast<std::uint16_t>(base), Registers(96));
        }
        return panel;
    }
};

/// Panels on one RS485 wire.
class ScriptedBus {
  public:
    ScriptedBus(VirtualClock& clock, modbus::WireFormat format)
        : wire(clock), clock_(clock), format_(format) {
        wire.on_sent = [this](std::span<const std::uint8_t> frame) { on_sent(frame); };
    }

    ScriptedPanel& add(ScriptedPanel panel) {
        const std::uint8_t unit = panel.unit;
        return panels_.insert_or_assign(unit, std::move(panel)).first->second;
    }

    ScriptedWire wire;

  private:
    void on_sent(std::span<const std::uint8_t> frame) {
        const AskedFor asked = asked_for(frame);
        const auto found = panels_.find(asked.unit);
        if (found == panels_.end()) {
            return;
        }
        ScriptedPanel& panel = found->second;
        panel.asked.push_back(asked.address);
        const bool is_deaf = clock_.now() < panel.replied + panel.deaf_for;
        if (panel.silent || is_deaf) {
            return;
        }
        Bytes reply = reply_of(panel, asked);
        if (panel.silent_if_absent && (reply.at(1) & 0x80U) != 0) {
            return;
        }
        if (panel.garbled) {
            reply.back() ^= 0xFFU;
        }
        const Instant end = clock_.now() + format_.characters(frame.size());
        const Duration on_wire = format_.characters(reply.size());
        panel.replied = end + panel.turnaround + on_wire;
        wire.arrive(panel.replied, std::move(reply));
    }

    static Bytes reply_of(const ScriptedPanel& panel, const AskedFor& asked) {
        if (const std::uint8_t code = panel.refuses ? panel.refuses(asked) : 0; code != 0) {
            return rtu_exception(panel.unit, asked.function, code);
        }
        Registers values;
        for (unsigned i = 0; i < asked.count; ++i) {
            const auto found = panel.registers.find(static_cast<std::uint16_t>(asked.address + i));
            if (found == panel.registers.end()) {
                return rtu_exception(panel.unit, asked.function, 2);
            }
            values.push_back(found->second);
        }
        return rtu_reply(panel.unit, asked.function, values);
    }

    VirtualClock& clock_;
    modbus::WireFormat format_;
    std::map<std::uint8_t, ScriptedPanel> panels_;
};

}  // namespace metergate::southbound
