#include <gmock/gmock.h>

#include <filesystem>

#include "tests/unit/storage/store_fixture.hpp"

namespace metergate::storage {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr std::chrono::days year{366};

class StorePurge : public StoreFixture {
  protected:
    void SetUp() override {
        options.retention_days = 30;
        options.store_max_mb = 1;
        open();
    }

    PurgeReport upkeep() {
        const auto report = store->upkeep();
        EXPECT_TRUE(report) << report.error().text;
        return *report;
    }
    void fill(int count) {
        record::Commit made;
        for (int i = 0; i < count; ++i) {
            made.batches.push_back(batch(east, next_end_s));
            next_end_s += 900;
        }
        commit(made);
    }
    /// Commits until the store takes no more; the number of batches it took.
    int fill_up() {
        constexpr int batches_per_commit = 20;
        for (int taken = 0; taken < 100'000; taken += batches_per_commit) {
            record::Commit made;
            for (int i = 0; i < batches_per_commit; ++i) {
                made.batches.push_back(batch(east, next_end_s + i * 900));
            }
            const auto done = store->commit(made);
            if (!done) {
                EXPECT_EQ(done.error().fault, Fault::full) << done.error().text;
                return taken;
            }
            next_end_s += batches_per_commit * 900;
        }
        ADD_FAILURE() << "the store grew without limit";
        return 0;
    }
    std::int64_t query(const std::string& sql) {
        auto database = Database::open(path, Access::read_only);
        return database->prepare(sql).number().value_or(-1);
    }

