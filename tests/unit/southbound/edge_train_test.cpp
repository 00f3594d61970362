#include "southbound/edge_train.hpp"

#include <gtest/gtest.h>

#include <map>

namespace metergate::southbound {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr UtcTime noon = utc_from_s(1'700'000'100);  // a multiple of 300 s
constexpr Instant start{seconds{1000}};

/// Instants at which `noon + after` is civil time.
Instant at(Duration after) {
    return start + after;
}
UtcTime utc(Duration after) {
    return noon + std::chrono::floor<milliseconds>(after);
}

EdgeClock each(seconds length) {
    return [length](PanelNumber, UtcTime after) {
        const auto since = std::chrono::floor<seconds>(after).time_since_epoch();
        return UtcTime{(since / length + 1) * length};
    };
}

std::vector<PanelNumber> panels(std::uint32_t count) {
    std::vector<PanelNumber> numbers;
    for (std::uint32_t i = 1; i <= count; ++i) {
        numbers.push_back(PanelNumber{i});
    }
    return numbers;
}

std::vector<EdgeRider> riders(std::size_t count) {
    return std::vector<EdgeRider>(count, {true, milliseconds{100}});
}

TEST(EdgeTrain, reads_each_panel_before_the_edge_and_once_more_in_the_same_order_after_it) {
    EdgeTrain train(each(seconds{300}), panels(3));
    const auto all = riders(3);
    train.look(utc(seconds{250}));
    ASSERT_TRUE(train.is_near(utc(seconds{250})));
    const auto first = train.next(all, at(seconds{250}), utc(seconds{250}));
    ASSERT_TRUE(first);
    EXPECT_EQ(first->start, at(seconds{300}) - milliseconds{300} - Duration{300'000 / 32});
    train.depart(all, seconds{9});
    Duration now = first->start - start;
    std::vector<std::pair<std::size_t, bool>> order;
    while (const auto read = train.next(all, at(now), utc(now))) {
        now = std::max(now, read->start - start);
        order.emplace_back(read->panel, now < seconds{300});
        train.begun(read->panel, utc(now));
        now += milliseconds{100};
    }
    EXPECT_EQ(order, (std::vector<std::pair<std::size_t, bool>>{
                         {0, true}, {1, true}, {2, true}, {0, false}, {1, false}, {2, false}}));
    EXPECT_LE(now, seconds{300} + milliseconds{301});
    train.look(utc(now));
    EXPECT_FALSE(train.is_near(utc(now))) << "the next edge is minutes away";
}

TEST(EdgeTrain, has_nothing_to_do_without_edges) {
    EdgeTrain none({}, panels(1));
    none.look(noon);
    EXPECT_FALSE(none.is_near(noon));
    EXPECT_EQ(none.near_from(start, noon), never);
    EdgeTrain unknown([](PanelNumber, UtcTime) { return std::nullopt; }, panels(1));
    unknown.look(noon);
    EXPECT_FALSE(unknown.is_near(noon));
}

TEST(EdgeTrain, takes_only_panels_whose_edge_it_is) {
    EdgeTrain train(
        [](PanelNumber panel, UtcTime after) {
            return each(panel == PanelNumber{2} ? seconds{300} : seconds{900})(panel, after);
        },
        panels(3));
    const Duration now = seconds{299};
    train.look(utc(now));
    const auto read = train.next(riders(3), at(now), utc(now));
    ASSERT_TRUE(read);
    EXPECT_EQ(read->panel, 1U);
    EXPECT_GT(read->start, at(seconds{299} + milliseconds{890}));
}

TEST(EdgeTrain, leaves_behind_whom_the_polls_have_no_time_for_and_others_the_next_time) {
    EdgeTrain train(each(seconds{300}), panels(4));
    const auto all = riders(4);
    std::map<std::size_t, unsigned> rode;
    for (int edge = 1; edge <= 8; ++edge) {
        Duration now = seconds{300 * edge} - milliseconds{420};
        train.look(utc(now));
        train.depart(all, milliseconds{450});
        unsigned reads = 0;
        while (const auto read = train.next(all, at(now), utc(now))) {
            now = std::max(now, read->start - start);
            train.begun(read->panel, utc(now));
            ++rode[read->panel];
            ++reads;
            now += milliseconds{100};
        }
        EXPECT_EQ(reads, 4U) << "two panels, twice";
    }
    for (std::size_t panel = 0; panel < 4; ++panel) {
        EXPECT_EQ(rode[panel], 8U) << panel;
    }
}

TEST(EdgeTrain, does_not_run_on_a_line_that_cannot_keep_up) {
    EdgeTrain train(each(seconds{300}), panels(2));
    train.look(utc(seconds{299}));
    train.depart(riders(2), -seconds{1});
    EXPECT_FALSE(train.next(riders(2), at(seconds{299}), utc(seconds{299})));
}

TEST(EdgeTrain, does_not_wait_for_who_is_not_ready) {
    EdgeTrain train(each(seconds{300}), panels(2));
    auto all = riders(2);
    all[0].is_ready = false;
    all[1].cost = {};
    train.look(utc(seconds{299}));
    EXPECT_FALSE(train.next(all, at(seconds{299}), utc(seconds{299})));
    train.look(utc(seconds{300}));
    EXPECT_FALSE(train.is_near(utc(seconds{300}))) << "this edge is done with";
}

TEST(EdgeTrain, of_a_clock_that_is_set_goes_by_the_new_time) {
    EdgeTrain train(each(seconds{300}), panels(1));
    train.look(utc(seconds{10}));
    EXPECT_EQ(train.near_from(at(seconds{10}), utc(seconds{10})),
              at(seconds{240}) + milliseconds{1});
    train.look(utc(seconds{1000}));  // forward
    EXPECT_FALSE(train.is_near(utc(seconds{1000})));
    EXPECT_TRUE(train.is_near(utc(seconds{1190})));
    train.look(utc(seconds{590}));  // and back
    EXPECT_TRUE(train.is_near(utc(seconds{590})));
    const auto read = train.next(riders(1), at(seconds{1}), utc(seconds{590}));
    ASSERT_TRUE(read);
    EXPECT_GT(read->start, at(seconds{10}));
    EXPECT_LT(read->start, at(seconds{11}));
}

}  // namespace
}  // namespace metergate::southbound
