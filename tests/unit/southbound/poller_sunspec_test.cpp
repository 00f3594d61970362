#include "tests/support/sunspec_device.hpp"
#include "tests/unit/southbound/polling_fixture.hpp"

namespace metergate::southbound {
namespace {

/// A SunSpec meter with the chain at `base`.
ScriptedPanel sunspec_panel(std::uint8_t unit, std::uint16_t base) {
    ScriptedPanel panel;
    panel.unit = unit;
    panel.set(base, sunspec_head("A1"));
    panel.set(static_cast<std::uint16_t>(base + 70),
              sunspec_model_203({.import_counts = 1234, .scale_factor = 1}, 740));
    return panel;
}

TEST_F(Polling, a_sunspec_meter_is_walked_once_and_then_costs_one_request_a_poll) {
    PanelSetup setup = setup_of(5);
    setup.points.resize(1);
    drivers_.emplace_back(std::move(setup), *profile_named("sunspec-meter"));
    ScriptedPanel& panel = bus_.add(sunspec_panel(5, 0));
    run(seconds{25});
    EXPECT_EQ(panel.asked, (std::vector<std::uint16_t>{40000, 0, 2, 4, 70, 88, 88, 88}));
    ASSERT_EQ(readings_.size(), 3U);
    EXPECT_EQ(readings_.front().values.front().value, 12340);
    EXPECT_EQ(poller().status().front().serial, "A1");
    EXPECT_EQ(poller().status().front().device,
              "Example EM-3, SunSpec model 203 at register 70, base 0");
    std::string device;
    poller().request_read("panel-5", [&](auto result) { device = result->device; });
    run(seconds{2});
    EXPECT_EQ(device, poller().status().front().device);
    panel.asked.clear();
    panel.silent = true;
    run(seconds{10});
    panel.silent = false;
    panel.asked.clear();
    run(seconds{10});
    EXPECT_EQ(panel.asked, (std::vector<std::uint16_t>{0, 2, 4, 70, 88}));
    EXPECT_TRUE(events_.empty());
}

TEST_F(Polling, a_walk_that_is_refused_halfway_is_told_and_tried_again) {
    PanelSetup setup = setup_of(5);
    setup.points.resize(1);
    drivers_.emplace_back(std::move(setup), *profile_named("sunspec-meter"));
    ScriptedPanel& panel = bus_.add(sunspec_panel(5, 40000));
    panel.registers.erase(40071);
    run(seconds{3});
    EXPECT_EQ(poller().status().front().problem, "identity: exception 2 (no such register)");
    EXPECT_TRUE(readings_.empty());
    panel.registers[40071] = 105;
    run(seconds{12});
    EXPECT_FALSE(readings_.empty());
    EXPECT_EQ(poller().status().front().problem, "");
}

TEST_F(Polling, a_sunspec_meter_that_keeps_silent_at_other_registers_is_found) {
    PanelSetup setup = setup_of(5);
    setup.points.resize(1);
    drivers_.emplace_back(std::move(setup), *profile_named("sunspec-meter"));
    ScriptedPanel& panel = bus_.add(sunspec_panel(5, 50000));
    panel.silent_if_absent = true;
    run(seconds{60});
    EXPECT_FALSE(readings_.empty());
}

}  // namespace
}  // namespace metergate::southbound
