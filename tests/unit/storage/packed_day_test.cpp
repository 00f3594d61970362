#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <random>

#include "storage/history.hpp"
#include "tests/unit/storage/store_fixture.hpp"

namespace metergate::storage {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class PackedDays : public StoreFixture {
  protected:
    /// Quarter-hours of the panel with ends in (from, through], a commit each.
    void fill(PanelNumber panel, UtcSeconds from, UtcSeconds through) {
        record::Commit made;
        for (UtcSeconds end = from + minutes{15}; end <= through; end += minutes{15}) {
            made.batches.push_back(batch(panel, epoch_s(end), epoch_s(end) % 100'000));
        }
        commit(made);
    }
    void open_in(const std::string& zone) {
        options.zone = zone;
        open();
    }
    std::size_t pack() {
        std::size_t blocks = 0;
        for (bool more = true; more;) {
            const auto step = store->pack_days();
            EXPECT_TRUE(step) << step.error().text;
            blocks += step ? step->blocks : 0;
            more = step && step->more;
        }
        return blocks;
    }
    std::unique_ptr<SqliteHistory> history() const {
        auto opened = SqliteHistory::open(path);
        EXPECT_TRUE(opened) << opened.error().text;
        return std::move(*opened);
    }
    RecordSpan span(UtcSeconds after, UtcSeconds through, std::uint32_t index = 0,
                    std::size_t count_max = 1'000'000) const {
        const auto read =
            history()->records({after, through, point_number(east, index), kwh}, {count_max, {}});
        EXPECT_TRUE(read) << read.error().text;
        return read ? *read : RecordSpan{};
    }
    std::vector<Record> records(UtcSeconds after, UtcSeconds through) const {
        return span(after, through).records;
    }
    std::int64_t number(const std::string& sql) const {
        auto database = Database::open(path, Access::read_only);
        return database->prepare(sql).number().value_or(-1);
    }
    /// Behind the store's back, as a worn flash would.
    void damage_blocks() { tamper("UPDATE packed_day SET block = zeroblob(length(block))"); }
    void tamper(const std::string& sql) {
        store.reset();
        {
            auto database = Database::open(path, Access::read_write);
            database->exec(sql);
            ASSERT_TRUE(database->outcome("tamper"));
        }
        open();
    }
    std::vector<std::string> events_of(EventKind kind) const {
        std::vector<std::string> texts;
        for (const Event& event : *history()->events(1'000'000, 1000)) {
            if (event.kind == kind) {
                texts.push_back(event.text);
            }
        }
        return texts;
    }

    const UtcSeconds midnight = utc_from_s(1'760'054'400);  // 2025-10-10T00:00:00Z
};

TEST_F(PackedDays, a_day_is_packed_once_it_closed_and_settled) {
    open();
    clock.step_utc(midnight + days{1} + minutes{14} - clock.utc());
    fill(east, midnight, midnight + days{1});
    EXPECT_EQ(pack(), 0U);
    clock.advance(minutes{1});
    EXPECT_EQ(pack(), 3U);
    EXPECT_EQ(pack(), 0U);
    EXPECT_EQ(number("SELECT count(*) FROM packed_day"), 3);
}

TEST_F(PackedDays, packed_and_open_days_read_as_one_without_holes_or_doubles) {
    open();
    clock.step_utc(midnight + days{3} - clock.utc());
    fill(east, midnight, midnight + days{1} + hours{12});
    const auto before = records(midnight, midnight + days{2});
    ASSERT_THAT(before, SizeIs(96 + 48));
    pack();
    EXPECT_EQ(number("SELECT count(*) FROM closed_day"), 2);
    fill(east, midnight + days{2}, midnight + days{2} + hours{1});
    for (const auto hour : {0, 1, 23, 24, 25, 36}) {
        const UtcSeconds from = midnight + hours{hour};
        std::vector<Record> expected = before;
        std::erase_if(expected, [&](const Record& record) { return record.end <= from; });
        EXPECT_EQ(records(from, midnight + days{2}), expected) << hour;
    }
    EXPECT_THAT(records(midnight, midnight + days{4}), SizeIs(96 + 48 + 4));
}

TEST_F(PackedDays, a_late_revision_is_in_the_block_with_its_own_transaction) {
    open();
    clock.step_utc(midnight + days{2} - clock.utc());
    fill(east, midnight, midnight + days{1});
    pack();
    const UtcSeconds end = midnight + hours{5};
    commit({batch(east, epoch_s(end), 777)});
    const auto all = records(midnight, midnight + days{1});
    ASSERT_THAT(all, SizeIs(96));
    EXPECT_EQ(all.at(19).end, end);
    EXPECT_EQ(all.at(19).revision, 1U);
    EXPECT_EQ(all.at(19).reg, 777);
    // It is the block that says so, not the rows.
    const auto block = number("SELECT count(*) FROM packed_day");
    EXPECT_EQ(block, 3);
    EXPECT_EQ(pack(), 0U);
    tamper("UPDATE closed_day SET unpacked_from = NULL");
    EXPECT_EQ(records(midnight, midnight + days{1}), all);
}

TEST_F(PackedDays, a_revision_while_its_day_is_half_packed_is_not_lost) {
    open();
    clock.step_utc(midnight + days{2} - clock.utc());
    fill(east, midnight, midnight + days{1});
    fill(west, midnight, midnight + days{1});
    ASSERT_TRUE(store->pack_days());  // at most 24 points, here all six
    commit({batch(west, epoch_s(midnight + hours{3}), 888)});
    pack();
    EXPECT_EQ(records(midnight, midnight + days{1}).size(), 96U);
    const auto read =
        history()->records({midnight, midnight + days{1}, point_number(west, 1), kwh}, {1000, {}});
    EXPECT_EQ(read->records.at(11).reg, 889);
}

TEST_F(PackedDays, a_slot_that_comes_days_late_joins_a_closed_day_without_records) {
    open();
    clock.step_utc(midnight + days{4} - clock.utc());
    fill(east, midnight, midnight + days{1});
    fill(east, midnight + days{2}, midnight + days{3});
    pack();
    EXPECT_EQ(number("SELECT count(*) FROM closed_day"), 2);
    commit({batch(east, epoch_s(midnight + days{1} + hours{2}), 555)});
    EXPECT_EQ(number("SELECT count(*) FROM closed_day"), 3);
    EXPECT_EQ(number("SELECT count(*) FROM packed_day"), 9);
    EXPECT_THAT(records(midnight, midnight + days{3}), SizeIs(96 + 1 + 96));
}

TEST_F(PackedDays, days_of_23_and_25_hours_and_half_hour_zones_are_whole) {
    struct Case {
        std::string zone;
        std::int64_t from_s;
        std::int64_t slots;
    };
    // Local midnights of a day with a change, and one in a zone of half an hour.
    for (const Case& one : {
             Case{"America/Toronto", 1'772'946'000, 92},     // 2026-03-08
             Case{"America/Toronto", 1'793'505'600, 100},    // 2026-11-01
             Case{"America/St_Johns", 1'772'940'600, 92},    // 2026-03-08
             Case{"Australia/Lord_Howe", 1'775'307'600, 98}  // 2026-04-05
         }) {
        store.reset();
        for (const char* suffix : {"", "-wal", "-shm"}) {
            std::filesystem::remove(path + suffix);
        }
        open_in(one.zone);
        const UtcSeconds from = utc_from_s(one.from_s);
        clock.step_utc(from + days{3} - clock.utc());
        fill(east, from - hours{2}, from + days{1} + hours{3});
        pack();
        EXPECT_EQ(number("SELECT (\"end\" - start) / 900 FROM closed_day WHERE start = " +
                         std::to_string(one.from_s)),
                  one.slots)
            << one.zone;
        EXPECT_THAT(records(from - hours{2}, from + days{1} + hours{3}), SizeIs(29 * 4));
    }
}

TEST_F(PackedDays, another_zone_loses_and_doubles_nothing_at_the_seam) {
    open_in("America/Toronto");
    clock.step_utc(midnight + days{4} - clock.utc());
    fill(east, midnight, midnight + days{2});
    pack();
    open_in("Asia/Kolkata");
    fill(east, midnight + days{2}, midnight + days{3});
    pack();
    commit({batch(east, epoch_s(midnight + days{2} + minutes{15}), 99)});
    const auto all = records(midnight, midnight + days{3});
    ASSERT_THAT(all, SizeIs(3 * 96));
    for (std::size_t i = 1; i < all.size(); ++i) {
        EXPECT_EQ(all.at(i).end - all.at(i - 1).end, minutes{15});
    }
    EXPECT_EQ(all.at(2 * 96).revision, 1U);
}

TEST_F(PackedDays, history_outlives_its_purged_rows) {
    options.retention_days = 30;
    open();
    clock.step_utc(midnight + days{2} - clock.utc());
    fill(east, midnight, midnight + days{1});
    pack();
    const auto before = records(midnight, midnight + days{1});
    clock.advance(days{40});
    while (store->upkeep()->more) {
    }
    EXPECT_EQ(number("SELECT count(*) FROM record"), 0);
    EXPECT_EQ(records(midnight, midnight + days{1}), before);
    // A revision that comes even later finds the rest of its day in the block.
    commit({batch(east, epoch_s(midnight + hours{1}), 4242)});
    const auto after = records(midnight, midnight + days{1});
    ASSERT_THAT(after, SizeIs(96));
    EXPECT_EQ(after.at(3).reg, 4242);
    EXPECT_EQ(after.at(3).revision, 1U);
    EXPECT_EQ(after.at(4), before.at(4));
}

TEST_F(PackedDays, a_damaged_block_is_read_from_the_rows_rebuilt_and_told) {
    open();
    clock.step_utc(midnight + days{2} - clock.utc());
    fill(east, midnight, midnight + days{1});
    pack();
    const auto before = records(midnight, midnight + days{1});
    damage_blocks();
    const RecordSpan found = span(midnight, midnight + days{1});
    EXPECT_EQ(found.records, before);
    ASSERT_THAT(found.damaged, SizeIs(1));
    EXPECT_FALSE(found.damaged.front().rows_purged);
    ASSERT_TRUE(store->repair_days({found.damaged.front().key}));
    EXPECT_THAT(span(midnight, midnight + days{1}).damaged, IsEmpty());
    EXPECT_EQ(records(midnight, midnight + days{1}), before);
    const auto told = events_of(EventKind::history_damaged);
    ASSERT_THAT(told, SizeIs(1));
    EXPECT_THAT(told.front(), HasSubstr("point e1"));
    EXPECT_THAT(told.front(), HasSubstr("packed again from the records"));
    // Once mended it is not told again.
    ASSERT_TRUE(store->repair_days({found.damaged.front().key}));
    EXPECT_THAT(events_of(EventKind::history_damaged), SizeIs(1));
}

TEST_F(PackedDays, a_damaged_block_without_rows_is_told_and_what_is_left_is_read) {
    options.retention_days = 30;
    open();
    clock.step_utc(midnight + days{2} - clock.utc());
    fill(east, midnight, midnight + days{1});
    pack();
    clock.advance(days{40});
    while (store->upkeep()->more) {
    }
    damage_blocks();
    commit({batch(east, epoch_s(midnight + hours{1}), 4242)});  // is not refused for it
    const RecordSpan found = span(midnight, midnight + days{1});
    ASSERT_THAT(found.records, SizeIs(1));
    EXPECT_EQ(found.records.front().reg, 4242);
    ASSERT_THAT(found.damaged, SizeIs(1));
    EXPECT_TRUE(found.damaged.front().rows_purged);
    const auto told = events_of(EventKind::history_damaged);
    ASSERT_THAT(told, SizeIs(3));
    EXPECT_THAT(told.front(), HasSubstr("its records are purged"));
}

TEST_F(PackedDays, a_revision_of_a_damaged_day_is_stored_and_the_day_rebuilt_with_it) {
    open();
    clock.step_utc(midnight + days{2} - clock.utc());
    fill(east, midnight, midnight + days{1});
    pack();
    damage_blocks();
    commit({batch(east, epoch_s(midnight + hours{1}), 4242)});
    const RecordSpan found = span(midnight, midnight + days{1});
    EXPECT_THAT(found.damaged, IsEmpty());
    ASSERT_THAT(found.records, SizeIs(96));
    EXPECT_EQ(found.records.at(3).reg, 4242);
    EXPECT_THAT(events_of(EventKind::history_damaged), SizeIs(3));
}

TEST_F(PackedDays, rows_that_cannot_be_read_are_an_error_and_packed_days_are_not_touched_by_it) {
    open();
    clock.step_utc(midnight + days{2} - clock.utc());
    fill(east, midnight, midnight + days{1});
    pack();
    fill(east, midnight + days{1}, midnight + days{1} + hours{4});
    record::Commit last;
    last.clean_stop = true;
    commit(last);  // folds the log into the file
    const auto page = number("SELECT rootpage FROM sqlite_schema WHERE name = 'record'");
    store.reset();
    {
        std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
        file.seekp((page - 1) * 4096);
        file << std::string(4096, 'x');
    }
    const auto reader = history();
    DayKey key{midnight, midnight + days{1}, point_number(east, 0), kwh};
    for (int round = 0; round < 2; ++round) {
        const auto packed = reader->records(key, {1000, {}});
        ASSERT_TRUE(packed) << packed.error().text;
        EXPECT_THAT(packed->records, SizeIs(96));
        const auto rows = reader->records({key.end, key.end + days{1}, key.point, kwh}, {1000, {}});
        ASSERT_FALSE(rows);
        EXPECT_EQ(rows.error().fault, Fault::damaged);
    }
}

TEST_F(PackedDays, everything_can_be_packed_anew_and_comes_out_the_same) {
    open();
    clock.step_utc(midnight + days{3} - clock.utc());
    fill(east, midnight, midnight + days{2});
    EXPECT_EQ(pack(), 6U);
    const auto before = records(midnight, midnight + days{2});
    ASSERT_TRUE(store->pack_all_again());
    EXPECT_EQ(pack(), 0U) << "what is right is not written again";
    damage_blocks();
    ASSERT_TRUE(store->pack_all_again());
    EXPECT_EQ(pack(), 6U);
    EXPECT_EQ(records(midnight, midnight + days{2}), before);
    tamper("DELETE FROM packed_day");
    EXPECT_EQ(records(midnight, midnight + days{2}), before);
    ASSERT_TRUE(store->pack_all_again());
    EXPECT_EQ(pack(), 6U);
    EXPECT_EQ(records(midnight, midnight + days{2}), before);
}

TEST_F(PackedDays, blocks_go_after_ten_years) {
    open();
    clock.step_utc(midnight + days{2} - clock.utc());
    fill(east, midnight, midnight + days{1});
    pack();
    clock.advance(days{3651});
    pack();
    EXPECT_EQ(number("SELECT count(*) FROM packed_day"), 3);
    clock.advance(days{3});
    pack();
    EXPECT_EQ(number("SELECT count(*) FROM packed_day"), 0);
}

TEST_F(PackedDays, a_full_store_gives_up_packed_days_before_unsent_records) {
    options.store_max_mb = 1;
    open();
    move_cursor("office", 0);
    clock.step_utc(midnight + days{2} - clock.utc());
    fill(east, midnight, midnight + days{1});
    pack();
    for (UtcSeconds end = midnight + days{1} + minutes{15};; end += minutes{15}) {
        if (!attempt_commit(batch(east, epoch_s(end)))) {
            break;
        }
    }
    EXPECT_EQ(store->upkeep()->unsent_batches, 0U);
    EXPECT_EQ(number("SELECT count(*) FROM packed_day"), 0);
    EXPECT_EQ(number("SELECT count(*) FROM record WHERE \"end\" <= " +
                     std::to_string(epoch_s(midnight + days{1}))),
              3 * 96);
    EXPECT_THAT(records(midnight, midnight + days{1}), SizeIs(96));
}

/// Commits, late revisions, packing steps and restarts in any order, against a plain list.
TEST_F(PackedDays, whatever_the_order_history_is_the_newest_revision_of_every_end) {
    options.zone = "America/Toronto";
    open();
    for (std::uint64_t seed = 1; seed <= 4; ++seed) {
        std::mt19937_64 random(seed);
        // Each seed has a week of its own, over a change of the clocks.
        const UtcSeconds begin =
            utc_from_s(1'772'600'400 + static_cast<std::int64_t>(seed) * 604'800);
        const UtcSeconds end = begin + days{5};
        clock.step_utc(begin - clock.utc());
        std::map<UtcSeconds, std::pair<std::uint32_t, Milli>> expected;
        for (Milli turn = 0; turn < 300; ++turn) {
            clock.step_utc(UtcTime{begin + minutes{25} * turn} - clock.utc());
            const std::int64_t newest = turn * 25 / 15;
            const bool late = random() % 4 == 0;
            const std::int64_t back = late ? static_cast<std::int64_t>(random() % 500) : 0;
            const UtcSeconds slot = begin + minutes{15} * std::max<std::int64_t>(newest - back, 1);
            commit({batch(east, epoch_s(slot), turn)});
            const auto known = expected.find(slot);
            expected[slot] = {known == expected.end() ? 0 : known->second.first + 1, turn};
            if (random() % 3 == 0) {
                ASSERT_TRUE(store->pack_days());
            }
        }
        pack();
        const auto all = records(begin, end + days{1});
        ASSERT_EQ(all.size(), expected.size()) << "seed " << seed;
        for (const Record& record : all) {
            EXPECT_EQ(std::pair(record.revision, *record.reg), expected.at(record.end));
        }
        tamper("DELETE FROM packed_day");
        EXPECT_EQ(records(begin, end + days{1}), all) << "seed " << seed;
    }
}

TEST_F(PackedDays, a_step_is_bounded_and_the_next_goes_on_after_a_restart) {
    open();
    record::NumberingRequest request{{{"north", {}}}, {Series{}}};
    for (int i = 0; i < 100; ++i) {
        request.panels.front().points.push_back("n" + std::to_string(i));
    }
    const auto north = store->number(request)->panels.front().number;
    clock.step_utc(midnight + days{2} - clock.utc());
    record::Commit made;
    for (UtcSeconds end = midnight + minutes{15}; end <= midnight + days{1}; end += minutes{15}) {
        Batch one = batch(north, epoch_s(end));
        const Record first = one.records.front();
        for (std::uint32_t index = 3; index < 100; ++index) {
            one.records.push_back(first);
            one.records.back().point = point_number(north, index);
        }
        made.batches.push_back(one);
    }
    commit(made);
    std::size_t blocks = 0;
    for (auto step = store->pack_days(); step && step->more; step = store->pack_days()) {
        EXPECT_LE(step->blocks, 24U);
        blocks += step->blocks;
        open();
    }
    EXPECT_EQ(blocks, 100U);
}

TEST_F(PackedDays, reading_stops_where_it_is_told_to_and_goes_on_from_there) {
    open();
    clock.step_utc(midnight + days{6} - clock.utc());
    fill(east, midnight, midnight + days{5});
    pack();
    const auto reader = history();
    DayKey key{midnight, midnight + days{5}, point_number(east, 0), kwh};
    const auto one_day = reader->records(key, {1'000'000, [] { return false; }});
    EXPECT_EQ(one_day->through, midnight + days{1});
    EXPECT_THAT(one_day->records, SizeIs(96));
    const auto two_days = reader->records(key, {97, {}});
    EXPECT_EQ(two_days->through, midnight + days{2});
    key.start = two_days->through;
    EXPECT_THAT(reader->records(key, {1'000'000, {}})->records, SizeIs(3 * 96));
}

TEST_F(PackedDays, an_unknown_point_or_series_is_named) {
    open();
    const auto reader = history();
    const auto point = reader->find_series("attic", {});
    ASSERT_FALSE(point);
    EXPECT_EQ(point.error(), (Error{Fault::not_found, "there is no point \"attic\""}));
    Series other;
    other.length = hours{1};
    const auto series = reader->find_series("e1", other);
    ASSERT_FALSE(series);
    EXPECT_EQ(series.error().fault, Fault::not_found);
    EXPECT_EQ(reader->find_series("e1", Series{})->number, kwh);
}

TEST_F(PackedDays, an_unknown_zone_is_refused) {
    options.zone = "Mars/Olympus";
    const auto opened = SqliteStore::open(path, clock, options);
    ASSERT_FALSE(opened);
    EXPECT_THAT(opened.error().text, HasSubstr("Mars/Olympus"));
}

}  // namespace
}  // namespace metergate::storage
