#include "tests/unit/metering/chained.hpp"

#include <gtest/gtest.h>

namespace metergate::metering {

void expect_interval(const ClosedInterval& interval, seconds start, seconds end, Milli value,
                     Flags flags) {
    EXPECT_EQ(interval.start - noon, start);
    EXPECT_EQ(interval.end - noon, end);
    ASSERT_TRUE(interval.value);
    EXPECT_EQ(*interval.value, value);
    EXPECT_EQ(names_of(interval.flags), names_of(flags));
}

void expect_missing(const ClosedInterval& interval, seconds start, seconds end, Flags reasons) {
    EXPECT_EQ(interval.start - noon, start);
    EXPECT_EQ(interval.end - noon, end);
    EXPECT_FALSE(interval.value);
    EXPECT_FALSE(interval.reg);
    EXPECT_EQ(names_of(interval.flags), names_of(reasons | Flag::missing));
}

}  // namespace metergate::metering
