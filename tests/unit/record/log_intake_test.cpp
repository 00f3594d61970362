#include "gateway/record/log_intake.hpp"

#include <gtest/gtest.h>

#include <set>
#include <vector>

#include "tests/unit/record/site.hpp"

namespace metergate::record {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t meter = 7;
constexpr SeriesNumber logged_quarters{9};

/// A site with two points billed from their panel's log, and a line that answers orders when told.
class Intake : public ::testing::Test {
  protected:
    Intake() : site_(plan()) {
        site_.store.logged_series = {logged_quarters};
        listen();
    }

    static RecordPlan plan() {
        RecordPlan plan = plan_of(1, 2);
        Series series;
        series.source = BillingSource::panel_log;
        for (PointPlan& point : plan.panels[0].points) {
            point.series = {{series, logged_quarters}};
        }
        return plan;
    }
    void listen() {
        site_.recorder->on_log_order([this](const LogOrder& order) { orders.push_back(order); });
    }
    static LogAnswer empty_answer(const LogOrder& order) {
        LogAnswer answer;
        answer.order = order.number;
        answer.use = order.use;
        answer.panel = order.panel;
        return answer;
    }
    /// What the log says to an order: every slot but those `unusable`, each of 4500 Wh.
    [[nodiscard]] LogAnswer answer_to(const LogOrder& order) const {
        LogAnswer answer = empty_answer(order);
        answer.identity = meter;
        answer.length = 15min;
        answer.complete = true;
        const UtcSeconds now = std::chrono::floor<seconds>(site_.clock.utc());
        answer.oldest_end = noon - 24h;
        answer.newest_end = floor_of(now);
        for (UtcSeconds end = floor_of(order.first + 899s);
             end <= order.last && end <= *answer.newest_end; end += 15min) {
            if (unusable.contains(end)) {
                continue;
            }
            if (answer.slots.size() == order.slots_max) {
                answer.complete = false;
                break;
            }
            answer.slots.push_back(slot_at(end));
        }
        return answer;
    }
    [[nodiscard]] LoggedSlot slot_at(UtcSeconds end) const {
        LoggedSlot slot{end, {}, {}};
        for (const PointPlan& point : site_.plan.panels[0].points) {
            slot.values.push_back({point.number, Quantity::energy_delivered, 4500,
                                   1'000'000 + (end - noon).count() * 5});
        }
        return slot;
    }
    static UtcSeconds floor_of(UtcSeconds time) {
        return time - time.time_since_epoch() % seconds{900};
    }
    void answer(const LogAnswer& answer) { site_.inbox->logged.push(site_.clock.now(), answer); }
    void refuse(const LogOrder& order, const Error& error) {
        LogAnswer refused = empty_answer(order);
        refused.error = error;
        answer(refused);
    }
    /// Lets time pass; all orders are answered at once.
    void run_answered(Duration time) {
        for (const Instant end = site_.clock.now() + time; site_.clock.now() < end;) {
            site_.run(1s);
            for (const LogOrder& order : std::exchange(orders, {})) {
                answered.push_back(order);
                answer(answer_to(order));
            }
        }
    }
    [[nodiscard]] std::vector<Record> current(std::uint32_t point = 0) const {
        return site_.current(point_of(1, point), logged_quarters);
    }
    [[nodiscard]] std::size_t count(Flag flag) const {
        std::size_t found = 0;
        for (const Record& record : current()) {
            found += record.flags.has(flag) ? 1U : 0U;
        }
        return found;
    }
    [[nodiscard]] std::vector<LogOrder> taken() { return std::exchange(orders, {}); }

