#include "tests/unit/southbound/polling_fixture.hpp"

namespace metergate::southbound {
namespace {

TEST_F(Polling, another_master_is_told_by_the_name_of_the_line_and_no_panel_is_blamed) {
    add(1);
    run(seconds{5});
    const Instant foreign = clock_.now() + milliseconds{100};
    bus_.wire.arrive(foreign, with_crc({77, 3, 0, 1, 0, 1}));
    bus_.wire.arrive(foreign + milliseconds{30}, rtu_reply(77, 3, {5}));
    const std::size_t asked = bus_.wire.sent().size();
    run(seconds{30});
    EXPECT_EQ(event_kinds(), (std::vector{EventKind::foreign_master, EventKind::line_lost}));
    EXPECT_EQ(events_.at(0).source, "riser-1");
    EXPECT_EQ(
        events_.at(0).text,
        "line riser-1 has another master (2 frames heard that this gateway has not asked for, "
        "the last one of unit 77, function 3): polling waits until it has gone");
    EXPECT_EQ(bus_.wire.sent().size(), asked);
    run(seconds{40});
    EXPECT_EQ(event_kinds(), (std::vector{EventKind::foreign_master, EventKind::line_lost,
                                          EventKind::foreign_master, EventKind::line_back}));
    EXPECT_GT(bus_.wire.sent().size(), asked);
    EXPECT_EQ(poller().status().front().timeouts, 0U);
    EXPECT_EQ(poller().status().front().bad_frames, 0U);
}

}  // namespace
}  // namespace metergate::southbound
