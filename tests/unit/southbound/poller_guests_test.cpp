#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <optional>
#include <random>
#include <vector>

#include "tests/unit/southbound/polling_fixture.hpp"

/// Work on the line that is not metering.
namespace metergate::southbound {
namespace {

/// Not in the map of any panel here.
constexpr std::uint16_t absent_register = 5000;

class Guests : public Polling {
  protected:
    void ask(const Id& client, std::uint8_t unit, std::uint16_t address = 0) {
        poller().request_guest({client, RegisterRequest{.unit = unit, .address = address},
                                [this, client](Result<Reply> outcome) {
                                    ++answered_[client];
                                    answers_.push_back(std::move(outcome));
                                }});
    }
    /// Keeps four of each client waiting all the time.
    void run_flooded(Duration duration, const std::vector<Id>& clients, std::uint8_t unit,
                     std::uint16_t address = 0) {
        std::map<Id, unsigned> asked;
        for (const Instant until = clock_.now() + duration; clock_.now() < until;) {
            for (const Id& client : clients) {
                for (int i = 0; i < 4 && asked[client] < answered_[client] + 4; ++i) {
                    ++asked[client];
                    ask(client, unit, address);
                }
            }
            run(milliseconds{50});
        }
    }
    std::size_t requests_with(std::uint16_t address) const {
        const auto& sent = bus_.wire.sent();
        return static_cast<std::size_t>(
            std::count_if(sent.begin(), sent.end(), [&](const ScriptedWire::Sent& frame) {
                return frame.bytes.at(2) * 256U + frame.bytes.at(3) == address;
            }));
    }

