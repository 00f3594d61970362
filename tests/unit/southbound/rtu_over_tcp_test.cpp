#include "tests/unit/southbound/rtu_exchange.hpp"

namespace metergate::southbound::modbus {
namespace {

/// The wire of RtuExchange behind a device server.
class RtuOverTcpExchange : public RtuExchange {
  protected:
    RtuOverTcpExchange() : RtuExchange(RtuOptions::over_tcp()) {}

    Result<RegisterReply> ask_and_get_garbage(std::uint8_t unit) {
        answer({0xFF, 0x00, 0x13});
        return ask(request_to(unit));
    }
};

TEST_F(RtuOverTcpExchange, speaks_rtu_and_keeps_the_silence_of_the_serial_wire) {
    open();
    answer(rtu_reply(5, 3, {1, 2}));
    answer(rtu_reply(6, 3, {1, 2}));
    const auto first = ask(request_to(5));
    ASSERT_TRUE(first);
    ASSERT_TRUE(ask(request_to(6)));
    EXPECT_EQ(wire_.sent().at(0).bytes, with_crc({5, 3, 0, 100, 0, 2}));
    EXPECT_EQ(wire_.sent().at(1).at, first->answered + microseconds{2006});
}

TEST_F(RtuOverTcpExchange, silent_panels_never_cost_the_connection) {
    open();
    for (std::uint8_t unit = 1; unit <= 20; ++unit) {
        ASSERT_FALSE(ask(request_to(unit)));
    }
    EXPECT_EQ(wire_.opened(), 1U);
    EXPECT_FALSE(line_.fault());
}

TEST_F(RtuOverTcpExchange, is_connected_anew_after_three_damaged_replies_in_a_row) {
    open();
    answer(rtu_reply(1, 3, {1, 2}));
    ASSERT_TRUE(ask(request_to(1)));
    ASSERT_FALSE(ask_and_get_garbage(5));
    ASSERT_FALSE(ask_and_get_garbage(6));
    EXPECT_EQ(wire_.opened(), 1U);
    ASSERT_FALSE(ask_and_get_garbage(7));
    line_.step();
    EXPECT_EQ(wire_.opened(), 2U);
    EXPECT_EQ(line_.counters().reopened, 1U);
    EXPECT_TRUE(line_.ready());
    EXPECT_GT(line_.muted_until(7), clock_.now() + seconds{3}) << "its late reply may still come";
}

TEST_F(RtuOverTcpExchange, a_good_reply_between_damaged_ones_keeps_the_connection) {
    open();
    for (std::uint8_t unit = 10; unit < 20; ++unit) {
        ASSERT_FALSE(ask_and_get_garbage(unit));
        answer(rtu_reply(1, 3, {1, 2}));
        ASSERT_TRUE(ask(request_to(1)));
    }
    EXPECT_EQ(wire_.opened(), 1U);
}

TEST_F(RtuOverTcpExchange, a_connection_that_never_falls_silent_is_made_anew) {
    open();
    for (int i = 0; i < 1000; ++i) {
        wire_.arrive(clock_.now() + milliseconds{i * 5}, {0xFF});
    }
    ASSERT_FALSE(ask(request_to(5)));
    ASSERT_TRUE(line_.fault());
    EXPECT_EQ(line_.fault()->text,
              "the wire does not fall silent: something sends without being asked");
    run_until(clock_.now() + seconds{1});
    EXPECT_EQ(wire_.opened(), 2U);
}

TEST_F(RtuExchange, a_serial_port_is_not_opened_anew_because_of_damaged_replies) {
    open();
    for (std::uint8_t unit = 1; unit < 10; ++unit) {
        answer({0xFF, 0x00, 0x13});
        ASSERT_FALSE(ask(request_to(unit)));
    }
    EXPECT_EQ(wire_.opened(), 1U);
}

}  // namespace
}  // namespace metergate::southbound::modbus
