#include "southbound/modbus/serial_driver.hpp"

#include <gtest/gtest.h>
#include <linux/serial.h>
#include <sys/ioctl.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <map>

#include "tests/support/temp_dir.hpp"

namespace metergate::southbound::modbus {
namespace {

/// What a kernel does with the requests of a serial port.
class FakeKernel {
  public:
    serial_icounter_struct counted{};
    serial_struct port{};
    bool keeps_flags = true;
    std::uint32_t rs485_flags_kept = ~0U;
    std::optional<std::uint32_t> rs485_delays_kept_ms;
    std::map<unsigned long, int> refusals;  ///< request -> errno
    serial_rs485 rs485_asked{};

    [[nodiscard]] LinuxSerialDriver::Ioctl answers() {
        return [this](int, unsigned long request, void* argument) {
            return answer(request, argument);
        };
    }

  private:
    int answer(unsigned long request, void* argument) {
        if (const auto refused = refusals.find(request); refused != refusals.end()) {
            errno = refused->second;
            return -1;
        }
        switch (request) {
            case TIOCGICOUNT:
                *static_cast<serial_icounter_struct*>(argument) = counted;
                return 0;
            case TIOCGSERIAL:
                *static_cast<serial_struct*>(argument) = port;
                return 0;
            case TIOCSSERIAL:
                if (keeps_flags) {
                    port = *static_cast<serial_struct*>(argument);
                }
                return 0;
            case TIOCSRS485:
                return keep_rs485(*static_cast<serial_rs485*>(argument));
            default:
                errno = ENOTTY;
                return -1;
        }
    }
    int keep_rs485(serial_rs485& wanted) {
        rs485_asked = wanted;
        wanted.flags &= rs485_flags_kept;
        wanted.delay_rts_before_send = rs485_delays_kept_ms.value_or(wanted.delay_rts_before_send);
        wanted.delay_rts_after_send = rs485_delays_kept_ms.value_or(wanted.delay_rts_after_send);
        return 0;
    }
};

class DriverOfAPort : public ::testing::Test {
  protected:
    DriverOfAPort()
        : device_(folder_.path().string() + "/ttyUSB0"), link_(folder_.path().string() + "/by-id") {
        write(device_, "");
        std::filesystem::create_symlink(device_, link_);
    }

    static void write(const std::string& path, const std::string& text) {
        std::ofstream(path) << text;
    }
    /// The timer of an FTDI adapter, as a file; its text.
    [[nodiscard]] std::string make_timer(const std::string& ms) const {
        const std::string folder = folder_.path().string() + "/sys/bus/usb-serial/devices/ttyUSB0";
        std::filesystem::create_directories(folder);
        write(folder + "/latency_timer", ms);
        return folder + "/latency_timer";
    }
    [[nodiscard]] static std::string text_of(const std::string& path) {
        std::string text;
        std::ifstream(path) >> text;
        return text;
    }

