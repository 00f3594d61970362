#include "southbound/event_log_reader.hpp"

#include <gtest/gtest.h>

#include <array>
#include <functional>
#include <optional>

#include <string>
#include <vector>

#include "southbound/meter_identity.hpp"

namespace metergate::southbound {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr std::int64_t now_s = 1'790'000'000;

struct Noted {
    std::uint16_t kind = 1;
    std::uint16_t phase = 0;
    std::int64_t start_s = now_s - 7200;
    std::int64_t end_s = now_s - 7000;
};

/// A panel of the open map with an event log, its registers copied by hand from the map's page.
struct EventPanel {
    std::uint32_t serial = 4711;
    std::uint32_t oldest = 1;
    std::vector<Noted> events;  ///< the first is number 1
    std::uint32_t window = 0;
    bool has_rival = false;  ///< another master moves the window back at once
    std::vector<std::uint32_t> windows_asked{};

    Pdu answer(const Pdu& pdu) {
        const auto word = [&](std::size_t at) {
            return static_cast<std::uint16_t>(pdu[at] << 8U | pdu[at + 1]);
        };
        if (pdu[0] == 16) {
            EXPECT_EQ(word(1), 3304);
            window = static_cast<std::uint32_t>(word(6)) << 16U | word(8);
            windows_asked.push_back(window);
            window = has_rival ? 1 : window;
            return {16, pdu[1], pdu[2], pdu[3], pdu[4]};
        }
        Pdu reply{3, static_cast<std::uint8_t>(2 * word(3))};
        for (unsigned address = word(1); address < unsigned{word(1)} + word(3); ++address) {
            reply.push_back(static_cast<std::uint8_t>(value(address) >> 8U));
            reply.push_back(static_cast<std::uint8_t>(value(address) & 0xFFU));
        }
        return reply;
    }
    [[nodiscard]] std::uint16_t value(unsigned address) const {
        const auto half = [&](std::int64_t number, unsigned place) {
            return static_cast<std::uint16_t>(place == 0 ? number >> 16 : number);
        };
        if (address >= 4 && address < 6) {
            return half(serial, address - 4);
        }
        if (address >= 32 && address < 34) {
            return half(now_s, address - 32);
        }
        if (address >= 3300 && address < 3304) {
            return half(address < 3302 ? oldest : static_cast<std::int64_t>(events.size()),
                        address % 2);
        }
        if (address >= 3310 && address < 3374) {
            return of_event(window + (address - 3310) / 8, (address - 3310) % 8);
        }
        constexpr std::array<std::uint16_t, 4> head{0x4D47, 1, 24, 48};
        return address < 4 ? head.at(address) : std::uint16_t{0};
    }
    [[nodiscard]] std::uint16_t of_event(std::uint32_t number, unsigned place) const {
        if (number < 1 || number > events.size()) {
            return 0;
        }
        const Noted& one = events[number - 1];
        const std::array<std::int64_t, 4> words{number, one.kind << 16 | one.phase, one.start_s,
                                                one.end_s};
        return static_cast<std::uint16_t>(words.at(place / 2) >> (place % 2 == 0 ? 16 : 0));
    }
};

class EventLog : public ::testing::Test {
  protected:
    EventLog() {
        PanelSetup setup;
        setup.number = PanelNumber{3};
        setup.id = "east";
        setup.unit = 7;
        setup.points.push_back({point_number(setup.number, 0), 1, {}, "unit-101"});
        driver_.emplace(std::move(setup), *profile_named("metergate-panel-24"));
    }
    /// Reads the log from a mark on; `between` runs before the last look at who it is.
    Result<PanelEvents> read(std::optional<PanelEventMark> mark,
                             const std::function<void(std::size_t)>& between = {}) {
        EventLogReader reader(*driver_, mark);
        requests_ = 0;
        while (!reader.is_done()) {
            if (between) {
                between(requests_);
            }
            ++requests_;
            Reply reply;
            reply.pdu = panel_.answer(reader.request().pdu);
            reader.take(reply, utc_from_s(now_s));
        }
        is_complete_ = reader.is_complete();
        return reader.result();
    }
    [[nodiscard]] PanelEventMark mark(std::uint32_t through) const {
        return {PanelNumber{3}, identity_of("metergate-panel-24", std::to_string(panel_.serial)),
                through};
    }
    static std::vector<std::uint32_t> numbers(const PanelEvents& found) {
        std::vector<std::uint32_t> numbers;
        for (const NumberedEvent& one : found.events) {
            numbers.push_back(one.number);
        }
        return numbers;
    }

