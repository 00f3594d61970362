#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "gateway/model/result.hpp"

namespace metergate::southbound::modbus {

/// Who switches an RS485 transceiver between sending and receiving.
enum class DirectionControl : std::uint8_t {
    off,             ///< nobody of ours: the adapter does it by itself, as nearly all USB ones do
    rts_on_send,     ///< the driver, by RTS at logical 1 while sending
    rts_after_send,  ///< the driver, by RTS at logical 0 while sending
};

struct Direction {
    DirectionControl control = DirectionControl::off;
    std::uint32_t delay_before_send_ms = 0;  ///< 0..100, the kernel's limit
    std::uint32_t delay_after_send_ms = 0;   ///< 0..100
};

/// As a driver has counted since it was loaded; each number goes round at 2^32.
struct DriverCounts {
    std::uint32_t parity = 0;
    std::uint32_t framing = 0;
    std::uint32_t overrun = 0;         ///< in the chip
    std::uint32_t buffer_overrun = 0;  ///< in the kernel's buffer
};

/// What serial drivers offer beyond termios. Of an open port, whose descriptor `fd` is. One thread:
/// its line's.
class SerialDriver {
  public:
    virtual ~SerialDriver() = default;

    /// Nothing: it does not count (pseudo-terminals, some USB adapters).
    [[nodiscard]] virtual std::optional<DriverCounts> counts(int fd) const = 0;
    /// Asks it to hand each byte on at once instead of gathering them. What came of it, in words;
    /// with what to do if it is refused. `path` as the port was opened by, links included.
    [[nodiscard]] virtual std::string lower_latency(int fd, const std::string& path) const = 0;
    /// Lets the driver switch the transceiver; `direction.control` is not off. Returns how, in
    /// words. Error: invalid, if the driver cannot, or not with this polarity.
    [[nodiscard]] virtual Result<std::string> switch_direction(
        int fd, const Direction& direction) const = 0;
};

/// The drivers of Linux. Sources: tty_ioctl(4) and linux/serial.h (TIOCGICOUNT, TIOCGSERIAL,
/// TIOCSSERIAL), Documentation/driver-api/serial/serial-rs485.rst (TIOCSRS485); the latency timer
/// of ftdi_sio: Documentation/ABI/testing/sysfs-bus-usb-serial-devices-ftdi_sio.
class LinuxSerialDriver final : public SerialDriver {
  public:
    /// As ioctl(2): -1 and errno, or 0.
    using Ioctl = std::function<int(int fd, unsigned long request, void* argument)>;

    LinuxSerialDriver();
    /// With something else in the place of the kernel and of the folder /sys.
    LinuxSerialDriver(Ioctl kernel, std::string sysfs);

    [[nodiscard]] std::optional<DriverCounts> counts(int fd) const override;
    [[nodiscard]] std::string lower_latency(int fd, const std::string& path) const override;
    [[nodiscard]] Result<std::string> switch_direction(int fd,
                                                       const Direction& direction) const override;

  private:
    [[nodiscard]] std::string set_low_latency(int fd) const;
    [[nodiscard]] std::string shorten_timer(const std::string& path) const;

    Ioctl kernel_;
    std::string sysfs_;
};

}  // namespace metergate::southbound::modbus
