#include "southbound/schedule.hpp"

#include <gtest/gtest.h>

namespace metergate::southbound {
namespace {

using std::chrono::seconds;

Instant at(int second) {
    return Instant{} + seconds{second};
}

PanelTurn steady(int due) {
    return {PanelState::ok, at(due), at(due + 10), seconds{1}, at(0)};
}
PanelTurn failing(int due) {
    return {PanelState::failing, at(due), at(due + 10), seconds{1}, at(0)};
}
PanelTurn lost(int due, int asked) {
    return {PanelState::lost, at(due), at(due + 10), seconds{1}, at(asked)};
}

using Place = std::optional<std::size_t>;

TEST(Schedule, has_nothing_to_do_before_the_first_is_due) {
    const Schedule schedule;
    EXPECT_EQ(schedule.next_due({}, at(10)), Place());
    EXPECT_EQ(schedule.next_due({steady(11), failing(12), failing(10)}, at(10)), Place(2));
    EXPECT_EQ(schedule.next_due({steady(11), failing(12)}, at(10)), Place());
    EXPECT_EQ(schedule.next_due({{PanelState::starting, never, never, {}, at(0)}}, at(10)),
              Place());
}

TEST(Schedule, takes_the_earliest_deadline_not_who_has_been_due_longest) {
    PanelTurn quick = steady(9);
    quick.deadline = at(11);
    EXPECT_EQ(Schedule().next_due({steady(7), quick}, at(10)), Place(1));
}

TEST(Schedule, takes_who_has_been_due_longest_and_the_first_of_equals) {
    const Schedule schedule;
    EXPECT_EQ(schedule.next_due({steady(9), steady(7), steady(7)}, at(10)), Place(1));
}

TEST(Schedule, lets_a_panel_that_answers_come_between_two_that_do_not) {
    Schedule schedule;
    const std::vector<PanelTurn> turns{failing(1), failing(2), steady(3)};
    EXPECT_EQ(schedule.next_due(turns, at(10)), Place(0));
    schedule.begun(turns[0]);
    EXPECT_EQ(schedule.next_due(turns, at(10)), Place(2));
    schedule.begun(turns[2]);
    EXPECT_EQ(schedule.next_due(turns, at(10)), Place(0));
}

TEST(Schedule, after_two_timeouts_whoever_was_not_heard_since_may_be_dead_too) {
    Schedule schedule;
    std::vector<PanelTurn> turns{steady(1), steady(2), steady(3), failing(1)};
    schedule.timed_out(at(7));
    schedule.begun(turns[0]);
    EXPECT_EQ(schedule.next_due(turns, at(10)), Place(0)) << "one timeout says nothing of others";
    schedule.timed_out(at(8));
    turns[2].heard = at(9);
    schedule.begun(turns[0]);
    EXPECT_EQ(schedule.next_due(turns, at(10)), Place(2)) << "the one that was heard";
    schedule.begun(turns[2]);
    EXPECT_EQ(schedule.next_due(turns, at(10)), Place(0)) << "before the one that failed already";
    schedule.answered();
    schedule.timed_out(at(9));
    EXPECT_EQ(schedule.next_due(turns, at(10)), Place(0));
}

TEST(Schedule, does_not_let_the_line_rest_while_only_doubtful_panels_are_due) {
    Schedule schedule;
    schedule.begun(failing(1));
    EXPECT_EQ(schedule.next_due({failing(1), steady(11)}, at(10)), Place(0));
}

TEST(Schedule, probes_the_lost_panel_that_was_longest_without) {
    const Schedule schedule;
    EXPECT_EQ(schedule.next_due({lost(5, 4), lost(6, 1), lost(7, 2)}, at(10)), Place(1));
    EXPECT_EQ(schedule.next_due({lost(5, 4), failing(3)}, at(10)), Place(1));
}

// ---- How much time is left ----

TEST(Slack, is_the_least_of_what_each_deadline_leaves) {
    EXPECT_EQ(slack({steady(3), steady(4)}, at(10)), seconds{2});
    PanelTurn late = steady(4);
    late.cost = seconds{3};
    EXPECT_EQ(slack({steady(3), late}, at(10)), Duration{});
    EXPECT_EQ(slack({late, steady(3)}, at(10)), Duration{});
}

TEST(Slack, is_negative_on_a_line_that_cannot_keep_up) {
    EXPECT_EQ(slack({steady(1), steady(1), steady(1)}, at(10)), -seconds{2});
}

TEST(Slack, leaves_out_lost_panels_and_those_of_which_nothing_is_read) {
    EXPECT_EQ(
        slack({lost(1, 0), steady(9), {PanelState::starting, never, never, {}, at(0)}}, at(10)),
        seconds{8});
    EXPECT_GT(slack({}, at(10)), std::chrono::hours{24 * 365});
}

}  // namespace
}  // namespace metergate::southbound
