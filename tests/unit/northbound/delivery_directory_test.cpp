#include <algorithm>

#include "tests/unit/northbound/delivery_fixture.hpp"

namespace metergate::northbound {
namespace {

/// The sample building after its panel west was taken out of the settings.
record::Directory without_west() {
    auto directory = support::sample_directory();
    directory.retired_panels = {directory.panels.back()};
    directory.panels.pop_back();
    return directory;
}

TEST_F(DeliveryTest, a_directory_that_reads_otherwise_is_published_without_a_new_connection) {
    start();
    run(1s);
    auto renamed = support::sample_directory();
    renamed.panels.front().name = "Panel of the east wing";
    delivery->describe(renamed);
    run(1s);
    EXPECT_EQ(broker.newest_on("/meta"), encode_meta(renamed, {}));
    EXPECT_NE(broker.newest_on("/status")->find(version_of(encode_meta(renamed, {}))),
              std::string::npos);
    EXPECT_EQ(broker.connects.size(), 1U);
    const auto metas = broker.seen_on("/meta").size();
    delivery->describe(renamed);
    run(1s);
    EXPECT_EQ(broker.seen_on("/meta").size(), metas) << "nothing new to tell";
}

TEST_F(DeliveryTest, a_directory_given_without_a_connection_is_published_with_the_next) {
    broker.reachable = false;
    start();
    run(1s);
    delivery->describe(without_west());
    broker.reachable = true;
    run(2min);
    EXPECT_EQ(broker.newest_on("/meta"), encode_meta(without_west(), {}));
}

TEST_F(DeliveryTest, batches_of_a_panel_that_is_gone_are_sent_as_before) {
    stored(1, west);
    broker.reachable = false;
    start();
    run(1s);
    delivery->describe(without_west());
    broker.reachable = true;
    run(2min);
    EXPECT_EQ(batches_sent(), std::vector<std::string>{payload(0)});
}

TEST_F(DeliveryTest, retained_values_of_points_that_are_gone_are_cleared_and_not_told_again) {
    const PointNumber gone = point_number(west, 0);
    start();
    run(1s);
    live.update(reading_of(gone, 4'000, clock.now()));
    live.update(reading_of(point_number(east, 0), 5'000, clock.now()));
    run(2s);
    ASSERT_EQ(broker.newest_on("/point/west-1/kw"), "4.000");
    delivery->describe(without_west());
    live.update(reading_of(gone, 4'100, clock.now()));
    run(2min);
    for (const char* leaf : {"/point/west-1/kw", "/point/west-1/quality"}) {
        EXPECT_EQ(broker.newest_on(leaf), "") << leaf;
        EXPECT_TRUE(broker.seen_on(leaf).back().message.retained);
    }
    EXPECT_EQ(broker.newest_on("/point/east-1/kw"), "5.000");
}

TEST_F(DeliveryTest, clearing_waits_for_a_connection) {
    start();
    run(1s);
    live.update(reading_of(point_number(west, 0), 4'000, clock.now()));
    run(2s);
    broker.full = true;
    delivery->describe(without_west());
    run(1s);
    broker.full = false;
    run(2min);
    EXPECT_EQ(broker.newest_on("/point/west-1/kw"), "");
}

}  // namespace
}  // namespace metergate::northbound
