#include <gtest/gtest.h>

#include <set>
#include <vector>

#include "tests/unit/record/site.hpp"

namespace metergate::record {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t meter = 7;

/// A site whose panels remember quarter-hours, and a line that answers the recorder's orders.
class Remembering : public ::testing::Test {
  protected:
    explicit Remembering(std::uint32_t points = 2) : site_(remembering(points)) { listen(); }

    static RecordPlan remembering(std::uint32_t points) {
        RecordPlan plan = plan_of(1, points);
        plan.panels[0].remembers = true;
        return plan;
    }
    void listen() {
        site_.recorder->on_log_order([this](LogOrder order) { orders.push_back(order); });
    }

    /// The register of a point at a moment, as the panel counts.
    [[nodiscard]] static Milli register_at(PointNumber point, UtcSeconds time) {
        return 1'000'000 + raw(point) + (time - (noon - 60s)).count() * 5;
    }
    /// What the panel's log says to an order: all that is not `forgotten`.
    [[nodiscard]] LogAnswer answer_to(const LogOrder& order) const {
        LogAnswer answer;
        answer.order = order.number;
        answer.panel = order.panel;
        answer.identity = meter;
        answer.length = 15min;
        answer.oldest_end = log_begins;
        answer.complete = true;
        const auto step = order.newest_first ? -15min : 15min;
        UtcSeconds end = order.newest_first ? floor_of(order.last) : floor_of(order.first + 899s);
        for (; end >= order.first && end <= order.last; end += step) {
            if (end < log_begins || forgotten.contains(end)) {
                break;
            }
            if (answer.slots.size() == order.slots_max) {
                answer.complete = false;
                break;
            }
            answer.slots.push_back(slot_at(end));
        }
        if (order.newest_first) {
            std::reverse(answer.slots.begin(), answer.slots.end());
        }
        return answer;
    }
    [[nodiscard]] LoggedSlot slot_at(UtcSeconds end) const {
        LoggedSlot slot{end, {}, {}};
        for (const PointPlan& point : site_.plan.panels[0].points) {
            slot.values.push_back(
                {point.number, Quantity::energy_delivered, 4500, register_at(point.number, end)});
        }
        return slot;
    }
    static UtcSeconds floor_of(UtcSeconds time) {
        return time - time.time_since_epoch() % seconds{900};
    }
    void answer(const LogAnswer& answer) { site_.inbox->logged.push(site_.clock.now(), answer); }

    /// Answers every order until there are no more; returns how many there were.
    int answer_all() {
        int answered = 0;
        while (!orders.empty()) {
            const LogOrder order = orders.front();
            orders.erase(orders.begin());
            answer(answer_to(order));
            site_.run(10s);
            ++answered;
        }
        return answered;
    }
    /// A gap from some minutes past noon on, and the panel back for long enough to close it.
    void make_gap(Duration length) {
        site_.run(7min);
        site_.run_unread(length);
        site_.run(17min);
    }
    [[nodiscard]] std::size_t count(Flag flag, std::uint32_t point = 0) const {
        std::size_t found = 0;
        for (const Record& record : site_.current(point_of(1, point))) {
            found += record.flags.has(flag) ? 1U : 0U;
        }
        return found;
    }

