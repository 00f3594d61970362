#include "tests/unit/southbound/polling_fixture.hpp"

namespace metergate::southbound {
namespace {

TEST_F(Polling, asks_for_the_identity_first_and_then_block_by_block) {
    ScriptedPanel& panel = add(1);
    panel.set_u64(1000 + 4 * 4, 123'456'789'012);
    run(seconds{5});
    EXPECT_EQ(panel.asked, (std::vector<std::uint16_t>{0, 1000, 1200}));
    ASSERT_EQ(readings_.size(), 2U);
    ASSERT_EQ(readings_[0].values.size(), 24U);
    EXPECT_EQ(readings_[0].values[4].value, 123'456'789'012);
    EXPECT_EQ(readings_[0].values[4].point, point_number(PanelNumber{1}, 5));
    EXPECT_NE(readings_[0].identity, 0U);
    EXPECT_TRUE(events_.empty());
}

TEST_F(Polling, stamps_readings_with_the_civil_time_of_asking) {
    add(1);
    run(seconds{5});
    ASSERT_FALSE(readings_.empty());
    const Duration since_zero = readings_[0].at - Instant{};
    const auto expected = utc_from_s(1'700'000'000) + since_zero;
    EXPECT_LE(abs(expected - readings_[0].at_utc), milliseconds{1});
}

TEST_F(Polling, every_panel_is_read_each_period) {
    for (std::uint8_t unit = 1; unit <= 8; ++unit) {
        add(unit);
    }
    run(seconds{100});
    for (std::uint8_t unit = 1; unit <= 8; ++unit) {
        EXPECT_EQ(energy_readings(unit), 10U) << "panel " << int{unit};
    }
}

TEST_F(Polling, other_quantities_come_in_turn_one_block_a_poll) {
    PanelSetup setup = setup_of(1);
    setup.in_turn = {Quantity::energy_received, Quantity::current_1, Quantity::current_2,
                     Quantity::voltage_1};
    ScriptedPanel& panel = add(setup, ScriptedPanel::metergate_panel(1, 7));
    run(seconds{35});
    EXPECT_EQ(panel.asked, (std::vector<std::uint16_t>{0, 1000, 1200, 100,  //
                                                       1000, 1200, 1100,    //
                                                       1000, 1200, 1250,    //
                                                       1000, 1200, 100}));
}

TEST_F(Polling, an_overloaded_line_is_shared_fairly_and_says_so) {
    for (std::uint8_t unit = 1; unit <= 5; ++unit) {
        add(unit).turnaround = seconds{2};
    }
    for (PanelDriver& driver : drivers_) {
        PanelSetup setup = driver.setup();
        Profile profile = driver.profile();
        profile.limits.timeout_ms = 3000;
        driver = PanelDriver(setup, profile);
    }
    run(seconds{1000});
    std::uint64_t skipped = 0;
    for (const PanelStatus& status : poller().status()) {
        skipped += status.skipped_polls;
    }
    for (std::uint8_t unit = 1; unit <= 5; ++unit) {
        EXPECT_NEAR(static_cast<double>(energy_readings(unit)), 1000.0 / (5 * 4.2), 2.0);
    }
    EXPECT_GT(skipped, 200U);
}

TEST_F(Polling, a_dead_panel_is_lost_once_and_probed_with_back_off) {
    add(1);
    ScriptedPanel& dead = add(2);
    dead.silent = true;
    run(seconds{300});
    ASSERT_EQ(event_kinds(), (std::vector<EventKind>{EventKind::panel_lost}));
    const Event lost = events_.front();
    EXPECT_EQ(lost.source, "panel-2");
    EXPECT_EQ(lost.panel, PanelNumber{2});
    EXPECT_EQ(
        lost.text,
        "panel panel-2 on line riser-1 is lost: identity: no reply in 500 ms (3 times in a row)");
    EXPECT_LE(lost.at - utc_from_s(1'700'000'000), seconds{12});
    EXPECT_LE(dead.asked.size(), 3U + 4U + 5U);
    EXPECT_EQ(poller().status().at(1).state, PanelState::lost);
    EXPECT_EQ(poller().status().at(1).problem, "identity: no reply in 500 ms");
    EXPECT_EQ(energy_readings(1), 30U);

    dead.silent = false;
    run(seconds{70});
    ASSERT_EQ(event_kinds(),
              (std::vector<EventKind>{EventKind::panel_lost, EventKind::panel_back}));
    EXPECT_EQ(events_.back().start, lost.start);
    EXPECT_TRUE(events_.back().end);
    EXPECT_EQ(poller().status().at(1).state, PanelState::ok);
    EXPECT_TRUE(poller().status().at(1).problem.empty());
    const std::size_t before = energy_readings(2);
    run(seconds{100});
    EXPECT_EQ(energy_readings(2), before + 10);
}

TEST_F(Polling, a_failing_panel_delays_the_others_by_one_timeout_at_most) {
    for (std::uint8_t unit = 1; unit <= 3; ++unit) {
        add(unit);
    }
    run(seconds{9});
    readings_.clear();
    bus_.add([] {
        ScriptedPanel dead = ScriptedPanel::metergate_panel(1, 1001);
        dead.silent = true;
        return dead;
    }());
    run(seconds{5});
    // Due at 10 s: 0.5 s of timeout and the time of a reply that never came, then the two others.
    ASSERT_EQ(energy_readings(2), 1U);
    ASSERT_EQ(energy_readings(3), 1U);
    for (const Reading& reading : readings_) {
        EXPECT_LE(reading.at - (Instant{} + seconds{10}), milliseconds{1100});
    }
}

TEST_F(Polling, while_thirty_of_thirty_two_die_the_first_that_is_heard_keeps_its_pace) {
    add_tenths_of_a_second(32);
    poll_every(seconds{5});
    run(seconds{59});
    silence(1, 7);
    silence(9, 23);
    silence(25, 32);
    readings_.clear();
    run(seconds{30});
    const auto polls = [this](std::uint32_t panel) {
        return std::count_if(readings_.begin(), readings_.end(), [panel](const Reading& reading) {
            return reading.panel == PanelNumber{panel};
        });
    };
    EXPECT_GE(polls(8), 6);
    EXPECT_GE(polls(24), 4) << "nobody knows that it lives before it is asked";
}

TEST_F(Polling, after_a_timeout_the_identity_is_read_before_values_are_used) {
    ScriptedPanel& panel = add(1);
    run(seconds{9});
    panel.asked.clear();
    panel.silent = true;
    run(seconds{2});
    ScriptedPanel& other = bus_.add(ScriptedPanel::metergate_panel(1, 9999));
    other.set_u64(1000, 5);
    readings_.clear();
    run(seconds{8});
    EXPECT_EQ(other.asked.at(0), 0);
    ASSERT_FALSE(readings_.empty());
    EXPECT_EQ(poller().status().front().serial, "9999");
    EXPECT_EQ(readings_.front().identity, poller().driver(0).identity());
}

TEST_F(Polling, a_meter_swapped_between_two_polls_is_noticed_by_its_lower_register) {
    ScriptedPanel& panel = add(1);
    panel.set_u64(1000, 1'000'000);
    run(seconds{9});
    const std::uint64_t before = readings_.back().identity;
    bus_.add(ScriptedPanel::metergate_panel(1, 9999));
    readings_.clear();
    run(seconds{5});
    ASSERT_EQ(readings_.size(), 2U);
    EXPECT_NE(readings_.front().identity, before);
    EXPECT_EQ(readings_.front().values.front().value, 0);
}

TEST_F(Polling,
       a_meter_swapped_between_polls_far_apart_is_noticed_although_its_register_is_higher) {
    add(1);
    poll_every(seconds{60});
    run(seconds{61});
    const std::uint64_t before = readings_.back().identity;
    bus_.add(ScriptedPanel::metergate_panel(1, 9999)).set_u64(1000, 5'000'000);
    run(seconds{60});
    EXPECT_NE(readings_.back().identity, before);
}

TEST_F(Polling, polls_that_follow_closely_do_not_ask_who_the_meter_is) {
    const ScriptedPanel& panel = add(1);
    poll_every(seconds{10});
    run(seconds{95});
    EXPECT_EQ(std::count(panel.asked.begin(), panel.asked.end(), 0), 1);
}

TEST_F(Polling, garbled_replies_count_as_failures_with_their_reason) {
    add(1).garbled = true;
    run(seconds{60});
    EXPECT_EQ(event_kinds(), (std::vector<EventKind>{EventKind::panel_lost}));
    EXPECT_TRUE(readings_.empty());
    EXPECT_EQ(poller().status().front().problem, "identity: damaged reply: wrong CRC");
}

TEST_F(Polling, another_kind_of_device_is_lost_with_what_was_expected) {
    add(1).set(2, {12});
    run(seconds{60});
    ASSERT_EQ(event_kinds(), (std::vector<EventKind>{EventKind::panel_lost}));
    EXPECT_NE(events_.front().text.find("metergate-panel-24 has 24 (0x0018) there"),
              std::string::npos);
    EXPECT_TRUE(readings_.empty());
}

TEST_F(Polling, an_unexpected_serial_number_is_one_event_and_values_flow) {
    PanelSetup setup = setup_of(1);
    setup.expected_serial = "4711";
    add(setup, ScriptedPanel::metergate_panel(1, 4712));
    run(seconds{60});
    ASSERT_EQ(event_kinds(), (std::vector<EventKind>{EventKind::meter_changed}));
    EXPECT_EQ(events_.front().text,
              "panel panel-1 has serial number 4712, but the settings expect 4711");
    EXPECT_EQ(energy_readings(1), 6U);
    EXPECT_EQ(poller().status().front().problem, "serial number 4712 instead of 4711");
}

TEST_F(Polling, a_missing_port_is_one_event_until_it_is_there) {
    bus_.wire.open_error = Error{Fault::not_found, "port /dev/ttyUSB0 does not exist"};
    add(1);
    run(seconds{300});
    ASSERT_EQ(event_kinds(), (std::vector<EventKind>{EventKind::line_lost}));
    EXPECT_EQ(events_.front().source, "riser-1");
    EXPECT_EQ(events_.front().panel, gateway_panel);
    EXPECT_EQ(events_.front().text, "line riser-1 is down: port /dev/ttyUSB0 does not exist");
    bus_.wire.open_error.reset();
    run(seconds{40});
    ASSERT_EQ(event_kinds(), (std::vector<EventKind>{EventKind::line_lost, EventKind::line_back}));
    EXPECT_EQ(events_.back().text, "line riser-1 is back");
    EXPECT_FALSE(readings_.empty());
}

TEST_F(Polling, a_port_that_vanishes_and_returns_is_two_events_and_no_panel_is_blamed) {
    ScriptedPanel& panel = add(1);
    run(seconds{25});
    bus_.wire.vanished = Error{Fault::disconnected, "port /dev/ttyUSB0 is gone"};
    bus_.wire.open_error = Error{Fault::not_found, "port /dev/ttyUSB0 does not exist"};
    run(seconds{100});
    EXPECT_EQ(poller().status().front().state, PanelState::ok);
    EXPECT_TRUE(poller().line_fault());
    bus_.wire.vanished.reset();
    bus_.wire.open_error.reset();
    panel.asked.clear();
    run(seconds{60});
    EXPECT_EQ(event_kinds(), (std::vector<EventKind>{EventKind::line_lost, EventKind::line_back}));
    EXPECT_EQ(panel.asked.at(0), 0) << "who answers is asked again";
}

TEST_F(Polling, a_read_on_request_comes_next_and_brings_all_quantities) {
    PanelSetup setup = setup_of(2);
    setup.in_turn = {Quantity::current_1};
    add(1);
    add(setup, ScriptedPanel::metergate_panel(2, 7));
    run(seconds{5});
    std::optional<Result<PanelRead>> answer;
    poller().request_read("panel-2", [&](auto result) { answer = std::move(result); });
    run(seconds{1});
    ASSERT_TRUE(answer && *answer);
    ASSERT_EQ((*answer)->readings.size(), 3U);
    EXPECT_EQ((*answer)->readings.at(2).values.front().quantity, Quantity::current_1);
}

TEST_F(Polling, reads_on_request_are_refused_beyond_eight_and_for_unknown_panels) {
    add(1);
    std::vector<Fault> faults;
    unsigned good = 0;
    const auto count = [&](const Result<PanelRead>& result) {
        if (result) {
            ++good;
        } else {
            faults.push_back(result.error().fault);
        }
    };
    poller().request_read("panel-9", count);
    for (int i = 0; i < 9; ++i) {
        poller().request_read("panel-1", count);
    }
    EXPECT_EQ(faults, (std::vector<Fault>{Fault::not_found, Fault::busy}));
    run(seconds{9});
    EXPECT_EQ(good, 8U);
}

TEST_F(Polling, a_read_on_request_of_a_silent_panel_is_answered_with_the_reason) {
    add(1).silent = true;
    std::optional<Result<PanelRead>> answer;
    poller().request_read("panel-1", [&](auto result) { answer = std::move(result); });
    run(seconds{2});
    ASSERT_TRUE(answer);
    ASSERT_FALSE(*answer);
    EXPECT_EQ(answer->error().text, "panel panel-1: identity: no reply in 500 ms");
}

TEST_F(Polling, a_read_on_request_of_a_line_that_is_down_is_answered_at_once) {
    bus_.wire.open_error = Error{Fault::not_found, "port /dev/ttyUSB0 does not exist"};
    add(1);
    run(seconds{1});
    std::optional<Result<PanelRead>> answer;
    poller().request_read("panel-1", [&](auto result) { answer = std::move(result); });
    ASSERT_TRUE(answer && !*answer);
    EXPECT_EQ(answer->error().text, "line riser-1: port /dev/ttyUSB0 does not exist");
}

TEST_F(Polling, the_status_tells_reply_times_and_counts) {
    add(1);
    run(seconds{25});
    const PanelStatus status = poller().status().front();
    EXPECT_EQ(status.id, "panel-1");
    EXPECT_EQ(status.serial, "1001");
    EXPECT_EQ(status.replies, 7U);
    EXPECT_GT(status.reply_mean_ms, 20.0);
    EXPECT_LT(status.reply_mean_ms, 140.0);
    ASSERT_TRUE(status.reply_spread);
    EXPECT_NEAR(static_cast<double>(status.reply_spread->median.count()), 20'000.0, 10.0);
    EXPECT_NEAR(static_cast<double>(status.reply_spread->p99.count()), 20'000.0, 10.0);
    ASSERT_TRUE(status.last_good);
    EXPECT_LT(clock_.now() - *status.last_good, seconds{6});
}

std::vector<ScriptedWire::Sent> transcript_of_ten_minutes() {
    VirtualClock clock(utc_from_s(1'700'000'000));
    ScriptedBus bus(clock, wire_format);
    modbus::RtuLine line(clock, std::make_unique<ScriptedTransport>(bus.wire), wire_format);
    std::vector<PanelDriver> drivers;
    for (std::uint8_t unit = 1; unit <= 4; ++unit) {
        bus.add(ScriptedPanel::metergate_panel(unit, unit)).silent = unit == 3;
        PanelSetup setup;
        setup.number = PanelNumber{unit};
        setup.id = "p" + std::to_string(unit);
        setup.unit = unit;
        setup.points = {{PointNumber{unit}, 1, {}}};
        drivers.emplace_back(setup, *profile_named("metergate-panel-24"));
    }
    Poller poller(clock, line, "l", std::move(drivers),
                  {[](const Reading&) {}, [](const Event&) {}});
    while (clock.now() < Instant{} + std::chrono::minutes{10}) {
        clock.advance_to(poller.step());
    }
    return bus.wire.sent();
}

TEST(PollingTranscript, is_the_same_every_time) {
    const auto first = transcript_of_ten_minutes();
    const auto second = transcript_of_ten_minutes();
    ASSERT_EQ(first.size(), second.size());
    for (std::size_t i = 0; i < first.size(); ++i) {
        ASSERT_EQ(first[i].at, second[i].at);
        ASSERT_EQ(first[i].bytes, second[i].bytes);
    }
    EXPECT_GT(first.size(), 300U);
}

TEST_F(Polling, that_is_to_rest_takes_the_reply_under_way_and_asks_no_more) {
    add(1);
    add(2);
    run(seconds{5});
    while (line_.ready()) {
        clock_.advance_to(std::max(poller().step(), clock_.now() + Duration{1}));
    }
    const auto asked = line_.counters().requests;
    const auto before = readings_.size();
    poller().rest();
    EXPECT_FALSE(poller().at_rest());
    EXPECT_GT(poller().quiet_from(), clock_.now() + seconds{3}) << "its reply may still come late";
    run(seconds{30});
    EXPECT_TRUE(poller().at_rest());
    EXPECT_EQ(line_.counters().requests, asked);
    EXPECT_EQ(readings_.size(), before + 1);
    EXPECT_EQ(poller().quiet_from(), clock_.now());
}

TEST_F(Polling, that_rests_answers_the_reads_that_wait) {
    add(1);
    run(seconds{5});
    std::optional<Error> refusal;
    poller().request_read("panel-1", [&](const Result<PanelRead>& answer) {
        refusal = answer ? Error{} : answer.error();
    });
    poller().rest();
    run(seconds{5});
    ASSERT_TRUE(refusal);
    EXPECT_EQ(refusal->fault, Fault::busy);
}

}  // namespace
}  // namespace metergate::southbound
