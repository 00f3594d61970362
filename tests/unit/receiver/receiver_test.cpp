#include "northbound/receiver/receiver.hpp"

#include "tests/unit/receiver/far_end.hpp"

namespace metergate::northbound::receiver {
namespace {

TEST_F(FarEndTest, what_comes_is_kept_and_confirmed) {
    start_receiver();
    start_gateway();
    stored(30);
    run(5s);
    expect_everything_once();
    EXPECT_EQ(receiver->summary().received, 30U);
    EXPECT_EQ(published("/request"), 0U) << "nothing was missing";
    run(2s);
    ASSERT_EQ(delivery->status().receivers.size(), 1U);
    EXPECT_EQ(delivery->status().receivers[0].receiver, "bills");
    EXPECT_EQ(delivery->status().receivers[0].panels.at(0).through, 20U);
}

TEST_F(FarEndTest, a_hole_is_asked_for) {
    hub->loses = [](const Message& message) {
        return message.topic.ends_with("/batch/east") &&
               message.payload.find(R"("number":7,)") != std::string::npos;
    };
    start_receiver();
    start_gateway();
    stored(30);
    run(2s);
    EXPECT_EQ(receiver->summary().missing, 1U);
    EXPECT_FALSE(receiver->complete());
    hub->loses = [](const Message&) { return false; };
    run(10s);
    expect_everything_once();
    EXPECT_EQ(published("/request"), 1U);
}

TEST_F(FarEndTest, a_loss_at_the_end_is_known_from_the_status) {
    start_receiver();
    start_gateway();
    stored(10);
    run(5s);
    hub->loses = [](const Message& message) {
        return message.topic.find("/batch/") != std::string::npos;
    };
    stored(5);
    run(10s);
    hub->loses = [](const Message&) { return false; };
    EXPECT_EQ(kept.payloads.size(), 10U);
    run(90s);
    expect_everything_once();
}

TEST_F(FarEndTest, a_receiver_that_comes_late_gets_all_that_is_left) {
    start_gateway();
    stored(60);
    run(1min);
    store.kept[east] = 11;
    run(1min);
    start_receiver();
    run(30s);
    expect_everything_once();
    EXPECT_EQ(receiver->summary().purged, 10U);
    EXPECT_EQ((kept.gone[{"east", store.epoch()}]), 10U);
}

TEST_F(FarEndTest, what_is_purged_between_status_and_request_is_not_asked_for_again) {
    start_gateway();
    stored(60);
    run(1min);
    hub->loses = [](const Message& message) { return message.topic.ends_with("/status"); };
    store.kept[west] = 6;
    start_receiver();
    run(1min);
    expect_everything_once();
    EXPECT_LE(published("/request"), 2U);
    EXPECT_EQ((kept.gone[{"west", store.epoch()}]), 5U);
}

TEST_F(FarEndTest, a_restarted_receiver_goes_on_and_asks_for_nothing_it_has) {
    start_gateway();
    start_receiver();
    stored(30);
    run(10s);
    start_receiver(2);
    stored(3);
    run(10s);
    expect_everything_once();
    EXPECT_EQ(receiver->summary().received, 3U);
    EXPECT_EQ(published("/request"), 0U);
}

TEST_F(FarEndTest, doubles_are_counted_and_changed_ones_put_aside_loudly) {
    start_receiver();
    start_gateway();
    stored(4);
    run(5s);
    const auto other = hub->make_publisher();
    other->connect({});
    const Message first = *std::find_if(hub->seen.begin(), hub->seen.end(), [](const auto& m) {
        return m.topic.ends_with("/batch/east");
    });
    ASSERT_TRUE(other->publish(first, 1));
    Message changed = first;
    changed.payload.replace(changed.payload.find(R"("value":2)"), 9, R"("value":9)");
    ASSERT_TRUE(other->publish(changed, 2));
    run(1s);
    EXPECT_EQ(receiver->summary().doubled, 1U);
    EXPECT_EQ(receiver->summary().changed, 1U);
    EXPECT_EQ(kept.aside, std::vector{changed.payload});
    ASSERT_EQ(warnings.size(), 1U);
    EXPECT_NE(warnings[0].find("batch 1 of panel east came with OTHER CONTENT"), std::string::npos);
}

TEST_F(FarEndTest, a_batch_is_confirmed_only_when_it_is_kept) {
    start_receiver();
    start_gateway();
    run(5s);
    kept.fault = Error{Fault::full, "disk full"};
    stored(6);
    run(20s);
    EXPECT_TRUE(kept.payloads.empty());
    EXPECT_TRUE(store.receipts.empty() || store.receipts.back().through == 0);
    EXPECT_FALSE(warnings.empty());
    kept.fault.reset();
    run(90s);
    expect_everything_once();
}

TEST_F(FarEndTest, a_broker_that_forgets_everything_costs_nothing) {
    start_receiver();
    start_gateway();
    stored(100);
    run(300ms);
    hub->loses = [](const Message&) { return true; };
    run(2s);
    hub->restart();
    hub->loses = [](const Message&) { return false; };
    stored(20);
    run(90s);
    expect_everything_once();
}

TEST_F(FarEndTest, a_new_store_behind_the_gateway_is_a_new_epoch) {
    start_receiver();
    start_gateway();
    stored(9);
    run(5s);
    const std::size_t before = kept.payloads.size();
    const std::string status =
        R"({"state":"online","panels":[{"panel":"east","epoch":"00000000000000aa","oldest":1,"newest":0}]})";
    const auto other = hub->make_publisher();
    other->connect({});
    ASSERT_TRUE(other->publish({"metergate/tower-1/status", status, true}, 1));
    run(10s);
    EXPECT_EQ(kept.payloads.size(), before);
    EXPECT_EQ(published("/request"), 0U);
}

TEST_F(FarEndTest, garbage_is_counted_and_does_no_harm) {
    start_receiver();
    start_gateway();
    stored(3);
    run(2s);
    const auto other = hub->make_publisher();
    other->connect({});
    for (const char* payload :
         {"", "garbage", "{}", "[]", R"({"encoder":9})", R"({"encoder":1,"gateway":"other"})"}) {
        ASSERT_TRUE(other->publish({"metergate/tower-1/batch/east", payload}, 1));
    }
    ASSERT_TRUE(other->publish({"metergate/tower-1/status", "nonsense"}, 2));
    ASSERT_TRUE(other->publish({"metergate/tower-1/response/x", "nonsense"}, 3));
    ASSERT_TRUE(other->publish({"metergate/tower-1/response/x", R"({"id":"x","count":4})"}, 4));
    run(5s);
    EXPECT_EQ(receiver->summary().unreadable, 6U);
    EXPECT_EQ(kept.payloads.size(), 3U);
}

TEST_F(FarEndTest, receipts_are_repeated_every_hour_as_a_sign_of_life) {
    start_receiver();
    start_gateway();
    stored(3);
    run(5s);
    const std::size_t before = published("/receipt");
    run(1h);
    EXPECT_EQ(published("/receipt"), before + 2U) << "one for each panel";
}

/// Seeds of losses, doubles, delays, restarts and full disks; a failing one can be typed again.
class FarEndUnderFaults : public FarEndTest, public testing::WithParamInterface<unsigned> {};

TEST_P(FarEndUnderFaults, everything_is_there_once_in_the_end) {
    std::mt19937_64 random(GetParam());
    hub = std::make_unique<support::Hub>(clock, GetParam());
    start_gateway(GetParam());
    start_receiver(GetParam());
    for (int i = 0; i < 60; ++i) {
        hub->lost_percent = static_cast<unsigned>(random() % 40);
        hub->doubled_percent = static_cast<unsigned>(random() % 30);
        hub->delay_max = std::chrono::milliseconds{random() % 3000};
        kept.fault = random() % 10 == 0 ? std::optional{Error{Fault::full, "full"}} : std::nullopt;
        stored(static_cast<std::int64_t>(random() % 12 + 1));
        if (random() % 12 == 0) {
            hub->restart();
        }
        if (random() % 15 == 0) {
            start_receiver(random());
        }
        if (random() % 20 == 0) {
            store.kept[east] = std::max<std::uint64_t>(store.kept[east], random() % 10);
        }
        run(std::chrono::milliseconds{random() % 8000});
    }
    kept.fault.reset();
    hub->lost_percent = 0;
    hub->delay_max = 20ms;
    run(15min);
    EXPECT_EQ(receiver->summary().missing, 0U);
    EXPECT_TRUE(receiver->complete());
    EXPECT_EQ(receiver->summary().changed, 0U);
    const auto directory = support::sample_directory();
    for (const Batch& row : store.rows) {
        const bool may_be_gone = row.panel == east && row.number < store.kept[east];
        const auto found =
            kept.payloads.find({panel_name(directory, row.panel), store.epoch(), row.number});
        ASSERT_TRUE(found != kept.payloads.end() || may_be_gone) << row.number;
        if (found != kept.payloads.end()) {
            EXPECT_EQ(found->second, encode_batch(row, directory, store.epoch()));
        }
    }
    EXPECT_LE(kept.payloads.size(), store.rows.size());
}

INSTANTIATE_TEST_SUITE_P(Seeds, FarEndUnderFaults, testing::Range(1U, 31U));

TEST(NumberSet, knows_its_holes) {
    NumberSet set;
    EXPECT_EQ(set.first_hole(1, 5), (NumberSet::Run{1, 5}));
    set.add(3, 3);
    set.add(5, 8);
    set.add(4, 4);
    EXPECT_EQ(set.first_hole(1, 10), (NumberSet::Run{1, 2}));
    EXPECT_EQ(set.first_hole(3, 10), (NumberSet::Run{9, 10}));
    EXPECT_EQ(set.first_hole(3, 8), std::nullopt);
    EXPECT_EQ(set.count_through(6), 4U);
    set.add(1, 20);
    EXPECT_EQ(set.newest(), 20U);
    EXPECT_EQ(set.count_through(100), 20U);
    EXPECT_FALSE(set.contains(21));
}

}  // namespace
}  // namespace metergate::northbound::receiver
