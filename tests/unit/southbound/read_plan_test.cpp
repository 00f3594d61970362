#include "southbound/read_plan.hpp"

#include <gtest/gtest.h>

namespace metergate::southbound {
namespace {

using Spans = std::vector<RegisterSpan>;
constexpr Table holding = Table::holding;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;

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
    EXPECT_EQ(plan_reads(wanted, {listed, {}}, {}), (Spans{{holding, 100, 3}, {holding, 200, 1}}));
    const Spans elsewhere{{Table::input, 101, 1}};
    EXPECT_EQ(plan_reads(wanted, {elsewhere, {}}, {}), wanted);
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

/// Whether two registers with this hole of listed ones between them become one request.
bool bridges(std::uint16_t hole, const WireCost& cost) {
    const Spans wanted{{holding, 100, 2}, {holding, static_cast<std::uint16_t>(102 + hole), 2}};
    const Spans listed{{holding, 0, 1000}};
    return plan_reads(wanted, {listed, {}}, {125, 0, cost}).size() == 1;
}

WireCost cost_at(unsigned baud, milliseconds turnaround) {
    return serial_cost(nanoseconds{11'000'000'000 / baud}, Duration{}, turnaround);
}

TEST(ReadPlan, a_hole_of_listed_registers_is_read_across_while_that_costs_less_than_a_request) {
    // h < 10 + turnaround / (2 characters): 14.4, 20.5, 36.2 registers.
    EXPECT_TRUE(bridges(14, cost_at(9600, milliseconds{10})));
    EXPECT_FALSE(bridges(15, cost_at(9600, milliseconds{10})));
    EXPECT_TRUE(bridges(20, cost_at(19'200, milliseconds{12})));
    EXPECT_FALSE(bridges(21, cost_at(19'200, milliseconds{12})));
    EXPECT_TRUE(bridges(36, cost_at(115'200, milliseconds{5})));
    EXPECT_FALSE(bridges(37, cost_at(115'200, milliseconds{5})));
}

TEST(ReadPlan, a_hole_that_costs_as_much_as_a_request_saves_the_request) {
    const WireCost cost = serial_cost(milliseconds{1}, Duration{}, milliseconds{});
    EXPECT_TRUE(bridges(10, cost));
    EXPECT_FALSE(bridges(11, cost));
}

TEST(ReadPlan, a_panel_that_needs_a_longer_silence_makes_requests_dearer) {
    // 3.5 characters at 9600 are 4 ms; 20 ms instead are 14 registers more.
    const nanoseconds character{11'000'000'000 / 9600};
    EXPECT_TRUE(bridges(16, serial_cost(character, milliseconds{20}, milliseconds{0})));
    EXPECT_FALSE(bridges(18, serial_cost(character, milliseconds{20}, milliseconds{0})));
}

TEST(ReadPlan, on_a_network_only_the_length_of_a_request_ends_it) {
    EXPECT_TRUE(bridges(121, network_cost(Duration{}, milliseconds{20})));
    EXPECT_FALSE(bridges(122, network_cost(Duration{}, milliseconds{20})));
    EXPECT_TRUE(bridges(121, network_cost(Duration{}, Duration{})))
        << "fewer requests, if all is free";
}

TEST(ReadPlan, a_refused_span_is_never_contained_but_its_parts_may_be) {
    const Spans wanted{{holding, 100, 4}, {holding, 108, 4}};
    const Spans listed{{holding, 100, 12}};
    EXPECT_EQ(plan_reads(wanted, {listed, {}}, {}), (Spans{{holding, 100, 12}}));
    const Spans hole{{holding, 104, 4}};
    EXPECT_EQ(plan_reads(wanted, {listed, hole}, {}), wanted);
    const Spans seam{{holding, 103, 6}};
    EXPECT_EQ(plan_reads(wanted, {listed, seam}, {}), wanted);
    const Spans beyond{{holding, 104, 9}};
    EXPECT_EQ(plan_reads(wanted, {listed, beyond}, {}), (Spans{{holding, 100, 12}}));
    const Spans in_other_table{{Table::input, 104, 4}};
    EXPECT_EQ(plan_reads(wanted, {listed, in_other_table}, {}), (Spans{{holding, 100, 12}}));
}

TEST(ReadPlan, a_wanted_span_that_contains_a_refused_one_is_asked_alone) {
    const Spans wanted{{holding, 100, 4}, {holding, 104, 4}, {holding, 108, 4}};
    const Spans refused{{holding, 105, 1}};
    EXPECT_EQ(plan_reads(wanted, {{}, refused}, {}), wanted);
}

TEST(ReadPlan, where_to_cut_is_chosen_for_the_whole_and_not_from_the_lowest_address_on) {
    // Two requests are needed; the longer hole is the one to leave.
    const Spans wanted{{holding, 0, 4}, {holding, 13, 4}, {holding, 24, 4}};
    const Spans listed{{holding, 0, 40}};
    EXPECT_EQ(plan_reads(wanted, {listed, {}}, {18, 0}),
              (Spans{{holding, 0, 4}, {holding, 13, 15}}));
}

TEST(ReadPlan, nothing_wanted_is_nothing_asked) {
    EXPECT_TRUE(plan_reads({}, {}, {}).empty());
}

}  // namespace
}  // namespace metergate::southbound
