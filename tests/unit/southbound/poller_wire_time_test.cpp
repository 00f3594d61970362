#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <vector>

#include "tests/unit/southbound/polling_fixture.hpp"

/// Who gets how much of the wire's time.
namespace metergate::southbound {
namespace {

// ---- More to do than the line can ----

TEST_F(Polling, sixteen_equal_panels_share_a_line_that_can_do_ten_evenly) {
    add_tenths_of_a_second(16);
    poll_every(seconds{1});
    run(seconds{60});
    readings_.clear();
    run(seconds{100});
    std::map<PanelNumber, unsigned> polls;
    for (const Reading& reading : readings_) {
        ++polls[reading.panel];
    }
    ASSERT_EQ(polls.size(), 16U);
    for (const auto& [panel, count] : polls) {
        EXPECT_NEAR(count, 1000.0 / 16, 1000.0 / 160) << "panel " << raw(panel);
    }
    EXPECT_NEAR(poller().load().needed_percent, 160.0, 1.0);
    EXPECT_GT(poller().load().used_percent, 99.0);
}

TEST_F(Polling, a_line_asked_for_more_than_it_can_is_112_percent_loaded) {
    add_tenths_of_a_second(14);
    poll_every(milliseconds{1250});
    run(seconds{120});
    EXPECT_NEAR(poller().load().needed_percent, 112.0, 0.5);
}

TEST_F(Polling, a_line_that_keeps_up_uses_what_its_polls_need) {
    add_tenths_of_a_second(4);
    poll_every(seconds{1});
    run(seconds{120});
    EXPECT_NEAR(poller().load().needed_percent, 40.0, 0.5);
    EXPECT_NEAR(poller().load().used_percent, 40.0, 1.0);
}

TEST_F(Polling, a_lost_panel_loads_its_line_with_probes_only) {
    add_tenths_of_a_second(4);
    poll_every(seconds{1});
    run(seconds{60});
    silence(1, 1);
    run(seconds{180});
    EXPECT_NEAR(poller().load().needed_percent, 30.0, 0.5);
    EXPECT_NEAR(poller().load().used_percent, 31.0, 1.5);
}

// ---- Panels that do not answer ----

TEST_F(Polling, one_dead_panel_of_eight_leaves_the_others_their_rate) {
    for (std::uint8_t unit = 1; unit <= 8; ++unit) {
        add(unit);
    }
    for (PanelDriver& driver : drivers_) {
        PanelSetup setup = driver.setup();
        setup.poll_period = seconds{2};  // the healthy line is just busy
        driver = PanelDriver(setup, driver.profile());
    }
    run(seconds{120});
    const std::size_t healthy = readings_.size();
    readings_.clear();
    bus_.add([] {
        ScriptedPanel dead = ScriptedPanel::metergate_panel(8, 1008);
        dead.silent = true;
        return dead;
    }());
    run(seconds{120});
    EXPECT_GE(readings_.size() * 8 * 100, healthy * 7 * 97);
}

TEST_F(Polling, as_fast_as_possible_one_dead_panel_of_eight_costs_less_than_3_percent) {
    for (std::uint8_t unit = 1; unit <= 8; ++unit) {
        add(unit);
    }
    poll_every(milliseconds{1});
    run(seconds{60});
    readings_.clear();
    run(seconds{120});
    const std::size_t healthy = readings_.size();
    silence(8, 8);
    run(seconds{60});
    readings_.clear();
    run(seconds{120});
    EXPECT_GE(readings_.size() * 100, healthy * 97);
    RecordProperty("healthy", static_cast<int>(healthy));
    RecordProperty("with_one_dead", static_cast<int>(readings_.size()));
}

TEST_F(Polling, thirty_dead_panels_of_32_take_2_percent_of_the_wire_and_each_is_probed) {
    for (std::uint8_t unit = 1; unit <= 32; ++unit) {
        add(unit).silent = unit <= 30;
    }
    run(seconds{120});
    const std::size_t before = bus_.wire.sent().size();
    constexpr seconds hour{3600};
    run(hour);
    std::map<std::uint8_t, unsigned> probes;
    for (std::size_t i = before; i < bus_.wire.sent().size(); ++i) {
        ++probes[bus_.wire.sent()[i].bytes.at(0)];
    }
    Duration taken{};
    for (std::uint8_t unit = 1; unit <= 30; ++unit) {
        EXPECT_NEAR(probes[unit], 4.5, 1.0) << "panel " << int{unit};
        taken += probes[unit] * probe_time;
    }
    EXPECT_LE(taken * 50, hour + probe_time * 50);
    EXPECT_GE(taken * 55, hour);
    EXPECT_EQ(poller().line_counters().reopened, 0U) << "the port is not to blame";
}

TEST_F(Polling, thirty_dead_panels_of_32_delay_a_live_one_by_one_probe_at_most) {
    for (std::uint8_t unit = 1; unit <= 32; ++unit) {
        add(unit).silent = unit <= 30;
    }
    run(seconds{60});
    readings_.clear();
    const std::size_t before = bus_.wire.sent().size();
    run(seconds{3600});
    EXPECT_EQ(energy_readings(31), 360U);
    EXPECT_EQ(energy_readings(32), 360U);
    Duration latest{};
    for (const std::uint8_t unit : {std::uint8_t{31}, std::uint8_t{32}}) {
        const std::vector<Duration> phases = poll_phases(unit, before);
        const auto [least, most] = std::minmax_element(phases.begin(), phases.end());
        latest = std::max(latest, *most - *least);
    }
    EXPECT_GT(latest, Duration{}) << "some probe was in the way";
    EXPECT_LE(latest, probe_time);
    RecordProperty("latest_us", static_cast<int>(latest.count()));
}

TEST_F(Polling, thirty_panels_that_die_at_once_cost_the_two_others_one_period_at_most) {
    for (std::uint8_t unit = 1; unit <= 32; ++unit) {
        add(unit);
    }
    run(seconds{305});
    silence(1, 30);
    // Nobody can know of the others before each was waited for in vain once.
    run(seconds{60});
    EXPECT_LE(poller().status().at(30).skipped_polls, 1U);
    EXPECT_LE(poller().status().at(31).skipped_polls, 1U);
    readings_.clear();
    run(seconds{600});
    EXPECT_EQ(energy_readings(31), 60U);
    EXPECT_EQ(energy_readings(32), 60U);
}

TEST_F(Polling, panels_that_return_after_an_outage_of_many_are_all_found_again) {
    for (std::uint8_t unit = 1; unit <= 32; ++unit) {
        add(unit);
    }
    run(seconds{5});
    silence(1, 30);
    run(seconds{600});
    for (std::uint8_t unit = 1; unit <= 30; ++unit) {
        add_to_bus(unit);
    }
    run(seconds{90});
    for (const PanelStatus& status : poller().status()) {
        EXPECT_EQ(status.state, PanelState::ok) << status.id;
    }
}

// ---- How long a reply is waited for ----

TEST_F(Polling, a_quick_panel_that_falls_silent_costs_a_learned_timeout_and_then_the_full_one) {
    ScriptedPanel& panel = add(1);
    run(seconds{301});
    EXPECT_EQ(poller().status().front().reply_timeout, milliseconds{300});
    panel.silent = true;
    run(seconds{10});
    EXPECT_EQ(poller().status().front().problem, "registers 1000-1095: no reply in 300 ms");
    EXPECT_EQ(poller().status().front().reply_timeout, milliseconds{500});
    run(seconds{30});
    EXPECT_EQ(poller().status().front().problem, "identity: no reply in 500 ms");
    panel.silent = false;
    run(seconds{120});
    EXPECT_EQ(poller().status().front().reply_timeout, milliseconds{300});
}

TEST_F(Polling, a_panel_that_becomes_slower_fails_once_and_is_waited_for_from_then_on) {
    ScriptedPanel& panel = add(1);
    run(seconds{301});
    panel.turnaround = milliseconds{400};
    run(seconds{600});
    const PanelStatus status = poller().status().front();
    EXPECT_EQ(status.timeouts, 1U);
    EXPECT_EQ(status.state, PanelState::ok);
    EXPECT_EQ(status.reply_timeout, milliseconds{500});
}

TEST_F(Polling, a_learned_timeout_does_not_shorten_how_long_a_late_reply_is_feared) {
    ScriptedPanel& panel = add(1);
    run(seconds{301});
    panel.silent = true;
    const std::size_t asked = panel.asked.size();
    run(seconds{15});
    ASSERT_EQ(poller().status().front().timeouts, 2U);
    ASSERT_EQ(panel.asked.size(), asked + 2);
    const auto& sent = bus_.wire.sent();
    EXPECT_GE(sent.back().at - sent.at(sent.size() - 2).at, milliseconds{3500});
}

}  // namespace
}  // namespace metergate::southbound
