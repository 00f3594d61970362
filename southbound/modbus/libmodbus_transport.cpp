#include "southbound/modbus/libmodbus_transport.hpp"

#include <fcntl.h>
#include <modbus.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

namespace metergate::southbound::modbus {
namespace {

constexpr std::uint32_t connect_timeout_s = 1;
/// Else the kernel goes on sending into a network that is gone for a quarter of an hour.
constexpr unsigned unacknowledged_max_ms = 10'000;
constexpr std::size_t crc_size = 2;
/// Other threads may open files between the look and the opening.
constexpr int descriptor_margin = 64;

char parity_letter(SerialParity parity) {
    switch (parity) {
        case SerialParity::none:
            return 'N';
        case SerialParity::even:
            return 'E';
        case SerialParity::odd:
            break;
    }
    return 'O';
}

std::string reason(int error) {
    std::array<char, 128> text{};
    return strerror_r(error, text.data(), text.size());
}

/// libmodbus says ECONNREFUSED for a name it cannot resolve too.
bool resolves(const std::string& host) {
    addrinfo* found = nullptr;
    if (::getaddrinfo(host.c_str(), nullptr, nullptr, &found) != 0) {
        return false;
    }
    ::freeaddrinfo(found);
    return true;
}

/// libmodbus 3.1.6 puts descriptors into an fd_set without looking at their size, already while
/// connecting. The next one to be given out tells whether that is safe.
bool descriptors_run_out() {
    const int next = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (next >= 0) {
        ::close(next);
    }
    return next < 0 || next >= FD_SETSIZE - descriptor_margin;
}

bool is_pseudo_terminal(const std::string& path) {
    struct stat about {};
    constexpr unsigned first_major = 136;  // UNIX98 slaves, Documentation/admin-guide/devices.txt
    constexpr unsigned last_major = 143;
    return ::stat(path.c_str(), &about) == 0 && S_ISCHR(about.st_mode) &&
           major(about.st_rdev) >= first_major && major(about.st_rdev) <= last_major;
}

}  // namespace

void LibmodbusTransport::Freer::operator()(_modbus* context) const {
    modbus_close(context);
    modbus_free(context);
}

LibmodbusTransport::LibmodbusTransport(SerialPort port, std::unique_ptr<SerialDriver> driver)
    : is_serial_(true),
      port_(std::move(port)),
      driver_(std::move(driver)),
      name_("port " + port_.path) {}

LibmodbusTransport::LibmodbusTransport(TcpEndpoint endpoint)
    : is_serial_(false),
      endpoint_(std::move(endpoint)),
      name_("host " + endpoint_.host + " port " + std::to_string(endpoint_.port)) {}

std::unique_ptr<LibmodbusTransport> LibmodbusTransport::serial(
    SerialPort port, std::unique_ptr<SerialDriver> driver) {
    return std::make_unique<LibmodbusTransport>(std::move(port), std::move(driver));
}

std::unique_ptr<LibmodbusTransport> LibmodbusTransport::tcp(TcpEndpoint endpoint) {
    return std::make_unique<LibmodbusTransport>(std::move(endpoint));
}

LibmodbusTransport::~LibmodbusTransport() = default;

Result<void> LibmodbusTransport::open() {
    close();
    if (descriptors_run_out()) {
        return Error{Fault::full,
                     name_ + " cannot be opened: this program has too many files open"};
    }
    if (Result<void> connected = connect(port_.parity); connected.has_error()) {
        // A pseudo-terminal knows no parity. glibc reports that only if nothing else was changed,
        // that is from the second opening on.
        const bool again = is_serial_ && connected.error().fault == Fault::invalid &&
                           port_.parity != SerialParity::none && is_pseudo_terminal(port_.path);
        if (!again || connect(SerialParity::none).has_error()) {
            return connected;
        }
    }
    fd_ = modbus_get_socket(context_.get());
    if (is_serial_) {
        Result<void> claimed = claim_port();
        return claimed ? prepare_port() : claimed;
    }
    ::setsockopt(fd_, IPPROTO_TCP, TCP_USER_TIMEOUT, &unacknowledged_max_ms,
                 sizeof unacknowledged_max_ms);
    return {};
}

Result<void> LibmodbusTransport::connect(SerialParity parity) {
    if (is_serial_) {
        context_.reset(modbus_new_rtu(port_.path.c_str(), static_cast<int>(port_.baud),
                                      parity_letter(parity), 8, static_cast<int>(port_.stop_bits)));
    } else {
        context_.reset(
            modbus_new_tcp_pi(endpoint_.host.c_str(), std::to_string(endpoint_.port).c_str()));
    }
    if (!context_) {
        return Error{Fault::invalid, name_ + ": " + modbus_strerror(errno)};
    }
    // For TCP this bounds the connecting; replies are never waited for inside libmodbus.
    modbus_set_response_timeout(context_.get(), connect_timeout_s, 0);
    errno = 0;
    if (modbus_connect(context_.get()) != 0) {
        const int error = errno;
        context_.reset();
        return connect_error(error);
    }
    return {};
}

/// Two programs on one wire read each other's replies: the port is taken for ourselves, against
/// other users (TIOCEXCL) and against other privileged programs that lock as we do (flock).
Result<void> LibmodbusTransport::claim_port() {
    if (::flock(fd_, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
        close();
        return Error{Fault::refused, name_ + " is in use by another program"};
    }
    ::ioctl(fd_, TIOCEXCL);
    return {};
}

/// A transceiver that nobody switches lets nothing through: then the line is better down and says
/// why. Low latency only makes it faster.
Result<void> LibmodbusTransport::prepare_port() {
    facts_ = {};
    if (port_.direction.control != DirectionControl::off) {
        auto switched = driver_->switch_direction(fd_, port_.direction);
        if (!switched) {
            close();
            return Error{switched.error().fault,
                         name_ + ": " + switched.error().text +
                             "; if the adapter switches by itself, set direction_control to off"};
        }
        facts_.direction = std::move(*switched);
    }
    facts_.latency = driver_->lower_latency(fd_, port_.path);
    counts_at_open_ = driver_->counts(fd_);
    return {};
}

std::optional<CharacterErrors> LibmodbusTransport::character_errors() {
    const auto now = is_serial_ && counts_at_open_ ? driver_->counts(fd_) : std::nullopt;
    if (!now) {
        return std::nullopt;
    }
    const DriverCounts& then = *counts_at_open_;
    // Differences of 32 bits are right across the number's going round.
    const std::uint32_t overrun = now->overrun - then.overrun;
    const std::uint32_t buffer_overrun = now->buffer_overrun - then.buffer_overrun;
    return CharacterErrors{now->parity - then.parity, now->framing - then.framing,
                           std::uint64_t{overrun} + buffer_overrun};
}

std::optional<SerialPortFacts> LibmodbusTransport::serial_facts() const {
    return is_serial_ ? std::optional(facts_) : std::nullopt;
}

Error LibmodbusTransport::connect_error(int error) const {
    switch (error) {
        case ENOENT:
        case ENODEV:
        case ENXIO:
            return {Fault::not_found, name_ + " does not exist: is the adapter plugged in?"};
        case EACCES:
        case EPERM:
            return {Fault::refused,
                    name_ + ": no permission: the gateway's user must be in the group of the port"};
        case EBUSY:
            return {Fault::refused, name_ + " is in use by another program"};
        case ENOTTY:
        case EINVAL:
            return {Fault::invalid, name_ + " is no serial port, or refuses these line settings"};
        case ECONNREFUSED:
            return {Fault::refused, resolves(endpoint_.host)
                                        ? name_ + " refuses the connection or cannot be reached"
                                        : name_ + ": this host name is not known"};
        case ETIMEDOUT:
        case EINPROGRESS:
            return {Fault::timeout, name_ + " does not answer the connection within 1 s"};
        case EHOSTUNREACH:
        case ENETUNREACH:
            return {Fault::disconnected, name_ + " cannot be reached: " + reason(error)};
        default:
            return {Fault::disconnected, name_ + " cannot be opened: " +
                                             (error == 0 ? "unknown reason" : reason(error))};
    }
}

void LibmodbusTransport::close() {
    context_.reset();
    fd_ = -1;
}

Result<void> LibmodbusTransport::send(std::span<const std::uint8_t> frame) {
    if (is_serial_) {
        // It adds the CRC itself.
        const std::span<const std::uint8_t> raw = frame.first(frame.size() - crc_size);
        std::array<std::uint8_t, MODBUS_RTU_MAX_ADU_LENGTH> copy{};
        std::memcpy(copy.data(), raw.data(), raw.size());
        if (modbus_send_raw_request(context_.get(), copy.data(), static_cast<int>(raw.size())) <
            0) {
            return Error{Fault::disconnected, name_ + " is gone: " + reason(errno)};
        }
        return {};
    }
    // Not by libmodbus: its raw requests all carry transaction number 0, by which late replies
    // could not be told apart. A request fits any socket buffer; a full one means a dead
    // connection.
    const ssize_t sent = ::send(fd_, frame.data(), frame.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent != static_cast<ssize_t>(frame.size())) {
        return Error{Fault::disconnected,
                     name_ + ": connection lost: " + (sent < 0 ? reason(errno) : "buffer full")};
    }
    return {};
}

Result<std::size_t> LibmodbusTransport::receive(std::span<std::uint8_t> buffer) {
    // The socket may be a blocking one; poll says whether read() would return at once.
    pollfd state{fd_, POLLIN, 0};
    const int ready = ::poll(&state, 1, 0);
    if (ready == 0) {
        return std::size_t{0};
    }
    const ssize_t got = ::read(fd_, buffer.data(), buffer.size());
    if (got > 0) {
        return static_cast<std::size_t>(got);
    }
    if (got == 0) {
        return Error{Fault::disconnected,
                     name_ + (is_serial_ ? " is gone: unplugged?" : ": the other side closed")};
    }
    if ((errno == EAGAIN || errno == EINTR) && (state.revents & (POLLHUP | POLLERR)) == 0) {
        return std::size_t{0};
    }
    return Error{Fault::disconnected,
                 name_ + (is_serial_ ? " is gone: " : ": connection lost: ") + reason(errno)};
}

}  // namespace metergate::southbound::modbus
