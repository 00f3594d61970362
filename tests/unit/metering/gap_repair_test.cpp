#include "gateway/metering/gap_repair.hpp"

#include <gtest/gtest.h>

#include <map>

#include "tests/building/random.hpp"

namespace metergate::metering {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

constexpr UtcSeconds t0 = utc_from_s(1'772'427'600);  // an edge

UtcSeconds at(int minute) {
    return t0 + minutes{minute};
}

class GapRepair : public ::testing::Test {
  protected:
    /// The register at a minute: 20 a minute from 1000 on.
    static Milli reg(int minute) { return 1000 + 20 * minute; }
    static LoggedEdge logged(int minute) { return {at(minute), reg(minute), 300, {}}; }
    static Gap gap_of(int from, int until, Flags flags = {}) {
        return {
            at(from), at(until), reg(until) - reg(from), reg(until), flags | Flag::long_interval,
            7};
    }
    Repair run(const Gap& gap, const std::vector<LoggedEdge>& edges) {
        return repair(gap, edges, rules_);
    }

    IntervalGrid grid_ = *IntervalGrid::make("UTC", minutes{15}, TimeBase::local);
    RepairRules rules_{&grid_, 0, minutes{15}};
};

TEST_F(GapRepair, every_slot_of_a_gap_comes_back_and_the_long_one_becomes_a_slot) {
    const Repair done = run(gap_of(0, 60), {logged(15), logged(30), logged(45)});
    ASSERT_EQ(done.slots.size(), 4U);
    for (int i = 0; i < 4; ++i) {
        const auto& [interval, from_log] = done.slots[static_cast<std::size_t>(i)];
        EXPECT_TRUE(from_log);
        EXPECT_EQ(interval.start, at(15 * i));
        EXPECT_EQ(interval.end, at(15 * i + 15));
        EXPECT_EQ(interval.value, 300);
        EXPECT_EQ(interval.reg, reg(15 * i + 15));
        EXPECT_EQ(interval.flags, Flags(Flag::recovered));
        EXPECT_EQ(interval.uncertainty, i == 0 || i == 3 ? 7 : 0);
    }
    EXPECT_FALSE(done.disagreement);
}

TEST_F(GapRepair, a_lacking_slot_in_the_middle_leaves_a_long_one_in_its_place) {
    const Repair done = run(gap_of(0, 120, Flag::interpolated),
                            {logged(15), logged(30), logged(60), logged(90), logged(105)});
    ASSERT_EQ(done.slots.size(), 5U);
    const ClosedInterval& rest = done.slots[2].interval;
    EXPECT_EQ(rest.start, at(30));
    EXPECT_EQ(rest.end, at(90)) << "the island at 60 is not taken";
    EXPECT_EQ(rest.value, 1200);
    EXPECT_EQ(rest.flags, Flag::long_interval | Flag::recovered);
    EXPECT_TRUE(done.slots[2].from_log);
    EXPECT_EQ(done.slots[0].interval.flags, Flag::interpolated | Flag::recovered);
    EXPECT_EQ(done.slots[4].interval.flags, Flag::interpolated | Flag::recovered);
}

TEST_F(GapRepair, what_is_left_behind_a_prefix_ends_where_the_gap_ended) {
    const Repair done = run(gap_of(0, 90, Flag::power_fail), {logged(15), logged(30)});
    ASSERT_EQ(done.slots.size(), 3U);
    const auto& [rest, from_log] = done.slots[2];
    EXPECT_FALSE(from_log);
    EXPECT_EQ(rest.start, at(30));
    EXPECT_EQ(rest.end, at(90));
    EXPECT_EQ(rest.value, 1200);
    EXPECT_EQ(rest.flags, Flag::long_interval | Flag::power_fail);
    EXPECT_EQ(done.slots[1].interval.flags, Flags(Flag::recovered));
}

TEST_F(GapRepair, nothing_is_taken_of_a_log_that_has_only_islands_or_nothing) {
    EXPECT_TRUE(run(gap_of(0, 120), {logged(60)}).slots.empty());
    EXPECT_TRUE(run(gap_of(0, 120), {}).slots.empty());
    EXPECT_TRUE(
        run(gap_of(0, 120), {logged(-15), logged(0), logged(120), logged(135)}).slots.empty());
    EXPECT_TRUE(run(gap_of(0, 30), {{at(14), reg(14), {}, {}}}).slots.empty());
}

TEST_F(GapRepair, a_finer_log_serves_a_longer_interval) {
    grid_ = *IntervalGrid::make("UTC", minutes{60}, TimeBase::local);
    std::vector<LoggedEdge> edges;
    for (int minute = 15; minute < 180; minute += 15) {
        edges.push_back(logged(minute));
    }
    const Repair done = run(gap_of(0, 180), edges);
    ASSERT_EQ(done.slots.size(), 3U);
    EXPECT_EQ(done.slots[1].interval.value, 1200);
    EXPECT_FALSE(done.disagreement) << "increments of another length are not compared";
}

TEST_F(GapRepair, a_chain_that_began_or_ended_inside_a_slot_keeps_its_short_ones) {
    const Flags flags = Flag::meter_changed | Flag::test;
    const Repair opened = run(gap_of(5, 45, flags), {logged(15), logged(30)});
    ASSERT_EQ(opened.slots.size(), 3U);
    EXPECT_EQ(opened.slots[0].interval.start, at(5));
    EXPECT_EQ(opened.slots[0].interval.flags, flags | Flag::short_interval | Flag::recovered);
    EXPECT_EQ(opened.slots[1].interval.flags, Flag::test | Flag::recovered);
    EXPECT_EQ(opened.slots[2].interval.flags, Flag::test | Flag::recovered);
    const Repair ended = run(gap_of(0, 40, flags), {logged(15), logged(30)});
    ASSERT_EQ(ended.slots.size(), 3U);
    EXPECT_EQ(ended.slots[0].interval.flags, Flag::test | Flag::recovered);
    EXPECT_EQ(ended.slots[2].interval.end, at(40));
    EXPECT_EQ(ended.slots[2].interval.flags, flags | Flag::short_interval | Flag::recovered);
}

TEST_F(GapRepair, the_panels_flags_come_along_but_for_those_of_its_increments) {
    LoggedEdge edge = logged(15);
    edge.flags = Flag::clock_set | Flag::long_interval | Flag::power_fail;
    const Repair done = run(gap_of(0, 30), {edge});
    ASSERT_EQ(done.slots.size(), 2U);
    EXPECT_EQ(done.slots[0].interval.flags, Flag::clock_set | Flag::power_fail | Flag::recovered);
    EXPECT_EQ(done.slots[1].interval.flags, Flags(Flag::recovered));
}

TEST_F(GapRepair, a_negative_rest_takes_nothing_and_is_told) {
    LoggedEdge high = logged(30);
    high.reg = reg(60) + 1;
    const Repair above = run(gap_of(0, 60), {logged(15), high});
    EXPECT_TRUE(above.slots.empty());
    ASSERT_TRUE(above.disagreement);
    EXPECT_EQ(above.disagreement->by_register, 1200);
    LoggedEdge low = logged(30);
    low.reg = reg(0) - 1;
    EXPECT_TRUE(run(gap_of(0, 60), {logged(15), low}).disagreement);
    EXPECT_TRUE(run(gap_of(0, 60), {logged(15), low}).slots.empty());
    rules_.modulus = 1'000'000;
    EXPECT_TRUE(run(gap_of(0, 60), {logged(15), low}).slots.empty()) << "that is no rollover";
}

TEST_F(GapRepair, a_log_that_does_not_add_up_is_told_and_the_registers_are_taken) {
    std::vector<LoggedEdge> edges{logged(15), logged(30), logged(45)};
    edges[2].increment = 310;
    const Repair done = run(gap_of(0, 60), edges);
    EXPECT_EQ(done.slots.size(), 4U);
    ASSERT_TRUE(done.disagreement);
    EXPECT_EQ(done.disagreement->start, at(15));
    EXPECT_EQ(done.disagreement->end, at(45));
    EXPECT_EQ(done.disagreement->by_register, 600);
    EXPECT_EQ(done.disagreement->by_log, 610);
    edges[2].increment = 301;
    EXPECT_FALSE(run(gap_of(0, 60), edges).disagreement) << "each may be rounded by one count";
}

TEST_F(GapRepair, registers_that_passed_their_modulus_count_on) {
    rules_.modulus = 2000;
    const auto shown = [&](int minute) { return reg(minute) % 2000; };
    std::vector<LoggedEdge> edges;
    for (int minute = 15; minute < 90; minute += 15) {
        edges.push_back({at(minute), shown(minute), 300, {}});
    }
    const Gap gap{at(0), at(90), 1800, shown(90), Flag::long_interval | Flag::rollover, 0};
    const Repair done = run(gap, edges);
    ASSERT_EQ(done.slots.size(), 6U);
    for (std::size_t i = 0; i < 6; ++i) {
        EXPECT_EQ(done.slots[i].interval.value, 300);
        EXPECT_EQ(done.slots[i].interval.flags.has(Flag::rollover), i == 3) << i;
    }
    // Twice over its modulus where nothing was logged: the rest holds it.
    rules_.modulus = 500;
    const Gap wide{at(0), at(150), 3000, reg(150) % 500, Flag::long_interval, 0};
    const Repair part =
        run(wide, {{at(15), reg(15) % 500, 300, {}}, {at(135), reg(135) % 500, 300, {}}});
    ASSERT_EQ(part.slots.size(), 3U);
    EXPECT_EQ(part.slots[1].interval.value, 2400);
    EXPECT_TRUE(part.slots[1].interval.flags.has(Flag::rollover));
}

/// Portion after portion, from either end, with holes: whatever comes in, at every step the values
/// add up to the gap's, no time is told twice, and nothing is taken that was not logged.
TEST_F(GapRepair, repairs_in_any_portions_always_add_up) {
    for (std::uint64_t seed = 1; seed <= 300; ++seed) {
        building::Random dice(seed);
        const int slots = 3 + static_cast<int>(dice.below(40));
        std::vector<Milli> registers{static_cast<Milli>(dice.below(900))};
        for (int i = 0; i < slots; ++i) {
            registers.push_back(registers.back() + static_cast<Milli>(dice.below(200)));
        }
        rules_.modulus = 1000;
        std::map<UtcSeconds, ClosedInterval> current;
        current[at(15 * slots)] = {at(0),
                                   at(15 * slots),
                                   registers.back() - registers.front(),
                                   registers.back() % 1000,
                                   Flag::long_interval,
                                   3};
        for (int portion = 0; portion < 12; ++portion) {
            std::vector<LoggedEdge> edges;
            const int from = static_cast<int>(dice.below(static_cast<std::uint64_t>(slots)));
            const int until = from + static_cast<int>(dice.below(10));
            for (int i = from; i <= std::min(until, slots); ++i) {
                if (!dice.chance(0.05)) {
                    const auto place = static_cast<std::size_t>(i);
                    edges.push_back({at(15 * i), registers[place] % 1000, {}, {}});
                }
            }
            const auto before = current;
            for (const auto& [end, interval] : before) {
                if (interval.end - interval.start <= minutes{15}) {
                    continue;
                }
                const Repair done = run({interval.start, end, *interval.value, *interval.reg,
                                         interval.flags, interval.uncertainty},
                                        edges);
                EXPECT_FALSE(done.disagreement) << "seed " << seed;
                for (const Repair::Slot& slot : done.slots) {
                    current[slot.interval.end] = slot.interval;
                }
            }
            UtcSeconds known = at(0);
            Milli sum = 0;
            for (const auto& [end, interval] : current) {
                EXPECT_EQ(interval.start, known) << "seed " << seed;
                known = end;
                sum += *interval.value;
                const auto place = static_cast<std::size_t>((end - at(0)) / minutes{15});
                EXPECT_EQ(interval.reg, registers[place] % 1000) << "seed " << seed;
            }
            EXPECT_EQ(known, at(15 * slots)) << "seed " << seed;
            EXPECT_EQ(sum, registers.back() - registers.front()) << "seed " << seed;
        }
    }
}

}  // namespace
}  // namespace metergate::metering
