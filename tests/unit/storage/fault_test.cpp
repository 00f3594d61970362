#include <sqlite3.h>

#include <filesystem>

#include "tests/unit/storage/store_fixture.hpp"

/// Disks that fail at one chosen moment, under the real store.
namespace metergate::storage {
namespace {

/// SQLite's file layer with a fault: the n-th write, sync, shortening or removal fails.
class FaultyDisk {
  public:
    FaultyDisk() : real_(sqlite3_vfs_find(nullptr)), vfs_(*real_) {
        vfs_.szOsFile = static_cast<int>(sizeof(File)) + real_->szOsFile;
        vfs_.zName = name();
        vfs_.pAppData = this;
        vfs_.xOpen = &FaultyDisk::open;
        vfs_.xDelete = &FaultyDisk::remove;
        sqlite3_vfs_register(&vfs_, 0);
    }
    FaultyDisk(const FaultyDisk&) = delete;
    FaultyDisk& operator=(const FaultyDisk&) = delete;
    ~FaultyDisk() { sqlite3_vfs_unregister(&vfs_); }

    static const char* name() { return "faulty"; }

    /// From now on the n-th call (from 1) fails with `code`, once.
    void fail(int n, int code) {
        calls_left_ = n;
        code_ = code;
    }
    /// Whether the fault has not come yet.
    bool is_armed() const { return calls_left_ > 0; }
    void disarm() { calls_left_ = 0; }
    /// Only syncs count as calls.
    void only_syncs(bool only) { only_syncs_ = only; }

  private:
    struct File {
        sqlite3_file base;
        FaultyDisk* disk;
        sqlite3_file* real() { return reinterpret_cast<sqlite3_file*>(this + 1); }
    };
    static File* of(sqlite3_file* file) { return reinterpret_cast<File*>(file); }
    static sqlite3_file* real(sqlite3_file* file) { return of(file)->real(); }
    static FaultyDisk* disk_of(sqlite3_vfs* vfs) { return static_cast<FaultyDisk*>(vfs->pAppData); }

    /// The fault of this call, or SQLITE_OK. A failing sync fails after its data was written: the
    /// data may be there or not, as after a real one.
    int next(bool is_sync) {
        if (calls_left_ == 0 || (only_syncs_ && !is_sync)) {
            return SQLITE_OK;
        }
        return --calls_left_ == 0 ? (is_sync ? SQLITE_IOERR_FSYNC : code_) : SQLITE_OK;
    }

    static int open(sqlite3_vfs* vfs, sqlite3_filename path, sqlite3_file* file, int flags,
                    int* out) {
        File* made = of(file);
        FaultyDisk* disk = disk_of(vfs);
        made->disk = disk;
        made->base.pMethods = nullptr;
        const int code = disk->real_->xOpen(disk->real_, path, made->real(), flags, out);
        if (made->real()->pMethods != nullptr) {
            made->base.pMethods = methods();
        }
        return code;
    }
    static int remove(sqlite3_vfs* vfs, const char* path, int sync_folder) {
        FaultyDisk* disk = disk_of(vfs);
        const int fault = disk->next(false);
        return fault != SQLITE_OK ? SQLITE_IOERR_DELETE
                                  : disk->real_->xDelete(disk->real_, path, sync_folder);
    }

    static const sqlite3_io_methods* methods() {
        static const sqlite3_io_methods table = make_methods();
        return &table;
    }
    static sqlite3_io_methods make_methods() {
        sqlite3_io_methods m{};
        m.iVersion = 2;
        m.xClose = [](sqlite3_file* f) { return real(f)->pMethods->xClose(real(f)); };
        m.xRead = [](sqlite3_file* f, void* to, int n, sqlite3_int64 at) {
            return real(f)->pMethods->xRead(real(f), to, n, at);
        };
        m.xWrite = [](sqlite3_file* f, const void* from, int n, sqlite3_int64 at) {
            const int fault = of(f)->disk->next(false);
            if (fault != SQLITE_OK) {
                // Half of it arrives.
                real(f)->pMethods->xWrite(real(f), from, n / 2, at);
                return fault;
            }
            return real(f)->pMethods->xWrite(real(f), from, n, at);
        };
        m.xTruncate = [](sqlite3_file* f, sqlite3_int64 size) {
            const int fault = of(f)->disk->next(false);
            return fault != SQLITE_OK ? SQLITE_IOERR_TRUNCATE
                                      : real(f)->pMethods->xTruncate(real(f), size);
        };
        m.xSync = [](sqlite3_file* f, int flags) {
            const int fault = of(f)->disk->next(true);
            return fault != SQLITE_OK ? fault : real(f)->pMethods->xSync(real(f), flags);
        };
        m.xFileSize = [](sqlite3_file* f, sqlite3_int64* size) {
            return real(f)->pMethods->xFileSize(real(f), size);
        };
        m.xLock = [](sqlite3_file* f, int level) {
            return real(f)->pMethods->xLock(real(f), level);
        };
        m.xUnlock = [](sqlite3_file* f, int level) {
            return real(f)->pMethods->xUnlock(real(f), level);
        };
        m.xCheckReservedLock = [](sqlite3_file* f, int* out) {
            return real(f)->pMethods->xCheckReservedLock(real(f), out);
        };
        m.xFileControl = [](sqlite3_file* f, int op, void* arg) {
            return real(f)->pMethods->xFileControl(real(f), op, arg);
        };
        m.xSectorSize = [](sqlite3_file* f) { return real(f)->pMethods->xSectorSize(real(f)); };
        m.xDeviceCharacteristics = [](sqlite3_file* f) {
            return real(f)->pMethods->xDeviceCharacteristics(real(f));
        };
        m.xShmMap = [](sqlite3_file* f, int page, int size, int extend, void volatile** out) {
            return real(f)->pMethods->xShmMap(real(f), page, size, extend, out);
        };
        m.xShmLock = [](sqlite3_file* f, int offset, int n, int flags) {
            return real(f)->pMethods->xShmLock(real(f), offset, n, flags);
        };
        m.xShmBarrier = [](sqlite3_file* f) { real(f)->pMethods->xShmBarrier(real(f)); };
        m.xShmUnmap = [](sqlite3_file* f, int remove_it) {
            return real(f)->pMethods->xShmUnmap(real(f), remove_it);
        };
        return m;
    }

