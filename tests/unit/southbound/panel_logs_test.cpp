#include "southbound/panel_logs.hpp"

#include "tests/unit/southbound/guest_line.hpp"

namespace metergate::southbound {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

/// Two panels that remember, and one that does not.
class LogsOfALine : public GuestLine {
  protected:
    void make(const std::string& faults = "") {
        std::vector<PanelDriver> drivers;
        for (std::uint8_t unit = 1; unit <= 3; ++unit) {
            drivers.emplace_back(setup_of(unit), *profile_named(unit == 3 ? "eastron-sdm630"
                                                                          : "metergate-panel-12"));
        }
        make_line(R"({"id": "east", "line": "riser", "kind": "metergate-panel-12"},
                     {"id": "west", "line": "riser", "kind": "metergate-panel-12"},
                     {"id": "plain", "line": "riser", "kind": "eastron-sdm630"})",
                  faults, std::move(drivers));
        logs_ = std::make_unique<PanelLogs>(
            clock_, *poller_, [this](LogAnswer answer) { answers_.push_back(std::move(answer)); });
    }
    static PanelSetup setup_of(std::uint8_t unit) {
        PanelSetup setup;
        setup.number = PanelNumber{unit};
        setup.id = "panel-" + std::to_string(unit);
        setup.unit = unit;
        for (std::uint32_t slot = 1; slot <= (unit == 3 ? 1U : 12U); ++slot) {
            setup.points.push_back({point_number(setup.number, slot), slot, {}, {}});
        }
        return setup;
    }
    void run(Duration duration) { run_with(*logs_, duration); }
    void order(std::uint32_t panel, std::uint64_t number, minutes first, minutes last,
               LogUse use = LogUse::gap) {
        LogOrder made;
        made.number = number;
        made.use = use;
        made.panel = PanelNumber{panel};
        made.first = building_->scenario().start + first;
        made.last = building_->scenario().start + last;
        logs_->order(made);
    }

    std::unique_ptr<PanelLogs> logs_;
    std::vector<LogAnswer> answers_;
};

TEST_F(LogsOfALine, orders_are_carried_out_one_after_the_other) {
    make();
    run(hours{3});
    order(1, 5, minutes{30}, minutes{90});
    order(2, 8, minutes{30}, minutes{45});
    run(minutes{2});
    ASSERT_EQ(answers_.size(), 2U);
    EXPECT_EQ(answers_[0].order, 5U);
    EXPECT_FALSE(answers_[0].error);
    EXPECT_EQ(answers_[0].slots.size(), 5U);
    EXPECT_EQ(answers_[0].identity, poller_->driver(0).identity());
    EXPECT_EQ(answers_[1].order, 8U);
    EXPECT_EQ(answers_[1].slots.size(), 2U);
    EXPECT_EQ(answers_[1].identity, poller_->driver(1).identity());
    EXPECT_LE(std::chrono::abs(answers_[1].clock_ahead), std::chrono::milliseconds{1500});
}

TEST_F(LogsOfALine, polls_keep_their_pace_while_a_log_is_read) {
    make();
    run(hours{30});
    const auto before = readings_;
    order(1, 1, minutes{15}, minutes{96 * 15});
    run(minutes{10});
    ASSERT_EQ(answers_.size(), 1U);
    EXPECT_EQ(answers_[0].slots.size(), 96U);
    for (const std::uint32_t panel : {1U, 2U, 3U}) {
        const double quiet = static_cast<double>(before.at(panel)) / (30 * 6);
        EXPECT_NEAR(readings_[panel] - before.at(panel), quiet, 3) << panel;
    }
}

TEST_F(LogsOfALine, a_panel_that_fails_in_between_is_waited_for) {
    make(R"({"at_s": 10815, "kind": "silent", "target": "east", "for_s": 12})");
    run(hours{3});
    order(1, 1, minutes{15}, minutes{165});
    run(minutes{3});
    ASSERT_EQ(answers_.size(), 1U);
    EXPECT_FALSE(answers_[0].error) << answers_[0].error->text;
    EXPECT_EQ(answers_[0].slots.size(), 11U);
}

