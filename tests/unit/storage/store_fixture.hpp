#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "gateway/model/clock.hpp"
#include "storage/reader.hpp"
#include "storage/store.hpp"
#include "tests/support/temp_dir.hpp"

namespace metergate::storage {

inline constexpr std::int64_t noon_s = 1'760'000'400;  ///< a quarter of an hour begins

/// A store in a folder of its own, with two panels of three points and one series.
class StoreFixture : public ::testing::Test {
  protected:
    void open() {
        store.reset();
        auto opened = SqliteStore::open(path, clock, options);
        ASSERT_TRUE(opened) << opened.error().text;
        store = std::move(*opened);
        const auto numbering = store->number(
            {{{"east", {"e1", "e2", "e3"}}, {"west", {"w1", "w2", "w3"}}}, {Series{}}});
        ASSERT_TRUE(numbering) << numbering.error().text;
        east = numbering->panels.at(0).number;
        west = numbering->panels.at(1).number;
        kwh = numbering->series.at(0).second;
    }

    std::unique_ptr<SqliteBatchSource> source() {
        auto opened = SqliteBatchSource::open(path, options.disk.vfs);
        EXPECT_TRUE(opened) << opened.error().text;
        return opened ? std::move(*opened) : nullptr;
    }

    std::vector<Batch> batches() {
        const auto page = source()->after(BatchSeq{0}, 1'000'000);
        EXPECT_TRUE(page) << page.error().text;
        return page ? page->batches : std::vector<Batch>{};
    }

    /// Three records of 15 minutes, each with the register `reg`.
    Batch batch(PanelNumber panel, std::int64_t end_s, Milli reg = 1000) const {
        Batch made;
        made.panel = panel;
        made.end = utc_from_s(end_s);
        for (std::uint32_t index = 0; index < 3; ++index) {
            Record record;
            record.end = made.end;
            record.start = made.end - std::chrono::seconds{900};
            record.point = point_number(panel, index);
            record.series = kwh;
            record.value = 10 + index;
            record.reg = reg + index;
            made.records.push_back(record);
        }
        return made;
    }

    static Event event(PanelNumber panel, EventKind kind, std::string source_id,
                       std::int64_t at_ms = noon_s * 1000) {
        Event made;
        made.panel = panel;
        made.kind = kind;
        made.source = std::move(source_id);
        made.at = utc_from_ms(at_ms);
        made.start = made.at;
        made.text = "It happened.";
        return made;
    }

    BatchSeq commit(const record::Commit& what) {
        const auto done = store->commit(what);
        EXPECT_TRUE(done) << done.error().text;
        return done ? *done : BatchSeq{0};
    }
    BatchSeq commit(std::vector<Batch> what) {
        record::Commit made;
        made.batches = std::move(what);
        return commit(made);
    }
    Result<BatchSeq> attempt_commit(const Batch& one) {
        record::Commit made;
        made.batches = {one};
        return store->commit(made);
    }
    BatchSeq move_cursor(const Id& destination, std::int64_t through) {
        record::Commit made;
        made.cursors = {{destination, BatchSeq{through}}};
        return commit(made);
    }
    BatchSeq keep_receipt(const std::string& receiver, PanelNumber panel, std::uint64_t through) {
        record::Commit made;
        made.receipts = {{"head-end", receiver, panel, store->epoch(), through, {}}};
        return commit(made);
    }

    support::TempDir dir;
    std::string path = dir.file("store");
    VirtualClock clock{utc_from_s(noon_s)};
    SqliteStore::Options options;
    std::unique_ptr<SqliteStore> store;
    PanelNumber east{};
    PanelNumber west{};
    SeriesNumber kwh{};
};

}  // namespace metergate::storage