    std::map<Id, unsigned> answered_;
    std::vector<Result<Reply>> answers_;
};

TEST_F(Guests, are_served_while_no_poll_is_due) {
    add(1);
    run(seconds{5});
    ask("log", 1);
    run(seconds{1});
    ASSERT_EQ(answers_.size(), 1U);
    ASSERT_TRUE(answers_[0]);
    EXPECT_EQ(answers_[0]->pdu, (Pdu{3, 2, 0x4D, 0x47}));
}

TEST_F(Guests, wait_until_due_polls_are_done) {
    for (std::uint8_t unit = 1; unit <= 3; ++unit) {
        add(unit);
    }
    run(seconds{9} + milliseconds{950});
    const std::size_t before = bus_.wire.sent().size();
    run(milliseconds{60});
    ASSERT_EQ(bus_.wire.sent().size(), before + 1) << "the first panel is being asked";
    ask("log", 1, 100);
    run(seconds{5});
    ASSERT_EQ(answers_.size(), 1U);
    ASSERT_EQ(bus_.wire.sent().size(), before + 7) << "each poll takes two requests";
    EXPECT_EQ(bus_.wire.sent().back().bytes.at(3), 100);
}

TEST_F(Guests, of_an_unknown_address_or_too_many_are_refused_at_once) {
    add(1);
    run(seconds{5});
    ask("bms", 9);
    ASSERT_EQ(answers_.size(), 1U);
    EXPECT_EQ(answers_[0].error(),
              (Error{Fault::not_found, "line riser-1 has no panel at address 9"}));
    for (int i = 0; i < 9; ++i) {
        ask("bms", 1);
    }
    ASSERT_EQ(answers_.size(), 2U);
    EXPECT_EQ(answers_[1].error(),
              (Error{Fault::busy, "line riser-1: too many requests of bms are waiting"}));
    run(seconds{4});
    EXPECT_EQ(answered_["bms"], 10U);
}

TEST_F(Guests, of_a_lost_panel_are_answered_at_once_and_never_sent) {
    add(1);
    add(2).silent = true;
    run(seconds{60});
    ask("bms", 2, 100);
    ASSERT_EQ(answers_.size(), 1U);
    EXPECT_EQ(answers_[0].error(),
              (Error{Fault::timeout, "panel panel-2 is lost: identity: no reply in 500 ms"}));
    run(seconds{30});
    EXPECT_EQ(requests_with(100), 0U);
}

TEST_F(Guests, that_time_out_cast_doubt_on_the_panel_but_are_not_held_against_it) {
    add(1).silent_if_absent = true;
    add(2);
    run(seconds{12});
    ask("bms", 1, absent_register);
    ask("bms", 1, 100);
    run(seconds{1});
    ASSERT_EQ(answers_.size(), 2U);
    EXPECT_EQ(answers_[0].error(), (Error{Fault::timeout, "panel panel-1: no reply in 500 ms"}));
    EXPECT_EQ(answers_[1].error(),
              (Error{Fault::busy, "panel panel-1 is not asked while a late reply may come"}));
    EXPECT_EQ(requests_with(100), 0U) << "one timeout is enough";
    const std::size_t identities = requests_with(0);
    run(seconds{10});
    EXPECT_EQ(requests_with(0), identities + 1) << "who answers is asked again";
    const PanelStatus status = poller().status().front();
    EXPECT_EQ(status.state, PanelState::ok);
    EXPECT_EQ(status.timeouts, 0U);
    EXPECT_EQ(status.reply_timeout, milliseconds{500});
    EXPECT_EQ(energy_readings(1), 3U);
}

TEST_F(Guests, that_are_refused_learn_the_exception) {
    add(1);
    run(seconds{5});
    std::uint8_t code = 0;
    poller().request_guest({"bms", RegisterRequest{.unit = 1, .address = absent_register},
                            [&](const Result<Reply>& outcome) {
                                EXPECT_EQ(outcome.error().fault, Fault::refused);
                                code = poller().exception_code();
                            }});
    run(seconds{1});
    EXPECT_EQ(code, 2);
    EXPECT_FALSE(poller().driver(0).identity_needed());
}

TEST_F(Guests, that_are_never_sent_do_not_learn_the_exception_of_another) {
    add(1);
    run(seconds{5});
    ask("bms", 1, absent_register);
    run(seconds{1});
    ASSERT_EQ(answers_.back().error().fault, Fault::refused);
    std::optional<std::uint8_t> code;
    poller().request_guest({"bms", RegisterRequest{.unit = 9, .address = 0},
                            [&](const Result<Reply>&) { code = poller().exception_code(); }});
    EXPECT_EQ(code, 0);
}

TEST_F(Guests, that_flood_the_line_with_nonsense_leave_all_polls_in_their_period) {
    for (std::uint8_t unit = 1; unit <= 8; ++unit) {
        add(unit).silent_if_absent = true;
    }
    run(seconds{305});
    readings_.clear();
    const std::size_t before = bus_.wire.sent().size();
    run_flooded(seconds{600}, {"bms", "other"}, 3, absent_register);
    EXPECT_GT(requests_with(absent_register), 60U);
    for (std::uint8_t unit = 1; unit <= 8; ++unit) {
        if (unit == 3) {  // is muted after each timeout, and a poll that it cuts short begins anew
            EXPECT_GE(energy_readings(unit), 60U);
            continue;
        }
        EXPECT_EQ(energy_readings(unit), 60U) << "panel " << int{unit};
        const std::vector<Duration> phases = poll_phases(unit, before);
        const auto [least, most] = std::minmax_element(phases.begin(), phases.end());
        EXPECT_LE(*most - *least, milliseconds{800}) << "one guest that times out, one identity";
    }
    for (const PanelStatus& status : poller().status()) {
        EXPECT_EQ(status.skipped_polls, 0U);
    }
}

TEST_F(Guests, of_two_clients_share_what_is_left_evenly) {
    for (std::uint8_t unit = 1; unit <= 8; ++unit) {
        add(unit);
    }
    run(seconds{5});
    run_flooded(seconds{60}, {"greedy"}, 1);
    answered_.clear();
    run_flooded(seconds{60}, {"greedy", "modest"}, 1);
    EXPECT_GT(answered_["modest"], 400U);
    EXPECT_NEAR(answered_["modest"], answered_["greedy"], 10.0);
}

TEST_F(Guests, get_5_percent_of_a_line_that_cannot_keep_up_and_no_more) {
    add_tenths_of_a_second(16);
    poll_every(seconds{1});
    run(seconds{60});
    readings_.clear();
    run(seconds{100});
    const std::size_t alone = readings_.size();
    readings_.clear();
    run_flooded(seconds{100}, {"bms", "log"}, 1);
    EXPECT_GE(readings_.size() * 100, alone * 94);
    EXPECT_LE(readings_.size() * 100, alone * 96);
    EXPECT_NEAR(answered_["bms"], answered_["log"], 2.0);
    EXPECT_GT(answered_["bms"], 20U);
}

TEST_F(Guests, that_wait_are_answered_when_the_line_goes_down_or_comes_to_rest) {
    add(1);
    run(seconds{5});
    ask("bms", 1);
    ask("bms", 1);
    (void)poller().step();  // the first is on the wire
    bus_.wire.vanished = Error{Fault::disconnected, "port /dev/ttyUSB0 is gone"};
    run(seconds{1});
    ASSERT_EQ(answers_.size(), 2U);
    EXPECT_EQ(answers_[0].error().fault, Fault::disconnected);
    EXPECT_EQ(answers_[1].error().fault, Fault::disconnected);
    bus_.wire.vanished.reset();
    run(seconds{60});
    ask("bms", 1);
    poller().rest();
    run(seconds{1});
    ASSERT_EQ(answers_.size(), 3U);
    EXPECT_EQ(answers_[2].error().fault, Fault::busy);
}

// ---- What people ask ----

TEST_F(Guests, people_wait_100_ms_at_most_at_115200_baud_with_all_panels_alive) {
    constexpr modbus::WireFormat fast{115'200, 11};
    ScriptedBus bus(clock_, fast);
    modbus::RtuLine line(clock_, std::make_unique<ScriptedTransport>(bus.wire), fast);
    std::vector<PanelDriver> drivers;
    for (std::uint8_t unit = 1; unit <= 8; ++unit) {
        bus.add(ScriptedPanel::metergate_panel(unit, 1000U + unit)).turnaround = milliseconds{5};
        PanelSetup setup = setup_of(unit);
        setup.character = fast.character();
        setup.poll_period = milliseconds{1};  // as fast as the wire allows
        setup.in_turn = {Quantity::energy_received, Quantity::current_1, Quantity::voltage_1};
        drivers.emplace_back(setup, *profile_named("metergate-panel-24"));
    }
    Poller poller(clock_, line, "fast", std::move(drivers),
                  {[](const Reading&) {}, [](const Event&) {}});
    const auto run_until = [&](Instant end) {
        for (Instant next = poller.step(); next <= end; next = poller.step()) {
            clock_.advance_to(std::max(next, clock_.now() + Duration{1}));
        }
        clock_.advance_to(end);
    };
    run_until(clock_.now() + seconds{10});
    std::vector<Duration> waits;
    constexpr unsigned seed = 11;
    std::minstd_rand random(seed);
    for (int i = 0; i < 200; ++i) {
        run_until(clock_.now() + milliseconds{200 + random() % 300});
        const Instant asked = clock_.now();
        std::optional<Instant> replied;
        const auto unit = 1 + random() % 8;
        poller.request_read("panel-" + std::to_string(unit), [&](const Result<PanelRead>& answer) {
            ASSERT_TRUE(answer);
            replied = answer->readings.front().at + milliseconds{5};
        });
        run_until(clock_.now() + milliseconds{600});
        ASSERT_TRUE(replied);
        waits.push_back(*replied - asked);
    }
    std::sort(waits.begin(), waits.end());
    const Duration p99 = waits.at(waits.size() * 99 / 100);
    EXPECT_LE(p99, milliseconds{100}) << "seed " << seed;
    RecordProperty("p99_us", static_cast<int>(p99.count()));
    RecordProperty("median_us", static_cast<int>(waits.at(waits.size() / 2).count()));
}

TEST_F(Guests, people_who_read_without_end_leave_polls_three_quarters_of_the_wire) {
    add_tenths_of_a_second(7);
    poll_every(seconds{1});
    run(seconds{60});
    std::function<void()> read_again = [&] {
        poller().request_read("panel-1", [&](const Result<PanelRead>&) { read_again(); });
    };
    readings_.clear();
    read_again();
    run(seconds{100});
    std::map<PanelNumber, unsigned> polls;
    for (const Reading& reading : readings_) {
        ++polls[reading.panel];
    }
    for (std::uint8_t unit = 2; unit <= 7; ++unit) {
        EXPECT_NEAR(polls[PanelNumber{unit}], 100.0, 1.0) << "panel " << int{unit};
    }
    EXPECT_GT(polls[PanelNumber{1}], 300U) << "what is left is for people";
    EXPECT_LE(poller().status().at(1).skipped_polls, 0U);
}

TEST_F(Guests, a_long_read_lets_polls_in_between_that_would_be_late) {
    PanelSetup setup = setup_of(1);
    setup.every_poll = {Quantity::power};
    setup.in_turn = {Quantity::energy_received, Quantity::energy_delivered, Quantity::voltage_1,
                     Quantity::current_1, Quantity::current_2};
    add_tenths_of_a_second(6);
    drivers_.erase(drivers_.begin());
    drivers_.insert(drivers_.begin(), PanelDriver(setup, *profile_named("metergate-panel-24")));
    poll_every(milliseconds{900});
    run(seconds{60});
    std::optional<Instant> answered;
    poller().request_read("panel-1", [&](const Result<PanelRead>&) { answered = clock_.now(); });
    run(seconds{10});
    ASSERT_TRUE(answered);
    for (const PanelStatus& status : poller().status()) {
        EXPECT_EQ(status.skipped_polls, 0U) << status.id;
    }
}

}  // namespace
}  // namespace metergate::southbound
