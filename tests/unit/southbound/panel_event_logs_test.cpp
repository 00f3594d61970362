#include "southbound/panel_event_logs.hpp"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "tests/unit/southbound/guest_line.hpp"

namespace metergate::southbound {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

/// A line of panels that note what happens to them, and one that keeps no log.
class EventLogsOfALine : public GuestLine {
  protected:
    void make(const std::string& faults) {
        std::vector<PanelDriver> drivers;
        for (std::uint8_t unit = 1; unit <= 3; ++unit) {
            PanelSetup setup;
            setup.number = PanelNumber{unit};
            setup.id = unit == 1 ? "east" : unit == 2 ? "west" : "pump";
            setup.unit = unit;
            setup.points.push_back({point_number(setup.number, 0), 1, {}, {}});
            drivers.emplace_back(
                setup, *profile_named(unit == 3 ? "eastron-sdm630" : "metergate-panel-12"));
        }
        make_line(R"({"id": "east", "line": "riser", "kind": "metergate-panel-12"},
                     {"id": "west", "line": "riser", "kind": "metergate-panel-12"},
                     {"id": "pump", "line": "riser", "kind": "eastron-sdm630"})",
                  faults, std::move(drivers));
        watch({});
    }
    void watch(const std::vector<PanelEventMark>& marks) {
        logs_ = std::make_unique<PanelEventLogs>(
            clock_, *poller_, marks,
            [this](PanelEvents found) { found_.push_back(std::move(found)); });
    }
    void run(Duration duration) { run_with(*logs_, duration); }
    std::vector<Event> events() const {
        std::vector<Event> all;
        for (const PanelEvents& found : found_) {
            for (const NumberedEvent& one : found.events) {
                all.push_back(one.event);
            }
        }
        return all;
    }

    UtcTime start_ = clock_.utc();
    std::unique_ptr<PanelEventLogs> logs_;
    std::vector<PanelEvents> found_;
};

TEST_F(EventLogsOfALine, tell_where_they_begin_and_what_was_noted_since) {
    make(R"({"at_s": 3600, "kind": "power-cut", "target": "west", "for_s": 1200})");
    run(minutes{30});
    ASSERT_EQ(found_.size(), 2U) << "the marks of two panels that keep a log";
    EXPECT_TRUE(found_[0].is_new_log);
    run(hours{1});
    const std::vector<Event> all = events();
    ASSERT_EQ(all.size(), 1U);
    EXPECT_EQ(all[0].kind, EventKind::panel_power_failed);
    EXPECT_EQ(all[0].source, "west");
    EXPECT_EQ(all[0].start, start_ + seconds{3600});
    EXPECT_EQ(all[0].end, start_ + seconds{4800});
    EXPECT_LE(all[0].at - *all[0].end, minutes{7});
    run(hours{5});
    EXPECT_EQ(events().size(), 1U);
    EXPECT_EQ(found_.size(), 3U) << "nothing is told without news";
}

TEST_F(EventLogsOfALine, a_line_that_was_away_is_caught_up_with) {
    make(R"({"at_s": 3600, "kind": "silent", "target": "riser", "for_s": 36000},
            {"at_s": 7200, "kind": "power-cut", "target": "east", "for_s": 60},
            {"at_s": 9000, "kind": "power-cut", "target": "east", "for_s": 60},
            {"at_s": 9900, "kind": "power-cut", "target": "west", "for_s": 60})");
    run(hours{12});
    const std::vector<Event> all = events();
    ASSERT_EQ(all.size(), 3U);
    EXPECT_EQ(std::count_if(all.begin(), all.end(),
                            [](const Event& event) { return event.source == "east"; }),
              2);
}

TEST_F(EventLogsOfALine, go_on_from_the_mark_that_was_kept) {
    make(R"({"at_s": 600, "kind": "power-cut", "target": "east", "for_s": 60},
            {"at_s": 4000, "kind": "power-cut", "target": "east", "for_s": 60})");
    run(hours{1});
    ASSERT_EQ(events().size(), 1U);
    std::vector<PanelEventMark> marks;
    for (const PanelEvents& found : found_) {
        marks.push_back(found.mark);  // the newest of a panel counts
    }
    found_.clear();
    watch(marks);
    run(hours{1});
    ASSERT_EQ(events().size(), 1U);
    EXPECT_EQ(events()[0].start, start_ + seconds{4000});
}

}  // namespace
}  // namespace metergate::southbound
