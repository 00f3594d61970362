#include "gateway/app/edge_times.hpp"

#include <gtest/gtest.h>

namespace metergate::app {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr UtcTime noon = utc_from_s(1'700'049'600);  // 2023-11-15T12:00:00Z

record::PointPlan point_with(const std::vector<std::string>& codes) {
    record::PointPlan point;
    for (const std::string& code : codes) {
        point.series.emplace_back(*series_from_code(code), SeriesNumber{1});
    }
    return point;
}

record::RecordPlan plan_with(const std::vector<std::vector<std::string>>& panels) {
    record::RecordPlan plan;
    plan.zone = "Asia/Kathmandu";  // 5 h 45 min from UTC
    for (const auto& codes : panels) {
        record::PanelPlan& panel = plan.panels.emplace_back();
        panel.number = PanelNumber{static_cast<std::uint32_t>(plan.panels.size())};
        panel.points = {point_with(codes)};
    }
    return plan;
}

TEST(EdgeTimes, of_a_panel_are_the_edges_of_all_its_series) {
    const auto next = edge_times(plan_with({{"kwh-15min"}, {"kwh-1h"}, {"kwh-1h", "kwh-5min"}}));
    EXPECT_EQ(next(PanelNumber{1}, noon), noon + seconds{900});
    EXPECT_EQ(next(PanelNumber{2}, noon), noon + seconds{900}) << "an hour begins at 18:00 there";
    EXPECT_EQ(next(PanelNumber{3}, noon), noon + seconds{300});
    EXPECT_EQ(next(PanelNumber{1}, noon + seconds{899} + milliseconds{999}), noon + seconds{900});
    EXPECT_EQ(next(PanelNumber{1}, noon + seconds{900}), noon + seconds{1800});
}

TEST(EdgeTimes, are_not_known_of_other_panels_without_series_in_no_zone_and_before_the_program) {
    auto plan = plan_with({{}, {"kwh-15min"}});
    plan.clock_valid_from = noon;
    const auto next = edge_times(plan);
    EXPECT_FALSE(next(PanelNumber{1}, noon));
    EXPECT_FALSE(next(PanelNumber{7}, noon));
    EXPECT_TRUE(next(PanelNumber{2}, noon));
    EXPECT_FALSE(next(PanelNumber{2}, noon - milliseconds{1}));
    plan.zone = "Nowhere/Land";
    EXPECT_FALSE(edge_times(plan)(PanelNumber{2}, noon));
}

}  // namespace
}  // namespace metergate::app