    Site site_;
    std::vector<LogOrder> orders;
    UtcSeconds log_begins = noon - 24h;
    std::set<UtcSeconds> forgotten;
};

TEST_F(Remembering, every_slot_of_a_gap_comes_back_as_a_higher_revision) {
    make_gap(3h);
    ASSERT_EQ(orders.size(), 1U);
    EXPECT_EQ(orders[0].panel, PanelNumber{1});
    EXPECT_EQ(orders[0].first, noon + 15min);
    EXPECT_EQ(orders[0].last, noon + 3h + 15min - 1s);
    const std::size_t gap_slots = count(Flag::missing);
    EXPECT_EQ(gap_slots, 12U);
    const std::size_t commits = site_.store.commits.size();
    EXPECT_EQ(answer_all(), 1);
    EXPECT_EQ(site_.store.commits.size(), commits + 1) << "one transaction";
    for (const std::uint32_t point : {0U, 1U}) {
        const auto current = site_.current(point_of(1, point));
        expect_gapless(current);
        EXPECT_EQ(count(Flag::missing, point), 0U);
        EXPECT_EQ(count(Flag::long_interval, point), 0U);
        EXPECT_EQ(count(Flag::recovered, point), gap_slots + 1);
        for (const Record& record : current) {
            EXPECT_EQ(record.flags.has(Flag::recovered), record.origin == Origin::panel_log);
            EXPECT_EQ(record.revision, record.flags.has(Flag::recovered) ? 1U : 0U);
            EXPECT_EQ(record.reg, register_at(record.point, record.end));
        }
    }
    site_.run(2h);
    EXPECT_TRUE(orders.empty());
}

TEST_F(Remembering, a_long_gap_comes_back_in_portions) {
    make_gap(60h);
    const std::size_t commits = site_.store.commits.size();
    EXPECT_EQ(answer_all(), 3);
    expect_gapless(site_.current());
    EXPECT_EQ(count(Flag::missing), 0U);
    EXPECT_EQ(count(Flag::long_interval), 0U);
    EXPECT_EQ(count(Flag::recovered), 241U);
    ASSERT_EQ(site_.store.commits.size(), commits + 3);
    for (std::size_t i = commits; i < site_.store.commits.size(); ++i) {
        EXPECT_LE(site_.store.commits[i].batches.size(), 97U);
    }
}

TEST_F(Remembering, what_the_log_has_lost_at_the_beginning_stays_missing) {
    log_begins = noon + 50h;
    make_gap(60h);
    EXPECT_EQ(answer_all(), 2);
    const auto current = site_.current();
    expect_gapless(current);
    EXPECT_EQ(count(Flag::missing), 199U);
    const auto rest = std::find_if(current.begin(), current.end(), [](const Record& record) {
        return record.flags.has(Flag::long_interval);
    });
    ASSERT_NE(rest, current.end());
    EXPECT_EQ(rest->start, noon);
    EXPECT_EQ(rest->end, log_begins);
    EXPECT_EQ(rest->origin, Origin::panel_log);
    EXPECT_EQ(count(Flag::recovered), 42U);
    site_.run(1h);
    EXPECT_TRUE(orders.empty()) << "what is left is older than the log";
}

TEST_F(Remembering, a_slot_missing_in_the_middle_leaves_a_long_record_there) {
    forgotten = {noon + 2h, noon + 3h};
    make_gap(5h);
    EXPECT_EQ(answer_all(), 2);
    const auto current = site_.current();
    expect_gapless(current);
    EXPECT_EQ(count(Flag::missing), 5U) << "the island between the two is not taken";
    EXPECT_EQ(count(Flag::long_interval), 1U);
    EXPECT_EQ(count(Flag::recovered), 16U);
}

TEST_F(Remembering, gaps_come_one_after_the_other_the_oldest_first) {
    make_gap(1h);
    site_.run_unread(40min);
    site_.run(17min);
    ASSERT_EQ(orders.size(), 1U) << "one at a time";
    const LogOrder first = orders.front();
    EXPECT_EQ(answer_all(), 2);
    EXPECT_EQ(first.first, noon + 15min);
    EXPECT_EQ(count(Flag::missing), 0U);
    expect_gapless(site_.current());
}

TEST_F(Remembering, a_gap_survives_a_power_cut_in_the_middle_of_filling_it) {
    make_gap(60h);
    const LogOrder order = orders.at(0);
    answer(answer_to(order));
    site_.run(10s);
    ASSERT_EQ(count(Flag::recovered), 96U);
    orders.clear();
    site_.cut_power(1min);
    listen();
    site_.idle(2min);
    EXPECT_TRUE(orders.empty()) << "the panel has not answered yet";
    site_.run(1min);
    ASSERT_EQ(orders.size(), 1U);
    EXPECT_EQ(orders[0].first, noon + 24h + 15min);
    answer_all();
    EXPECT_EQ(count(Flag::missing), 0U);
    EXPECT_EQ(count(Flag::long_interval), 0U);
    expect_gapless(site_.current());
}

TEST_F(Remembering, a_gap_of_a_gateway_that_was_off_is_filled_too) {
    site_.run(7min);
    site_.cut_power(5h);
    listen();
    site_.run(17min);
    EXPECT_EQ(answer_all(), 1);
    EXPECT_EQ(count(Flag::missing), 0U);
    expect_gapless(site_.current());
    const auto current = site_.current();
    EXPECT_TRUE(current[1].flags.has(Flag::power_fail));
    EXPECT_FALSE(current[2].flags.has(Flag::power_fail)) << "the panel had power";
}

TEST_F(Remembering, after_a_failure_it_is_asked_again_later_and_later) {
    make_gap(1h);
    std::vector<Duration> waits;
    for (int i = 0; i < 4; ++i) {
        ASSERT_EQ(orders.size(), 1U);
        LogAnswer failed = answer_to(orders.front());
        failed.error = Error{Fault::timeout, "no reply"};
        orders.clear();
        answer(failed);
        const Instant since = site_.clock.now();
        while (orders.empty() && site_.clock.now() < since + 2h) {
            site_.run(1s);
        }
        waits.push_back(site_.clock.now() - since);
    }
    for (std::size_t i = 0; i < 4; ++i) {
        EXPECT_NEAR(static_cast<double>(waits[i].count()), 60e6 * (1U << i), 3e6);
    }
    EXPECT_EQ(count(Flag::missing), 4U);
    EXPECT_EQ(answer_all(), 1);
    EXPECT_EQ(count(Flag::missing), 0U);
    EXPECT_TRUE(site_.store.events_of(EventKind::log_unusable).empty());
}

TEST_F(Remembering, an_order_that_is_never_answered_is_given_again_and_the_late_answer_ignored) {
    make_gap(1h);
    const LogOrder lost = orders.at(0);
    orders.clear();
    site_.run(25h);
    ASSERT_EQ(orders.size(), 1U);
    answer(answer_to(lost));
    site_.run(10s);
    EXPECT_EQ(count(Flag::missing), 4U);
    EXPECT_EQ(answer_all(), 1);
    EXPECT_EQ(count(Flag::missing), 0U);
}

TEST_F(Remembering, a_log_that_cannot_be_used_is_told_once) {
    make_gap(1h);
    for (int i = 0; i < 3; ++i) {
        LogAnswer refused = answer_to(orders.at(0));
        refused.error = Error{Fault::refused, "interval log: the panel's clock is 9 s ahead"};
        refused.slots.clear();
        orders.clear();
        answer(refused);
        site_.run(10min);
    }
    const auto events = site_.store.events_of(EventKind::log_unusable);
    ASSERT_EQ(events.size(), 1U);
    EXPECT_EQ(events[0].source, "panel-1");
    EXPECT_NE(events[0].text.find("9 s ahead"), std::string::npos);
    EXPECT_EQ(count(Flag::missing), 4U);
}

TEST_F(Remembering, another_meters_log_is_not_taken) {
    make_gap(1h);
    LogAnswer other = answer_to(orders.at(0));
    other.identity = meter + 1;
    orders.clear();
    answer(other);
    site_.run(10s);
    EXPECT_EQ(count(Flag::missing), 4U);
    EXPECT_EQ(count(Flag::recovered), 0U);
}

TEST_F(Remembering, a_gap_before_the_meter_was_changed_is_not_asked_for) {
    site_.run(7min);
    site_.run_unread(1h);
    const auto read_new_meter = [this] {
        site_.send(1, {{point_of(1, 0), Quantity::energy_delivered, true, 500}}, meter + 1);
        site_.idle(10s);
    };
    for (int i = 0; i < 120; ++i) {
        read_new_meter();
    }
    EXPECT_TRUE(orders.empty());
}

TEST_F(Remembering, registers_beyond_those_around_the_gap_are_told_and_not_booked) {
    make_gap(1h);
    LogAnswer wrong = answer_to(orders.at(0));
    wrong.slots[1].values[0].reg = *wrong.slots[1].values[0].reg + 1'000'000;
    orders.clear();
    answer(wrong);
    site_.run(10s);
    EXPECT_EQ(count(Flag::missing, 0), 4U);
    EXPECT_EQ(count(Flag::missing, 1), 0U) << "the other point's log is sound";
    const auto events = site_.store.events_of(EventKind::log_disagrees);
    ASSERT_FALSE(events.empty());
    EXPECT_EQ(events[0].source, "panel-1-0");
    EXPECT_EQ(events[0].start, noon);
    EXPECT_EQ(events[0].end, UtcTime(noon + 75min));
    expect_gapless(site_.current(point_of(1, 0)));
}

TEST_F(Remembering, increments_that_do_not_add_up_are_told_and_the_registers_booked) {
    make_gap(2h);
    LogAnswer wrong = answer_to(orders.at(0));
    wrong.slots[3].values[1].increment = 5000;
    orders.clear();
    answer(wrong);
    site_.run(10s);
    EXPECT_EQ(count(Flag::missing, 1), 0U);
    const auto events = site_.store.events_of(EventKind::log_disagrees);
    ASSERT_EQ(events.size(), 1U);
    EXPECT_EQ(events[0].old_value, std::to_string(4500 * 7));
    EXPECT_EQ(events[0].new_value, std::to_string(4500 * 7 + 500));
}

TEST_F(Remembering, a_store_that_fails_gets_the_same_slots_later) {
    make_gap(1h);
    site_.store.fail_next_commits(5, Fault::full);
    answer_all();
    site_.run(3min);
    EXPECT_EQ(count(Flag::missing), 0U);
    EXPECT_EQ(count(Flag::recovered), 5U);
    for (const Record& record : site_.current()) {
        EXPECT_LE(record.revision, 1U);
    }
}

TEST_F(Remembering, a_panel_without_a_log_is_never_asked) {
    site_.plan.panels[0].remembers = false;
    ASSERT_TRUE(site_.recorder->change_plan(site_.plan, *site_.store.restart_state()));
    make_gap(1h);
    EXPECT_TRUE(orders.empty());
}

TEST_F(Remembering, an_unchanged_panel_goes_on_over_a_change_of_plan) {
    make_gap(60h);
    RecordPlan more = site_.plan;
    more.panels.push_back(plan_of(2, 1).panels[1]);
    ASSERT_TRUE(site_.recorder->change_plan(more, *site_.store.restart_state()));
    EXPECT_EQ(answer_all(), 3);
    EXPECT_EQ(count(Flag::missing), 0U);
}

}  // namespace
}  // namespace metergate::record
