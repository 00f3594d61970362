#include "southbound/modbus/libmodbus_transport.hpp"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pty.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <functional>
#include <utility>

#include "gateway/model/clock.hpp"
#include "southbound/modbus/rtu_line.hpp"
#include "southbound/modbus/tcp_line.hpp"
#include "tests/support/modbus_frames.hpp"

namespace metergate::southbound::modbus {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

/// Closes itself.
class Descriptor {
  public:
    explicit Descriptor(int fd = -1) : fd_(fd) {}
    ~Descriptor() { close(); }
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    void close() {
        if (fd_ >= 0) {
            ::close(std::exchange(fd_, -1));
        }
    }
    void reset(int fd) {
        close();
        fd_ = fd;
    }
    [[nodiscard]] int get() const { return fd_; }

  private:
    int fd_;
};

Bytes read_some(int fd) {
    pollfd waiting{fd, POLLIN, 0};
    EXPECT_GT(::poll(&waiting, 1, 5000), 0) << "nothing came";
    std::array<std::uint8_t, 64> buffer{};
    const ssize_t got = ::read(fd, buffer.data(), buffer.size());
    return got > 0 ? Bytes(buffer.begin(), buffer.begin() + got) : Bytes{};
}

void write_all(int fd, const Bytes& bytes) {
    EXPECT_EQ(::write(fd, bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
}

/// Until bytes, or an error, are there.
Result<std::size_t> receive_when_ready(Transport& transport, std::span<std::uint8_t> buffer) {
    pollfd waiting{transport.readable_fd(), POLLIN, 0};
    EXPECT_GT(::poll(&waiting, 1, 5000), 0) << "nothing came";
    return transport.receive(buffer);
}

/// Asks one request of a line with the real clock, and answers it from `far_end`.
Result<RegisterReply> exchange(Line& line, int far_end, const RegisterRequest& request,
                               const std::function<Bytes(const Bytes&)>& reply_to) {
    const SystemClock clock;
    line.step();
    line.start(request);
    for (;;) {
        const Instant next = line.step();
        if (auto outcome = line.take_outcome()) {
            return registers_of(*outcome);
        }
        std::array<pollfd, 2> waiting{{{line.readable_fd(), POLLIN, 0}, {far_end, POLLIN, 0}}};
        const Duration left = std::max(next - clock.now(), Duration{});
        const auto left_ms = std::chrono::ceil<milliseconds>(std::min(left, Duration{seconds{5}}));
        ::poll(waiting.data(), waiting.size(), static_cast<int>(left_ms.count()));
        if ((waiting[1].revents & POLLIN) != 0) {
            write_all(far_end, reply_to(read_some(far_end)));
        }
    }
}

class PseudoTerminal : public ::testing::Test {
  protected:
    PseudoTerminal() {
        int master = -1;
        int slave = -1;
        std::array<char, 128> name{};
        EXPECT_EQ(::openpty(&master, &slave, name.data(), nullptr, nullptr), 0);
        master_.reset(master);
        ::close(slave);
        path_ = name.data();
    }
    [[nodiscard]] SerialPort port() const { return {path_, 19'200, SerialParity::even, 1}; }

    Descriptor master_;
    std::string path_;
};

TEST_F(PseudoTerminal, frames_go_out_with_one_crc_and_come_in_as_they_are) {
    const auto transport = LibmodbusTransport::serial(port());
    const auto opened = transport->open();
    ASSERT_TRUE(opened) << opened.error().text;
    const Bytes request = with_crc({5, 3, 0, 100, 0, 2});
    ASSERT_TRUE(transport->send(request));
    EXPECT_EQ(read_some(master_.get()), request);

    std::array<std::uint8_t, 64> buffer{};
    const auto nothing = transport->receive(buffer);
    ASSERT_TRUE(nothing);
    EXPECT_EQ(*nothing, 0U);
    const Bytes reply =
        rtu_reply(5, 3, {0x000A, 0x0D11});  // line feed, return, XON: not translated
    write_all(master_.get(), reply);
    const auto got = receive_when_ready(*transport, buffer);
    ASSERT_TRUE(got);
    EXPECT_EQ(Bytes(buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(*got)), reply);
}

TEST_F(PseudoTerminal, a_whole_exchange_works_on_it) {
    const SystemClock clock;
    RtuLine line(clock, LibmodbusTransport::serial(port()), {19'200, 11});
    RegisterRequest request;
    request.unit = 5;
    request.count = 2;
    const auto reply = exchange(line, master_.get(), request, [](const Bytes&) {
        return rtu_reply(5, 3, {0x1234, 0xABCD});
    });
    ASSERT_TRUE(reply) << reply.error().text;
    EXPECT_EQ(reply->registers, (Registers{0x1234, 0xABCD}));
}

TEST_F(PseudoTerminal, a_port_that_goes_away_is_disconnected) {
    const auto transport = LibmodbusTransport::serial(port());
    ASSERT_TRUE(transport->open());
    master_.close();
    std::array<std::uint8_t, 64> buffer{};
    const auto got = receive_when_ready(*transport, buffer);
    ASSERT_FALSE(got);
    EXPECT_EQ(got.error().fault, Fault::disconnected);
    EXPECT_TRUE(got.error().text.starts_with("port " + path_ + " is gone")) << got.error().text;
    const auto again = transport->open();
    ASSERT_FALSE(again);
}

TEST_F(PseudoTerminal, a_port_in_use_is_refused_and_free_again_after_closing) {
    const auto first = LibmodbusTransport::serial(port());
    const auto second = LibmodbusTransport::serial(port());
    ASSERT_TRUE(first->open());
    const auto refused = second->open();
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error(),
              (Error{Fault::refused, "port " + path_ + " is in use by another program"}));
    first->close();
    EXPECT_TRUE(second->open());
}

TEST_F(PseudoTerminal, a_port_can_be_opened_again_though_it_knows_no_parity) {
    const auto transport = LibmodbusTransport::serial(port());
    for (int i = 0; i < 3; ++i) {
        const auto opened = transport->open();
        ASSERT_TRUE(opened) << opened.error().text;
    }
}

/// A driver that does what a test says.
class ScriptedDriver final : public SerialDriver {
  public:
    struct Script {
        std::optional<DriverCounts> counts;
        std::optional<Error> direction_refused;
        std::optional<Direction> direction_asked;
    };
    explicit ScriptedDriver(Script& script) : script_(script) {}

    [[nodiscard]] std::optional<DriverCounts> counts(int) const override { return script_.counts; }
    [[nodiscard]] std::string lower_latency(int, const std::string& path) const override {
        return "latency of " + path;
    }
    [[nodiscard]] Result<std::string> switch_direction(int,
                                                       const Direction& wanted) const override {
        script_.direction_asked = wanted;
        if (script_.direction_refused) {
            return *script_.direction_refused;
        }
        return std::string("by the driver");
    }

  private:
    Script& script_;
};

class PortWithDriver : public PseudoTerminal {
  protected:
    [[nodiscard]] std::unique_ptr<LibmodbusTransport> make(DirectionControl control) {
        SerialPort wanted = port();
        wanted.direction = {control, 1, 2};
        return LibmodbusTransport::serial(wanted, std::make_unique<ScriptedDriver>(script_));
    }
    ScriptedDriver::Script script_;
};

TEST_F(PortWithDriver, character_errors_count_from_the_opening_on_and_across_their_going_round) {
    script_.counts = DriverCounts{10, 0xFFFF'FFFE, 5, 7};
    const auto transport = make(DirectionControl::off);
    ASSERT_TRUE(transport->open());
    EXPECT_EQ(transport->character_errors(), (CharacterErrors{0, 0, 0}));
    script_.counts = DriverCounts{11, 1, 6, 9};
    EXPECT_EQ(transport->character_errors(), (CharacterErrors{1, 3, 3}));
}

TEST_F(PortWithDriver, character_errors_that_nobody_counts_are_not_0) {
    const auto transport = make(DirectionControl::off);
    ASSERT_TRUE(transport->open());
    EXPECT_FALSE(transport->character_errors());
}

TEST_F(PortWithDriver, direction_is_left_alone_when_it_is_off) {
    const auto transport = make(DirectionControl::off);
    ASSERT_TRUE(transport->open());
    EXPECT_FALSE(script_.direction_asked);
    EXPECT_EQ(transport->serial_facts(), (SerialPortFacts{"latency of " + path_, ""}));
}

TEST_F(PortWithDriver, direction_is_switched_by_the_driver_when_it_is_on) {
    const auto transport = make(DirectionControl::rts_after_send);
    ASSERT_TRUE(transport->open());
    ASSERT_TRUE(script_.direction_asked);
    EXPECT_EQ(script_.direction_asked->control, DirectionControl::rts_after_send);
    EXPECT_EQ(script_.direction_asked->delay_before_send_ms, 1U);
    EXPECT_EQ(script_.direction_asked->delay_after_send_ms, 2U);
    EXPECT_EQ(transport->serial_facts()->direction, "by the driver");
}

TEST_F(PortWithDriver, a_driver_that_cannot_switch_the_direction_keeps_the_port_closed) {
    script_.direction_refused = Error{Fault::invalid, "its driver offers none"};
    const auto transport = make(DirectionControl::rts_on_send);
    const auto opened = transport->open();
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error(),
              (Error{Fault::invalid, "port " + path_ +
                                         ": its driver offers none; if the adapter switches by "
                                         "itself, set direction_control to off"}));
    EXPECT_EQ(transport->readable_fd(), -1);
}

TEST_F(PseudoTerminal, has_a_driver_that_counts_nothing_and_cannot_switch_a_direction) {
    const auto transport = LibmodbusTransport::serial(port());
    ASSERT_TRUE(transport->open());
    EXPECT_FALSE(transport->character_errors());
    EXPECT_EQ(transport->serial_facts()->latency, "the driver has no low-latency mode");
    transport->close();
    SerialPort switched = port();
    switched.direction.control = DirectionControl::rts_on_send;
    const auto refused = LibmodbusTransport::serial(switched)->open();
    ASSERT_FALSE(refused);
    EXPECT_NE(refused.error().text.find("its driver offers no RS485 direction control"),
              std::string::npos)
        << refused.error().text;
}

TEST(SerialPortOpening, a_missing_port_is_named) {
    const auto transport = LibmodbusTransport::serial({"/dev/ttyUSB99"});
    const auto opened = transport->open();
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error(), (Error{Fault::not_found,
                                     "port /dev/ttyUSB99 does not exist: is the "
                                     "adapter plugged in?"}));
}

TEST(SerialPortOpening, a_file_that_is_no_port_is_refused) {
    const auto transport = LibmodbusTransport::serial({"/dev/null"});
    const auto opened = transport->open();
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().fault, Fault::invalid);
    EXPECT_EQ(opened.error().text,
              "port /dev/null is no serial port, or refuses these line settings");
}

class Loopback : public ::testing::Test {
  protected:
    Loopback() : listener_(::socket(AF_INET, SOCK_STREAM, 0)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address;
        auto* generic = static_cast<sockaddr*>(static_cast<void*>(&address));
        EXPECT_EQ(::bind(listener_.get(), generic, size), 0);
        EXPECT_EQ(::listen(listener_.get(), 1), 0);
        EXPECT_EQ(::getsockname(listener_.get(), generic, &size), 0);
        endpoint_ = {"127.0.0.1", ntohs(address.sin_port)};
    }

    Descriptor listener_;
    TcpEndpoint endpoint_;
};

TEST_F(Loopback, a_whole_exchange_works_with_the_transaction_number_on_the_wire) {
    const SystemClock clock;
    TcpLine line(clock, LibmodbusTransport::tcp(endpoint_));
    line.step();
    const Descriptor server(::accept(listener_.get(), nullptr, nullptr));
    RegisterRequest request;
    request.unit = 5;
    request.count = 2;
    Bytes seen;
    const auto reply = exchange(line, server.get(), request, [&](const Bytes& frame) {
        seen = frame;
        return tcp_frame(1, reply_pdu(5, 3, {0x1234, 0xABCD}));
    });
    ASSERT_TRUE(reply) << reply.error().text;
    EXPECT_EQ(reply->registers, (Registers{0x1234, 0xABCD}));
    EXPECT_EQ(seen, (Bytes{0, 1, 0, 0, 0, 6, 5, 3, 0, 0, 0, 2}));
}

TEST_F(Loopback, a_whole_exchange_works_in_rtu_frames_as_behind_a_device_server) {
    const SystemClock clock;
    RtuLine line(clock, LibmodbusTransport::tcp(endpoint_), {115'200, 11}, RtuOptions::over_tcp());
    line.step();
    const Descriptor server(::accept(listener_.get(), nullptr, nullptr));
    RegisterRequest request;
    request.unit = 5;
    request.count = 2;
    Bytes seen;
    const auto reply = exchange(line, server.get(), request, [&](const Bytes& frame) {
        seen = frame;
        return rtu_reply(5, 3, {0x1234, 0xABCD});
    });
    ASSERT_TRUE(reply) << reply.error().text;
    EXPECT_EQ(reply->registers, (Registers{0x1234, 0xABCD}));
    EXPECT_EQ(seen, with_crc({5, 3, 0, 0, 0, 2}));
}

TEST_F(Loopback, a_connection_into_a_dead_network_ends_after_ten_seconds_without_a_sign) {
    const auto transport = LibmodbusTransport::tcp(endpoint_);
    ASSERT_TRUE(transport->open());
    unsigned limit_ms = 0;
    socklen_t size = sizeof limit_ms;
    ASSERT_EQ(
        ::getsockopt(transport->readable_fd(), IPPROTO_TCP, TCP_USER_TIMEOUT, &limit_ms, &size), 0);
    EXPECT_EQ(limit_ms, 10'000U);
}

TEST_F(Loopback, a_connection_closed_by_the_other_side_is_disconnected) {
    const auto transport = LibmodbusTransport::tcp(endpoint_);
    ASSERT_TRUE(transport->open());
    Descriptor server(::accept(listener_.get(), nullptr, nullptr));
    server.close();
    std::array<std::uint8_t, 64> buffer{};
    const auto got = receive_when_ready(*transport, buffer);
    ASSERT_FALSE(got);
    EXPECT_EQ(got.error(),
              (Error{Fault::disconnected, "host 127.0.0.1 port " + std::to_string(endpoint_.port) +
                                              ": the other side closed"}));
}

TEST_F(Loopback, a_port_where_nobody_listens_refuses) {
    listener_.close();
    const auto transport = LibmodbusTransport::tcp(endpoint_);
    const auto opened = transport->open();
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().fault, Fault::refused);
    EXPECT_EQ(opened.error().text, "host 127.0.0.1 port " + std::to_string(endpoint_.port) +
                                       " refuses the connection or cannot be reached");
}

TEST_F(Loopback, descriptors_that_libmodbus_cannot_hold_are_refused) {
    std::vector<int> many;
    for (int fd = ::dup(0); fd >= 0; fd = ::dup(0)) {
        many.push_back(fd);
        if (fd >= 1024) {
            break;
        }
    }
    const auto transport = LibmodbusTransport::tcp(endpoint_);
    const auto opened = transport->open();
    for (const int fd : many) {
        ::close(fd);
    }
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().fault, Fault::full) << opened.error().text;
}

}  // namespace
}  // namespace metergate::southbound::modbus
