#include <gmock/gmock.h>

#include "tests/unit/storage/store_fixture.hpp"

namespace metergate::storage {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class StoreReader : public StoreFixture {
  protected:
    void SetUp() override { open(); }
};

TEST_F(StoreReader, pages_go_on_where_the_last_one_ended) {
    for (int i = 0; i < 10; ++i) {
        commit({batch(i % 2 == 0 ? east : west, noon_s + i * 900)});
    }
    const auto reader = source();
    BatchSeq cursor{0};
    std::vector<std::size_t> sizes;
    std::vector<Batch> seen;
    do {
        const auto page = reader->after(cursor, 4);
        sizes.push_back(page->batches.size());
        seen.insert(seen.end(), page->batches.begin(), page->batches.end());
        cursor = page->through;
    } while (sizes.back() > 0);
    EXPECT_THAT(sizes, ElementsAre(4, 4, 2, 0));
    EXPECT_EQ(cursor, BatchSeq{10});
    EXPECT_EQ(seen, batches());
}

TEST_F(StoreReader, an_open_reader_sees_later_commits) {
    const auto reader = source();
    EXPECT_EQ(*reader->newest(), BatchSeq{0});
    EXPECT_THAT(reader->after(BatchSeq{0}, 10)->batches, IsEmpty());
    commit({batch(east, noon_s)});
    EXPECT_EQ(*reader->newest(), BatchSeq{1});
    EXPECT_EQ(reader->after(BatchSeq{0}, 10)->batches.size(), 1U);
    EXPECT_EQ(reader->epoch(), store->epoch());
}

TEST_F(StoreReader, a_reread_batch_is_the_same_to_the_last_field) {
    record::Commit with_events;
    with_events.batches = {batch(east, noon_s)};
    with_events.events = {event(east, EventKind::panel_lost, "east"),
                          event(east, EventKind::panel_back, "east")};
    commit(with_events);
    const auto first = source()->after(BatchSeq{0}, 10);
    record::Commit later;
    later.batches = {batch(east, noon_s)};
    later.events = {event(east, EventKind::panel_lost, "east")};
    commit(later);
    open();
    EXPECT_EQ(source()->after(BatchSeq{0}, 1)->batches, first->batches);
}

TEST_F(StoreReader, spans_tell_oldest_and_newest_number_per_panel) {
    EXPECT_THAT(*source()->spans(), IsEmpty());
    for (int i = 0; i < 5; ++i) {
        commit({batch(east, noon_s + i * 900)});
    }
    commit({batch(west, noon_s)});
    const auto spans = source()->spans();
    ASSERT_EQ(spans->size(), 2U);
    EXPECT_EQ(spans->at(0).panel, east);
    EXPECT_EQ(spans->at(0).oldest_kept, 1U);
    EXPECT_EQ(spans->at(0).newest, 5U);
    EXPECT_EQ(spans->at(1).panel, west);
    EXPECT_EQ(spans->at(1).newest, 1U);
}

TEST_F(StoreReader, spans_asked_for_again_tell_what_has_come_and_gone_since) {
    options.retention_days = 1;
    open();
    const auto reader = source();
    std::uint64_t number = 0;
    for (const int count : {1, 2, 40, 3}) {
        for (int i = 0; i < count; ++i) {
            commit({batch(east, noon_s + static_cast<int>(number++) * 900)});
        }
        EXPECT_EQ(reader->spans()->at(0).newest, number);
    }
    clock.advance(std::chrono::days{2});
    std::uint64_t purged = store->upkeep()->batches;
    EXPECT_GT(purged, 0U);
    EXPECT_EQ(reader->spans()->at(0).oldest_kept, purged + 1);
    commit({batch(east, noon_s + static_cast<int>(number++) * 900)});
    EXPECT_EQ(reader->spans()->at(0).oldest_kept, purged + 1);
    EXPECT_EQ(reader->spans()->at(0).newest, number);
}

TEST_F(StoreReader, batches_of_a_panel_are_read_by_number_in_pages) {
    for (int i = 0; i < 12; ++i) {
        commit({batch(i % 2 == 0 ? east : west, noon_s + i * 900)});
    }
    const auto reader = source();
    const auto first = reader->by_number({west, 2, 5}, 3);
    ASSERT_EQ(first->batches.size(), 3U);
    EXPECT_EQ(first->batches[0], batches()[3]);
    EXPECT_EQ(first->through, 4U);
    EXPECT_FALSE(first->complete);
    const auto rest = reader->by_number({west, 5, 100}, 3);
    EXPECT_EQ(rest->batches.size(), 2U);
    EXPECT_TRUE(rest->complete);
    EXPECT_EQ(rest->purged_through, 0U);
    EXPECT_TRUE(reader->by_number({west, 7, 9}, 3)->complete);
    EXPECT_TRUE(reader->by_number({PanelNumber{99}, 1, 9}, 3)->batches.empty());
}

TEST_F(StoreReader, purged_numbers_are_told_as_purged) {
    options.retention_days = 1;
    open();
    commit({batch(east, noon_s), batch(east, noon_s + 900)});
    clock.advance(std::chrono::days{2});
    ASSERT_EQ(store->upkeep()->batches, 2U);
    commit({batch(east, noon_s + 1800)});
    const auto page = source()->by_number({east, 1, 3}, 10);
    EXPECT_EQ(page->batches.size(), 1U);
    EXPECT_EQ(page->purged_through, 2U);
    EXPECT_TRUE(page->complete);
    const auto old = source()->by_number({east, 1, 1}, 10);
    EXPECT_EQ(old->purged_through, 1U);
    EXPECT_TRUE(old->complete);
}

TEST_F(StoreReader, numbers_are_found_by_the_ends_of_their_intervals) {
    for (const int slot : {3, 1, 2, 1}) {
        commit({batch(east, noon_s + slot * 900), batch(west, noon_s + slot * 900)});
    }
    const auto reader = source();
    EXPECT_THAT(
        *reader->numbers_by_end(east, utc_from_s(noon_s + 900), utc_from_s(noon_s + 1800), 9),
        ElementsAre(2, 3, 4));
    EXPECT_EQ(reader->numbers_by_end(east, utc_from_s(0), utc_from_s(noon_s * 2), 3).error().fault,
              Fault::refused);
}

TEST_F(StoreReader, a_reader_cannot_write) {
    auto reader = open_reader(path, {});
    ASSERT_TRUE(reader);
    reader->exec("INSERT INTO panel VALUES(50, 'intruder')");
    EXPECT_EQ(reader->outcome("write").error().fault, Fault::refused);
}

TEST_F(StoreReader, a_missing_store_is_an_error_that_names_it) {
    const auto missing = SqliteBatchSource::open(dir.file("none"));
    ASSERT_FALSE(missing);
    EXPECT_THAT(missing.error().text, ::testing::HasSubstr(dir.file("none")));
}

TEST_F(StoreReader, events_are_listed_newest_first_in_pages) {
    for (int i = 0; i < 5; ++i) {
        record::Commit one;
        one.events = {event(i % 2 == 0 ? east : gateway_panel, EventKind::panel_lost, "east")};
        commit(one);
    }
    const auto history = SqliteHistory::open(path);
    ASSERT_TRUE(history);
    const auto newest = (*history)->events(INT64_MAX, 2);
    ASSERT_EQ(newest->size(), 2U);
    EXPECT_EQ(newest->at(0).seq, 5);
    EXPECT_EQ(newest->at(1).seq, 4);
    EXPECT_EQ((*history)->events(4, 10)->size(), 3U);
}

}  // namespace
}  // namespace metergate::storage
