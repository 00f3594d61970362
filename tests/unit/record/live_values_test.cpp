#include "gateway/record/live_values.hpp"

#include <gtest/gtest.h>

namespace metergate::record {
namespace {

constexpr PanelNumber panel{1};
constexpr PointNumber first = point_number(panel, 0);
constexpr PointNumber second = point_number(panel, 1);

TEST(LiveValues, show_the_newest_of_each_quantity_of_each_point) {
    LiveValues live;
    EXPECT_TRUE(live.since(0).empty());
    live.update({panel, 7, {}, {}, {{first, Quantity::power, true, 100}}});
    live.update({panel, 7, {}, {}, {{first, Quantity::power, true, 200}}});
    live.update({panel,
                 7,
                 {},
                 {},
                 {{second, Quantity::power, true, 300}, {first, Quantity::voltage_1, false, 0}}});
    EXPECT_EQ(live.since(0).size(), 3U);
    for (const LiveValue& value : live.since(0)) {
        if (value.point == first && value.quantity == Quantity::power) {
            EXPECT_EQ(value.value, 200);
        }
        EXPECT_EQ(value.valid, value.quantity == Quantity::power);
    }
}

TEST(LiveValues, since_a_version_are_those_updated_after_it) {
    LiveValues live;
    live.update({panel, 7, {}, {}, {{first, Quantity::power, true, 100}}});
    const auto version = live.version();
    EXPECT_TRUE(live.since(version).empty());
    live.update({panel, 7, {}, {}, {{second, Quantity::power, true, 300}}});
    ASSERT_EQ(live.since(version).size(), 1U);
    EXPECT_EQ(live.since(version)[0].point, second);
    EXPECT_GT(live.version(), version);
}

}  // namespace
}  // namespace metergate::record
