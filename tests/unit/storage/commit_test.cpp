#include <gmock/gmock.h>

#include "tests/unit/storage/store_fixture.hpp"

namespace metergate::storage {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class StoreCommit : public StoreFixture {
  protected:
    void SetUp() override { open(); }

    /// What SQL on the store's file says.
    Result<void> attempt(const std::string& sql) {
        auto database = Database::open(path, Access::read_write);
        EXPECT_TRUE(database);
        database->exec("PRAGMA recursive_triggers=ON");
        database->exec(sql);
        return database->outcome("attempt");
    }
};

TEST_F(StoreCommit, batches_come_back_whole_and_as_written) {
    Batch written = batch(east, noon_s);
    written.records[1].value.reset();
    written.records[1].reg.reset();
    written.records[1].flags = Flag::missing | Flag::power_fail;
    written.records[2].uncertainty = 7;
    written.records[2].origin = Origin::panel_log;
    EXPECT_EQ(commit({written}), BatchSeq{1});

    written.seq = BatchSeq{1};
    written.number = 1;
    EXPECT_THAT(batches(), ElementsAre(written));
}

TEST_F(StoreCommit, numbers_of_each_panel_are_gapless_over_restarts) {
    for (int i = 0; i < 40; ++i) {
        commit({batch(east, noon_s + i * 900), batch(west, noon_s + i * 900)});
        if (i % 7 == 0) {
            commit({batch(west, noon_s + i * 900)});
        }
        if (i % 5 == 0) {
            open();
        }
    }
    std::uint64_t next_east = 1;
    std::uint64_t next_west = 1;
    std::int64_t next_seq = 1;
    for (const Batch& one : batches()) {
        EXPECT_EQ(one.seq, BatchSeq{next_seq++});
        EXPECT_EQ(one.number, one.panel == east ? next_east++ : next_west++);
    }
    EXPECT_EQ(next_east, 41U);
    EXPECT_EQ(next_west, 47U);
}

TEST_F(StoreCommit, the_revision_counts_the_batches_of_one_panel_and_end) {
    commit({batch(east, noon_s)});
    commit({batch(west, noon_s), batch(east, noon_s + 900)});
    Batch correction = batch(east, noon_s);
    correction.records.resize(1);
    commit({correction, correction});

    const std::vector<Batch> all = batches();
    ASSERT_EQ(all.size(), 5U);
    EXPECT_EQ(all[1].revision, 0U);
    EXPECT_EQ(all[2].revision, 0U);
    EXPECT_EQ(all[3].revision, 1U);
    EXPECT_EQ(all[4].revision, 2U);
    EXPECT_EQ(all[4].records.at(0).revision, 2U);
    EXPECT_EQ(all[0].records.size(), 3U) << "earlier batches keep what they had";
}

TEST_F(StoreCommit, the_current_record_is_the_highest_revision_of_its_key) {
    commit({batch(east, noon_s)});
    Batch correction = batch(east, noon_s);
    correction.records.resize(1);
    correction.records[0].value = 99;
    commit({correction});
    auto database = Database::open(path, Access::read_only);
    Statement row = database->prepare("SELECT value, revision FROM current_record ORDER BY point");
    std::vector<std::pair<std::int64_t, std::int64_t>> found;
    while (row.next()) {
        found.emplace_back(row.integer(0), row.integer(1));
    }
    EXPECT_THAT(found, ElementsAre(std::pair(99, 1), std::pair(11, 0), std::pair(12, 0)));
}

TEST_F(StoreCommit, an_event_is_carried_by_the_batch_of_its_panel_in_the_same_commit) {
    record::Commit both;
    both.batches = {batch(west, noon_s), batch(east, noon_s)};
    both.events = {event(east, EventKind::panel_lost, "east")};
    commit(both);
    const std::vector<Batch> all = batches();
    EXPECT_THAT(all.at(0).events, IsEmpty());
    ASSERT_EQ(all.at(1).events.size(), 1U);
    EXPECT_EQ(all.at(1).events[0].seq, 1);
    EXPECT_EQ(all.at(1).events[0].occurrence, 1U);
    EXPECT_EQ(all.at(1).events[0].text, "It happened.");
}

TEST_F(StoreCommit, an_event_without_a_batch_waits_for_the_next_one_of_its_panel) {
    record::Commit only_event;
    Event written = event(east, EventKind::voltage_sag, "e1");
    written.phase = "B";
    written.end = utc_from_ms(noon_s * 1000 + 250);
    written.old_value = "120000";
    written.new_value = "90000";
    written.clock_ok = false;
    only_event.events = {written};
    commit(only_event);
    EXPECT_THAT(batches(), IsEmpty());
    commit({batch(west, noon_s)});
    open();
    commit({batch(east, noon_s)});
    commit({batch(east, noon_s + 900)});
    const std::vector<Batch> all = batches();
    EXPECT_THAT(all.at(0).events, IsEmpty());
    written.seq = 1;
    written.occurrence = 1;
    EXPECT_THAT(all.at(1).events, ElementsAre(written));
    EXPECT_THAT(all.at(2).events, IsEmpty());
}

TEST_F(StoreCommit, events_of_the_gateway_get_a_batch_without_records_per_second) {
    record::Commit with_events;
    with_events.batches = {batch(east, noon_s)};
    with_events.events = {event(gateway_panel, EventKind::gateway_started, "gateway", 5'000),
                          event(gateway_panel, EventKind::clock_valid, "gateway", 5'999),
                          event(gateway_panel, EventKind::line_lost, "riser", 6'000)};
    commit(with_events);
    const std::vector<Batch> all = batches();
    ASSERT_EQ(all.size(), 3U);
    EXPECT_EQ(all[1].panel, gateway_panel);
    EXPECT_EQ(all[1].end, utc_from_s(5));
    EXPECT_EQ(all[1].number, 1U);
    EXPECT_EQ(all[1].events.size(), 2U);
    EXPECT_THAT(all[1].records, IsEmpty());
    EXPECT_EQ(all[2].end, utc_from_s(6));
    EXPECT_EQ(all[2].number, 2U);
}

TEST_F(StoreCommit, occurrences_count_per_source_and_kind_over_restarts) {
    record::Commit three;
    three.events = {event(gateway_panel, EventKind::line_lost, "a"),
                    event(gateway_panel, EventKind::line_lost, "b"),
                    event(gateway_panel, EventKind::line_back, "a")};
    commit(three);
    open();
    commit(three);
    std::vector<std::uint32_t> counts;
    for (const Batch& one : batches()) {
        for (const Event& seen : one.events) {
            counts.push_back(seen.occurrence);
        }
    }
    EXPECT_THAT(counts, ElementsAre(1, 1, 1, 2, 2, 2));
}

TEST_F(StoreCommit, cursors_only_move_forward) {
    commit({batch(east, noon_s), batch(east, noon_s + 900), batch(east, noon_s + 1800)});
    EXPECT_EQ(*store->cursor("head-end"), std::nullopt);
    move_cursor("head-end", 2);
    EXPECT_EQ(*store->cursor("head-end"), BatchSeq{2});
    move_cursor("head-end", 1);
    EXPECT_EQ(*store->cursor("head-end"), BatchSeq{2});
    open();
    EXPECT_EQ(*store->cursor("head-end"), BatchSeq{2});
    EXPECT_TRUE(store->drop_cursor("head-end"));
    EXPECT_EQ(*store->cursor("head-end"), std::nullopt);
}

TEST_F(StoreCommit, receipts_only_move_forward_within_what_there_is) {
    for (int i = 0; i < 5; ++i) {
        commit({batch(east, noon_s + i * 900)});
    }
    const auto through = [&] {
        const auto receipts = store->receipts("head-end");
        return receipts->empty() ? -1 : static_cast<std::int64_t>(receipts->front().through);
    };
    keep_receipt("bills", east, 6);
    keep_receipt("bills", west, 0);
    keep_receipt("bills", PanelNumber{99}, 0);
    EXPECT_EQ(through(), -1) << "beyond the newest number, no batch yet, no such panel";
    keep_receipt("bills", east, 4);
    keep_receipt("bills", east, 3);
    EXPECT_EQ(through(), 4);
    record::Commit foreign;
    foreign.receipts = {{"head-end", "bills", east, Epoch{12345}, 5, {}}};
    commit(foreign);
    EXPECT_EQ(through(), 4);
    EXPECT_EQ(store->receipts("head-end")->front().heard, utc_from_s(noon_s));
    ASSERT_TRUE(store->drop_cursor("head-end"));
    EXPECT_EQ(through(), -1);
}

TEST_F(StoreCommit, a_cursor_beyond_the_newest_batch_is_not_taken) {
    commit({batch(east, noon_s)});
    move_cursor("head-end", 1000);
    EXPECT_EQ(*store->cursor("head-end"), std::nullopt);
}

TEST_F(StoreCommit, an_empty_commit_tells_the_newest_batch) {
    EXPECT_EQ(commit(record::Commit{}), BatchSeq{0});
    commit({batch(east, noon_s)});
    EXPECT_EQ(commit(record::Commit{}), BatchSeq{1});
}

TEST_F(StoreCommit, a_commit_that_breaks_a_rule_is_refused_whole) {
    std::vector<Batch> wrong(6, batch(east, noon_s));
    wrong[0].records[1].end += std::chrono::seconds{1};
    wrong[1].records[1].point = point_number(west, 0);
    wrong[2].records[1].value.reset();
    wrong[3].records[1].flags = Flag::missing;
    wrong[4].records[1].start = wrong[4].end + std::chrono::seconds{1};
    wrong[5].records[1] = wrong[5].records[0];
    for (const Batch& one : wrong) {
        record::Commit both;
        both.batches = {batch(west, noon_s), one};
        const auto done = store->commit(both);
        ASSERT_FALSE(done);
        EXPECT_EQ(done.error().fault, Fault::invalid) << done.error().text;
    }
    EXPECT_EQ(attempt_commit(batch(PanelNumber{9}, noon_s)).error().fault, Fault::invalid);
    EXPECT_THAT(batches(), IsEmpty());
    EXPECT_EQ(commit({batch(east, noon_s)}), BatchSeq{1});
    EXPECT_EQ(batches().at(0).number, 1U);
}

TEST_F(StoreCommit, records_cannot_be_changed_replaced_or_removed) {
    commit({batch(east, noon_s)});
    const std::string replacement =
        R"(INSERT OR REPLACE INTO record SELECT "end", point, series, revision, start, 0, register,
        flags, origin, uncertainty FROM record)";
    for (const std::string& sql :
         {replacement, std::string("UPDATE record SET value = 0"),
          std::string("DELETE FROM record"), std::string("UPDATE batch SET number = 7"),
          std::string("DELETE FROM batch"), std::string("UPDATE panel SET id = 'x'"),
          std::string("DELETE FROM point"), std::string("UPDATE point SET id = 'x'"),
          std::string("DELETE FROM series"), std::string("UPDATE series SET rate = 1")}) {
        const auto done = attempt(sql);
        ASSERT_FALSE(done) << sql;
        EXPECT_EQ(done.error().fault, Fault::invalid) << done.error().text;
    }
    EXPECT_EQ(batches().at(0).records.size(), 3U);
}

TEST_F(StoreCommit, a_carried_event_cannot_be_changed_or_removed) {
    record::Commit with_event;
    with_event.batches = {batch(east, noon_s)};
    with_event.events = {event(east, EventKind::panel_lost, "east")};
    commit(with_event);
    EXPECT_THAT(attempt("UPDATE event SET text = 'no'").error().text, HasSubstr("never changed"));
    EXPECT_FALSE(attempt("UPDATE event SET batch = NULL"));
    EXPECT_FALSE(attempt("DELETE FROM event"));
}

}  // namespace
}  // namespace metergate::storage
