#include "southbound/block_run.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>
#include <utility>

namespace metergate::southbound {
namespace {

using Spans = std::vector<RegisterSpan>;
constexpr Table holding = Table::holding;

std::vector<PanelField> fields_at(const Spans& spans) {
    std::vector<PanelField> fields;
    for (const RegisterSpan& span : spans) {
        fields.emplace_back().span = span;
    }
    return fields;
}

SharedBlock shared(PanelBlock block) {
    return std::make_shared<const PanelBlock>(std::move(block));
}

/// One block over all fields.
SharedBlock block_of(const std::vector<PanelField>& fields) {
    PanelBlock block{fields.front().span, {}};
    unsigned end = 0;
    for (std::size_t place = 0; place < fields.size(); ++place) {
        block.fields.push_back(place);
        block.span.address = std::min(block.span.address, fields[place].span.address);
        end = std::max(end, end_of(fields[place].span));
    }
    block.span.count = static_cast<std::uint16_t>(end - block.span.address);
    return shared(std::move(block));
}

/// Answers like a panel that refuses whatever contains one of `holes`. Returns what it was asked.
Spans run_against(BlockRun& run, const std::vector<PanelField>& fields, const Spans& holes) {
    Spans asked;
    while (!run.is_done()) {
        asked.push_back(run.next().span);
        const bool is_refused = std::any_of(holes.begin(), holes.end(), [&](const auto& hole) {
            return lies_in(hole, asked.back());
        });
        if (is_refused) {
            run.refused(fields);
        } else {
            run.served(fields);
        }
    }
    return asked;
}

TEST(BlockRun, a_refused_block_is_halved_until_one_value_is_left) {
    const auto fields = fields_at(
        {{holding, 0, 4}, {holding, 4, 4}, {holding, 8, 4}, {holding, 12, 4}, {holding, 16, 4}});
    BlockRun run({block_of(fields)});
    EXPECT_EQ(run_against(run, fields, {{holding, 9, 1}}), (Spans{{holding, 0, 20},
                                                                  {holding, 0, 8},
                                                                  {holding, 8, 12},
                                                                  {holding, 8, 4},
                                                                  {holding, 12, 8}}));
    EXPECT_EQ(smallest_of(run.found().refused), (Spans{{holding, 8, 4}}));
}

TEST(BlockRun, a_hole_between_two_values_is_known_by_both_of_them_at_once) {
    const auto fields =
        fields_at({{holding, 0, 2}, {holding, 2, 2}, {holding, 6, 2}, {holding, 8, 2}});
    BlockRun run({block_of(fields)});
    (void)run_against(run, fields, {{holding, 4, 2}});
    EXPECT_EQ(smallest_of(run.found().refused), (Spans{{holding, 0, 10}}));
    EXPECT_EQ(run.found().served, (Spans{{holding, 0, 4}, {holding, 6, 4}}));
}

TEST(BlockRun, a_value_that_takes_the_whole_block_does_not_hide_those_inside_it) {
    // Three values with a scale register in common, as in SunSpec; the first is not there.
    const auto fields = fields_at({{holding, 3, 4}, {holding, 4, 3}, {holding, 5, 2}});
    BlockRun run({block_of(fields)});
    EXPECT_EQ(run_against(run, fields, {{holding, 3, 1}}),
              (Spans{{holding, 3, 4}, {holding, 4, 3}}));
    EXPECT_EQ(smallest_of(run.found().refused), (Spans{{holding, 3, 4}}));
}

TEST(BlockRun, the_planned_blocks_come_before_the_parts_of_refused_ones) {
    const auto fields = fields_at({{holding, 0, 2}, {holding, 2, 2}, {holding, 100, 2}});
    BlockRun run({shared({{holding, 0, 4}, {0, 1}}), shared({{holding, 100, 2}, {2}})});
    EXPECT_EQ(run_against(run, fields, {{holding, 0, 1}}),
              (Spans{{holding, 0, 4}, {holding, 100, 2}, {holding, 0, 2}, {holding, 2, 2}}));
}

TEST(BlockRun, a_panel_that_refuses_everything_is_given_up_and_nothing_is_learnt) {
    Spans spans;
    for (std::uint16_t i = 0; i < 48; ++i) {
        spans.push_back({holding, i, 1});
    }
    const auto fields = fields_at(spans);
    BlockRun run({block_of(fields)});
    EXPECT_EQ(run_against(run, fields, {{holding, 0, 1}, {holding, 1, 1}}).size(), 13U);
    Spans all = spans;
    BlockRun hopeless({block_of(fields)});
    EXPECT_EQ(run_against(hopeless, fields, all).size(), 31U);
    EXPECT_TRUE(hopeless.found().refused.empty());
}

TEST(BlockRun, every_value_without_a_hole_in_it_is_served_in_the_same_poll) {
    for (unsigned seed = 1; seed <= 2000 && !HasFailure(); ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        std::mt19937 random(seed);
        Spans spans{{holding, 0, 1}};
        for (unsigned i = 0; i < 2 + random() % 20; ++i) {
            spans.push_back({holding, static_cast<std::uint16_t>(1 + random() % 60),
                             static_cast<std::uint16_t>(1 + random() % 6)});
        }
        Spans holes;
        for (unsigned i = 0; i < random() % 4; ++i) {
            holes.push_back({holding, static_cast<std::uint16_t>(1 + random() % 60), 1});
        }
        const auto fields = fields_at(spans);
        BlockRun run({shared({{holding, 0, 1}, {0}}), block_of(fields)});
        (void)run_against(run, fields, holes);
        for (const RegisterSpan& span : spans) {
            const auto contains = [&](const RegisterSpan& one) { return lies_in(span, one); };
            const bool is_whole = std::none_of(
                holes.begin(), holes.end(), [&](const auto& hole) { return lies_in(hole, span); });
            const auto& served = run.found().served;
            EXPECT_EQ(std::any_of(served.begin(), served.end(), contains), is_whole);
        }
    }
}

}  // namespace
}  // namespace metergate::southbound
