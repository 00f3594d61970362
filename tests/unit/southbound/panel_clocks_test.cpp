#include "southbound/panel_clocks.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "tests/unit/southbound/guest_line.hpp"

namespace metergate::southbound {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

TEST(PanelClock, is_set_in_the_middle_of_five_minutes) {
    const UtcTime edge = utc_from_s(1'700'000'100);
    ASSERT_EQ(edge.time_since_epoch() % minutes{5}, seconds{0});
    EXPECT_EQ(wait_to_set_clock(edge), seconds{90});
    EXPECT_EQ(wait_to_set_clock(edge + seconds{89}), seconds{1});
    EXPECT_EQ(wait_to_set_clock(edge + seconds{90}), seconds{0});
    EXPECT_EQ(wait_to_set_clock(edge + seconds{210}), seconds{0});
    EXPECT_EQ(wait_to_set_clock(edge + milliseconds{210'001}), milliseconds{179'999});
}

TEST(PanelClock, that_does_not_know_the_time_is_not_right) {
    ProfileClock clock{{Table::holding, 32, TimeForm::seconds, WordOrder::big}, true, {}, 1};
    clock.state = RegisterField{Table::holding, 34, RegisterType::u16, WordOrder::big};
    const UtcTime now = utc_from_s(0x6553'F100);
    RegisterBook book;
    book.keep({Table::holding, 32, 3}, {0x6553, 0xF100, 1});
    EXPECT_TRUE(clock_in(clock, book, now).is_right());
    EXPECT_EQ(clock_in(clock, book, now).ahead, milliseconds{500});
    EXPECT_FALSE(clock_in(clock, book, now + seconds{6}).is_right());
    book.keep({Table::holding, 34, 1}, {0});
    EXPECT_FALSE(clock_in(clock, book, now).is_right());
}

/// Panels of one line whose clocks are some seconds ahead, polled each 10 s.
class ClocksOfALine : public GuestLine {
  protected:
    void make(const std::vector<int>& ahead_s, ClockCare care, const std::string& faults = "") {
        std::string panels;
        for (const int ahead : ahead_s) {
            panels += std::string(panels.empty() ? "" : ",") + R"({"id": "panel-)" +
                      std::to_string(panels.size()) +
                      R"(", "line": "riser", "kind": "metergate-panel-12", "clock_offset_s": )" +
                      std::to_string(ahead) + "}";
        }
        std::vector<PanelDriver> drivers;
        for (std::uint8_t unit = 1; unit <= ahead_s.size(); ++unit) {
            PanelSetup setup;
            setup.number = PanelNumber{unit};
            setup.id = "panel-" + std::to_string(unit);
            setup.unit = unit;
            setup.clock_care = care;
            setup.points.push_back({point_number(setup.number, 1), 1, {}, {}});
            drivers.emplace_back(setup, *profile_named("metergate-panel-12"));
        }
        make_line(panels, faults, std::move(drivers));
        clocks_ = std::make_unique<PanelClocks>(
            clock_, *poller_,
            PanelClocks::Sinks{[this](Event event) { events_.push_back(std::move(event)); },
                               [this] { return is_time_known_; }});
    }
    void run(Duration duration) { run_with(*clocks_, duration); }
    /// As status shows it, in whole seconds; nothing: not known.
    [[nodiscard]] std::optional<std::int64_t> ahead_s(std::size_t panel) const {
        auto panels = poller_->status();
        clocks_->add_to(panels);
        const auto ahead = panels.at(panel).clock_ahead;
        return ahead ? std::optional(std::chrono::round<seconds>(*ahead).count()) : std::nullopt;
    }

    std::unique_ptr<PanelClocks> clocks_;
    bool is_time_known_ = true;
    std::vector<Event> events_;
};

TEST_F(ClocksOfALine, a_wrong_one_is_told_once_and_not_touched) {
    make({0, 63, -4, -40}, ClockCare::watch);
    run(hours{5});
    ASSERT_EQ(events_.size(), 2U);
    EXPECT_EQ(events_[0].kind, EventKind::panel_clock_wrong);
    EXPECT_EQ(events_[0].source, "panel-2");
    EXPECT_EQ(events_[0].text, "clock of panel panel-2 is 63 s ahead");
    EXPECT_EQ(events_[1].text, "clock of panel panel-4 is 40 s behind");
    EXPECT_NEAR(static_cast<double>(*ahead_s(0)), 0, 1);
    EXPECT_NEAR(static_cast<double>(*ahead_s(1)), 63, 1);
    EXPECT_NEAR(static_cast<double>(*ahead_s(2)), -4, 1);
}

TEST_F(ClocksOfALine, a_wrong_one_is_set_and_read_back) {
    make({0, 63, -4000, 4}, ClockCare::set);
    run(hours{2});
    ASSERT_EQ(events_.size(), 3U) << "4 s is too much too";
    std::set<std::string> texts;
    for (const Event& event : events_) {
        texts.insert(event.text);
        EXPECT_EQ(event.kind, EventKind::panel_clock_set);
        const auto into_slot = event.at.time_since_epoch() % minutes{5};
        EXPECT_GE(into_slot, seconds{90});
        EXPECT_LE(into_slot, seconds{211});
    }
    EXPECT_TRUE(texts.contains("clock of panel panel-2 was set; it was 63 s ahead"));
    for (std::size_t panel = 0; panel < 4; ++panel) {
        EXPECT_LE(std::abs(*ahead_s(panel)), 1) << panel;
    }
}

TEST_F(ClocksOfALine, the_time_is_put_in_when_the_request_leaves) {
    make({100}, ClockCare::set);
    run(minutes{1});
    // The wire is full: who waits for it must not set the time at which it began to wait.
    for (int i = 0; i < 3'000; ++i) {
        poller_->request_read("panel-1", [](const auto&) {});
        run(milliseconds{200});
    }
    ASSERT_FALSE(events_.empty());
    EXPECT_LE(std::abs(*ahead_s(0)), 1);
}

TEST_F(ClocksOfALine, nobody_is_judged_by_a_clock_that_is_not_known_to_be_right) {
    make({63}, ClockCare::set);
    is_time_known_ = false;
    run(hours{3});
    EXPECT_TRUE(events_.empty());
    EXPECT_FALSE(ahead_s(0));
    is_time_known_ = true;
    run(minutes{10});
    EXPECT_EQ(events_.size(), 1U);
}

TEST_F(ClocksOfALine, one_that_is_left_alone_is_not_even_read) {
    make({63}, ClockCare::leave);
    run(hours{2});
    EXPECT_TRUE(events_.empty());
    EXPECT_FALSE(ahead_s(0));
    EXPECT_EQ(clocks_->next_at(), never);
}

TEST_F(ClocksOfALine, a_panel_that_is_away_is_looked_at_when_it_is_back) {
    make({63}, ClockCare::set,
         R"({"at_s": 0, "kind": "silent", "target": "riser", "for_s": 7200})");
    run(hours{2});
    EXPECT_TRUE(events_.empty());
    run(minutes{10});
    EXPECT_EQ(events_.size(), 1U);
    EXPECT_LE(std::abs(*ahead_s(0)), 1);
}

}  // namespace
}  // namespace metergate::southbound
