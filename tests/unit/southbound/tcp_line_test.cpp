#include "southbound/modbus/tcp_line.hpp"

#include <gtest/gtest.h>

#include "tests/support/scripted_transport.hpp"

namespace metergate::southbound::modbus {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class TcpExchange : public ::testing::Test {
  protected:
    TcpExchange() { line_.step(); }

    void start(std::uint16_t address = 100) {
        RegisterRequest request;
        request.unit = 5;
        request.address = address;
        request.count = 2;
        line_.start(request);
    }
    Result<RegisterReply> outcome() {
        for (int i = 0; i < 1000; ++i) {
            const Instant next = line_.step();
            if (auto outcome = line_.take_outcome()) {
                return registers_of(*outcome);
            }
            clock_.advance_to(next);
        }
        ADD_FAILURE() << "no outcome";
        return Error{};
    }
    Result<RegisterReply> ask(std::uint16_t address = 100) {
        start(address);
        return outcome();
    }
    void answer(Bytes bytes, Duration after = milliseconds{5}) {
        wire_.on_sent = [this, bytes = std::move(bytes), after](auto) {
            wire_.arrive(clock_.now() + after, bytes);
        };
    }

    VirtualClock clock_{utc_from_s(1'700'000'000)};
    ScriptedWire wire_{clock_};
    TcpLine line_{clock_, std::make_unique<ScriptedTransport>(wire_)};
};

TEST_F(TcpExchange, sends_the_mbap_header_and_returns_the_registers) {
    answer(tcp_frame(1, reply_pdu(5, 3, {0x1234, 0xABCD})));
    const auto reply = ask();
    ASSERT_TRUE(reply);
    EXPECT_EQ(reply->registers, (Registers{0x1234, 0xABCD}));
    EXPECT_EQ(wire_.sent().front().bytes, (Bytes{0, 1, 0, 0, 0, 6, 5, 3, 0, 100, 0, 2}));
    EXPECT_EQ(reply->answered - reply->asked, milliseconds{5});
}

TEST_F(TcpExchange, a_late_reply_with_an_old_transaction_number_is_discarded) {
    answer(tcp_frame(1, reply_pdu(5, 3, {0xDEAD, 0xBEEF})), milliseconds{600});
    const auto first = ask();
    ASSERT_FALSE(first);
    EXPECT_EQ(first.error(), (Error{Fault::timeout, "no reply in 500 ms"}));
    EXPECT_LE(line_.muted_until(5), clock_.now());
    answer(tcp_frame(2, reply_pdu(5, 3, {1, 2})), milliseconds{200});
    const auto second = ask(200);
    ASSERT_TRUE(second);
    EXPECT_EQ(second->registers, (Registers{1, 2}));
    EXPECT_EQ(line_.counters().foreign_frames, 1U);
}

TEST_F(TcpExchange, a_stale_reply_glued_to_the_right_one_is_discarded) {
    answer(
        joined(tcp_frame(0xFFFF, reply_pdu(5, 3, {9, 9})), tcp_frame(1, reply_pdu(5, 3, {1, 2}))));
    const auto reply = ask();
    ASSERT_TRUE(reply);
    EXPECT_EQ(reply->registers, (Registers{1, 2}));
}

TEST_F(TcpExchange, an_answer_of_another_unit_is_not_taken) {
    answer(tcp_frame(1, reply_pdu(6, 3, {1, 2})));
    const auto reply = ask();
    ASSERT_FALSE(reply);
    EXPECT_EQ(reply.error().fault, Fault::timeout);
}

TEST_F(TcpExchange, exceptions_are_refusals_but_a_silent_unit_behind_a_gateway_is_a_timeout) {
    answer(tcp_frame(1, {5, 0x83, 2}));
    const auto refused = ask();
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().fault, Fault::refused);
    EXPECT_NE(line_.exception_code(), 0);
    answer(tcp_frame(2, {5, 0x83, 11}));
    const auto silent = ask();
    ASSERT_FALSE(silent);
    EXPECT_EQ(silent.error().fault, Fault::timeout);
}

TEST_F(TcpExchange, a_stream_out_of_step_is_closed_and_opened_anew) {
    answer(tcp_frame(1, reply_pdu(5, 3, {1, 2})));
    ASSERT_TRUE(ask());
    answer({0, 2, 0x47, 0x45, 0, 7, 5, 3, 4, 0, 0, 0, 0});
    const auto reply = ask();
    ASSERT_FALSE(reply);
    EXPECT_EQ(reply.error(), (Error{Fault::damaged, "damaged reply: protocol number is not 0"}));
    line_.step();
    EXPECT_TRUE(line_.ready());
    EXPECT_EQ(wire_.opened(), 2U);
    EXPECT_EQ(line_.counters().reopened, 1U);
    answer(tcp_frame(3, reply_pdu(5, 3, {3, 4})));
    EXPECT_TRUE(ask());
}

TEST_F(TcpExchange, a_length_that_does_not_fit_the_reply_is_out_of_step) {
    Bytes frame = tcp_frame(1, reply_pdu(5, 3, {1, 2}));
    frame.at(5) = 9;
    answer(joined(frame, {0, 0}));
    const auto reply = ask();
    ASSERT_FALSE(reply);
    EXPECT_EQ(reply.error().fault, Fault::damaged);
}

TEST_F(TcpExchange, a_closed_connection_ends_the_exchange_and_is_opened_with_back_off) {
    wire_.on_sent = [this](auto) {
        wire_.vanished = Error{Fault::disconnected, "host meter port 502: the other side closed"};
    };
    const auto reply = ask();
    ASSERT_FALSE(reply);
    EXPECT_EQ(reply.error().fault, Fault::disconnected);
    EXPECT_TRUE(line_.fault());
    wire_.vanished.reset();
    EXPECT_EQ(line_.step(), clock_.now() + seconds{1});
    clock_.advance(seconds{1});
    line_.step();
    EXPECT_FALSE(line_.fault());
    EXPECT_TRUE(line_.ready());
}

}  // namespace
}  // namespace metergate::southbound::modbus