    std::int64_t next_end_s = noon_s;
};

TEST_F(StorePurge, nothing_goes_before_its_time) {
    fill(10);
    move_cursor("head-end", 10);
    EXPECT_EQ(upkeep().batches, 0U);
    EXPECT_EQ(batches().size(), 10U);
}

TEST_F(StorePurge, what_is_old_and_sent_goes_and_its_batch_stays_as_a_tombstone) {
    fill(10);
    move_cursor("head-end", 6);
    move_cursor("backup", 4);
    clock.advance(year);
    EXPECT_EQ(upkeep().batches, 4U) << "only what every destination has";
    EXPECT_EQ(batches().size(), 6U);
    EXPECT_EQ(batches().front().seq, BatchSeq{5});
    EXPECT_EQ(batches().front().records.size(), 3U);
    EXPECT_EQ(query("SELECT count(*) FROM record"), 18);
    EXPECT_EQ(query("SELECT count(*) FROM batch"), 10);
    EXPECT_EQ(query("SELECT sum(purged) FROM batch"), 4);
}

TEST_F(StorePurge, what_a_receiver_has_not_confirmed_stays) {
    fill(10);
    move_cursor("head-end", 10);
    keep_receipt("bills", east, 7);
    keep_receipt("charts", east, 3);
    clock.advance(std::chrono::days{29});
    keep_receipt("bills", east, 7);
    keep_receipt("charts", east, 3);
    clock.advance(std::chrono::days{29});
    EXPECT_EQ(upkeep().batches, 3U) << "both were heard 29 days ago";
    keep_receipt("charts", east, 9);
    EXPECT_EQ(upkeep().batches, 4U);
    EXPECT_EQ(batches().front().number, 8U);
}

TEST_F(StorePurge, a_receipt_holds_only_its_own_panel) {
    commit({batch(west, noon_s), batch(east, noon_s)});
    move_cursor("head-end", 2);
    keep_receipt("bills", east, 0);
    clock.advance(std::chrono::days{29});
    keep_receipt("bills", east, 0);
    clock.advance(std::chrono::days{29});
    EXPECT_EQ(upkeep().batches, 1U);
    EXPECT_EQ(batches().front().panel, east);
}

TEST_F(StorePurge, a_receiver_silent_for_a_month_is_forgotten_and_an_event_says_so) {
    fill(10);
    move_cursor("head-end", 10);
    keep_receipt("bills", east, 2);
    clock.advance(std::chrono::days{31});
    EXPECT_EQ(upkeep().batches, 10U);
    EXPECT_THAT(*store->receipts("head-end"), IsEmpty());
    const std::vector<Batch> left = batches();
    ASSERT_EQ(left.size(), 1U);
    ASSERT_EQ(left[0].events.size(), 1U);
    EXPECT_EQ(left[0].events[0].kind, EventKind::receiver_silent);
    EXPECT_THAT(left[0].events[0].text, HasSubstr("Receiver bills of destination head-end"));
}

TEST_F(StorePurge, a_panel_that_a_receiver_has_given_up_is_not_held_for_it_for_ever) {
    commit({batch(west, noon_s), batch(east, noon_s)});
    move_cursor("head-end", 2);
    keep_receipt("bills", east, 0);
    for (int day = 0; day < 40; ++day) {
        clock.advance(std::chrono::days{1});
        keep_receipt("bills", west, 1);
    }
    EXPECT_EQ(upkeep().batches, 2U);
    const auto receipts = store->receipts("head-end");
    ASSERT_EQ(receipts->size(), 1U);
    EXPECT_EQ(receipts->front().panel, west);
}

TEST_F(StorePurge, a_receiver_that_has_everything_may_be_silent) {
    fill(2);
    move_cursor("head-end", 2);
    keep_receipt("bills", east, 2);
    clock.advance(year);
    EXPECT_EQ(upkeep().batches, 2U);
    EXPECT_EQ(store->receipts("head-end")->size(), 1U);
    EXPECT_THAT(batches(), IsEmpty()) << "and there is no event";
}

TEST_F(StorePurge, unsent_batches_stay_however_old_they_are) {
    fill(10);
    move_cursor("head-end", 0);
    clock.advance(year * 10);
    EXPECT_EQ(upkeep().batches, 0U);
    EXPECT_EQ(batches().size(), 10U);
}

TEST_F(StorePurge, backfill_of_old_days_is_new_data) {
    fill(3);
    clock.advance(year);
    commit({batch(east, noon_s - 86'400)});
    move_cursor("head-end", 4);
    EXPECT_EQ(upkeep().batches, 3U);
    ASSERT_EQ(batches().size(), 1U);
    EXPECT_EQ(batches()[0].end, utc_from_s(noon_s - 86'400));
}

TEST_F(StorePurge, numbers_and_revisions_go_on_after_the_purge) {
    fill(5);
    clock.advance(year);
    EXPECT_EQ(upkeep().batches, 5U);
    open();
    commit({batch(east, noon_s)});
    const std::vector<Batch> all = batches();
    ASSERT_EQ(all.size(), 1U);
    EXPECT_EQ(all[0].number, 6U);
    EXPECT_EQ(all[0].revision, 1U);
}

TEST_F(StorePurge, a_step_is_small_and_tells_that_there_is_more) {
    fill(100);
    clock.advance(year);
    PurgeReport report = upkeep();
    EXPECT_EQ(report.batches, 64U);
    EXPECT_TRUE(report.more);
    report = upkeep();
    EXPECT_EQ(report.batches, 36U);
    EXPECT_FALSE(report.more);
    EXPECT_EQ(query("SELECT count(*) FROM record"), 0);
}

TEST_F(StorePurge, events_go_with_their_batch_and_their_counts_stay) {
    record::Commit with_event;
    with_event.batches = {batch(east, noon_s)};
    with_event.events = {event(east, EventKind::panel_lost, "east")};
    commit(with_event);
    clock.advance(year);
    EXPECT_EQ(upkeep().batches, 1U);
    EXPECT_EQ(query("SELECT count(*) FROM event"), 0);
    commit(with_event);
    EXPECT_EQ(batches().at(0).events.at(0).occurrence, 2U);
    EXPECT_EQ(batches().at(0).events.at(0).seq, 2);
}

TEST_F(StorePurge, the_baseline_of_a_chain_outlives_its_records) {
    record::Commit opened;
    record::ChainState chain;
    chain.point = point_number(east, 0);
    chain.series = kwh;
    chain.opened = utc_from_s(noon_s - 900);
    chain.edge = chain.opened;
    opened.chains = {chain};
    opened.batches = {batch(east, noon_s, 4000)};
    commit(opened);
    clock.advance(year);
    EXPECT_EQ(upkeep().batches, 1U);
    open();
    const auto restart = store->restart_state();
    EXPECT_EQ(restart->chains.at(0).edge, utc_from_s(noon_s));
    EXPECT_EQ(restart->chains.at(0).edge_register, 4000);
    EXPECT_EQ(restart->newest_end, utc_from_s(noon_s));
}

TEST_F(StorePurge, a_full_store_refuses_a_commit_whole_and_goes_on_after_the_purge) {
    move_cursor("head-end", 0);
    const int taken = fill_up();
    EXPECT_GT(taken, 500);
    EXPECT_EQ(query("SELECT count(*) FROM batch"), taken);
    EXPECT_EQ(query("SELECT count(*) FROM record"), 3 * taken);
    move_cursor("head-end", 100);

    PurgeReport report = upkeep();
    EXPECT_EQ(report.batches, 64U);
    EXPECT_EQ(report.unsent_batches, 0U) << "sent ones first";
    commit({batch(east, next_end_s)});
    EXPECT_EQ(batches().back().number, static_cast<std::uint64_t>(taken) + 1);
    EXPECT_LE(std::filesystem::file_size(path), 1024U * 1024U + 256U * 4096U);
}

TEST_F(StorePurge, unsent_batches_go_last_and_never_silently) {
    fill(40);
    move_cursor("head-end", 20);
    const int taken = fill_up();
    PurgeReport report = upkeep();
    EXPECT_EQ(report.batches, 64U);
    EXPECT_EQ(report.unsent_batches, 44U);
    fill(1);
    Event told;
    for (const Batch& one : batches()) {
        if (one.panel == gateway_panel) {
            told = one.events.at(0);
        }
    }
    EXPECT_EQ(told.kind, EventKind::records_purged);
    EXPECT_EQ(told.old_value, "21");
    EXPECT_EQ(told.new_value, "64");
    EXPECT_THAT(told.text, HasSubstr("44 batches"));
    EXPECT_THAT(told.text, HasSubstr("destination head-end"));
    EXPECT_EQ(batches().front().seq, BatchSeq{65});
    EXPECT_GT(taken, 500);
}

TEST_F(StorePurge, the_watermark_frees_sent_batches_before_the_store_is_full) {
    move_cursor("head-end", 0);
    while (query("PRAGMA page_count") * 100 < 256 * 92) {
        fill(10);
    }
    EXPECT_EQ(upkeep().batches, 0U) << "nothing is sent yet";
    move_cursor("head-end", 100);
    EXPECT_EQ(upkeep().batches, 64U);
    EXPECT_EQ(upkeep().unsent_batches, 0U);
}

TEST_F(StorePurge, the_ballast_is_released_when_the_store_is_full_and_restored_later) {
    EXPECT_EQ(upkeep().batches, 0U);
    EXPECT_EQ(std::filesystem::file_size(path + ".ballast"), 1024U * 1024U);
    fill_up();
    EXPECT_FALSE(std::filesystem::exists(path + ".ballast"));
    upkeep();
    EXPECT_FALSE(std::filesystem::exists(path + ".ballast"));
    fill(1);
    upkeep();
    EXPECT_TRUE(std::filesystem::exists(path + ".ballast"));
}

TEST_F(StorePurge, readers_pass_by_what_was_purged) {
    fill(100);
    clock.advance(year);
    upkeep();
    const auto page = source()->after(BatchSeq{0}, 10);
    EXPECT_EQ(page->batches.size(), 10U);
    EXPECT_EQ(page->batches.front().seq, BatchSeq{65});
    EXPECT_EQ(page->through, BatchSeq{74});
    upkeep();
    const auto rest = source()->after(BatchSeq{0}, 10);
    EXPECT_THAT(rest->batches, IsEmpty());
    EXPECT_EQ(rest->through, BatchSeq{100});
    const auto spans = source()->spans();
    EXPECT_EQ(spans->at(0).oldest_kept, 101U);
    EXPECT_EQ(spans->at(0).newest, 100U);
}

}  // namespace
}  // namespace metergate::storage
