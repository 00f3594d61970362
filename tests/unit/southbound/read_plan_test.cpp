#include "southbound/read_plan.hpp"

#include <gtest/gtest.h>

namespace metergate::southbound {
namespace {

using Spans = std::vector<RegisterSpan>;
constexpr Table holding = Table::holding;

TEST(ReadPlan, neighbours_become_one_request) {
    const Spans wanted{{holding, 104, 4}, {holding, 100, 4}, {holding, 108, 2}};
    EXPECT_EQ(plan_reads(wanted, {}, {}), (Spans{{holding, 100, 10}}));
}

TEST(ReadPlan, a_hole_parts_requests_unless_it_may_be_read_across) {
    const Spans wanted{{holding, 100, 4}, {holding, 106, 4}};
    EXPECT_EQ(plan_reads(wanted, {}, {125, 1}), wanted);
    EXPECT_EQ(plan_reads(wanted, {}, {125, 2}), (Spans{{holding, 100, 10}}));
}

TEST(ReadPlan, a_short_hole_of_registers_the_panel_has_is_read_across) {
    const Spans wanted{{holding, 100, 1}, {holding, 102, 1}, {holding, 200, 1}};
    const Spans listed{{holding, 103, 97}, {holding, 101, 1}};
    EXPECT_EQ(plan_reads(wanted, listed, {}), (Spans{{holding, 100, 3}, {holding, 200, 1}}));
    const Spans elsewhere{{Table::input, 101, 1}};
    EXPECT_EQ(plan_reads(wanted, elsewhere, {}), wanted);
}

TEST(ReadPlan, no_request_is_longer_than_allowed_and_no_value_is_torn) {
    Spans wanted;
    for (std::uint16_t point = 0; point < 24; ++point) {
        wanted.push_back({holding, static_cast<std::uint16_t>(1000 + 4 * point), 4});
    }
    EXPECT_EQ(plan_reads(wanted, {}, {125, 0}), (Spans{{holding, 1000, 96}}));
    EXPECT_EQ(plan_reads(wanted, {}, {50, 0}), (Spans{{holding, 1000, 48}, {holding, 1048, 48}}));
}

TEST(ReadPlan, tables_are_never_mixed) {
    const Spans wanted{{Table::input, 102, 2}, {holding, 100, 2}};
    EXPECT_EQ(plan_reads(wanted, {}, {}), (Spans{{holding, 100, 2}, {Table::input, 102, 2}}));
}

TEST(ReadPlan, a_value_wanted_twice_is_read_once) {
    const Spans wanted{{holding, 100, 2}, {holding, 100, 2}, {holding, 101, 1}};
    EXPECT_EQ(plan_reads(wanted, {}, {}), (Spans{{holding, 100, 2}}));
}

TEST(ReadPlan, the_last_registers_of_a_table_can_be_read) {
    const Spans wanted{{holding, 65'534, 1}, {holding, 65'535, 1}};
    EXPECT_EQ(plan_reads(wanted, {}, {}), (Spans{{holding, 65'534, 2}}));
}

TEST(ReadPlan, nothing_wanted_is_nothing_asked) {
    EXPECT_TRUE(plan_reads({}, {}, {}).empty());
}

}  // namespace
}  // namespace metergate::southbound
