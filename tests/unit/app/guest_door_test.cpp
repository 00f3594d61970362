#include "gateway/app/guest_door.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace metergate::app {
namespace {

using southbound::gateway::LineOutcome;
using southbound::gateway::LineRequest;

class GuestDoorTest : public testing::Test {
  protected:
    LineRequest request(std::uint8_t unit = 1) {
        LineRequest request{"bms", {}, [this](const LineOutcome& outcome) {
                                answers.push_back(outcome.reply.error());
                            }};
        request.request.unit = unit;
        return request;
    }

    SystemClock clock;
    GuestDoor door{clock, "riser-1"};
    std::vector<Error> answers;
};

TEST_F(GuestDoorTest, lets_guests_in_in_the_order_in_which_they_came) {
    int woken = 0;
    door.on_ask([&] { ++woken; });
    door.ask(request(1));
    door.ask(request(2));
    EXPECT_GE(woken, 1);
    EXPECT_EQ(door.take()->request.unit, 1);
    EXPECT_EQ(door.take()->request.unit, 2);
    EXPECT_FALSE(door.take());
    EXPECT_TRUE(answers.empty());
}

TEST_F(GuestDoorTest, refuses_at_once_whom_there_is_no_room_for) {
    for (std::size_t i = 0; i < GuestDoor::waiting_max; ++i) {
        door.ask(request());
    }
    EXPECT_TRUE(answers.empty());
    door.ask(request());
    ASSERT_EQ(answers.size(), 1U);
    EXPECT_EQ(answers[0],
              (Error{Fault::busy, "line riser-1: too many requests of guests are waiting"}));
}

TEST_F(GuestDoorTest, that_is_closed_answers_who_waits_and_who_comes_later) {
    int woken = 0;
    door.on_ask([&] { ++woken; });
    door.ask(request());
    door.close();
    EXPECT_EQ(answers.size(), 1U);
    woken = 0;
    door.ask(request());
    ASSERT_EQ(answers.size(), 2U);
    EXPECT_EQ(answers[1], (Error{Fault::busy, "line riser-1 has ended"}));
    EXPECT_EQ(woken, 0) << "the line's thread may be gone";
}

}  // namespace
}  // namespace metergate::app
