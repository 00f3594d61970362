#include "southbound/gateway/relay.hpp"

#include <gmock/gmock.h>

#include "tests/unit/modbus_gateway/server_fixture.hpp"

namespace metergate::southbound::gateway {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

const Pdu value{3, 2, 0x12, 0x34};
const Pdu write_one{6, 0, 1, 0, 5};

class RelayTest : public Server {
  protected:
    void ask(const Id& client, std::uint8_t unit, const Pdu& pdu) {
        relay().ask(client, unit, pdu,
                    [this](const Answer& answer) { answers_.push_back(answer); });
    }
    std::vector<Pdu> answered() const {
        std::vector<Pdu> pdus;
        for (const Answer& answer : answers_) {
            pdus.push_back(answer.pdu);
        }
        return pdus;
    }
    std::vector<Answer> answers_;
};

TEST_F(RelayTest, passes_a_request_to_the_panel_of_its_unit) {
    ask("bms", 18, read_registers(1000, 2));
    ASSERT_THAT(lines_, ElementsAre("riser-2"));
    EXPECT_EQ(asked_[0].client, "bms");
    EXPECT_EQ(asked_[0].request.unit, 3);
    EXPECT_EQ(asked_[0].request.pdu, read_registers(1000, 2));
    EXPECT_THAT(answers_, IsEmpty());
    reply(0, {3, 4, 0, 1, 0, 2});
    EXPECT_THAT(answered(), ElementsAre(Pdu{3, 4, 0, 1, 0, 2}));
}

TEST_F(RelayTest, names_each_failure_by_its_exception) {
    const std::vector<std::pair<Fault, std::uint8_t>> failures{
        {Fault::not_found, 10}, {Fault::disconnected, 10}, {Fault::timeout, 11},
        {Fault::damaged, 11},   {Fault::busy, 6},          {Fault::full, 6},
        {Fault::invalid, 4},    {Fault::refused, 4}};
    for (std::size_t i = 0; i < failures.size(); ++i) {
        ask("bms", 17, read_registers(static_cast<std::uint16_t>(i), 1));
        fail(i, failures[i].first);
        EXPECT_EQ(answers_.back().pdu, (Pdu{0x83, failures[i].second})) << i;
        EXPECT_FALSE(answers_.back().asked);
    }
}

TEST_F(RelayTest, passes_a_panels_own_exception_on_unchanged) {
    ask("bms", 17, read_registers(5000, 1));
    fail(0, Fault::refused, 2);
    ask("bms", 17, {1, 0, 0, 0, 1});
    fail(1, Fault::timeout, 11);  // a gateway behind the line says it
    ask("bms", 17, {4, 0, 0, 0, 1});
    fail(2, Fault::refused, 0x47);
    EXPECT_THAT(answered(), ElementsAre(Pdu{0x83, 2}, Pdu{0x81, 11}, Pdu{0x84, 0x47}));
}

TEST_F(RelayTest, asks_no_line_for_what_cannot_be) {
    ask("bms", 1, read_registers(0, 1));
    ask("bms", 0, read_registers(0, 1));
    ask("bms", 17, {99, 1, 2});
    ask("bms", 17, {3, 0, 0, 0, 126});
    ask("bms", 17, {3, 0xFF, 0xFF, 0, 2});
    EXPECT_THAT(answered(), ElementsAre(Pdu{0x83, 10}, Pdu{0x83, 10}, Pdu{0xE3, 1}, Pdu{0x83, 3},
                                        Pdu{0x83, 2}));
    EXPECT_THAT(asked_, IsEmpty());
}

TEST_F(RelayTest, passes_no_write_on_unless_that_is_allowed) {
    for (const Pdu& pdu : {Pdu{5, 0, 0, 0xFF, 0}, write_one, Pdu{15, 0, 0, 0, 1, 1, 1},
                           Pdu{16, 0, 0, 0, 1, 2, 0, 1}}) {
        ask("bms", 17, pdu);
        EXPECT_EQ(answers_.back().pdu, (Pdu{static_cast<std::uint8_t>(pdu[0] | 0x80U), 1}));
    }
    EXPECT_THAT(asked_, IsEmpty());
    EXPECT_THAT(writes_, IsEmpty());
}

TEST_F(RelayTest, passes_writes_on_where_they_are_allowed_and_tells_of_them_once_an_hour) {
    rules_.writes_allowed = true;
    ask("bms", 17, write_one);
    reply(0, write_one);
    ask("bms", 17, write_one);
    reply(1, write_one);
    ask("other", 17, write_one);
    reply(2, write_one);
    EXPECT_THAT(answered(), ElementsAre(write_one, write_one, write_one));
    EXPECT_THAT(writes_, ElementsAre("bms riser-1-panel", "other riser-1-panel"));
    pass(std::chrono::hours{1});
    ask("bms", 17, write_one);
    EXPECT_EQ(writes_.size(), 3U);
    EXPECT_EQ(relay().counters().writes, 4U);
    ask("bms", 17, {22, 0, 4, 0, 0xF2, 0, 0x25});
    EXPECT_EQ(answers_.back().pdu, (Pdu{0x96, 1})) << "mask write is none of the four";
}

// ---- One wire request for many ----

TEST_F(RelayTest, asks_once_for_what_several_want_at_the_same_time) {
    ask("bms", 17, read_registers(1000, 1));
    ask("other", 17, read_registers(1000, 1));
    ask("other", 17, read_registers(1000, 2));
    ask("other", 18, read_registers(1000, 1));
    EXPECT_EQ(asked_.size(), 3U) << "another count and another unit are other requests";
    reply(0, value);
    EXPECT_THAT(answered(), ElementsAre(value, value));
}

TEST_F(RelayTest, gives_a_reply_again_for_as_long_as_it_may_be_old) {
    ask("bms", 17, read_registers(1000, 1));
    clock_.advance(milliseconds{300});
    const Instant asked = clock_.now();
    reply(0, value);
    pass(milliseconds{999});
    ask("bms", 17, read_registers(1000, 1));
    ASSERT_EQ(answers_.size(), 2U);
    EXPECT_EQ(answers_[1].pdu, value);
    EXPECT_EQ(answers_[1].from, Answer::From::cache);
    EXPECT_EQ(answers_[1].asked, asked);
    pass(milliseconds{1});
    ask("bms", 17, read_registers(1000, 1));
    EXPECT_EQ(asked_.size(), 2U) << "a second is over";
}

TEST_F(RelayTest, without_a_cache_asks_each_time) {
    rules_.cache = Duration{};
    ask("bms", 17, read_registers(1000, 1));
    reply(0, value);
    ask("bms", 17, read_registers(1000, 1));
    EXPECT_EQ(asked_.size(), 2U);
}

TEST_F(RelayTest, keeps_refusals_of_registers_and_no_other_failure) {
    const std::vector<std::pair<std::uint8_t, bool>> codes{
        {1, true}, {2, true}, {3, true}, {4, false}, {5, false}, {6, false}, {11, false}};
    std::size_t place = 0;
    for (const auto& [code, kept] : codes) {
        const Pdu pdu = read_registers(code, 1);
        ask("bms", 17, pdu);
        fail(place++, Fault::refused, code);
        ask("bms", 17, pdu);
        EXPECT_EQ(asked_.size(), place + (kept ? 0 : 1)) << int{code};
        place = asked_.size();
    }
    ask("bms", 17, read_registers(100, 1));
    fail(place, Fault::timeout);
    ask("bms", 17, read_registers(100, 1));
    EXPECT_EQ(asked_.size(), place + 2) << "a panel that does not answer is asked again";
}

TEST_F(RelayTest, forgets_what_it_read_of_a_unit_that_is_written_to) {
    rules_.writes_allowed = true;
    ask("bms", 17, read_registers(1, 1));
    ask("bms", 18, read_registers(1, 1));
    reply(0, value);
    reply(1, value);
    ask("bms", 17, read_registers(2, 1));  // under way while the write comes
    ask("other", 17, write_one);
    ask("other", 17, read_registers(1, 1));
    ask("other", 17, read_registers(2, 1));
    EXPECT_EQ(asked_.size(), 6U) << "nothing from before the write";
    reply(2, value);
    reply(4, value);
    reply(3, write_one);
    ask("bms", 17, read_registers(1, 1));
    ask("bms", 17, read_registers(2, 1));
    EXPECT_EQ(asked_.size(), 8U) << "read before the panel had confirmed";
    ask("bms", 18, read_registers(1, 1));
    EXPECT_EQ(asked_.size(), 8U) << "another unit is not concerned";
}

TEST_F(RelayTest, keeps_so_many_replies_and_no_more) {
    for (std::size_t i = 0; i <= Relay::cached_max; ++i) {
        ask("bms", 17, read_registers(static_cast<std::uint16_t>(i), 1));
        reply(i, value);
    }
    ask("bms", 17, read_registers(1, 1));
    EXPECT_EQ(asked_.size(), Relay::cached_max + 1);
    ask("bms", 17, read_registers(0, 1));
    EXPECT_EQ(asked_.size(), Relay::cached_max + 2) << "the oldest went";
}

// ---- Limits ----

TEST_F(RelayTest, is_busy_for_a_client_with_too_much_under_way_and_not_for_others) {
    for (std::uint16_t i = 0; i <= Relay::of_client_max; ++i) {
        ask("greedy", 17, read_registers(i, 1));
    }
    EXPECT_EQ(asked_.size(), Relay::of_client_max);
    EXPECT_THAT(answered(), ElementsAre(Pdu{0x83, 6}));
    ask("modest", 17, read_registers(100, 1));
    EXPECT_EQ(asked_.size(), Relay::of_client_max + 1);
    reply(0, value);
    ask("greedy", 17, read_registers(101, 1));
    EXPECT_EQ(asked_.size(), Relay::of_client_max + 2);
}

TEST_F(RelayTest, leaves_room_at_the_lines_for_who_is_no_client) {
    for (std::size_t i = 0; i <= Relay::clients_max; ++i) {
        ask("client-" + std::to_string(i), 17, read_registers(static_cast<std::uint16_t>(i), 1));
    }
    EXPECT_EQ(asked_.size(), Relay::clients_max);
    EXPECT_THAT(answered(), ElementsAre(Pdu{0x83, 6}));
}

TEST_F(RelayTest, is_busy_after_10_s_and_keeps_what_comes_later) {
    rules_.cache = seconds{60};
    ask("bms", 17, read_registers(1, 1));
    pass(milliseconds{9'999});
    EXPECT_THAT(answers_, IsEmpty());
    pass(milliseconds{1});
    EXPECT_THAT(answered(), ElementsAre(Pdu{0x83, 6}));
    ask("bms", 17, read_registers(1, 1));
    EXPECT_EQ(asked_.size(), 1U) << "it is still under way";
    reply(0, value);
    EXPECT_THAT(answered(), ElementsAre(Pdu{0x83, 6}, value));
}

TEST_F(RelayTest, gives_a_line_up_that_never_answers) {
    ask("bms", 17, read_registers(1, 1));
    pass(seconds{61});
    pass(seconds{1});
    EXPECT_EQ(relay().under_way(), 0U);
    reply(0, value);
    EXPECT_THAT(answered(), ElementsAre(Pdu{0x83, 6})) << "and does not answer twice";
}

TEST_F(RelayTest, with_other_routes_reads_anew_and_answers_what_is_under_way) {
    ask("bms", 17, read_registers(1, 1));
    ask("bms", 18, read_registers(1, 1));
    reply(1, value);
    relay().change_routes({{18, route_to("riser-3", 9)}});
    ask("bms", 18, read_registers(1, 1));
    ASSERT_EQ(asked_.size(), 3U);
    EXPECT_EQ(lines_[2], "riser-3");
    EXPECT_EQ(asked_[2].request.unit, 9);
    ask("bms", 17, read_registers(2, 1));
    EXPECT_EQ(answers_.back().pdu, (Pdu{0x83, 10}));
    reply(0, value);
    EXPECT_EQ(answers_.back().pdu, value);
}

TEST_F(RelayTest, of_a_line_that_answers_at_once_is_well) {
    relay_.emplace(clock_, rules_,
                   Relay::Hooks{[](const Id&, const LineRequest& request) {
                                    request.answer({Error{Fault::busy, "it ends"}, 0});
                                },
                                {}});
    ask("bms", 17, read_registers(1, 1));
    EXPECT_THAT(answered(), ElementsAre(Pdu{0x83, 6}));
    EXPECT_EQ(relay().under_way(), 0U);
}

}  // namespace
}  // namespace metergate::southbound::gateway
