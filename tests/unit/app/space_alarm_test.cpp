#include "gateway/app/space_alarm.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace metergate::app {
namespace {

class SpaceAlarmTest : public ::testing::Test {
  protected:
    std::string news_at(std::optional<std::int64_t> days) {
        return alarm
            .observe({.used_bytes = 1900 << 20,
                      .limit_bytes = std::int64_t{2048} << 20,
                      .disk_free_bytes = 700 << 20,
                      .days_left = days})
            .value_or("");
    }

    SpaceAlarm alarm;
};

TEST_F(SpaceAlarmTest, says_how_many_days_are_left_and_of_what) {
    EXPECT_EQ(news_at(9),
              "the store has room for 9 more days of records that are not delivered everywhere; "
              "after that the oldest of them go (1900 MiB of 2048 in use, 700 MiB free on the "
              "disk)");
}

TEST_F(SpaceAlarmTest, tells_each_threshold_once) {
    int told = 0;
    for (std::int64_t days = 40; days >= 0; --days) {
        for (int minute = 0; minute < 3; ++minute) {
            told += news_at(days).empty() ? 0 : 1;
        }
    }
    EXPECT_EQ(told, 4) << "at 13, 6, 2 and 0 days";
}

TEST_F(SpaceAlarmTest, is_silent_while_there_is_room_or_the_rate_is_unknown) {
    EXPECT_EQ(news_at(std::nullopt), "");
    EXPECT_EQ(news_at(14), "");
    EXPECT_EQ(news_at(4000), "");
}

TEST_F(SpaceAlarmTest, tells_anew_after_there_was_room_again) {
    EXPECT_NE(news_at(13), "");
    EXPECT_EQ(news_at(14), "") << "a figure that swings by a day is no news";
    EXPECT_EQ(news_at(13), "");
    EXPECT_EQ(news_at(15), "");
    EXPECT_NE(news_at(13), "");
}

}  // namespace
}  // namespace metergate::app