    Site site_;
    std::vector<LogOrder> orders;
    std::vector<LogOrder> answered;  ///< by run_answered()
    std::set<UtcSeconds> unusable;
};

TEST_F(Intake, each_slot_is_asked_for_when_it_has_closed_and_billed_as_the_log_has_it) {
    site_.run(65s);
    const auto first = taken();
    ASSERT_EQ(first.size(), 1U);
    EXPECT_EQ(first[0].use, LogUse::fresh);
    EXPECT_EQ(first[0].first, noon) << "the slot under way when the panel was first heard";
    answer(answer_to(first[0]));
    run_answered(1h);
    for (const std::uint32_t point : {0U, 1U}) {
        ASSERT_GE(current(point).size(), 5U);
        for (const Record& record : current(point)) {
            EXPECT_EQ(record.value, 4500);
            EXPECT_EQ(record.origin, Origin::panel_log);
            EXPECT_EQ(record.reg, 1'000'000 + (record.end - noon).count() * 5);
        }
    }
    EXPECT_EQ(site_.store.events_of(EventKind::log_disagrees).size(), 0U);
}

TEST_F(Intake, both_points_of_a_slot_are_one_batch) {
    run_answered(20min);
    ASSERT_EQ(site_.batches_of(1).size(), 2U);
    EXPECT_EQ(site_.batches_of(1)[1].records.size(), 2U);
    EXPECT_EQ(site_.batches_of(1)[1].revision, 0U);
    EXPECT_EQ(count(Flag::recovered), 0U);
}

TEST_F(Intake, a_panel_a_little_behind_is_asked_again_within_seconds) {
    run_answered(15min);
    site_.run(64s);
    auto late = taken();
    ASSERT_EQ(late.size(), 1U);
    LogAnswer nothing_yet = answer_to(late[0]);
    nothing_yet.slots.clear();
    nothing_yet.newest_end = noon;
    nothing_yet.clock_ahead = -4s;
    answer(nothing_yet);
    site_.run(5s);
    late = taken();
    ASSERT_EQ(late.size(), 1U);
    LogAnswer now_there = answer_to(late[0]);
    now_there.clock_ahead = -4s;
    answer(now_there);
    run_answered(2s);
    EXPECT_EQ(count(Flag::recovered), 0U);
    EXPECT_EQ(current().back().end, noon + 15min);
    site_.run(14min + 53s);
    EXPECT_TRUE(orders.empty()) << "its clock is known to be behind: not asked before 12:30:06";
    site_.run(4s);
    EXPECT_EQ(orders.size(), 1U);
}

TEST_F(Intake, a_lost_reply_costs_seconds_and_no_slot) {
    run_answered(15min);
    site_.run(64s);
    refuse(taken().at(0), {Fault::timeout, "no reply"});
    run_answered(30s);
    EXPECT_EQ(current().back().end, noon + 15min);
    EXPECT_EQ(count(Flag::missing), 0U);
}

TEST_F(Intake, what_was_missed_comes_back_while_fresh_slots_go_on) {
    run_answered(20min);
    site_.run_unread(2h);
    run_answered(20min);
    ASSERT_EQ(count(Flag::missing), 0U);
    EXPECT_EQ(count(Flag::recovered), 8U);
    const auto all = current();
    for (std::size_t i = 1; i < all.size(); ++i) {
        EXPECT_EQ(all[i].start, all[i - 1].end);
        EXPECT_EQ(all[i].revision, all[i].flags.has(Flag::recovered) ? 1U : 0U);
    }
    EXPECT_TRUE(taken().empty());
}

TEST_F(Intake, a_long_outage_comes_back_in_portions) {
    run_answered(20min);
    site_.run_unread(60h);
    site_.run(40s);
    std::size_t portions = 0;
    for (int i = 0; i < 60; ++i) {
        for (const LogOrder& order : taken()) {
            portions += order.use == LogUse::unread ? 1U : 0U;
            EXPECT_LE(answer_to(order).slots.size(), 96U);
            answer(answer_to(order));
        }
        site_.run(10s);
    }
    EXPECT_EQ(portions, 3U);
    EXPECT_EQ(count(Flag::missing), 0U);
    EXPECT_EQ(count(Flag::recovered), 240U);
}

TEST_F(Intake, a_restart_amid_recovery_goes_on_where_it_was) {
    run_answered(20min);
    site_.run_unread(60h);
    site_.run(40s);
    for (const LogOrder& order : taken()) {
        answer(answer_to(order));
    }
    site_.run(6s);
    EXPECT_EQ(count(Flag::recovered), 96U);
    site_.cut_power(10s);
    listen();
    orders.clear();
    site_.run(10s);
    const auto next = taken();
    ASSERT_EQ(next.size(), 1U);
    EXPECT_EQ(next[0].use, LogUse::unread);
    EXPECT_EQ(next[0].first, noon + 15min + 96 * 15min + 1s);
    answer(answer_to(next[0]));
    run_answered(2min);
    EXPECT_EQ(count(Flag::missing), 0U);
    const auto records = site_.store.records_of(point_of(1, 0), logged_quarters);
    EXPECT_EQ(records.size(), 242U + 240U) << "none was written three times";
}

TEST_F(Intake, slots_that_cannot_be_used_stay_missing_and_are_asked_for_once) {
    run_answered(20min);
    site_.run_unread(2h);
    unusable = {noon + 45min, noon + 1h};
    run_answered(20min);
    EXPECT_EQ(count(Flag::missing), 2U);
    EXPECT_EQ(count(Flag::recovered), 6U);
    answered.clear();
    run_answered(3h);
    EXPECT_EQ(answered.size(), 12U);
    for (const LogOrder& order : answered) {
        EXPECT_EQ(order.use, LogUse::fresh);
    }
}

TEST_F(Intake, a_log_that_cannot_be_used_is_told_once_and_costs_no_slot_when_it_can_again) {
    run_answered(20min);
    for (int minute = 0; minute < 120; ++minute) {
        site_.run(1min);
        for (const LogOrder& order : taken()) {
            refuse(order, {Fault::refused, "the panel's clock is 400 s ahead"});
        }
    }
    const auto told = site_.store.events_of(EventKind::log_unusable);
    ASSERT_EQ(told.size(), 1U);
    EXPECT_EQ(told[0].source, "panel-1");
    EXPECT_NE(told[0].text.find("400 s ahead"), std::string::npos);
    EXPECT_EQ(count(Flag::missing), 8U);
    run_answered(3h);
    EXPECT_EQ(count(Flag::missing), 0U);
}

TEST_F(Intake, a_log_of_another_length_is_told_and_nothing_is_booked) {
    site_.run(16min);
    LogAnswer hours = answer_to(taken().at(0));
    hours.length = 1h;
    answer(hours);
    site_.run(1min);
    const auto told = site_.store.events_of(EventKind::log_unusable);
    ASSERT_EQ(told.size(), 1U);
    EXPECT_NE(told[0].text.find("its slots have 3600 s, the series billed from it 900 s"),
              std::string::npos);
    EXPECT_EQ(count(Flag::missing), 2U);
}

TEST_F(Intake, slots_beside_the_edges_of_the_series_are_told) {
    site_.run(16min);
    LogAnswer beside = answer_to(taken().at(0));
    beside.slots = {slot_at(noon + 14min)};
    answer(beside);
    site_.run(1min);
    ASSERT_EQ(site_.store.events_of(EventKind::log_unusable).size(), 1U);
    EXPECT_EQ(count(Flag::missing), 2U);
}

TEST_F(Intake, answers_nobody_waits_for_are_ignored) {
    site_.run(65s);
    const LogOrder order = taken().at(0);
    LogAnswer stray = answer_to(order);
    stray.order += 5;
    answer(stray);
    stray = answer_to(order);
    stray.use = LogUse::unread;
    answer(stray);
    stray = answer_to(order);
    stray.use = LogUse::gap;
    answer(stray);
    site_.run(5s);
    EXPECT_TRUE(current().empty());
    answer(answer_to(order));
    answer(answer_to(order));
    site_.run(10s);
    EXPECT_EQ(site_.store.records_of(point_of(1, 0), logged_quarters).size(), 1U);
}

TEST_F(Intake, a_silent_panel_is_not_asked) {
    run_answered(20min);
    site_.dead = {PanelNumber{1}};
    site_.run(2h);
    EXPECT_TRUE(taken().empty());
    EXPECT_EQ(count(Flag::missing), 8U);
    site_.dead.clear();
    run_answered(5min);
    EXPECT_EQ(count(Flag::missing), 0U);
}

TEST_F(Intake, another_meter_is_told_and_its_log_counts_from_the_next_slot_on) {
    run_answered(20min);
    site_.dead = {PanelNumber{1}};
    site_.send(1, {{point_of(1, 0), Quantity::energy_delivered, true, 5}}, 8);
    site_.run(20min);
    EXPECT_EQ(site_.store.events_of(EventKind::meter_changed).size(), 2U) << "one a point";
    const auto all = current();
    EXPECT_TRUE(all.back().flags.has(Flag::missing));
    EXPECT_TRUE(all.at(2).flags.has(Flag::meter_changed));
}

TEST_F(Intake, orders_are_given_again_when_the_lines_are_new) {
    site_.run(65s);
    ASSERT_EQ(taken().size(), 1U);
    listen();
    site_.run(5s);
    EXPECT_EQ(taken().size(), 1U);
}

}  // namespace
}  // namespace metergate::record
