#include "southbound/gateway/session.hpp"

#include <gmock/gmock.h>

#include <random>

#include "tests/unit/modbus_gateway/server_fixture.hpp"

namespace metergate::southbound::gateway {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class SessionTest : public Server {
  protected:
    /// Registers first.. of unit 255.
    std::vector<std::string> ages(Session& session, std::uint8_t first, std::uint8_t count) {
        send(session, frame(99, 255, {4, 0, first, 0, count}));
        return texts(sent_by(session));
    }
};

TEST_F(SessionTest, answers_carry_transaction_and_unit_of_their_requests_in_any_order) {
    const auto session = connect();
    Bytes bytes = frame(7, 17, read_registers(1, 1));
    const Bytes second = frame(8, 18, read_registers(2, 1));
    bytes.insert(bytes.end(), second.begin(), second.end());
    EXPECT_TRUE(send(*session, bytes));
    ASSERT_EQ(asked_.size(), 2U);
    reply(1, {3, 2, 0, 8});
    EXPECT_THAT(texts(sent_by(*session)), ElementsAre("8:18:03020008"));
    reply(0, {3, 2, 0, 7});
    EXPECT_THAT(texts(sent_by(*session)), ElementsAre("7:17:03020007"));
    EXPECT_EQ(relay().counters().answered, 2U);
}

TEST_F(SessionTest, takes_a_stream_cut_anywhere) {
    Bytes stream;
    for (std::uint16_t i = 0; i < 6; ++i) {
        const Bytes one = frame(i, i % 2 == 0 ? 17 : 5, read_registers(i, 1));
        stream.insert(stream.end(), one.begin(), one.end());
    }
    for (std::size_t cut = 0; cut <= stream.size(); ++cut) {
        relay_.reset();
        asked_.clear();
        const auto session = connect();
        send(*session, Bytes(stream.begin(), stream.begin() + static_cast<std::ptrdiff_t>(cut)));
        send(*session, Bytes(stream.begin() + static_cast<std::ptrdiff_t>(cut), stream.end()));
        EXPECT_EQ(asked_.size(), 3U) << cut;
        EXPECT_THAT(texts(sent_by(*session)), ElementsAre("1:5:830A", "3:5:830A", "5:5:830A"));
        EXPECT_FALSE(session->ended());
    }
}

TEST_F(SessionTest, a_client_that_does_not_speak_modbus_is_closed_with_the_reason) {
    const auto session = connect();
    const std::string http = "GET / HTTP/1.1\r\n";
    send(*session, Bytes(http.begin(), http.end()));
    ASSERT_TRUE(session->ended());
    EXPECT_EQ(*session->ended(), "it does not speak Modbus TCP: the protocol number is not 0");
    EXPECT_EQ(session->room(), 0U);
    EXPECT_EQ(relay().counters().nonsense, 1U);
    EXPECT_EQ(relay().counters().requests, 0U);
}

TEST_F(SessionTest, requests_before_nonsense_are_taken_and_none_after_it) {
    const auto session = connect();
    Bytes bytes = frame(1, 17, read_registers(1, 1));
    const Bytes other_protocol{0, 2, 0, 1, 0, 6, 17, 3, 0, 1, 0, 1};
    bytes.insert(bytes.end(), other_protocol.begin(), other_protocol.end());
    const Bytes good = frame(3, 17, read_registers(2, 1));
    bytes.insert(bytes.end(), good.begin(), good.end());
    send(*session, bytes);
    EXPECT_TRUE(session->ended());
    EXPECT_EQ(asked_.size(), 1U);
}

TEST_F(SessionTest, more_than_8_requests_at_a_time_are_answered_as_busy) {
    const auto session = connect();
    for (std::uint16_t i = 0; i < 10; ++i) {
        send(*session, frame(i, 17, read_registers(1, 1)));
    }
    EXPECT_EQ(asked_.size(), 1U) << "all the same, so one is asked";
    EXPECT_THAT(texts(sent_by(*session)), ElementsAre("8:17:8306", "9:17:8306"));
    reply(0, {3, 2, 0, 1});
    EXPECT_EQ(sent_by(*session).size(), 8U);
    EXPECT_EQ(session->outstanding(), 0U);
}

TEST_F(SessionTest, an_answer_to_a_client_that_has_gone_is_dropped) {
    auto session = connect();
    send(*session, frame(1, 17, read_registers(1, 1)));
    session.reset();
    reply(0, {3, 2, 0, 1});
    EXPECT_EQ(relay().counters().answered, 0U);
}

// ---- Age registers ----

TEST_F(SessionTest, register_17_of_unit_255_tells_how_old_the_values_of_unit_17_are) {
    const auto session = connect();
    EXPECT_THAT(ages(*session, 16, 2), ElementsAre("99:255:0404FFFFFFFF"));
    send(*session, frame(1, 17, read_registers(1, 1)));
    reply(0, {3, 2, 0, 1});
    sent_by(*session);
    EXPECT_THAT(ages(*session, 17, 1), ElementsAre("99:255:04020000"));
    clock_.advance(milliseconds{700});
    EXPECT_THAT(ages(*session, 17, 1), ElementsAre("99:255:040202BC"));
    send(*session, frame(2, 17, read_registers(1, 1)));
    sent_by(*session);
    EXPECT_THAT(ages(*session, 17, 1), ElementsAre("99:255:040202BC")) << "from the cache";
    const auto other = connect();
    EXPECT_THAT(ages(*other, 17, 1), ElementsAre("99:255:0402FFFF")) << "each client has its own";
    clock_.advance(seconds{70});
    EXPECT_THAT(ages(*session, 17, 1), ElementsAre("99:255:0402FFFF")) << "more than 65.5 s";
}

TEST_F(SessionTest, an_exception_leaves_the_age_of_the_last_values) {
    const auto session = connect();
    send(*session, frame(1, 17, read_registers(1, 1)));
    reply(0, {3, 2, 0, 1});
    clock_.advance(milliseconds{250});
    send(*session, frame(2, 17, read_registers(2, 1)));
    fail(1, Fault::timeout);
    EXPECT_THAT(texts(sent_by(*session)), ElementsAre("1:17:03020001", "2:17:830B"));
    EXPECT_THAT(ages(*session, 17, 1), ElementsAre("99:255:040200FA"));
}

TEST_F(SessionTest, unit_255_has_registers_1_to_247_to_read_and_nothing_else) {
    const auto session = connect();
    const std::vector<std::pair<Pdu, std::string>> asked{
        {{3, 0, 0, 0, 1}, "8302"},    {{3, 0, 1, 0, 125}, ""},        {{3, 0, 247, 0, 1}, ""},
        {{3, 0, 247, 0, 2}, "8302"},  {{4, 1, 0, 0, 1}, "8402"},      {{3, 0, 1, 0, 126}, "8303"},
        {{6, 0, 1, 0, 1}, "8601"},    {{1, 0, 1, 0, 1}, "8101"},      {{3, 0, 1}, "8303"},
        {{0x83, 0, 1, 0, 1}, "8301"}, {{3, 0xFF, 0xFF, 0, 9}, "8302"}};
    for (const auto& [pdu, expected] : asked) {
        send(*session, frame(1, 255, pdu));
        const auto answer = texts(sent_by(*session));
        ASSERT_EQ(answer.size(), 1U);
        if (expected.empty()) {
            EXPECT_EQ(answer[0].substr(0, 8), "1:255:03");
        } else {
            EXPECT_EQ(answer[0], "1:255:" + expected);
        }
    }
    EXPECT_THAT(asked_, IsEmpty());
}

// ---- What a client may cost ----

TEST_F(SessionTest, who_asks_for_nothing_is_closed_after_the_idle_time) {
    const auto session = connect();
    clock_.advance(seconds{119});
    send(*session, frame(1, 255, read_registers(1, 1)));
    sent_by(*session);
    clock_.advance(seconds{119});
    session->step();
    EXPECT_FALSE(session->ended());
    clock_.advance(seconds{1});
    session->step();
    EXPECT_EQ(session->ended().value_or(""), "it asks for nothing");
}

TEST_F(SessionTest, who_sends_a_request_byte_by_byte_for_10_s_is_closed) {
    const auto session = connect();
    const Bytes bytes = frame(1, 17, read_registers(1, 1));
    for (std::size_t i = 0; i < 4; ++i) {
        send(*session, {bytes[i]});
        clock_.advance(seconds{3});
        session->step();
    }
    EXPECT_EQ(session->ended().value_or(""), "it does not finish its request");
}

TEST_F(SessionTest, who_does_not_take_its_answers_is_read_no_more_and_then_closed) {
    const auto session = connect();
    std::vector<std::uint8_t> never_written;
    std::size_t taken = 0;
    for (int i = 0; i < 4'000; ++i) {
        if (send(*session, frame(1, 255, {3, 0, 1, 0, 125}))) {
            ++taken;
        }
        if (never_written.empty()) {
            never_written = session->take_output();
        }
        clock_.advance(milliseconds{2});
        session->step();
    }
    EXPECT_FALSE(session->ended());
    EXPECT_EQ(session->room(), 0U);
    EXPECT_LT(taken, 200U);
    EXPECT_LE(session->unsent(), Session::unsent_max + frame_size_max);
    clock_.advance(seconds{2});
    session->step();
    EXPECT_EQ(session->ended().value_or(""), "it does not take its answers");
}

TEST_F(SessionTest, who_floods_is_served_200_requests_a_second) {
    const auto session = connect();
    std::size_t answers = 0;
    for (int i = 0; i < 1'000; ++i) {
        Bytes bytes;
        while (bytes.size() + 12 <= session->room()) {
            const Bytes one = frame(1, 5, read_registers(1, 1));
            bytes.insert(bytes.end(), one.begin(), one.end());
        }
        send(*session, bytes);
        answers += sent_by(*session).size();
        clock_.advance(milliseconds{10});
        session->step();
    }
    EXPECT_NEAR(static_cast<double>(answers), 10 * 200 + 100, 5);
    EXPECT_FALSE(session->ended());
}

TEST_F(SessionTest, who_comes_again_and_again_is_served_no_faster) {
    std::size_t answers = 0;
    for (int i = 0; i < 1'000; ++i) {
        const auto session = connect();
        for (int n = 0; n < 50; ++n) {
            send(*session, frame(1, 5, read_registers(1, 1)));
        }
        answers += sent_by(*session).size();
        pass(milliseconds{10});
    }
    EXPECT_NEAR(static_cast<double>(answers), 10 * 200 + 100, 5);
    const auto nonsense = connect();
    send(*nonsense, {0, 1, 0, 1, 0, 6, 1});
    EXPECT_TRUE(nonsense->ended()) << "what is none need not wait";
    const auto other = connect("10.0.0.8");
    send(*other, frame(1, 5, read_registers(1, 1)));
    EXPECT_EQ(sent_by(*other).size(), 1U) << "others are not slowed";
}

TEST_F(SessionTest, tells_when_there_is_something_to_send) {
    const auto session = connect();
    int woken = 0;
    session->on_output([&] { ++woken; });
    send(*session, frame(1, 17, read_registers(1, 1)));
    EXPECT_EQ(woken, 0);
    reply(0, {3, 2, 0, 1});
    EXPECT_EQ(woken, 1);
}

TEST_F(SessionTest, random_bytes_never_reach_a_line_but_as_whole_requests) {
    constexpr unsigned seed = 7;
    std::mt19937 random(seed);
    for (int round = 0; round < 2'000; ++round) {
        const auto session = connect();
        Bytes bytes(random() % 600);
        for (std::uint8_t& byte : bytes) {
            byte = static_cast<std::uint8_t>(random() % 8 == 0 ? random() : 0);
        }
        send(*session, bytes);
        sent_by(*session);
    }
    for (const LineRequest& request : asked_) {
        EXPECT_TRUE(shape_of(request.request.pdu).sound) << "seed " << seed;
        EXPECT_EQ(access_of(request.request.pdu), Access::read);
    }
}

}  // namespace
}  // namespace metergate::southbound::gateway
