#include "southbound/probe_budget.hpp"

#include <gtest/gtest.h>

namespace metergate::southbound {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Instant start{seconds{100}};

TEST(ProbeBudget, is_free_at_first) {
    EXPECT_LE(ProbeBudget().free_at(), start);
}

TEST(ProbeBudget, half_a_second_is_paid_for_with_25_from_its_beginning) {
    ProbeBudget budget;
    budget.spent(start, start + milliseconds{500});
    EXPECT_EQ(budget.free_at(), start + seconds{25});
}

TEST(ProbeBudget, requests_soon_after_each_other_add_up) {
    ProbeBudget budget;
    budget.spent(start, start + milliseconds{100});
    budget.spent(start + milliseconds{100}, start + milliseconds{300});
    EXPECT_EQ(budget.free_at(), start + seconds{15});
}

TEST(ProbeBudget, what_was_not_spent_is_not_saved_up) {
    ProbeBudget budget;
    budget.spent(start, start + milliseconds{100});
    budget.spent(start + seconds{3600}, start + milliseconds{3'600'100});
    EXPECT_EQ(budget.free_at(), start + seconds{3605});
}

TEST(ProbeBudget, spent_as_soon_as_it_is_free_takes_two_percent_of_the_time) {
    ProbeBudget budget;
    Instant now = start;
    Duration taken{};
    while (now < start + seconds{3600}) {
        budget.spent(now, now + milliseconds{523});
        taken += milliseconds{523};
        now = budget.free_at();
    }
    EXPECT_EQ(taken * 50, now - start);
}

}  // namespace
}  // namespace metergate::southbound
