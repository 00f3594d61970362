#include <gtest/gtest.h>

#include "tests/unit/southbound/polling_fixture.hpp"

/// Panels that ignore requests which come too soon after their own reply.
namespace metergate::southbound {
namespace {

class Gap : public Polling {
  protected:
    /// The panel's pause cannot be learned.
    void forbid_learning() {
        for (PanelDriver& driver : drivers_) {
            Profile profile = driver.profile();
            profile.limits.gap_max_ms = 0;
            driver = PanelDriver(driver.setup(), profile);
        }
    }
};

TEST_F(Gap, that_is_not_learned_loses_a_hurried_panel_for_good) {
    add(1).deaf_for = milliseconds{20};
    forbid_learning();
    run(seconds{600});
    EXPECT_EQ(poller().status().front().state, PanelState::lost);
    EXPECT_GT(poller().status().front().timeouts, 10U);
}

TEST_F(Gap, is_learned_within_two_timeouts_and_then_there_are_none) {
    add(1).deaf_for = milliseconds{20};
    add(2);
    run(seconds{3600});
    const auto status = poller().status();
    EXPECT_EQ(status[0].timeouts, 2U);
    EXPECT_EQ(status[0].gap, milliseconds{20});
    EXPECT_TRUE(events_.empty()) << "it was never lost";
    EXPECT_EQ(status[1].timeouts, 0U);
    EXPECT_EQ(status[1].gap, Duration{});
    EXPECT_GE(energy_readings(1), 358U);
}

TEST_F(Gap, of_one_panel_is_used_by_the_others) {
    add(1).deaf_for = milliseconds{150};
    add(2);
    poll_every(milliseconds{1});
    run(seconds{300});
    ASSERT_EQ(poller().status().front().state, PanelState::ok);
    ASSERT_GE(poller().status().front().gap, milliseconds{150});
    EXPECT_GT(poller().load().used_percent, 99.5);
    EXPECT_GT(energy_readings(2), energy_readings(1) * 3 / 2);
}

TEST_F(Gap, holds_for_edges_people_and_guests_too) {
    add(1).deaf_for = milliseconds{60};
    edges_ = [](PanelNumber, UtcTime after) {
        return UtcTime{std::chrono::floor<std::chrono::minutes>(after) + std::chrono::minutes{1}};
    };
    run(seconds{605});
    const auto timeouts = poller().status().front().timeouts;
    unsigned good = 0;
    for (int i = 0; i < 300; ++i) {
        poller().request_read("panel-1", [&](const auto& answer) { good += answer ? 1U : 0U; });
        poller().request_guest({"bms", RegisterRequest{.unit = 1},
                                [&](const Result<Reply>& answer) { good += answer ? 1U : 0U; }});
        run(seconds{2});
    }
    EXPECT_EQ(good, 600U);
    EXPECT_EQ(poller().status().front().timeouts, timeouts);
}

TEST_F(Gap, costs_a_healthy_line_nothing) {
    for (std::uint8_t unit = 1; unit <= 4; ++unit) {
        add(unit);
    }
    poll_every(milliseconds{1});
    run(seconds{60});
    for (const PanelStatus& status : poller().status()) {
        EXPECT_EQ(status.gap, Duration{});
    }
    EXPECT_GT(poller().load().used_percent, 99.5);
}

}  // namespace
}  // namespace metergate::southbound
