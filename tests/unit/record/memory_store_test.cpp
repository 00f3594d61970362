#include "tests/support/memory_store.hpp"

#include <gtest/gtest.h>

namespace metergate::test {
namespace {

constexpr PanelNumber panel{1};
constexpr PointNumber point = point_number(panel, 0);
constexpr SeriesNumber series{1};
const UtcSeconds noon = utc_from_s(1'709'294'400);

Batch batch_at(UtcSeconds end, Milli reg) {
    Batch batch;
    batch.panel = panel;
    batch.end = end;
    Record record;
    record.end = end;
    record.point = point;
    record.series = series;
    record.reg = reg;
    batch.records.push_back(record);
    return batch;
}

TEST(MemoryStore, gives_seq_number_and_revision_as_the_real_one) {
    MemoryStore store;
    record::Commit commit;
    commit.batches = {batch_at(noon, 1), batch_at(noon, 2),
                      batch_at(noon + std::chrono::hours{1}, 3)};
    EXPECT_EQ(*store.commit(commit), BatchSeq{3});
    EXPECT_EQ(store.batches[1].number, 2U);
    EXPECT_EQ(store.batches[1].revision, 1U);
    EXPECT_EQ(store.batches[1].records[0].revision, 1U);
    EXPECT_EQ(store.batches[2].revision, 0U);
    EXPECT_EQ(store.current(point, series).size(), 2U);
    EXPECT_EQ(store.current(point, series)[0].reg, 2);
}

TEST(MemoryStore, a_commit_told_to_fail_leaves_nothing) {
    MemoryStore store;
    store.fail_next_commits(1, Fault::disconnected);
    record::Commit commit;
    commit.batches = {batch_at(noon, 1)};
    EXPECT_EQ(store.commit(commit).error().fault, Fault::disconnected);
    EXPECT_TRUE(store.batches.empty());
    EXPECT_TRUE(store.commit(commit));
    EXPECT_EQ(store.batches.size(), 1U);
}

TEST(MemoryStore, events_are_carried_by_the_next_batch_of_their_panel) {
    MemoryStore store;
    record::Commit commit;
    Event event;
    event.panel = panel;
    event.kind = EventKind::panel_lost;
    commit.events = {event};
    Event of_gateway;
    commit.events.push_back(of_gateway);
    EXPECT_TRUE(store.commit(commit));
    ASSERT_EQ(store.batches.size(), 1U);
    EXPECT_EQ(store.batches[0].panel, gateway_panel);
    record::Commit later;
    later.batches = {batch_at(noon, 1)};
    EXPECT_TRUE(store.commit(later));
    ASSERT_EQ(store.batches[1].events.size(), 1U);
    EXPECT_EQ(store.batches[1].events[0].kind, EventKind::panel_lost);
}

TEST(MemoryStore, the_baseline_of_a_chain_moves_with_its_records) {
    MemoryStore store;
    record::Commit commit;
    commit.chains = {{point, series, 7, noon, 10, noon, 10, {}}};
    EXPECT_TRUE(store.commit(commit));
    record::Commit later;
    later.batches = {batch_at(noon + std::chrono::hours{1}, 30)};
    EXPECT_TRUE(store.commit(later));
    const auto restart = store.restart_state();
    ASSERT_EQ(restart->chains.size(), 1U);
    EXPECT_EQ(restart->chains[0].edge, noon + std::chrono::hours{1});
    EXPECT_EQ(restart->chains[0].edge_register, 30);
    EXPECT_EQ(restart->newest_end, noon + std::chrono::hours{1});
    EXPECT_FALSE(restart->clean_stop);
}

}  // namespace
}  // namespace metergate::test
