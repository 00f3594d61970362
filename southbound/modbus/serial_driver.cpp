#include "southbound/modbus/serial_driver.hpp"

#include <linux/serial.h>
#include <sys/ioctl.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <utility>

namespace metergate::southbound::modbus {
namespace {

int system_ioctl(int fd, unsigned long request, void* argument) {
    return ::ioctl(fd, request, argument);
}

std::string reason(int error) {
    return std::generic_category().message(error);
}

bool is_permission(int error) {
    return error == EPERM || error == EACCES;
}

std::optional<int> number_in(const std::string& file) {
    std::ifstream stream(file);
    int number = 0;
    return stream >> number ? std::optional(number) : std::nullopt;
}

bool write_number(const std::string& file, int number) {
    std::ofstream stream(file);
    stream << number << std::flush;
    return static_cast<bool>(stream);
}

constexpr std::uint32_t polarity_flags = SER_RS485_RTS_ON_SEND | SER_RS485_RTS_AFTER_SEND;

std::uint32_t flags_of(DirectionControl control) {
    const bool high_to_send = control == DirectionControl::rts_on_send;
    return SER_RS485_ENABLED | (high_to_send ? SER_RS485_RTS_ON_SEND : SER_RS485_RTS_AFTER_SEND);
}

}  // namespace

LinuxSerialDriver::LinuxSerialDriver() : LinuxSerialDriver(system_ioctl, "/sys") {}

LinuxSerialDriver::LinuxSerialDriver(Ioctl kernel, std::string sysfs)
    : kernel_(std::move(kernel)), sysfs_(std::move(sysfs)) {}

std::optional<DriverCounts> LinuxSerialDriver::counts(int fd) const {
    serial_icounter_struct counted{};
    if (kernel_(fd, TIOCGICOUNT, &counted) != 0) {
        return std::nullopt;
    }
    return DriverCounts{static_cast<std::uint32_t>(counted.parity),
                        static_cast<std::uint32_t>(counted.frame),
                        static_cast<std::uint32_t>(counted.overrun),
                        static_cast<std::uint32_t>(counted.buf_overrun)};
}

/// An FTDI adapter takes the flag as well, but what counts there is its timer.
std::string LinuxSerialDriver::lower_latency(int fd, const std::string& path) const {
    const std::string mode = set_low_latency(fd);
    const std::string timer = shorten_timer(path);
    return timer.empty() ? mode : timer;
}

std::string LinuxSerialDriver::set_low_latency(int fd) const {
    serial_struct port{};
    if (kernel_(fd, TIOCGSERIAL, &port) != 0) {
        return "the driver has no low-latency mode";
    }
    constexpr int flag = ASYNC_LOW_LATENCY;
    if ((port.flags & flag) == 0) {
        port.flags |= flag;
        if (kernel_(fd, TIOCSSERIAL, &port) != 0) {
            return is_permission(errno)
                       ? "low-latency mode refused: the gateway has no permission for it; as root, "
                         "setserial PORT low_latency sets it until the next start"
                       : "the driver has no low-latency mode";
        }
        // Some drivers accept everything and keep nothing.
        if (kernel_(fd, TIOCGSERIAL, &port) != 0 || (port.flags & flag) == 0) {
            return "the driver has no low-latency mode";
        }
    }
    return "low-latency mode on";
}

/// Empty: there is no such timer.
std::string LinuxSerialDriver::shorten_timer(const std::string& path) const {
    std::error_code ignored;
    const std::filesystem::path device = std::filesystem::canonical(path, ignored);
    const std::string timer =
        sysfs_ + "/bus/usb-serial/devices/" + device.filename().string() + "/latency_timer";
    const std::optional<int> before_ms = number_in(timer);
    if (!before_ms) {
        return {};
    }
    if (*before_ms > 1) {
        write_number(timer, 1);
    }
    const int now_ms = number_in(timer).value_or(*before_ms);
    if (now_ms <= 1) {
        return "low-latency mode on: the adapter hands bytes on after 1 ms";
    }
    return "the adapter gathers bytes for up to " + std::to_string(now_ms) +
           " ms, and the gateway may not change that; a udev rule does: ACTION==\"add\", "
           "SUBSYSTEM==\"usb-serial\", DRIVER==\"ftdi_sio\", ATTR{latency_timer}=\"1\"";
}

Result<std::string> LinuxSerialDriver::switch_direction(int fd, const Direction& direction) const {
    serial_rs485 wanted{};
    wanted.flags = flags_of(direction.control);
    wanted.delay_rts_before_send = direction.delay_before_send_ms;
    wanted.delay_rts_after_send = direction.delay_after_send_ms;
    serial_rs485 kept = wanted;
    if (kernel_(fd, TIOCSRS485, &kept) != 0) {
        return Error{Fault::invalid,
                     "its driver offers no RS485 direction control (" + reason(errno) + ")"};
    }
    // The kernel returns what it made of the wish.
    if ((kept.flags & SER_RS485_ENABLED) == 0) {
        return Error{Fault::invalid, "its driver does not switch RS485 direction control on"};
    }
    const bool high_to_send = direction.control == DirectionControl::rts_on_send;
    if ((kept.flags & polarity_flags) != (wanted.flags & polarity_flags)) {
        return Error{Fault::invalid, std::string("its driver cannot hold RTS ") +
                                         (high_to_send ? "high" : "low") + " while sending"};
    }
    std::string words =
        std::string("by the driver, RTS ") + (high_to_send ? "high" : "low") + " while sending";
    if (kept.delay_rts_before_send != wanted.delay_rts_before_send ||
        kept.delay_rts_after_send != wanted.delay_rts_after_send) {
        words += "; it keeps delays of " + std::to_string(kept.delay_rts_before_send) + " and " +
                 std::to_string(kept.delay_rts_after_send) + " ms instead of those set";
    }
    return words;
}

}  // namespace metergate::southbound::modbus
