#include "tests/crash/rows.hpp"
#include "tests/crash/virtual_disk.hpp"
#include "tests/unit/storage/store_fixture.hpp"

/// Disks that fail at one chosen moment, under the real store.
namespace metergate::storage {
namespace {

using crash::DiskFault;
using crash::VirtualDisk;

class StoreFaults : public StoreFixture {
  protected:
    void SetUp() override {
        path = "store";
        options.disk = disk.as_disk();
        open();
    }

    record::Commit commit_at(int i) const {
        record::Commit made;
        made.batches = {batch(east, noon_s + i * 900, i * 100), batch(west, noon_s + i * 900)};
        made.events = {event(east, EventKind::panel_lost, "east"),
                       event(gateway_panel, EventKind::line_lost, "riser", noon_s * 1000 + i)};
        return made;
    }

    /// Each end once, revision 0, each number once, each occurrence once.
    void expect_exactly(int commits) {
        std::uint64_t next_east = 1;
        std::uint64_t next_gateway = 1;
        std::uint32_t occurrence = 1;
        for (const Batch& one : batches()) {
            if (one.panel == east) {
                EXPECT_EQ(one.number, next_east++);
                EXPECT_EQ(one.revision, 0U);
                EXPECT_EQ(one.records.size(), 3U);
                ASSERT_EQ(one.events.size(), 1U);
                EXPECT_EQ(one.events[0].occurrence, occurrence++);
            } else if (one.panel == gateway_panel) {
                EXPECT_EQ(one.number, next_gateway++);
            }
        }
        EXPECT_EQ(next_east, static_cast<std::uint64_t>(commits) + 1);
        EXPECT_EQ(next_gateway, static_cast<std::uint64_t>(commits) + 1);
    }

    VirtualDisk disk;

    void TearDown() override { store.reset(); }
};

TEST_F(StoreFaults, a_commit_whose_sync_failed_is_not_there_and_can_be_repeated) {
    commit(commit_at(0));
    disk.fail_sync(1);
    const auto failed = store->commit(commit_at(1));
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().fault, Fault::disconnected) << failed.error().text;
    expect_exactly(1);
    commit(commit_at(1));
    expect_exactly(2);
}

TEST_F(StoreFaults, a_commit_whose_sync_failed_stays_away_after_a_restart) {
    commit(commit_at(0));
    disk.fail_sync(1);
    ASSERT_FALSE(store->commit(commit_at(1)));
    open();
    expect_exactly(1);
}

TEST_F(StoreFaults, a_failed_sync_of_a_log_begun_anew_loses_nothing) {
    // The log begins anew after a checkpoint has moved everything; sweep the moment over it.
    for (int i = 0; i < 120; ++i) {
        if (i % 10 == 9) {
            disk.fail_sync(1);
            ASSERT_FALSE(store->commit(commit_at(i)));
        }
        commit(commit_at(i));
    }
    expect_exactly(120);
}

TEST_F(StoreFaults, after_any_single_fault_the_repeated_commit_is_there_once) {
    for (const DiskFault fault : {DiskFault::io_error, DiskFault::full}) {
        int done = 0;
        int faults = 0;
        store.reset();
        path = fault == DiskFault::full ? "full" : "write";
        open();
        for (int n = 1; n < 160; ++n) {
            disk.fail(n % 40 + 1, fault);
            for (int tries = 0;; ++tries) {
                ASSERT_LT(tries, 4);
                const auto result = store->commit(commit_at(done));
                if (result) {
                    break;
                }
                ++faults;
                EXPECT_TRUE(result.error().fault == Fault::disconnected ||
                            result.error().fault == Fault::full)
                    << result.error().text;
                disk.repair();
            }
            ++done;
        }
        disk.repair();
        EXPECT_GT(faults, 20);
        expect_exactly(done);
        open();
        expect_exactly(done);
    }
}

TEST_F(StoreFaults, a_fault_while_a_store_is_made_leaves_no_half_store) {
    store.reset();
    int n = 1;
    for (;; ++n) {
        ASSERT_LT(n, 500);
        path = "made-" + std::to_string(n);
        disk.fail(n, DiskFault::io_error);
        const auto opened = SqliteStore::open(path, clock, options);
        const bool unharmed = disk.is_armed();
        disk.repair();
        if (!opened) {
            EXPECT_NE(opened.error().fault, Fault::damaged) << opened.error().text;
        }
        open();
        EXPECT_FALSE(store->open_report().replaced) << "call " << n;
        // SQLite rolls a store under way back through the same handle; that file is thrown away.
        for (const std::string& retry : disk.retries()) {
            EXPECT_NE(retry.find(".new"), std::string::npos) << "call " << n << ": " << retry;
        }
        commit(commit_at(0));
        expect_exactly(1);
        store.reset();
        if (unharmed) {
            break;
        }
    }
    EXPECT_GT(n, 20);
}

TEST_F(StoreFaults, a_page_that_cannot_be_read_for_a_moment_does_not_put_the_store_aside) {
    commit(commit_at(0));
    int refused = 0;
    for (int n = 1; n < 200; ++n) {
        store.reset();
        disk.fail(n, DiskFault::io_error);
        const auto opened = SqliteStore::open(path, clock, options);
        disk.repair();
        if (!opened) {
            ++refused;
            EXPECT_EQ(opened.error().fault, Fault::disconnected) << opened.error().text;
        } else {
            EXPECT_FALSE((*opened)->open_report().created) << "call " << n;
        }
    }
    EXPECT_GT(refused, 20);
    open();
    expect_exactly(1);
}

TEST_F(StoreFaults, an_open_reader_goes_on_while_the_store_opens_again) {
    const auto reader = source();
    commit(commit_at(0));
    disk.fail_sync(1);
    ASSERT_FALSE(store->commit(commit_at(1)));
    EXPECT_EQ(*reader->newest(), BatchSeq{3});
    commit(commit_at(1));
    EXPECT_EQ(*reader->newest(), BatchSeq{6});
    EXPECT_EQ(reader->after(BatchSeq{0}, 100)->batches.size(), 6U);
}

TEST_F(StoreFaults, a_store_that_vanished_is_disconnected_until_it_is_back) {
    commit(commit_at(0));
    disk.fail_sync(1);
    ASSERT_FALSE(store->commit(commit_at(1)));
    ASSERT_TRUE(disk.rename(path, path + "-away"));
    EXPECT_EQ(store->commit(commit_at(1)).error().fault, Fault::disconnected);
    EXPECT_EQ(store->commit(commit_at(1)).error().fault, Fault::disconnected);
    ASSERT_TRUE(disk.rename(path + "-away", path));
    commit(commit_at(1));
    expect_exactly(2);
}

struct Failing {
    const char* name;
    DiskFault fault;
    bool lasting;  ///< until the third attempt, else one call
};

/// The same work on a sound store, with the n-th call to the disk failing, for every n.
class EveryCall : public StoreFaults, public ::testing::WithParamInterface<Failing> {
  protected:
    void SetUp() override {
        StoreFaults::SetUp();
        commit(commit_at(0));
        record::Commit stop;
        stop.cursors = {{"head-end", BatchSeq{0}}};
        stop.clean_stop = true;
        commit(stop);
        store.reset();
        sound = disk.contents();
    }

