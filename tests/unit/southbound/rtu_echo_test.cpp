#include "tests/unit/southbound/rtu_exchange.hpp"

namespace metergate::southbound::modbus {
namespace {

TEST_F(RtuExchange, an_echo_of_the_request_is_stripped) {
    open();
    answer(joined(with_crc({5, 3, 0, 100, 0, 2}), rtu_reply(5, 3, {1, 2})));
    const auto reply = ask(request_to(5));
    ASSERT_TRUE(reply);
    EXPECT_EQ(reply->registers, (Registers{1, 2}));
    EXPECT_EQ(line_.counters().echoes, 1U);
}

TEST_F(RtuExchange, an_echo_in_pieces_is_stripped_as_well) {
    open();
    const Bytes echo = with_crc({5, 3, 0, 100, 0, 2});
    wire_.on_sent = [&](auto) {
        wire_.arrive(clock_.now() + milliseconds{1}, {echo[0]});
        wire_.arrive(clock_.now() + milliseconds{2}, Bytes(echo.begin() + 1, echo.begin() + 7));
        wire_.arrive(clock_.now() + milliseconds{5}, joined({echo[7]}, rtu_reply(5, 3, {1, 2})));
    };
    EXPECT_TRUE(ask(request_to(5)));
}

TEST_F(RtuExchange, an_echo_without_a_reply_is_a_timeout) {
    open();
    answer(with_crc({5, 3, 0, 100, 0, 2}));
    const auto reply = ask(request_to(5));
    ASSERT_FALSE(reply);
    EXPECT_EQ(reply.error().fault, Fault::timeout);
}

TEST_F(RtuExchange, a_single_write_is_confirmed_by_its_copy_which_is_no_echo) {
    open();
    answer(rtu_reply(5, 3, {1, 2}));
    ASSERT_TRUE(ask(request_to(5)));
    const Request write{5, {6, 0, 1, 0, 3}};
    answer(with_crc({5, 6, 0, 1, 0, 3}));
    EXPECT_TRUE(ask(write));
    EXPECT_EQ(line_.counters().echoes, 0U);
}

TEST_F(RtuExchange, on_a_wire_that_echoes_a_single_write_needs_two_copies) {
    open();
    answer(joined(with_crc({5, 3, 0, 100, 0, 2}), rtu_reply(5, 3, {1, 2})));
    ASSERT_TRUE(ask(request_to(5)));
    const Request write{5, {6, 0, 1, 0, 3}};
    const Bytes copy = with_crc({5, 6, 0, 1, 0, 3});
    answer(joined(copy, copy));
    EXPECT_TRUE(ask(write));
    answer(copy);
    const auto unconfirmed = ask(write);
    ASSERT_FALSE(unconfirmed);
    EXPECT_EQ(unconfirmed.error().fault, Fault::timeout);
}

TEST_F(RtuExchange, a_single_write_is_not_confirmed_while_its_copy_may_be_an_echo) {
    open();
    answer(with_crc({5, 6, 0, 1, 0, 3}));
    const auto unconfirmed = ask(Request{5, {6, 0, 1, 0, 3}});
    ASSERT_FALSE(unconfirmed);
    EXPECT_EQ(unconfirmed.error(),
              (Error{Fault::damaged,
                     "damaged reply: a copy of the request, and it is not known yet whether the "
                     "wire echoes"}));
}

TEST_F(RtuExchange, a_refused_single_write_needs_no_knowledge_of_echoes) {
    open();
    answer(rtu_exception(5, 6, 2));
    const auto refused = ask(Request{5, {6, 0, 1, 0, 3}});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().fault, Fault::refused);
}

TEST_F(RtuExchange, an_echo_is_told_once_and_its_end_after_three_requests) {
    const Bytes echo = with_crc({5, 3, 0, 100, 0, 2});
    const Bytes reply = rtu_reply(5, 3, {1, 2});
    open();
    for (int i = 0; i < 3; ++i) {
        answer(joined(echo, reply));
        ASSERT_TRUE(ask(request_to(5)));
    }
    EXPECT_TRUE(line_.wire_state().echoes);
    const auto news = line_.take_news();
    ASSERT_TRUE(news);
    EXPECT_EQ(news->kind, EventKind::local_echo);
    EXPECT_EQ(
        news->text,
        "hears what it sends: its adapter has a local echo, which is taken out of each reply");
    EXPECT_FALSE(line_.take_news());
    for (int i = 0; i < 3; ++i) {
        answer(reply);
        ASSERT_TRUE(ask(request_to(5))) << "an echo that is gone costs nothing";
    }
    EXPECT_FALSE(line_.wire_state().echoes);
    EXPECT_EQ(line_.take_news()->text, "no longer hears what it sends");
}

TEST_F(RtuExchange, a_single_write_needs_one_copy_again_when_the_echo_has_gone) {
    const Bytes copy = with_crc({5, 6, 0, 1, 0, 3});
    open();
    answer(joined(with_crc({5, 3, 0, 100, 0, 2}), rtu_reply(5, 3, {1, 2})));
    ASSERT_TRUE(ask(request_to(5)));
    for (int i = 0; i < 3; ++i) {
        answer(rtu_reply(5, 3, {1, 2}));
        ASSERT_TRUE(ask(request_to(5)));
    }
    answer(copy);
    EXPECT_TRUE(ask(Request{5, {6, 0, 1, 0, 3}}));
}

}  // namespace
}  // namespace metergate::southbound::modbus
