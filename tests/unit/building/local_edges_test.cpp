#include "tests/building/local_edges.hpp"

#include <gtest/gtest.h>

#include "config/schema/utc_text.hpp"

namespace metergate::building {
namespace {

std::int64_t at(const char* text) {
    return epoch_s(*schema::utc_from_text(text));
}

int count(LocalEdges& edges, const char* series, const char* after, const char* through) {
    int found = 0;
    for (auto edge = edges.after(series, at(after)); edge <= at(through);
         edge = edges.after(series, edge)) {
        ++found;
    }
    return found;
}

TEST(LocalEdges, a_day_of_23_hours_has_92_quarter_hours_and_one_day) {
    LocalEdges edges("America/Toronto");
    EXPECT_EQ(count(edges, "kwh-15min", "2026-03-08T05:00:00Z", "2026-03-09T04:00:00Z"), 92);
    EXPECT_EQ(count(edges, "kwh-24h", "2026-03-08T05:00:00Z", "2026-03-09T04:00:00Z"), 1);
}

TEST(LocalEdges, a_day_of_25_hours_has_100_quarter_hours_and_six_of_four_hours) {
    LocalEdges edges("America/Toronto");
    EXPECT_EQ(count(edges, "kwh-15min", "2026-11-01T04:00:00Z", "2026-11-02T05:00:00Z"), 100);
    EXPECT_EQ(count(edges, "kwh-4h", "2026-11-01T04:00:00Z", "2026-11-02T05:00:00Z"), 6);
}

TEST(LocalEdges, an_edge_in_time_that_is_left_out_falls_at_the_jump) {
    LocalEdges edges("America/Toronto");
    // 02:00 does not exist; its edge is where 01:59:59 is followed by 03:00:00.
    EXPECT_TRUE(edges.is_edge("kwh-2h", at("2026-03-08T07:00:00Z")));
    EXPECT_EQ(edges.after("kwh-2h", at("2026-03-08T07:00:00Z")), at("2026-03-08T08:00:00Z"));
}

TEST(LocalEdges, half_an_hour_that_comes_twice_has_one_edge_of_twenty_minutes_each) {
    LocalEdges edges("Australia/Lord_Howe");
    // 01:30 to 02:00 come twice; 01:40 counts the first time.
    EXPECT_TRUE(edges.is_edge("kwh-20min", at("2026-04-04T14:40:00Z")));
    EXPECT_FALSE(edges.is_edge("kwh-20min", at("2026-04-04T15:10:00Z")));
    EXPECT_TRUE(edges.is_edge("kwh-15min", at("2026-04-04T15:15:00Z")));
}

TEST(LocalEdges, standard_time_has_no_jumps) {
    LocalEdges edges("America/Toronto");
    EXPECT_EQ(count(edges, "kwh-1h-std", "2026-03-08T05:00:00Z", "2026-03-09T05:00:00Z"), 24);
    EXPECT_EQ(edges.before("kwh-24h-std", at("2026-07-02T00:00:00Z")), at("2026-07-01T05:00:00Z"));
}

}  // namespace
}  // namespace metergate::building
