#include "gateway/metering/local_time.hpp"

#include <gtest/gtest.h>

namespace metergate::metering {
namespace {

LocalTime site(const char* zone) {
    const auto made = LocalTime::make(zone);
    EXPECT_TRUE(made) << made.error().text;
    return *made;
}

std::int64_t read_s(const LocalTime& site, const char* text) {
    const auto read = site.read(text);
    EXPECT_TRUE(read) << read.error().text;
    return read ? epoch_s(*read) : 0;
}

TEST(LocalTime, is_written_with_its_offset) {
    EXPECT_EQ(site("America/Toronto").text(utc_from_s(1'772'952'300)), "2026-03-08T01:45:00-05:00");
    EXPECT_EQ(site("America/Toronto").text(utc_from_s(1'772'953'200)), "2026-03-08T03:00:00-04:00");
    EXPECT_EQ(site("Asia/Kolkata").text(utc_from_s(1'772'953'200)), "2026-03-08T12:30:00+05:30");
    EXPECT_EQ(site("America/St_Johns").text(utc_from_s(0)), "1969-12-31T20:30:00-03:30");
    EXPECT_EQ(site("UTC").text(utc_from_s(0)), "1970-01-01T00:00:00+00:00");
}

TEST(LocalTime, is_read_by_the_wall_clock_or_in_utc) {
    const LocalTime toronto = site("America/Toronto");
    EXPECT_EQ(read_s(toronto, "2026-03-08"), 1'772'946'000);
    EXPECT_EQ(read_s(toronto, "2026-03-08T01:45"), 1'772'952'300);
    EXPECT_EQ(read_s(toronto, "2026-03-08T01:45:30"), 1'772'952'330);
    EXPECT_EQ(read_s(toronto, "2026-03-08T06:45:00Z"), 1'772'952'300);
}

TEST(LocalTime, a_repeated_time_is_the_first_and_a_skipped_one_the_jump) {
    const LocalTime toronto = site("America/Toronto");
    EXPECT_EQ(read_s(toronto, "2026-11-01T01:30"), 1'793'511'000);
    EXPECT_EQ(read_s(toronto, "2026-03-08T02:30"), 1'772'953'200);
}

TEST(LocalTime, what_is_no_time_or_zone_is_refused) {
    const LocalTime toronto = site("America/Toronto");
    for (const char* text : {"", "yesterday", "2026-02-30", "2026-3-8", "2026-03-08 01:45",
                             "2026-03-08T25:00", "1999-01-01", "2026-03-08T01:45:00+01:00"}) {
        const auto read = toronto.read(text);
        ASSERT_FALSE(read) << text;
        EXPECT_EQ(read.error().fault, Fault::invalid);
    }
    EXPECT_FALSE(LocalTime::make("Mars/Olympus"));
}

}  // namespace
}  // namespace metergate::metering
