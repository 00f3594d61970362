#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <vector>

#include "tests/unit/southbound/polling_fixture.hpp"

/// How near to interval edges registers are read.
namespace metergate::southbound {
namespace {

EdgeClock each(seconds length) {
    return [length](PanelNumber, UtcTime after) {
        const auto since = std::chrono::floor<seconds>(after).time_since_epoch();
        return UtcTime{(since / length + 1) * length};
    };
}

/// What the readings of one panel tell of one edge.
struct EdgeView {
    milliseconds nearest;  ///< from the edge to the nearest reading
    milliseconds longer;  ///< to the farther of the two around it: times the power, the uncertainty
};

/// Of all edges that have readings on either side.
std::vector<EdgeView> views_of(const std::vector<Reading>& readings, seconds length) {
    std::map<PanelNumber, UtcTime> last;
    std::vector<EdgeView> views;
    for (const Reading& reading : readings) {
        if (reading.values.front().quantity != Quantity::energy_delivered) {
            continue;
        }
        const UtcTime at = reading.at_utc;
        const auto [before, is_first] = last.try_emplace(reading.panel, at);
        const UtcTime edge{std::chrono::floor<seconds>(at.time_since_epoch()) / length * length};
        if (!is_first && before->second < edge) {
            const milliseconds early = edge - before->second;
            const milliseconds late = at - edge;
            views.push_back({std::min(early, late), std::max(early, late)});
        }
        before->second = at;
    }
    return views;
}

milliseconds ranked(std::vector<EdgeView> views, milliseconds EdgeView::*what,
                    std::size_t percent) {
    std::sort(views.begin(), views.end(),
              [&](const EdgeView& a, const EdgeView& b) { return a.*what < b.*what; });
    return views.at(views.size() * percent / 100).*what;
}

class Edges : public Polling {
  protected:
    /// The edges of a line's panels, for several offsets of the polls to them.
    static std::vector<EdgeView> views_at_38400(std::uint8_t count, seconds each_for,
                                                bool with_edges) {
        std::vector<EdgeView> all;
        for (int phase = 0; phase < 10; phase += 3) {
            VirtualClock clock(utc_from_s(1'700'000'000 + phase));
            constexpr modbus::WireFormat wire{38'400, 11};
            ScriptedBus bus(clock, wire);
            modbus::RtuLine line(clock, std::make_unique<ScriptedTransport>(bus.wire), wire);
            std::vector<PanelDriver> drivers;
            for (std::uint8_t unit = 1; unit <= count; ++unit) {
                bus.add(ScriptedPanel::metergate_panel(unit, 1000U + unit));
                PanelSetup setup = setup_of(unit);
                setup.character = wire.character();
                drivers.emplace_back(setup, *profile_named("metergate-panel-24"));
            }
            std::vector<Reading> readings;
            Poller poller(clock, line, "riser-1", std::move(drivers),
                          {[&](Reading reading) { readings.push_back(std::move(reading)); },
                           [](const Event&) {}},
                          with_edges ? each(seconds{300}) : EdgeClock());
            while (clock.now() < Instant{} + each_for) {
                clock.advance_to(std::max(poller.step(), clock.now() + Duration{1}));
            }
            for (const PanelStatus& status : poller.status()) {
                EXPECT_EQ(status.skipped_polls, 0U);
            }
            const auto views = views_of(readings, seconds{300});
            all.insert(all.end(), views.begin(), views.end());
        }
        return all;
    }
};

TEST_F(Edges, of_sixteen_panels_are_read_within_a_second_on_either_side) {
    const auto before = views_at_38400(16, seconds{650}, false);
    const auto after = views_at_38400(16, seconds{650}, true);
    ASSERT_EQ(before.size(), after.size());
    ASSERT_GE(after.size(), 16U * 4 * 2);
    // A train of 16 registers reads is 1.3 s long; polls are 10 s apart.
    EXPECT_LE(ranked(after, &EdgeView::nearest, 50), milliseconds{400});
    EXPECT_LE(ranked(after, &EdgeView::nearest, 99), milliseconds{650});
    EXPECT_LE(ranked(after, &EdgeView::longer, 50), milliseconds{1100});
    EXPECT_LE(ranked(after, &EdgeView::longer, 99), milliseconds{1400});
    EXPECT_GE(ranked(before, &EdgeView::nearest, 50), milliseconds{1500});
    EXPECT_GE(ranked(before, &EdgeView::longer, 50), milliseconds{5000});
    for (const auto& [name, views] : {std::pair("before", before), std::pair("after", after)}) {
        for (const std::size_t rank : {50U, 99U}) {
            const std::string which = name + std::string("_p") + std::to_string(rank);
            RecordProperty(which + "_nearest_ms",
                           static_cast<int>(ranked(views, &EdgeView::nearest, rank).count()));
            RecordProperty(which + "_longer_ms",
                           static_cast<int>(ranked(views, &EdgeView::longer, rank).count()));
        }
    }
}

TEST_F(Edges, of_a_single_panel_are_bracketed_within_a_quarter_of_a_second) {
    add(1);
    edges_ = each(seconds{300});
    run(seconds{3000});
    const auto views = views_of(readings_, seconds{300});
    ASSERT_EQ(views.size(), 10U);
    EXPECT_LE(ranked(views, &EdgeView::longer, 99), milliseconds{250});
}

TEST_F(Edges, cost_two_reads_of_registers_each_and_move_no_poll_to_another_period) {
    for (std::uint8_t unit = 1; unit <= 4; ++unit) {
        add(unit);
    }
    edges_ = each(seconds{60});
    run(seconds{605});
    for (std::uint8_t unit = 1; unit <= 4; ++unit) {
        EXPECT_EQ(energy_readings(unit), 61U + 2 * 10U) << "panel " << int{unit};
    }
    for (const PanelStatus& status : poller().status()) {
        EXPECT_EQ(status.skipped_polls, 0U);
    }
}

TEST_F(Edges, on_a_line_that_cannot_keep_up_cost_nothing) {
    for (std::uint8_t unit = 1; unit <= 8; ++unit) {
        add(unit);
    }
    poll_every(milliseconds{1500});
    edges_ = each(seconds{60});
    run(seconds{900});
    const std::size_t with_edges = bus_.wire.sent().size();
    EXPECT_EQ(bus_.wire.sent().size(), line_.counters().requests);
    for (const Reading& reading : readings_) {
        ASSERT_EQ(reading.values.size(), 24U);
    }
    std::map<std::uint16_t, std::size_t> requests;
    for (const auto& sent : bus_.wire.sent()) {
        ++requests[static_cast<std::uint16_t>(sent.bytes.at(2) * 256U + sent.bytes.at(3))];
    }
    EXPECT_NEAR(static_cast<double>(requests[1000]), static_cast<double>(requests[1200]), 1.0)
        << with_edges;
}

TEST_F(Edges, nearer_to_each_other_than_polls_are_bracketed_where_the_line_has_time) {
    add(1);
    add(2);
    edges_ = each(seconds{5});  // a laboratory's
    run(seconds{300});
    const auto views = views_of(readings_, seconds{5});
    ASSERT_GE(views.size(), 2 * 58U);
    EXPECT_LE(ranked(views, &EdgeView::longer, 99), milliseconds{400});
    EXPECT_EQ(poller().status().front().skipped_polls, 0U);
}

TEST_F(Edges, are_kept_clear_of_dead_panels_guests_and_people) {
    for (std::uint8_t unit = 1; unit <= 4; ++unit) {
        add(unit).silent_if_absent = true;
    }
    add(5).silent = true;
    edges_ = each(seconds{60});
    run(seconds{120});
    readings_.clear();
    const Instant until = clock_.now() + seconds{900};
    for (std::uint8_t turn = 0; clock_.now() < until; ++turn) {
        const auto unit = static_cast<std::uint8_t>(1 + turn % 4);
        poller().request_guest(
            {"bms", RegisterRequest{.unit = unit, .address = 5000}, [](const auto&) {}});
        poller().request_read("panel-" + std::to_string(unit), [](const auto&) {});
        run(milliseconds{650});
    }
    const auto views = views_of(readings_, seconds{60});
    EXPECT_GE(views.size(), 4U * 14);
    EXPECT_LE(ranked(views, &EdgeView::longer, 90), milliseconds{1000});
}

TEST_F(Edges, are_found_again_when_the_clock_was_set) {
    add(1);
    edges_ = each(seconds{60});
    run(seconds{100});
    clock_.step_utc(seconds{-3000});
    run(seconds{1});
    readings_.clear();
    run(seconds{600});
    auto views = views_of(readings_, seconds{60});
    EXPECT_EQ(views.size(), 10U);
    EXPECT_LE(ranked(views, &EdgeView::longer, 99), milliseconds{250});
    clock_.step_utc(seconds{7777});
    run(seconds{61});
    readings_.clear();
    run(seconds{600});
    views = views_of(readings_, seconds{60});
    EXPECT_EQ(views.size(), 10U);
    EXPECT_LE(ranked(views, &EdgeView::longer, 99), milliseconds{250});
}

}  // namespace
}  // namespace metergate::southbound
