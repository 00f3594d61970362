#include "southbound/refused_registers.hpp"

#include <gtest/gtest.h>

namespace metergate::southbound {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using Spans = std::vector<RegisterSpan>;

constexpr RegisterSpan voltage{Table::holding, 100, 2};
constexpr RegisterSpan energy{Table::holding, 1000, 4};
constexpr RegisterSpan both{Table::holding, 1000, 8};
constexpr RegisterSpan power{Table::holding, 1200, 2};

class Refusals : public ::testing::Test {
  protected:
    /// One poll, ten seconds after the one before.
    bool poll(const Spans& served, const Spans& refused) {
        now_ += seconds{10};
        return refused_.take({served, refused}, now_);
    }
    void ban_energy() {
        for (unsigned i = 0; i < RefusedRegisters::polls_to_believe; ++i) {
            (void)poll({power}, {energy});
        }
        ASSERT_EQ(refused_.banned(), Spans{energy});
    }

    RefusedRegisters refused_;
    Instant now_{};
};

TEST_F(Refusals, are_believed_when_three_polls_in_a_row_found_them) {
    EXPECT_FALSE(poll({power}, {both, energy}));
    EXPECT_FALSE(poll({power}, {both, energy}));
    EXPECT_TRUE(refused_.banned().empty());
    EXPECT_TRUE(poll({power}, {both, energy}));
    EXPECT_EQ(refused_.banned(), Spans{energy}) << "the larger one is refused because of it";
}

TEST_F(Refusals, that_an_answer_interrupts_are_counted_from_the_beginning) {
    for (unsigned i = 0; i < 10; ++i) {
        EXPECT_FALSE(poll({power}, {energy}));
        EXPECT_FALSE(poll({power}, {energy}));
        EXPECT_FALSE(poll({power, both}, {})) << "served as part of more";
    }
    EXPECT_TRUE(refused_.banned().empty());
}

TEST_F(Refusals, of_what_this_meter_has_served_are_never_believed) {
    EXPECT_FALSE(poll({both}, {}));
    for (unsigned i = 0; i < 100; ++i) {
        EXPECT_FALSE(poll({power}, {energy}));
    }
    refused_.doubt();
    ban_energy();
}

TEST_F(Refusals, of_a_panel_that_serves_nothing_are_not_believed) {
    for (unsigned i = 0; i < 100; ++i) {
        EXPECT_FALSE(poll({}, {energy, power}));
    }
    EXPECT_TRUE(refused_.banned().empty());
}

TEST_F(Refusals, before_a_doubt_do_not_count) {
    EXPECT_FALSE(poll({power}, {energy}));
    EXPECT_FALSE(poll({power}, {energy}));
    refused_.doubt();
    EXPECT_FALSE(poll({power}, {energy}));
    EXPECT_FALSE(poll({power}, {energy}));
    EXPECT_TRUE(poll({power}, {energy}));
}

TEST_F(Refusals, are_tried_again_after_growing_pauses_up_to_an_hour) {
    ban_energy();
    for (const int pause : {1, 2, 4, 8, 16, 32, 60, 60}) {
        EXPECT_TRUE(refused_.to_retry(now_ + minutes{pause} - seconds{1}, 4).empty()) << pause;
        EXPECT_EQ(refused_.to_retry(now_ + minutes{pause}, 4), Spans{energy}) << pause;
        now_ += minutes{pause};
        EXPECT_FALSE(poll({power}, {energy}));
    }
}

TEST_F(Refusals, are_tried_again_at_once_after_a_doubt_so_many_at_a_time) {
    for (unsigned i = 0; i < 3; ++i) {
        (void)poll({power}, {energy, voltage});
    }
    EXPECT_TRUE(refused_.to_retry(now_, 4).empty());
    refused_.doubt();
    EXPECT_EQ(refused_.to_retry(now_, 4).size(), 2U);
    const Spans first = refused_.to_retry(now_, 1);
    EXPECT_FALSE(poll({power}, first));
    const Spans second = refused_.to_retry(now_, 1);
    ASSERT_EQ(second.size(), 1U);
    EXPECT_NE(first, second);
    EXPECT_EQ(refused_.banned().size(), 2U) << "they stay banned meanwhile";
}

TEST_F(Refusals, end_with_one_answer) {
    ban_energy();
    EXPECT_FALSE(poll({power}, {}));
    EXPECT_TRUE(poll({power, energy}, {}));
    EXPECT_TRUE(refused_.banned().empty());
}

TEST_F(Refusals, of_another_meter_are_another_matter) {
    ban_energy();
    refused_.forget();
    EXPECT_TRUE(refused_.banned().empty());
    EXPECT_TRUE(refused_.to_retry(now_ + minutes{120}, 4).empty());
}

TEST_F(Refusals, of_less_replace_those_of_more) {
    for (unsigned i = 0; i < 3; ++i) {
        (void)poll({power}, {both});
    }
    EXPECT_EQ(refused_.banned(), Spans{both});
    ban_energy();
}

}  // namespace
}  // namespace metergate::southbound
