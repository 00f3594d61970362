#include "gateway/metering/interval_grid.hpp"

#include <date/tz.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

namespace metergate::metering {
namespace {

using namespace std::chrono_literals;
using std::chrono::seconds;

const std::vector<seconds> all_lengths{5min, 10min, 15min, 20min, 30min, 1h, 2h,
                                       3h,   4h,    6h,    8h,    12h,   24h};

UtcSeconds utc(const std::string& text) {
    std::istringstream in(text);
    UtcSeconds time;
    in >> date::parse("%F %T", time);
    EXPECT_FALSE(in.fail()) << text;
    return time;
}

IntervalGrid grid(const std::string& zone, seconds length, TimeBase base = TimeBase::local) {
    auto made = IntervalGrid::make(zone, length, base);
    EXPECT_TRUE(made) << zone;
    return *made;
}

/// Edges in (from, through].
std::vector<UtcSeconds> edges(const IntervalGrid& grid, UtcSeconds from, UtcSeconds through) {
    std::vector<UtcSeconds> found;
    for (UtcSeconds edge = grid.next_edge(from); edge <= through; edge = grid.next_edge(edge)) {
        found.push_back(edge);
    }
    return found;
}

/// Edges of one civil day, without the midnight at its begin and with that at its end.
std::vector<UtcSeconds> edges_of_day(const std::string& zone, seconds length,
                                     date::local_days day) {
    const auto* tz = date::locate_zone(zone);
    return edges(grid(zone, length), tz->to_sys(day, date::choose::earliest),
                 tz->to_sys(day + date::days{1}, date::choose::earliest));
}

date::local_days day(int year, unsigned month, unsigned of_month) {
    return date::local_days{date::year{year} / static_cast<int>(month) /
                            static_cast<int>(of_month)};
}

bool divides_jumps_of(const std::string& zone, seconds length) {
    return (zone == "Australia/Lord_Howe" ? seconds{30min} : seconds{1h}) % length == 0s;
}

/// The rules once more, the slow way: every civil multiple of the length asked of the zone one by
/// one.
std::set<UtcSeconds> reference_edges(const std::string& zone, seconds length,
                                     date::local_days first, int days) {
    const auto* tz = date::locate_zone(zone);
    std::set<UtcSeconds> found;
    const date::local_seconds begin = first;
    for (date::local_seconds wall = begin; wall < begin + date::days{days}; wall += length) {
        const date::local_info info = tz->get_info(wall);
        if (info.result == date::local_info::nonexistent) {
            found.insert(info.first.end);
            continue;
        }
        found.insert(UtcSeconds{wall.time_since_epoch() - info.first.offset});
        if (info.result == date::local_info::ambiguous && divides_jumps_of(zone, length)) {
            found.insert(UtcSeconds{wall.time_since_epoch() - info.second.offset});
        }
    }
    return found;
}

TEST(IntervalGrid, an_unknown_zone_is_refused_by_name) {
    const auto made = IntervalGrid::make("America/Torronto", 15min, TimeBase::local);
    ASSERT_FALSE(made);
    EXPECT_EQ(made.error().fault, Fault::not_found);
    EXPECT_NE(made.error().text.find("America/Torronto"), std::string::npos);
    EXPECT_FALSE(zone_exists("America/Torronto"));
    EXPECT_TRUE(zone_exists("America/Toronto"));
}

TEST(IntervalGrid, a_length_that_does_not_divide_a_day_is_refused) {
    for (const seconds length :
         {seconds{0}, seconds{-900}, seconds{7}, seconds{7h}, seconds{48h}}) {
        const auto made = IntervalGrid::make("UTC", length, TimeBase::local);
        ASSERT_FALSE(made) << length.count();
        EXPECT_EQ(made.error().fault, Fault::invalid);
    }
}

TEST(IntervalGrid, the_edge_after_an_edge_is_the_next_one) {
    const auto quarter = grid("UTC", 15min);
    const auto noon = utc("2024-03-01 12:00:00");
    EXPECT_EQ(quarter.next_edge(noon), noon + 15min);
    EXPECT_EQ(quarter.next_edge(noon - 1s), noon);
    EXPECT_EQ(quarter.next_edge(noon + 899s), noon + 15min);
    EXPECT_TRUE(quarter.is_edge(noon));
    EXPECT_FALSE(quarter.is_edge(noon + 1s));
}

TEST(IntervalGrid, answers_do_not_depend_on_the_order_of_questions) {
    std::mt19937 random(4);
    const auto asked = grid("America/Toronto", 2h);
    for (int i = 0; i < 2'000; ++i) {
        const auto time = utc("2024-01-01 00:00:00") + seconds{random() % (366 * 86'400)};
        EXPECT_EQ(asked.next_edge(time), grid("America/Toronto", 2h).next_edge(time));
    }
}

TEST(IntervalGrid, a_half_hour_zone_has_its_midnight_at_the_half_hour) {
    EXPECT_TRUE(grid("Asia/Kolkata", 24h).is_edge(utc("2024-05-04 18:30:00")));
    EXPECT_TRUE(grid("Asia/Kolkata", 1h).is_edge(utc("2024-05-04 18:30:00")));
    EXPECT_FALSE(grid("Asia/Kolkata", 1h).is_edge(utc("2024-05-04 19:00:00")));
    EXPECT_TRUE(grid("America/St_Johns", 24h).is_edge(utc("2024-01-05 03:30:00")));
    EXPECT_TRUE(grid("Asia/Kathmandu", 30min).is_edge(utc("2024-01-05 18:15:00")));
    EXPECT_FALSE(grid("Asia/Kathmandu", 30min).is_edge(utc("2024-01-05 18:00:00")));
}

TEST(IntervalGrid, every_length_has_its_number_of_edges_on_an_ordinary_day) {
    for (const std::string zone : {"America/Toronto", "America/St_Johns", "Australia/Lord_Howe",
                                   "Asia/Kolkata", "UTC", "Asia/Kathmandu"}) {
        for (const seconds length : all_lengths) {
            EXPECT_EQ(edges_of_day(zone, length, day(2024, 6, 12)).size(),
                      static_cast<std::size_t>(seconds{24h} / length))
                << zone << " " << length.count();
        }
    }
}

TEST(IntervalGrid, a_day_of_23_hours_has_92_quarter_hours) {
    for (const std::string zone : {"America/Toronto", "America/St_Johns"}) {
        const auto change = day(2024, 3, 10);
        EXPECT_EQ(edges_of_day(zone, 5min, change).size(), 276U) << zone;
        EXPECT_EQ(edges_of_day(zone, 15min, change).size(), 92U) << zone;
        EXPECT_EQ(edges_of_day(zone, 20min, change).size(), 69U) << zone;
        EXPECT_EQ(edges_of_day(zone, 1h, change).size(), 23U) << zone;
    }
}

TEST(IntervalGrid, a_day_of_25_hours_has_100_quarter_hours) {
    for (const std::string zone : {"America/Toronto", "America/St_Johns"}) {
        const auto change = day(2024, 11, 3);
        EXPECT_EQ(edges_of_day(zone, 5min, change).size(), 300U) << zone;
        EXPECT_EQ(edges_of_day(zone, 15min, change).size(), 100U) << zone;
        EXPECT_EQ(edges_of_day(zone, 20min, change).size(), 75U) << zone;
        EXPECT_EQ(edges_of_day(zone, 1h, change).size(), 25U) << zone;
    }
}

TEST(IntervalGrid, longer_lengths_keep_their_number_of_edges_on_change_days) {
    for (const seconds length : {seconds{2h}, seconds{3h}, seconds{4h}, seconds{6h}, seconds{8h},
                                 seconds{12h}, seconds{24h}}) {
        for (const auto change : {day(2024, 3, 10), day(2024, 11, 3)}) {
            EXPECT_EQ(edges_of_day("America/Toronto", length, change).size(),
                      static_cast<std::size_t>(seconds{24h} / length))
                << length.count();
        }
    }
}

TEST(IntervalGrid, an_edge_in_the_missing_hour_falls_at_the_jump) {
    // 02:00 EST does not exist on 2024-03-10: the clock jumps at 07:00 UTC from 02:00 to 03:00.
    const auto two_hours = grid("America/Toronto", 2h);
    EXPECT_EQ(edges(two_hours, utc("2024-03-10 05:00:00"), utc("2024-03-10 10:00:00")),
              (std::vector{utc("2024-03-10 07:00:00"), utc("2024-03-10 08:00:00"),
                           utc("2024-03-10 10:00:00")}));
    // Havana jumps at midnight: the day begins at 01:00.
    EXPECT_TRUE(grid("America/Havana", 24h).is_edge(utc("2024-03-10 05:00:00")));
}

TEST(IntervalGrid, a_jump_between_edges_makes_no_edge) {
    const auto three_hours = grid("America/Toronto", 3h);
    // 00:00 and 03:00 EST; 03:00 EDT is the jump itself.
    EXPECT_EQ(edges(three_hours, utc("2024-03-10 05:00:00"), utc("2024-03-10 10:00:00")),
              (std::vector{utc("2024-03-10 07:00:00"), utc("2024-03-10 10:00:00")}));
    const auto four_hours = grid("America/Toronto", 4h);
    EXPECT_EQ(edges(four_hours, utc("2024-03-10 05:00:00"), utc("2024-03-10 12:00:00")),
              (std::vector{utc("2024-03-10 08:00:00"), utc("2024-03-10 12:00:00")}));
}

TEST(IntervalGrid, a_repeated_edge_counts_once_the_first_time) {
    // Lord Howe goes back at 2024-04-06 15:00 UTC from 02:00 to 01:30. 01:40 is seen twice.
    const auto twenty = grid("Australia/Lord_Howe", 20min);
    EXPECT_EQ(edges(twenty, utc("2024-04-06 14:20:00"), utc("2024-04-06 15:50:00")),
              (std::vector{utc("2024-04-06 14:40:00"), utc("2024-04-06 15:30:00"),
                           utc("2024-04-06 15:50:00")}));
    // 02:00 is seen once, half an hour after the clock first reached it.
    const auto hour = grid("Australia/Lord_Howe", 1h);
    EXPECT_EQ(edges(hour, utc("2024-04-06 14:00:00"), utc("2024-04-06 16:30:00")),
              (std::vector{utc("2024-04-06 15:30:00"), utc("2024-04-06 16:30:00")}));
    // Toronto repeats 01:00 to 02:00: of the 2 h edges only 02:00 EST remains after midnight.
    const auto two_hours = grid("America/Toronto", 2h);
    EXPECT_EQ(edges(two_hours, utc("2024-11-03 04:00:00"), utc("2024-11-03 09:00:00")),
              (std::vector{utc("2024-11-03 07:00:00"), utc("2024-11-03 09:00:00")}));
}

TEST(IntervalGrid, lord_howe_skips_half_an_hour_in_october) {
    // 2024-10-05 15:30 UTC: 02:00 becomes 02:30.
    const auto jump = utc("2024-10-05 15:30:00");
    EXPECT_EQ(edges(grid("Australia/Lord_Howe", 20min), jump - 20min, jump + 30min),
              (std::vector{jump, jump + 10min, jump + 30min}));
    EXPECT_EQ(edges(grid("Australia/Lord_Howe", 1h), jump - 1h, jump + 90min),
              (std::vector{jump, jump + 30min, jump + 90min}));
    EXPECT_EQ(edges(grid("Australia/Lord_Howe", 15min), jump - 15min, jump + 30min),
              (std::vector{jump, jump + 15min, jump + 30min}));
}

TEST(IntervalGrid, standard_time_has_days_of_24_hours_all_year) {
    for (const std::string zone : {"America/Toronto", "America/St_Johns", "Australia/Lord_Howe",
                                   "Europe/Dublin", "Asia/Kolkata"}) {
        for (const seconds length : {seconds{20min}, seconds{1h}, seconds{24h}}) {
            const auto standard = grid(zone, length, TimeBase::standard);
            UtcSeconds edge = standard.next_edge(utc("2023-12-28 00:00:00"));
            while (edge < utc("2025-01-05 00:00:00")) {
                const UtcSeconds next = standard.next_edge(edge);
                ASSERT_EQ(next - edge, length) << zone;
                edge = next;
            }
        }
    }
    EXPECT_TRUE(
        grid("America/Toronto", 24h, TimeBase::standard).is_edge(utc("2024-07-01 05:00:00")));
    EXPECT_TRUE(
        grid("Australia/Lord_Howe", 24h, TimeBase::standard).is_edge(utc("2024-01-01 13:30:00")));
    EXPECT_TRUE(grid("Europe/Dublin", 24h, TimeBase::standard).is_edge(utc("2024-07-01 00:00:00")));
}

TEST(IntervalGrid, a_site_that_changes_its_standard_time_changes_at_the_turn_of_a_year) {
    // Turkey left +2 in 2016: a year with 1 January at +2 and the next with +3 all year.
    const auto asked = grid("Europe/Istanbul", 24h, TimeBase::standard);
    std::vector<UtcSeconds> walked =
        edges(asked, utc("2016-12-29 00:00:00"), utc("2017-01-04 00:00:00"));
    for (std::size_t i = 0; i + 1 < walked.size(); ++i) {
        for (UtcSeconds time = walked[i]; time < walked[i + 1]; time += 30min) {
            EXPECT_EQ(grid("Europe/Istanbul", 24h, TimeBase::standard).next_edge(time),
                      walked[i + 1]);
        }
    }
    EXPECT_TRUE(asked.is_edge(utc("2016-12-30 22:00:00")));
    EXPECT_TRUE(asked.is_edge(utc("2017-01-02 21:00:00")));
}

TEST(IntervalGrid, the_slots_of_a_laboratory_are_regular) {
    for (const seconds length : {5s, 10s, 20s, 30s, 60s}) {
        const auto fast = grid("America/Toronto", length);
        const auto jump = utc("2024-03-10 07:00:00");
        for (UtcSeconds edge = fast.next_edge(jump - 5min); edge < jump + 5min;) {
            const UtcSeconds next = fast.next_edge(edge);
            ASSERT_EQ(next - edge, length);
            edge = next;
        }
    }
}

struct Case {
    std::string zone;
    int first_year;
    int last_year;
};

class IntervalGridAgainstReference : public testing::TestWithParam<Case> {};

TEST_P(IntervalGridAgainstReference, every_edge_of_years_is_the_same) {
    for (const seconds length : all_lengths) {
        const auto tested = grid(GetParam().zone, length);
        for (int year = GetParam().first_year; year <= GetParam().last_year; ++year) {
            const auto wanted = reference_edges(GetParam().zone, length, day(year, 1, 1), 365);
            const auto found = edges(tested, *wanted.begin() - 1s, *wanted.rbegin());
            ASSERT_TRUE(std::equal(found.begin(), found.end(), wanted.begin(), wanted.end()))
                << GetParam().zone << " " << year << " " << length.count();
        }
    }
}

TEST_P(IntervalGridAgainstReference, the_next_edge_of_any_second_is_the_same) {
    std::mt19937_64 random(11);
    for (const seconds length : all_lengths) {
        const auto wanted = reference_edges(GetParam().zone, length, day(2024, 1, 25), 290);
        const auto tested = grid(GetParam().zone, length);
        const auto span = static_cast<std::uint64_t>((*wanted.rbegin() - *wanted.begin()).count());
        for (int i = 0; i < 100; ++i) {
            const auto time = *wanted.begin() + seconds{random() % span};
            const UtcSeconds edge = tested.next_edge(time);
            ASSERT_EQ(edge, *wanted.upper_bound(time)) << length.count();
            ASSERT_GT(edge, time);
        }
    }
}

INSTANTIATE_TEST_SUITE_P(
    Zones, IntervalGridAgainstReference,
    testing::Values(Case{"America/Toronto", 2024, 2024}, Case{"America/St_Johns", 2024, 2024},
                    // Changed at one minute past midnight then.
                    Case{"America/St_Johns", 2010, 2010}, Case{"Australia/Lord_Howe", 2024, 2024},
                    Case{"America/Havana", 2024, 2024}, Case{"Europe/Dublin", 2024, 2024},
                    Case{"Asia/Kolkata", 2024, 2024}, Case{"Asia/Kathmandu", 2024, 2024},
                    Case{"UTC", 2024, 2024}));

}  // namespace
}  // namespace metergate::metering
