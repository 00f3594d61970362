#include <gmock/gmock.h>

#include <algorithm>

#include "tests/unit/storage/store_fixture.hpp"

namespace metergate::storage {
namespace {

using record::NumberingRequest;
using ::testing::HasSubstr;

class Numbering : public StoreFixture {
  protected:
    void SetUp() override { open(); }
    record::Numbering number(const NumberingRequest& request) {
        const auto numbering = store->number(request);
        EXPECT_TRUE(numbering) << numbering.error().text;
        return *numbering;
    }
};

TEST_F(Numbering, panels_count_from_one_and_points_from_their_panels_range) {
    const auto found = number({{{"east", {"e1", "e2"}}, {"west", {"w2"}}}, {}});
    EXPECT_EQ(found.panels[0].number, PanelNumber{1});
    EXPECT_EQ(found.panels[0].points[0].number, PointNumber{256});
    EXPECT_EQ(found.panels[0].points[1].number, PointNumber{257});
    EXPECT_EQ(found.panels[1].number, PanelNumber{2});
    EXPECT_EQ(found.panels[1].points[0].number, PointNumber{513});
}

TEST_F(Numbering, a_point_keeps_its_number_when_the_settings_are_reordered) {
    const auto found = number({{{"west", {"w3", "w1"}}, {"east", {"e3"}}}, {}});
    EXPECT_EQ(found.panels[0].id, "west");
    EXPECT_EQ(found.panels[0].points[0].number, point_number(west, 2));
    EXPECT_EQ(found.panels[0].points[1].number, point_number(west, 0));
    EXPECT_EQ(found.panels[1].points[0].number, point_number(east, 2));
}

TEST_F(Numbering, the_number_of_an_id_that_vanished_is_not_given_again) {
    number({{{"east", {"e1"}}}, {}});
    open();
    const auto found = number({{{"north", {"n1"}}, {"east", {"new"}}}, {}});
    EXPECT_EQ(found.panels[0].number, PanelNumber{3});
    EXPECT_EQ(found.panels[1].points[0].number, point_number(east, 3));
}

TEST_F(Numbering, a_point_under_another_panel_is_refused_and_nothing_is_numbered) {
    const auto refused = store->number({{{"south", {"s1"}}, {"west", {"e1"}}}, {}});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().fault, Fault::invalid);
    EXPECT_THAT(refused.error().text, HasSubstr("point e1 belongs to panel east"));
    EXPECT_THAT(refused.error().text, HasSubstr("under panel west"));
    EXPECT_EQ(number({{{"north", {}}}, {}}).panels[0].number, PanelNumber{3});
}

TEST_F(Numbering, a_panel_has_256_points_in_its_life) {
    NumberingRequest::Panel big{"big", {}};
    for (int i = 0; i < 256; ++i) {
        big.points.push_back("p" + std::to_string(i));
    }
    EXPECT_EQ(number({{big}, {}}).panels[0].points.back().number,
              point_number(PanelNumber{3}, 255));
    const auto refused = store->number({{{"big", {"one-more"}}}, {}});
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().text, HasSubstr("all its 256"));
}

TEST_F(Numbering, a_series_is_one_number_for_ever_and_each_difference_is_another) {
    Series received;
    received.quantity = Quantity::energy_received;
    Series standard;
    standard.time_base = TimeBase::standard;
    Series from_log;
    from_log.source = BillingSource::panel_log;
    Series hour;
    hour.length = std::chrono::seconds{3600};
    Series rate;
    rate.rate = 2;
    const std::vector<Series> all{received, Series{}, standard, from_log, hour, rate};
    const auto first = number({{}, all});
    open();
    const auto second = number({{}, all});
    EXPECT_EQ(first.series, second.series);
    std::vector<std::uint32_t> numbers;
    for (const auto& [series, given] : first.series) {
        numbers.push_back(raw(given));
    }
    EXPECT_THAT(numbers, ::testing::UnorderedElementsAre(1, 2, 3, 4, 5, 6));
    EXPECT_EQ(first.series[1].second, kwh);
}

TEST_F(Numbering, all_numbers_ever_given_out_are_known_whatever_is_asked_now) {
    const auto given = number({{{"far", {"far-1", "far-2"}}}, {Series{}}});
    open();
    const auto all = store->all_numbers();
    ASSERT_TRUE(all) << all.error().text;
    const auto far = std::find_if(all->panels.begin(), all->panels.end(),
                                  [](const auto& panel) { return panel.id == "far"; });
    ASSERT_NE(far, all->panels.end());
    EXPECT_EQ(far->number, given.panels[0].number);
    ASSERT_EQ(far->points.size(), 2U);
    EXPECT_EQ(far->points[1].id, "far-2");
    EXPECT_EQ(far->points[1].number, given.panels[0].points[1].number);
    EXPECT_EQ(all->series, given.series);
    for (const auto& panel : all->panels) {
        EXPECT_NE(panel.number, gateway_panel);
    }
}

}  // namespace
}  // namespace metergate::storage