TEST_F(LogsOfALine, a_panel_that_is_gone_is_an_answer_soon) {
    make(R"({"at_s": 10000, "kind": "silent", "target": "east", "for_s": 90000})");
    run(hours{3});
    order(1, 1, minutes{15}, minutes{165});
    run(seconds{2});
    ASSERT_EQ(answers_.size(), 1U);
    EXPECT_EQ(answers_[0].error->fault, Fault::timeout);
}

TEST_F(LogsOfALine, an_unknown_panel_and_one_without_a_log_are_answered_at_once) {
    make();
    run(minutes{1});
    order(7, 1, minutes{15}, minutes{30});
    order(3, 2, minutes{15}, minutes{30});
    logs_->step();
    ASSERT_EQ(answers_.size(), 2U);
    EXPECT_EQ(answers_[0].error->fault, Fault::not_found);
    EXPECT_EQ(answers_[0].order, 1U);
    EXPECT_EQ(answers_[1].error->fault, Fault::not_found);
    EXPECT_EQ(answers_[1].order, 2U);
}

TEST_F(LogsOfALine, a_new_order_for_a_panel_replaces_one_that_waits) {
    make();
    run(hours{3});
    order(1, 1, minutes{30}, minutes{90});
    logs_->step();
    order(2, 2, minutes{30}, minutes{45});
    order(2, 3, minutes{60}, minutes{60});
    run(minutes{2});
    ASSERT_EQ(answers_.size(), 2U);
    EXPECT_EQ(answers_[1].order, 3U);
    EXPECT_EQ(answers_[1].slots.size(), 1U);
}

TEST_F(LogsOfALine, fresh_slots_overtake_an_order_that_is_under_way) {
    make();
    run(hours{30});
    order(1, 1, minutes{15}, minutes{96 * 15});
    run(seconds{1});
    order(2, 2, minutes{1800}, minutes{1800}, LogUse::fresh);
    order(1, 3, minutes{1800}, minutes{1800}, LogUse::fresh);
    run(minutes{10});
    ASSERT_EQ(answers_.size(), 3U);
    EXPECT_EQ(answers_[0].order, 2U);
    EXPECT_EQ(answers_[0].use, LogUse::fresh);
    EXPECT_EQ(answers_[1].order, 3U) << "of the panel whose log is being read";
    EXPECT_EQ(answers_[1].slots.size(), 1U);
    EXPECT_EQ(answers_[2].order, 1U);
    EXPECT_EQ(answers_[2].slots.size(), 96U) << "its window was moved, and moved back";
}

TEST_F(LogsOfALine, fresh_slots_of_others_do_not_wait_for_a_panel_that_fails) {
    make(R"({"at_s": 10799, "kind": "silent", "target": "east", "for_s": 60})");
    run(hours{3});
    order(1, 1, minutes{180}, minutes{180}, LogUse::fresh);
    order(2, 2, minutes{180}, minutes{180}, LogUse::fresh);
    run(seconds{10});
    ASSERT_EQ(answers_.size(), 2U);
    EXPECT_TRUE(answers_[0].error);
    EXPECT_EQ(answers_[1].slots.size(), 1U);
}

TEST_F(LogsOfALine, the_end_of_the_line_answers_all_that_is_open) {
    make();
    run(hours{3});
    order(1, 1, minutes{30}, minutes{90});
    logs_->step();
    order(2, 2, minutes{30}, minutes{45});
    logs_->end();
    ASSERT_EQ(answers_.size(), 2U);
    for (const LogAnswer& answer : answers_) {
        EXPECT_EQ(answer.error->fault, Fault::busy);
    }
    run(minutes{1});
    EXPECT_EQ(answers_.size(), 2U) << "a reply that comes later is nobody's";
}

}  // namespace
}  // namespace metergate::southbound
