#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "gateway/model/result.hpp"
#include "gateway/model/time.hpp"
#include "southbound/serial_port.hpp"

namespace metergate::southbound::modbus {

/// Bytes out, bytes in: what a serial port, a TCP connection and a simulated wire have in common.
/// Nothing here blocks beyond opening (at most a second). One thread: its line's.
class Transport {
  public:
    virtual ~Transport() = default;

    /// Opens the port or connection. Errors: not_found (no such port), refused (no permission, in
    /// use, connection refused), timeout, disconnected; the text names the port or host.
    [[nodiscard]] virtual Result<void> open() = 0;
    virtual void close() = 0;

    /// Sends one whole frame, CRC or MBAP header included. Error: disconnected.
    [[nodiscard]] virtual Result<void> send(std::span<const std::uint8_t> frame) = 0;

    /// What has arrived by now, at most `buffer.size()` bytes; 0 = nothing yet. Error:
    /// disconnected.
    [[nodiscard]] virtual Result<std::size_t> receive(std::span<std::uint8_t> buffer) = 0;

    /// When to look for bytes again: a simulated wire knows when they arrive and may name an
    /// earlier moment than `deadline`; a real one returns `deadline`, and the thread waits on
    /// readable_fd().
    [[nodiscard]] virtual Instant wake_by(Instant deadline) { return deadline; }
    /// What the serial driver has counted since the port was opened; nothing: it does not count, or
    /// this is no serial port. Only while open.
    [[nodiscard]] virtual std::optional<CharacterErrors> character_errors() { return std::nullopt; }
    /// How the serial port was prepared when it was opened last; nothing: this is none.
    [[nodiscard]] virtual std::optional<SerialPortFacts> serial_facts() const {
        return std::nullopt;
    }
    /// Descriptor that becomes readable when bytes arrive; -1 if there is none.
    [[nodiscard]] virtual int readable_fd() const { return -1; }
};

}  // namespace metergate::southbound::modbus