    EventPanel panel_;
    std::optional<PanelDriver> driver_;
    std::size_t requests_ = 0;
    bool is_complete_ = false;
};

TEST_F(EventLog, of_a_meter_seen_for_the_first_time_begins_at_its_newest) {
    panel_.events.resize(5);
    const auto found = read({});
    ASSERT_TRUE(found) << found.error().text;
    EXPECT_TRUE(found->events.empty());
    EXPECT_TRUE(found->is_new_log);
    EXPECT_EQ(found->mark, mark(5));
}

TEST_F(EventLog, brings_what_is_new_as_the_panel_noted_it) {
    panel_.events = {{}, {2, 2, now_s - 600, now_s - 590}, {1, 0, now_s - 300, now_s - 200}};
    const auto found = read(mark(1));
    ASSERT_TRUE(found) << found.error().text;
    ASSERT_EQ(numbers(*found), (std::vector<std::uint32_t>{2, 3}));
    EXPECT_EQ(found->mark, mark(3));
    EXPECT_FALSE(found->is_new_log);
    const Event& sag = found->events[0].event;
    EXPECT_EQ(sag.kind, EventKind::voltage_sag);
    EXPECT_EQ(sag.phase, "B");
    EXPECT_EQ(sag.panel, PanelNumber{3});
    EXPECT_EQ(sag.source, "east");
    EXPECT_EQ(sag.at, utc_from_s(now_s));
    EXPECT_EQ(sag.start, utc_from_s(now_s - 600));
    EXPECT_EQ(sag.end, utc_from_s(now_s - 590));
    EXPECT_EQ(sag.text,
              "panel east noted by its own clock: voltage-sag on phase B, no. 2 of its log");
    EXPECT_EQ(found->events[1].event.kind, EventKind::panel_power_failed);
    EXPECT_EQ(found->events[1].event.phase, "");
}

TEST_F(EventLog, without_anything_new_costs_two_requests) {
    panel_.events.resize(5);
    const auto found = read(mark(5));
    ASSERT_TRUE(found);
    EXPECT_EQ(found->mark, mark(5));
    EXPECT_TRUE(found->events.empty());
    EXPECT_LE(requests_, 3U);
    EXPECT_TRUE(panel_.windows_asked.empty());
}

TEST_F(EventLog, longer_than_its_window_is_read_window_by_window) {
    panel_.events.resize(21);
    const auto found = read(mark(2));
    ASSERT_TRUE(found) << found.error().text;
    EXPECT_EQ(found->events.size(), 19U);
    EXPECT_EQ(panel_.windows_asked, (std::vector<std::uint32_t>{3, 11, 19}));
    EXPECT_TRUE(is_complete_);
}

TEST_F(EventLog, much_longer_is_taken_over_in_parts) {
    panel_.events.resize(200);
    auto found = read(mark(0));
    ASSERT_TRUE(found);
    EXPECT_EQ(found->events.size(), EventLogReader::events_at_once);
    EXPECT_FALSE(is_complete_);
    std::size_t all = found->events.size();
    while (!is_complete_) {
        found = read(found->mark);
        ASSERT_TRUE(found);
        all += found->events.size();
    }
    EXPECT_EQ(all, 200U);
    EXPECT_EQ(found->mark, mark(200));
}

TEST_F(EventLog, what_the_panel_no_longer_keeps_is_passed_over) {
    panel_.events.resize(20);
    panel_.oldest = 15;
    const auto found = read(mark(3));
    ASSERT_TRUE(found) << found.error().text;
    EXPECT_EQ(numbers(*found), (std::vector<std::uint32_t>{15, 16, 17, 18, 19, 20}));
}

TEST_F(EventLog, an_event_that_has_not_ended_is_waited_for_an_hour) {
    panel_.events = {{}, {2, 1, now_s - 3599, 0}, {}};
    auto found = read(mark(0));
    ASSERT_TRUE(found) << found.error().text;
    EXPECT_EQ(numbers(*found), (std::vector<std::uint32_t>{1}));
    EXPECT_EQ(found->mark, mark(1));
    EXPECT_TRUE(is_complete_) << "it is looked at again, but not at once";

    panel_.events[1].start_s = now_s - 3600;
    found = read(mark(1));
    ASSERT_TRUE(found);
    ASSERT_EQ(numbers(*found), (std::vector<std::uint32_t>{2, 3}));
    EXPECT_FALSE(found->events[0].event.end);
}

TEST_F(EventLog, of_another_meter_or_a_cleared_one_begins_anew) {
    panel_.events.resize(5);
    PanelEventMark other = mark(3);
    other.identity += 1;
    auto found = read(other);
    ASSERT_TRUE(found);
    EXPECT_TRUE(found->is_new_log);
    EXPECT_EQ(found->mark, mark(5));
    found = read(mark(9));
    ASSERT_TRUE(found);
    EXPECT_TRUE(found->is_new_log);
    EXPECT_EQ(found->mark, mark(5));
}

TEST_F(EventLog, kinds_that_nobody_knows_are_left_out_and_passed) {
    panel_.events = {{99, 0}, {1, 9}};
    const auto found = read(mark(0));
    ASSERT_TRUE(found);
    EXPECT_EQ(numbers(*found), (std::vector<std::uint32_t>{2}));
    EXPECT_EQ(found->events[0].event.phase, "") << "there is no ninth phase";
    EXPECT_EQ(found->mark, mark(2));
}

TEST_F(EventLog, another_master_who_moves_the_window_is_noticed) {
    panel_.events.resize(20);
    panel_.has_rival = true;
    const auto found = read(mark(5));
    ASSERT_FALSE(found);
    EXPECT_EQ(found.error().fault, Fault::busy);
    EXPECT_EQ(found.error().text,
              "event log: event 6 was asked for and 1 is shown: does another master read this "
              "panel's log?");
}

TEST_F(EventLog, nothing_is_taken_when_the_meter_is_changed_meanwhile) {
    panel_.events.resize(4);
    const auto found =
        read(mark(0), [this](std::size_t request) { panel_.serial += request == 3 ? 1 : 0; });
    ASSERT_FALSE(found);
    EXPECT_EQ(found.error().fault, Fault::damaged);
}

TEST_F(EventLog, numbers_that_cannot_be_are_damage) {
    panel_.events.resize(4);
    panel_.oldest = 5;
    const auto found = read(mark(0));
    ASSERT_FALSE(found);
    EXPECT_EQ(found.error(), (Error{Fault::damaged, "event log: events 5 to 4: that cannot be"}));
}

TEST_F(EventLog, a_log_without_events_has_a_mark_too) {
    auto found = read({});
    ASSERT_TRUE(found);
    EXPECT_EQ(found->mark, mark(0));
    panel_.events.resize(1);
    found = read(found->mark);
    ASSERT_TRUE(found);
    EXPECT_EQ(found->events.size(), 1U) << "the first one ever is not missed";
}

}  // namespace
}  // namespace metergate::southbound