    sqlite3_vfs* real_;
    sqlite3_vfs vfs_;
    int calls_left_ = 0;
    int code_ = SQLITE_IOERR_WRITE;
    bool only_syncs_ = false;
};

class StoreFaults : public StoreFixture {
  protected:
    void SetUp() override {
        options.vfs = FaultyDisk::name();
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

    FaultyDisk disk;
};

TEST_F(StoreFaults, a_commit_whose_sync_failed_is_not_there_and_can_be_repeated) {
    commit(commit_at(0));
    disk.only_syncs(true);
    disk.fail(1, SQLITE_IOERR_WRITE);
    const auto failed = store->commit(commit_at(1));
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().fault, Fault::disconnected) << failed.error().text;
    expect_exactly(1);
    commit(commit_at(1));
    expect_exactly(2);
}

TEST_F(StoreFaults, a_commit_whose_sync_failed_stays_away_after_a_restart) {
    commit(commit_at(0));
    disk.only_syncs(true);
    disk.fail(1, SQLITE_IOERR_WRITE);
    ASSERT_FALSE(store->commit(commit_at(1)));
    open();
    expect_exactly(1);
}

TEST_F(StoreFaults, a_failed_sync_of_a_log_begun_anew_loses_nothing) {
    // The log begins anew after a checkpoint has moved everything; sweep the moment over it.
    for (int i = 0; i < 120; ++i) {
        if (i % 10 == 9) {
            disk.only_syncs(true);
            disk.fail(1, SQLITE_IOERR_WRITE);
            ASSERT_FALSE(store->commit(commit_at(i)));
        }
        commit(commit_at(i));
    }
    expect_exactly(120);
}

TEST_F(StoreFaults, after_any_single_fault_the_repeated_commit_is_there_once) {
    for (const int code : {SQLITE_IOERR_WRITE, SQLITE_FULL}) {
        int done = 0;
        int faults = 0;
        store.reset();
        path = dir.file(code == SQLITE_FULL ? "full" : "write");
        open();
        for (int n = 1; n < 160; ++n) {
            disk.only_syncs(false);
            disk.fail(n % 40 + 1, code);
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
                disk.disarm();
            }
            ++done;
        }
        disk.disarm();
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
        path = dir.file("made-" + std::to_string(n));
        disk.fail(n, SQLITE_IOERR_WRITE);
        const auto opened = SqliteStore::open(path, clock, options);
        const bool unharmed = disk.is_armed();
        disk.disarm();
        if (!opened) {
            EXPECT_NE(opened.error().fault, Fault::damaged) << opened.error().text;
        }
        open();
        EXPECT_FALSE(store->open_report().replaced) << "call " << n;
        commit(commit_at(0));
        expect_exactly(1);
        store.reset();
        if (unharmed) {
            break;
        }
    }
    EXPECT_GT(n, 20);
}

TEST_F(StoreFaults, an_open_reader_goes_on_while_the_store_opens_again) {
    const auto reader = source();
    commit(commit_at(0));
    disk.only_syncs(true);
    disk.fail(1, SQLITE_IOERR_WRITE);
    ASSERT_FALSE(store->commit(commit_at(1)));
    EXPECT_EQ(*reader->newest(), BatchSeq{3});
    commit(commit_at(1));
    EXPECT_EQ(*reader->newest(), BatchSeq{6});
    EXPECT_EQ(reader->after(BatchSeq{0}, 100)->batches.size(), 6U);
}

TEST_F(StoreFaults, a_store_that_vanished_is_disconnected_until_it_is_back) {
    commit(commit_at(0));
    disk.only_syncs(true);
    disk.fail(1, SQLITE_IOERR_WRITE);
    ASSERT_FALSE(store->commit(commit_at(1)));
    std::filesystem::rename(path, path + "-away");
    EXPECT_EQ(store->commit(commit_at(1)).error().fault, Fault::disconnected);
    EXPECT_EQ(store->commit(commit_at(1)).error().fault, Fault::disconnected);
    std::filesystem::rename(path + "-away", path);
    commit(commit_at(1));
    expect_exactly(2);
}

}  // namespace
}  // namespace metergate::storage