    /// Tries until it is done, as the daemon does; a lasting fault ends after some attempts.
    template <class Attempt>
    void insist(Attempt attempt) {
        for (int tries = 0; tries < 6; ++tries) {
            const auto done = attempt();
            if (done) {
                return;
            }
            const Fault fault = done.error().fault;
            EXPECT_TRUE(fault == Fault::disconnected || fault == Fault::full) << done.error().text;
            if (tries == 2) {
                disk.repair();
            }
        }
        ADD_FAILURE() << "it did not succeed after the disk was sound again";
    }

    void insist_on_open() {
        insist([this]() -> Result<void> {
            auto opened = SqliteStore::open(path, clock, options);
            if (!opened) {
                return opened.error();
            }
            store = std::move(*opened);
            EXPECT_FALSE(store->open_report().created) << store->open_report().reason;
            return {};
        });
    }

    void work() {
        insist_on_open();
        for (int i = 1; i < 3; ++i) {
            insist([&] { return store->commit(commit_at(i)); });
            // Also the tidying and the reading meet the fault.
            insist([&] { return store->restart_state(); });
            insist([&] { return store->cursor("head-end"); });
        }
        insist([&] { return store->number({{{"north", {"n1"}}}, {Series{}}}); });
        record::Commit stop;
        stop.clean_stop = true;
        insist([&] { return store->commit(stop); });
        insist([&] {
            return store->change_out(point_number(east, 0), {.new_serial = "B",
                                                             .multiplier = {1, 1},
                                                             .at = utc_from_s(noon_s),
                                                             .reason = "it stood still",
                                                             .who = "anna"});
        });
        // A disk that is full for a moment costs nothing that was not sent.
        insist([&] { return store->upkeep(); });
        record::Commit last = commit_at(3);
        last.cursors = {{"head-end", BatchSeq{2}}};
        insist([&] { return store->commit(last); });
    }

    /// The rows of the store on a disk that holds `files`.
    std::string rows_on(const crash::FileMap& files) {
        VirtualDisk other;
        other.start(files);
        options.disk = other.as_disk();
        std::string rows;
        {
            const auto opened = SqliteStore::open(path, clock, options);
            EXPECT_TRUE(opened) << opened.error().text;
            auto reader = Database::open(path, Access::read_only, other.as_disk());
            rows = crash::rows_of(*reader);
        }
        options.disk = disk.as_disk();
        return rows;
    }

    /// What a power cut at this moment would leave, if only what was synced had arrived.
    crash::FileMap after_power_cut() {
        crash::DiskImage image(sound);
        for (const auto& step : disk.steps()) {
            image.apply(step);
        }
        return image.only_synced();
    }

    crash::FileMap sound;
};

TEST_P(EveryCall, that_fails_loses_nothing_doubles_nothing_and_the_store_works_again) {
    disk.start(sound);
    work();
    store.reset();
    const std::string expected = rows_on(disk.contents());
    int n = 1;
    for (bool failed = true; failed; ++n) {
        ASSERT_LT(n, 3000);
        SCOPED_TRACE("call " + std::to_string(n));
        disk.start(sound);
        disk.fail(n, GetParam().fault, GetParam().lasting);
        work();
        failed = !disk.is_armed();
        disk.repair();
        store.reset();
        EXPECT_EQ(rows_on(after_power_cut()), expected);
        EXPECT_TRUE(disk.retries().empty()) << disk.retries().front();
        if (HasFailure()) {
            break;
        }
    }
    EXPECT_GT(n, 30);
    RecordProperty("calls", n);
}

INSTANTIATE_TEST_SUITE_P(Faults, EveryCall,
                         ::testing::Values(Failing{"error", DiskFault::io_error, false},
                                           Failing{"lasting_error", DiskFault::io_error, true},
                                           Failing{"full", DiskFault::full, false},
                                           Failing{"lasting_full", DiskFault::full, true},
                                           Failing{"short_write", DiskFault::short_write, false},
                                           Failing{"lasting_short_write", DiskFault::short_write,
                                                   true}),
                         [](const auto& tested) { return std::string(tested.param.name); });

}  // namespace
}  // namespace metergate::storage
