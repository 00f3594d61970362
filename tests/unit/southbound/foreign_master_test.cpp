#include "southbound/modbus/foreign_master.hpp"

#include <gtest/gtest.h>

namespace metergate::southbound::modbus {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class OtherMaster : public ::testing::Test {
  protected:
    void request(std::uint8_t unit, Duration after = milliseconds{50}) {
        now_ += after;
        master_.look(now_);
        master_.heard({unit, 3, true, {}}, now_);
    }
    void reply(std::uint8_t unit, Duration after = milliseconds{50}) {
        now_ += after;
        master_.look(now_);
        master_.heard({unit, 3, false, {}}, now_);
    }

    Instant now_{seconds{1000}};
    ForeignMaster master_;
};

TEST_F(OtherMaster, is_noticed_by_a_request_and_its_reply) {
    request(7);
    EXPECT_FALSE(master_.is_there());
    reply(7);
    EXPECT_TRUE(master_.is_there());
    EXPECT_EQ(master_.take_news(), std::optional(true));
    EXPECT_EQ(master_.take_news(), std::nullopt);
    EXPECT_EQ(master_.words(),
              "2 frames heard that this gateway has not asked for, the last one of unit 7, "
              "function 3");
}

TEST_F(OtherMaster, is_noticed_by_an_exception_to_its_request) {
    request(7);
    now_ += milliseconds{50};
    master_.heard({7, 0x83, false, {}}, now_);
    EXPECT_TRUE(master_.is_there());
}

TEST_F(OtherMaster, is_not_noticed_by_a_reply_that_does_not_fit_or_comes_late) {
    request(7);
    reply(8);
    EXPECT_FALSE(master_.is_there());
    request(7);
    reply(7, milliseconds{1001});
    EXPECT_FALSE(master_.is_there());
}

TEST_F(OtherMaster, that_nobody_answers_is_noticed_by_three_requests_within_a_minute) {
    request(7);
    request(7, seconds{20});
    EXPECT_FALSE(master_.is_there());
    request(7, seconds{20});
    EXPECT_TRUE(master_.is_there());
}

TEST_F(OtherMaster, is_not_made_of_three_requests_in_an_hour) {
    for (int i = 0; i < 100; ++i) {
        request(7, seconds{61});
    }
    EXPECT_FALSE(master_.is_there());
}

TEST_F(OtherMaster, is_not_made_of_a_few_late_replies_but_of_eight_within_a_minute) {
    for (int i = 0; i < 7; ++i) {
        reply(7, seconds{1});
    }
    EXPECT_FALSE(master_.is_there());
    reply(7, seconds{1});
    EXPECT_TRUE(master_.is_there());
}

TEST_F(OtherMaster, has_gone_after_a_minute_of_silence) {
    request(7);
    reply(7);
    ASSERT_EQ(master_.take_news(), std::optional(true));
    EXPECT_EQ(master_.gone_at(), now_ + seconds{60});
    master_.look(now_ + seconds{59});
    EXPECT_TRUE(master_.is_there());
    master_.look(now_ + seconds{60});
    EXPECT_FALSE(master_.is_there());
    EXPECT_EQ(master_.take_news(), std::optional(false));
}

TEST_F(OtherMaster, leaves_room_after_its_reply_and_not_before_it) {
    request(7);
    reply(7);
    EXPECT_LE(master_.free_from(), now_) << "its exchange is over";
    request(7);
    EXPECT_EQ(master_.free_from(), now_ + seconds{1}) << "until its panel must have answered";
    reply(7);
    master_.own_turn_ended(now_);
    EXPECT_EQ(master_.free_from(), now_ + milliseconds{100}) << "its turn";
    request(7);
    reply(7);
    EXPECT_LE(master_.free_from(), now_) << "it has had its turn";
}

TEST_F(OtherMaster, that_is_only_suspected_is_let_have_its_reply_but_no_turns) {
    EXPECT_LE(master_.free_from(), now_);
    request(7);
    EXPECT_EQ(master_.free_from(), now_ + seconds{1});
    reply(8);
    master_.own_turn_ended(now_);
    EXPECT_FALSE(master_.is_there());
    EXPECT_LE(master_.free_from(), now_);
}

}  // namespace
}  // namespace metergate::southbound::modbus
