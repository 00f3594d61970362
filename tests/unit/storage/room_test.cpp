#include <gtest/gtest.h>

#include "tests/crash/virtual_disk.hpp"
#include "tests/unit/storage/store_fixture.hpp"

/// Stores that run out of room, of their own or of the disk's.
namespace metergate::storage {
namespace {

class StoreRoom : public StoreFixture {
  protected:
    void SetUp() override {
        path = "store";
        options.disk = disk.as_disk();
        options.store_max_mb = 2;
        open();
        move_cursor("head-end", 0);
    }
    void TearDown() override { store.reset(); }

    /// So many quarters of an hour, as they are recorded.
    void record_quarters(int count) {
        for (int i = 0; i < count; ++i) {
            clock.advance(std::chrono::minutes{15});
            next_end_s += 900;
            commit({batch(east, next_end_s), batch(west, next_end_s)});
        }
    }
    Room room() {
        const auto measured = store->room();
        EXPECT_TRUE(measured) << measured.error().text;
        return *measured;
    }
    std::size_t events_of(EventKind kind) {
        std::size_t count = 0;
        for (const Batch& one : batches()) {
            for (const Event& told : one.events) {
                count += told.kind == kind ? 1U : 0U;
            }
        }
        return count;
    }

    crash::VirtualDisk disk;
    std::int64_t next_end_s = noon_s;
};

TEST_F(StoreRoom, of_the_first_day_is_not_guessed) {
    record_quarters(90);
    EXPECT_FALSE(room().days_left);
    record_quarters(10);
    EXPECT_TRUE(room().days_left);
}

TEST_F(StoreRoom, is_given_in_days_and_shrinks_by_one_a_day_while_nothing_is_delivered) {
    record_quarters(6 * 96);
    const std::int64_t after_six = *room().days_left;
    record_quarters(10 * 96);
    EXPECT_GT(after_six, 20);
    EXPECT_NEAR(static_cast<double>(*room().days_left), static_cast<double>(after_six - 10), 6);
}

TEST_F(StoreRoom, ends_when_the_first_unsent_record_has_to_go) {
    record_quarters(3 * 96);
    const std::int64_t days = *room().days_left;
    std::int64_t lasted = 0;
    for (bool lost = false; !lost; ++lasted) {
        ASSERT_LT(lasted, 60);
        for (int quarter = 0; quarter < 96 && !lost; ++quarter) {
            record_quarters(1);
            lost = store->upkeep()->unsent_batches > 0;
        }
    }
    EXPECT_GE(lasted, days);
    EXPECT_LE(lasted, days + days / 4 + 2) << "the figure is on the safe side, not far";
}

TEST_F(StoreRoom, that_delivered_records_take_counts_as_free) {
    record_quarters(4 * 96);
    const std::int64_t unsent = *room().days_left;
    move_cursor("head-end", raw(*source()->newest()));
    EXPECT_GE(*room().days_left, unsent + 3);
}

TEST_F(StoreRoom, that_a_receiver_has_not_confirmed_is_taken) {
    record_quarters(4 * 96);
    const std::int64_t unsent = *room().days_left;
    move_cursor("head-end", raw(*source()->newest()));
    keep_receipt("bills", east, 0);
    EXPECT_EQ(*room().days_left, unsent);
    keep_receipt("bills", east, 4 * 96);
    EXPECT_GE(*room().days_left, unsent + 3);
}

TEST_F(StoreRoom, is_no_more_than_the_disk_has) {
    record_quarters(2 * 96);
    const std::int64_t days = *room().days_left;
    disk.set_capacity(static_cast<std::int64_t>(disk.bytes_of("store").size() +
                                                disk.bytes_of("store-wal").size()) +
                      100'000);
    EXPECT_LT(*room().days_left, days);
    EXPECT_EQ(room().disk_free_bytes, 100'000);
}

TEST_F(StoreRoom, on_a_disk_that_is_full_for_a_moment_costs_nothing_unsent) {
    record_quarters(20);
    const std::size_t before = batches().size();
    disk.fail(1, crash::DiskFault::full);
    ASSERT_EQ(attempt_commit(batch(east, next_end_s + 900)).error().fault, Fault::full);
    EXPECT_EQ(store->upkeep()->batches, 0U);
    record_quarters(1);
    EXPECT_EQ(batches().size(), before + 2);
}

TEST_F(StoreRoom, on_a_full_disk_is_made_by_what_was_sent_and_then_by_the_oldest_unsent) {
    record_quarters(100);
    move_cursor("head-end", 10);
    // What is purged frees pages in the store's file; the log must be able to grow by as much.
    record::Commit stop;
    stop.clean_stop = true;
    commit(stop);
    disk.fail(1, crash::DiskFault::full, true);
    ASSERT_FALSE(attempt_commit(batch(east, next_end_s + 900)));
    disk.repair();
    const auto first = store->upkeep();
    EXPECT_EQ(first->batches, 10U);
    EXPECT_EQ(first->unsent_batches, 0U);
    for (int tries = 0; tries < 2; ++tries) {
        disk.fail(1, crash::DiskFault::full, true);
        ASSERT_FALSE(attempt_commit(batch(east, next_end_s + 900)));
        disk.repair();
    }
    EXPECT_EQ(store->upkeep()->unsent_batches, 64U);
    record_quarters(1);
    EXPECT_EQ(events_of(EventKind::records_purged), 1U) << "never silently";
    EXPECT_EQ(batches().front().seq, BatchSeq{75});
    EXPECT_EQ(batches().back().number, 101U) << "measuring goes on without a gap in numbers";
}

}  // namespace
}  // namespace metergate::storage
