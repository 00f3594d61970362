#include <map>
#include <random>

#include "tests/unit/southbound/polling_fixture.hpp"

/// Panels that refuse some of their registers, and what a poller makes of it.
namespace metergate::southbound {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using Asked = std::pair<unsigned, unsigned>;  ///< first register, registers

class PollingRefusals : public Polling {
  protected:
    /// What was asked since the last call.
    std::vector<Asked> asked() {
        std::vector<Asked> all;
        const auto& sent = bus_.wire.sent();
        for (; seen_ < sent.size(); ++seen_) {
            const AskedFor frame = asked_for(sent[seen_].bytes);
            all.emplace_back(frame.address, frame.count);
        }
        return all;
    }
    std::size_t times_asked(const Asked& request) {
        const std::vector<Asked> all = asked();
        return static_cast<std::size_t>(std::count(all.begin(), all.end(), request));
    }
    /// Valid values of this quantity of point 1 since the last call; `invalid` counts the others.
    std::size_t values(Quantity quantity, std::size_t* invalid = nullptr) {
        std::size_t valid = 0;
        for (const Reading& reading : std::exchange(readings_, {})) {
            for (const Measured& value : reading.values) {
                if (value.quantity == quantity && value.point == point_number(PanelNumber{1}, 1)) {
                    ++(value.valid || invalid == nullptr ? valid : *invalid);
                }
            }
        }
        return valid;
    }
    std::string problem() { return poller().status().front().problem; }

    /// A panel that lacks the power of its first point, and is known to.
    ScriptedPanel& add_without_power_1() {
        ScriptedPanel& panel = add(1);
        panel.registers.erase(1200);
        run(seconds{35});
        EXPECT_EQ(asked().back(), (Asked{1202, 46}));
        readings_.clear();
        return panel;
    }