    const support::TempDir folder_;
    const std::string device_;
    const std::string link_;
    FakeKernel kernel_;
    LinuxSerialDriver driver_{kernel_.answers(), folder_.path().string() + "/sys"};
};

TEST_F(DriverOfAPort, that_counts_tells_its_counts) {
    kernel_.counted.parity = 3;
    kernel_.counted.frame = -1;  // they go round as unsigned numbers
    kernel_.counted.overrun = 2;
    kernel_.counted.buf_overrun = 1;
    const auto counts = driver_.counts(5);
    ASSERT_TRUE(counts);
    EXPECT_EQ(counts->parity, 3U);
    EXPECT_EQ(counts->framing, 0xFFFF'FFFFU);
    EXPECT_EQ(counts->overrun, 2U);
    EXPECT_EQ(counts->buffer_overrun, 1U);
}

TEST_F(DriverOfAPort, that_does_not_count_says_nothing_rather_than_0) {
    kernel_.refusals[TIOCGICOUNT] = ENOTTY;
    EXPECT_FALSE(driver_.counts(5));
}

TEST_F(DriverOfAPort, is_asked_for_low_latency_with_everything_else_left_as_it_is) {
    kernel_.port.flags = ASYNC_SPD_CUST;
    kernel_.port.custom_divisor = 7;
    EXPECT_EQ(driver_.lower_latency(5, link_), "low-latency mode on");
    EXPECT_EQ(kernel_.port.flags, static_cast<int>(ASYNC_SPD_CUST | ASYNC_LOW_LATENCY));
    EXPECT_EQ(kernel_.port.custom_divisor, 7);
    EXPECT_EQ(driver_.lower_latency(5, link_), "low-latency mode on") << "once more";
}

TEST_F(DriverOfAPort, that_knows_no_latency_or_forgets_it_says_so) {
    kernel_.keeps_flags = false;
    EXPECT_EQ(driver_.lower_latency(5, link_), "the driver has no low-latency mode");
    kernel_.refusals[TIOCGSERIAL] = ENOTTY;
    EXPECT_EQ(driver_.lower_latency(5, link_), "the driver has no low-latency mode");
}

TEST_F(DriverOfAPort, that_refuses_low_latency_says_what_helps) {
    kernel_.refusals[TIOCSSERIAL] = EPERM;
    EXPECT_EQ(driver_.lower_latency(5, link_),
              "low-latency mode refused: the gateway has no permission for it; as root, setserial "
              "PORT low_latency sets it until the next start");
}

TEST_F(DriverOfAPort, of_an_ftdi_adapter_gets_its_timer_shortened_through_the_link) {
    const std::string timer = make_timer("16\n");
    EXPECT_EQ(driver_.lower_latency(5, link_),
              "low-latency mode on: the adapter hands bytes on after 1 ms");
    EXPECT_EQ(text_of(timer), "1");
}

TEST_F(DriverOfAPort, whose_timer_cannot_be_written_says_how_long_it_is_and_what_helps) {
    // Not even the superuser can write this number.
    const std::string timer = make_timer("16");
    std::filesystem::remove(timer);
    std::filesystem::create_symlink("/proc/uptime", timer);
    const std::string words = driver_.lower_latency(5, link_);
    EXPECT_TRUE(words.starts_with("the adapter gathers bytes for up to ")) << words;
    EXPECT_TRUE(words.ends_with(
        " ms, and the gateway may not change that; a udev rule does: ACTION==\"add\", "
        "SUBSYSTEM==\"usb-serial\", DRIVER==\"ftdi_sio\", ATTR{latency_timer}=\"1\""))
        << words;
}

TEST_F(DriverOfAPort, switches_the_transceiver_with_the_polarity_and_delays_of_the_settings) {
    const auto high = driver_.switch_direction(5, {DirectionControl::rts_on_send, 1, 2});
    ASSERT_TRUE(high) << high.error().text;
    EXPECT_EQ(*high, "by the driver, RTS high while sending");
    EXPECT_EQ(kernel_.rs485_asked.flags,
              static_cast<unsigned>(SER_RS485_ENABLED | SER_RS485_RTS_ON_SEND));
    EXPECT_EQ(kernel_.rs485_asked.delay_rts_before_send, 1U);
    EXPECT_EQ(kernel_.rs485_asked.delay_rts_after_send, 2U);
    const auto low = driver_.switch_direction(5, {DirectionControl::rts_after_send, 0, 0});
    ASSERT_TRUE(low);
    EXPECT_EQ(*low, "by the driver, RTS low while sending");
    EXPECT_EQ(kernel_.rs485_asked.flags,
              static_cast<unsigned>(SER_RS485_ENABLED | SER_RS485_RTS_AFTER_SEND));
}

TEST_F(DriverOfAPort, that_cannot_switch_the_transceiver_is_an_error) {
    const Direction wanted{DirectionControl::rts_on_send, 0, 0};
    kernel_.rs485_flags_kept = SER_RS485_ENABLED | SER_RS485_RTS_AFTER_SEND;
    EXPECT_EQ(driver_.switch_direction(5, wanted).error(),
              (Error{Fault::invalid, "its driver cannot hold RTS high while sending"}));
    kernel_.rs485_flags_kept = 0;
    EXPECT_EQ(driver_.switch_direction(5, wanted).error(),
              (Error{Fault::invalid, "its driver does not switch RS485 direction control on"}));
    kernel_.refusals[TIOCSRS485] = ENOTTY;
    EXPECT_EQ(driver_.switch_direction(5, wanted).error(),
              (Error{Fault::invalid,
                     "its driver offers no RS485 direction control (Inappropriate ioctl for "
                     "device)"}));
}

TEST_F(DriverOfAPort, that_keeps_other_delays_says_which) {
    kernel_.rs485_delays_kept_ms = 0;
    const auto switched = driver_.switch_direction(5, {DirectionControl::rts_on_send, 1, 2});
    ASSERT_TRUE(switched);
    EXPECT_EQ(*switched,
              "by the driver, RTS high while sending; it keeps delays of 0 and 0 ms instead of "
              "those set");
}

}  // namespace
}  // namespace metergate::southbound::modbus
