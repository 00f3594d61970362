#include "gateway/record/held_readings.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace metergate::record {
namespace {

using namespace std::chrono_literals;

const UtcTime noon = utc_from_ms(1'709'294'400'000);

Reading reading(std::uint32_t panel, Instant at, Milli value, std::uint32_t point = 0) {
    const PanelNumber number{panel};
    return {number,
            7,
            at,
            utc_from_ms(0),
            {{point_number(number, point), Quantity::energy_delivered, true, value}}};
}

TEST(HeldReadings, come_out_in_the_order_taken_with_the_time_now_known) {
    HeldReadings held;
    EXPECT_TRUE(held.empty());
    held.hold(reading(2, Instant{10s}, 1));
    held.hold(reading(1, Instant{11s}, 2));
    held.hold(reading(2, Instant{12s}, 3));
    EXPECT_FALSE(held.empty());
    const auto all = held.release(Instant{15s}, noon);
    ASSERT_EQ(all.size(), 3U);
    EXPECT_EQ(all[0].at_utc, noon - 5s);
    EXPECT_EQ(all[0].values[0].value, 1);
    EXPECT_EQ(all[1].at_utc, noon - 4s);
    EXPECT_EQ(all[2].at_utc, noon - 3s);
    EXPECT_TRUE(held.empty());
    EXPECT_TRUE(held.release(Instant{16s}, noon).empty());
}

TEST(HeldReadings, a_long_wait_keeps_the_first_and_the_newest_of_each_panel) {
    HeldReadings held;
    for (int i = 0; i < 100'000; ++i) {
        held.hold(reading(1, Instant{1s * i}, i));
    }
    const auto all = held.release(Instant{100'000s}, noon);
    EXPECT_LE(all.size(), HeldReadings::per_panel_max);
    EXPECT_GE(all.size(), HeldReadings::per_panel_max / 4);
    EXPECT_EQ(all.front().values[0].value, 0);
    EXPECT_EQ(all.back().values[0].value, 99'999);
}

TEST(HeldReadings, a_panel_that_answers_in_several_replies_keeps_the_ends_of_each) {
    HeldReadings held;
    constexpr int polls = 5'000;
    for (int i = 0; i < polls; ++i) {
        for (std::uint32_t block = 0; block < 4; ++block) {
            held.hold(reading(1, Instant{10s * i + 1s * block}, i, block * 8));
        }
    }
    const auto all = held.release(Instant{10s * polls}, noon);
    EXPECT_LE(all.size(), HeldReadings::per_panel_max);
    for (std::uint32_t block = 0; block < 4; ++block) {
        std::vector<Milli> values;
        for (const Reading& each : all) {
            if (index_in_panel(each.values[0].point) == block * 8) {
                values.push_back(each.values[0].value);
            }
        }
        ASSERT_GE(values.size(), 40U) << "block " << block;
        EXPECT_EQ(values.front(), 0);
        EXPECT_EQ(values.back(), polls - 1);
        EXPECT_TRUE(std::is_sorted(values.begin(), values.end()));
    }
}

TEST(HeldReadings, a_reading_without_values_is_not_kept) {
    HeldReadings held;
    held.hold({PanelNumber{1}, 7, Instant{1s}, noon, {}});
    EXPECT_TRUE(held.empty());
}

}  // namespace
}  // namespace metergate::record