  private:
    std::size_t seen_ = 0;
};

TEST_F(PollingRefusals, cost_only_the_values_that_are_not_there_from_the_first_poll_on) {
    ScriptedPanel& panel = add(1);
    panel.registers.erase(1200);
    run(seconds{5});
    std::map<Quantity, std::size_t> values;
    for (const Reading& reading : readings_) {
        for (const Measured& value : reading.values) {
            EXPECT_TRUE(value.valid);
            ++values[value.quantity];
        }
    }
    EXPECT_EQ(values.at(Quantity::energy_delivered), 24U);
    EXPECT_EQ(values.at(Quantity::power), 23U);
    EXPECT_EQ(problem(), "does not serve kw of slot 1 (registers 1200-1201)");
    EXPECT_EQ(poller().status().front().state, PanelState::ok);
    EXPECT_TRUE(events_.empty());
}

TEST_F(PollingRefusals, are_halved_for_three_polls_and_then_left_out) {
    add(1).registers.erase(1200);
    run(seconds{5});
    std::vector<Asked> halving{{1000, 96}, {1200, 48}, {1200, 24}, {1224, 24}, {1200, 12},
                               {1212, 12}, {1200, 6},  {1206, 6},  {1200, 2},  {1202, 4}};
    std::vector<Asked> first = halving;
    first.insert(first.begin(), Asked{0, 6});
    EXPECT_EQ(asked(), first);
    run(seconds{10});
    EXPECT_EQ(asked(), halving);
    run(seconds{10});
    EXPECT_EQ(asked(), halving);
    run(seconds{10});
    EXPECT_EQ(asked(), (std::vector<Asked>{{1000, 96}, {1202, 46}}));
    EXPECT_EQ(problem(), "does not serve kw of slot 1 (registers 1200-1201)");
}

TEST_F(PollingRefusals, in_the_middle_are_not_bridged) {
    add(1).registers.erase(1221);
    run(seconds{35});
    asked().clear();
    run(seconds{10});
    EXPECT_EQ(asked(), (std::vector<Asked>{{1000, 96}, {1200, 20}, {1222, 26}}));
}

TEST_F(PollingRefusals, name_the_point_as_its_settings_do) {
    PanelSetup setup = setup_of(1);
    for (PanelPoint& point : setup.points) {
        point.id = "suite-" + std::to_string(100 + point.slot);
    }
    ScriptedPanel& panel = add(setup, ScriptedPanel::metergate_panel(1, 7));
    for (const std::uint16_t address :
         std::initializer_list<std::uint16_t>{1004, 1208, 1210, 1212, 1214, 1216}) {
        panel.registers.erase(address);
    }
    run(seconds{35});
    EXPECT_EQ(problem(),
              "does not serve kwh of suite-102 (registers 1004-1007); kw of suite-105 (registers "
              "1208-1209), suite-106 (registers 1210-1211), suite-107 (registers 1212-1213) and 2 "
              "more");
}

TEST_F(PollingRefusals, are_tried_again_alone_after_growing_pauses) {
    add_without_power_1();
    run(hours{3});
    EXPECT_EQ(times_asked({1200, 2}), 7U) << "after 1, 3, 7, 15, 31, 63 and 123 minutes";
    EXPECT_EQ(problem(), "does not serve kw of slot 1 (registers 1200-1201)");
    EXPECT_EQ(values(Quantity::power), 0U);
    EXPECT_TRUE(events_.empty());
}

TEST_F(PollingRefusals, end_with_one_answer_and_the_plan_is_the_best_again) {
    ScriptedPanel& panel = add_without_power_1();
    panel.registers[1200] = 0;
    run(minutes{2});
    EXPECT_EQ(times_asked({1200, 2}), 1U);
    EXPECT_GE(values(Quantity::power), 1U);
    run(seconds{10});
    EXPECT_EQ(asked(), (std::vector<Asked>{{1000, 96}, {1200, 48}}));
    EXPECT_EQ(problem(), "");
}

TEST_F(PollingRefusals, are_tried_again_at_once_after_a_timeout) {
    ScriptedPanel& panel = add_without_power_1();
    panel.silent = true;
    run(seconds{6});
    panel.silent = false;
    panel.registers[1200] = 0;
    run(seconds{14});
    EXPECT_EQ(times_asked({1200, 2}), 1U);
    run(seconds{10});
    EXPECT_EQ(asked(), (std::vector<Asked>{{1000, 96}, {1200, 48}}));
}

TEST_F(PollingRefusals, are_tried_again_at_once_when_the_port_is_back) {
    ScriptedPanel& panel = add_without_power_1();
    bus_.wire.vanished = Error{Fault::disconnected, "port /dev/ttyUSB0 is gone"};
    run(seconds{10});
    bus_.wire.vanished.reset();
    panel.registers[1200] = 0;
    run(seconds{70});
    EXPECT_EQ(times_asked({1200, 2}), 1U);
    EXPECT_EQ(problem(), "");
}

TEST_F(PollingRefusals, of_the_meter_before_say_nothing_of_the_next) {
    add_without_power_1();
    bus_.wire.vanished = Error{Fault::disconnected, "port /dev/ttyUSB0 is gone"};
    run(seconds{10});
    bus_.wire.vanished.reset();
    bus_.add(ScriptedPanel::metergate_panel(1, 9999));
    (void)asked();
    run(seconds{70});
    const std::vector<Asked> all = asked();
    EXPECT_EQ(std::count(all.begin(), all.end(), (Asked{1202, 46})), 0);
    EXPECT_GT(std::count(all.begin(), all.end(), (Asked{1200, 48})), 0);
}

TEST_F(PollingRefusals, that_noise_made_are_forgotten_with_the_next_poll) {
    ScriptedPanel& panel = add(1);
    run(seconds{15});
    unsigned left = 8;  // the whole block and all smaller ones that hold the first power
    panel.refuses = [&](const AskedFor& request) {
        return std::uint8_t{request.address == 1200 && left > 0 && left-- > 0 ? std::uint8_t{3}
                                                                              : std::uint8_t{0}};
    };
    (void)asked();
    run(seconds{10});
    EXPECT_EQ(asked().size(), 10U);
    EXPECT_EQ(problem(), "does not serve kw of slot 1 (registers 1200-1201)");
    left = 0;
    run(seconds{10});
    EXPECT_EQ(asked(), (std::vector<Asked>{{1000, 96}, {1200, 48}}));
    EXPECT_EQ(problem(), "");
}

TEST_F(PollingRefusals, of_a_value_that_was_read_well_never_leave_it_out) {
    ScriptedPanel& panel = add(1);
    run(seconds{15});
    panel.registers.erase(1200);
    run(minutes{30});
    panel.registers[1200] = 0;
    run(seconds{10});
    readings_.clear();
    run(seconds{10});
    EXPECT_EQ(values(Quantity::power), 1U) << "not an hour later";
}

TEST_F(PollingRefusals, of_a_value_that_was_there_come_as_one_invalid_value) {
    ScriptedPanel& panel = add(1);
    run(seconds{15});
    EXPECT_EQ(values(Quantity::power), 2U);
    panel.registers.erase(1200);
    run(minutes{5});
    std::size_t invalid = 0;
    EXPECT_EQ(values(Quantity::power, &invalid), 0U);
    EXPECT_EQ(invalid, 1U);
    panel.registers[1200] = 0;
    run(seconds{20});
    EXPECT_GE(values(Quantity::power, &invalid), 1U);
    EXPECT_EQ(invalid, 1U);
}

TEST_F(PollingRefusals, for_other_reasons_split_nothing_and_leave_nothing_out) {
    ScriptedPanel& panel = add(1);
    for (const std::uint8_t code : std::initializer_list<std::uint8_t>{1, 4, 5, 6, 8}) {
        panel.refuses = [code](const AskedFor& request) {
            return request.address >= 1200 ? code : std::uint8_t{0};
        };
        run(minutes{2});
        const std::vector<Asked> all = asked();
        EXPECT_GE(all.size(), 24U);
        for (const Asked& request : all) {
            EXPECT_TRUE(request.second == 6 || request.second == 96 || request.second == 48);
        }
        EXPECT_NE(problem().find("registers 1200-1247: exception " + std::to_string(code)),
                  std::string::npos)
            << problem();
    }
    panel.refuses = nullptr;
    run(seconds{10});
    EXPECT_EQ(problem(), "");
}

TEST_F(PollingRefusals, of_everything_lose_the_panel_and_are_learnt_nothing_from) {
    ScriptedPanel& panel = add(1);
    panel.refuses = [](const AskedFor& request) {
        return request.address >= 1000 ? std::uint8_t{2} : std::uint8_t{0};
    };
    run(minutes{10});
    EXPECT_EQ(event_kinds(), (std::vector<EventKind>{EventKind::panel_lost}));
    EXPECT_EQ(problem(), "registers 1000-1095: exception 2 (no such register)");
    EXPECT_LT(asked().size(), 20U * 32U) << "a probe is bounded";
    panel.refuses = nullptr;
    run(minutes{2});
    EXPECT_EQ(poller().status().front().state, PanelState::ok);
    (void)asked();
    run(seconds{10});
    EXPECT_EQ(asked(), (std::vector<Asked>{{1000, 96}, {1200, 48}}));
}

TEST_F(PollingRefusals, of_a_length_that_the_panel_cannot_serve_end_in_shorter_requests) {
    ScriptedPanel& panel = add(1);
    panel.refuses = [](const AskedFor& request) {
        return request.count > 60 ? std::uint8_t{3} : std::uint8_t{0};
    };
    run(seconds{5});
    EXPECT_EQ(energy_readings(1), 2U) << "both halves in the first poll";
    run(minutes{10});
    (void)asked();
    run(seconds{10});
    for (const Asked& request : asked()) {
        EXPECT_LE(request.second, 60U);
    }
    EXPECT_EQ(problem(), "");
}

TEST_F(PollingRefusals, cost_a_read_on_request_only_what_is_not_there) {
    ScriptedPanel& panel = add(1);
    panel.registers.erase(1200);
    std::optional<Result<PanelRead>> answer;
    poller().request_read("panel-1", [&](auto result) { answer = std::move(result); });
    run(seconds{2});
    ASSERT_TRUE(answer && *answer);
    std::size_t values = 0;
    for (const Reading& reading : (*answer)->readings) {
        values += reading.values.size();
    }
    EXPECT_EQ(values, 47U);
}

TEST_F(PollingRefusals, from_noise_leave_nothing_behind_an_hour_later) {
    add(1);
    for (unsigned seed = 1; seed <= 20 && !HasFailure(); ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        std::mt19937 random(seed);
        bus_.add([&] {
            ScriptedPanel noisy = ScriptedPanel::metergate_panel(1, seed);
            noisy.refuses = [&random, seed](const AskedFor& request) {
                const bool is_hit = request.address >= 1000 && random() % 20 < seed;
                return is_hit ? static_cast<std::uint8_t>(2 + random() % 2) : std::uint8_t{0};
            };
            return noisy;
        }());
        run(minutes{20});
        bus_.add(ScriptedPanel::metergate_panel(1, seed));
        run(minutes{62});
        (void)asked();
        run(seconds{10});
        std::vector<Asked> all = asked();
        std::sort(all.begin(), all.end());  // the ten seconds may begin inside a poll
        EXPECT_EQ(all, (std::vector<Asked>{{1000, 96}, {1200, 48}}));
        EXPECT_EQ(problem(), "");
    }
}

TEST_F(PollingRefusals, leave_the_plan_without_what_is_missing_and_with_all_else) {
    for (std::uint8_t unit = 1; unit <= 8; ++unit) {
        std::mt19937 random(unit);
        ScriptedPanel& panel = add(unit);
        for (unsigned i = 0; i < unit; ++i) {
            panel.registers.erase(static_cast<std::uint16_t>(1000 + random() % 96));
            panel.registers.erase(static_cast<std::uint16_t>(1200 + random() % 48));
        }
    }
    run(minutes{70});
    const std::uint64_t before = line_.counters().exceptions;
    run(minutes{10});
    EXPECT_EQ(line_.counters().exceptions, before) << "between retries nothing is asked in vain";
    for (const PanelStatus& status : poller().status()) {
        EXPECT_EQ(status.state, PanelState::ok);
        EXPECT_EQ(status.problem.substr(0, 14), "does not serve");
    }
}

}  // namespace
}  // namespace metergate::southbound
