#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>

#include "storage/schema.hpp"
#include "tests/unit/storage/store_fixture.hpp"

namespace metergate::storage {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::StartsWith;

std::string bytes_of(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

void write_bytes(const std::string& path, const std::string& bytes) {
    std::ofstream(path, std::ios::binary) << bytes;
}

class StoreOpen : public StoreFixture {
  protected:
    /// Runs SQL on the closed store's file, as a stranger would.
    void tamper(const std::string& sql) {
        auto database = Database::open(path, Access::create);
        ASSERT_TRUE(database) << database.error().text;
        database->exec(sql);
        const auto done = database->outcome("tamper");
        ASSERT_TRUE(done) << done.error().text;
    }

    void make_sound_store() {
        open();
        commit({batch(east, noon_s)});
        store.reset();
    }

    /// Opens what stands at `path` and expects a new, working store and the old one aside.
    void expect_replaced(const std::string& reason) {
        const std::string before = bytes_of(path);
        open();
        const OpenReport& report = store->open_report();
        EXPECT_TRUE(report.replaced);
        EXPECT_TRUE(report.created);
        EXPECT_THAT(report.reason, HasSubstr(reason));
        EXPECT_THAT(report.kept_aside_as, StartsWith(path + ".damaged-20251009T"));
        EXPECT_EQ(bytes_of(report.kept_aside_as), before);
        EXPECT_TRUE(store->restart_state()->new_store);
        commit({batch(east, noon_s)});
        EXPECT_EQ(batches().size(), 1U);
    }
};

TEST_F(StoreOpen, a_missing_file_becomes_a_new_store) {
    open();
    EXPECT_TRUE(store->open_report().created);
    EXPECT_FALSE(store->open_report().replaced);
    EXPECT_TRUE(store->restart_state()->new_store);
    EXPECT_FALSE(fs::exists(path + ".new"));
}

TEST_F(StoreOpen, an_existing_store_is_not_new_and_keeps_its_epoch) {
    open();
    const Epoch epoch = store->epoch();
    open();
    EXPECT_FALSE(store->open_report().created);
    EXPECT_FALSE(store->restart_state()->new_store);
    EXPECT_EQ(store->epoch(), epoch);
}

TEST_F(StoreOpen, two_new_stores_have_different_epochs) {
    open();
    const Epoch first = store->epoch();
    store.reset();
    fs::remove(path);
    fs::remove(path + "-wal");
    open();
    EXPECT_NE(store->epoch(), first);
}

TEST_F(StoreOpen, the_epoch_of_a_new_store_can_be_given) {
    options.epoch = Epoch{77};
    open();
    EXPECT_EQ(store->epoch(), Epoch{77});
}

TEST_F(StoreOpen, an_empty_file_is_kept_aside) {
    write_bytes(path, "");
    expect_replaced("is empty");
}

TEST_F(StoreOpen, a_zero_filled_file_is_kept_aside) {
    write_bytes(path, std::string(65536, '\0'));
    expect_replaced("not a database");
}

TEST_F(StoreOpen, a_text_file_is_kept_aside) {
    write_bytes(path, "this is no database, it is a shopping list\n");
    expect_replaced("not a database");
}

TEST_F(StoreOpen, a_database_of_another_program_is_kept_aside) {
    tamper("CREATE TABLE recipes(name TEXT); INSERT INTO recipes VALUES('soup')");
    expect_replaced("is not a Metergate store");
}

TEST_F(StoreOpen, a_store_with_a_damaged_page_is_kept_aside) {
    make_sound_store();
    tamper("PRAGMA wal_checkpoint(TRUNCATE)");
    std::string bytes = bytes_of(path);
    bytes.replace(2 * 4096, 4096, std::string(4096, '\x5a'));
    write_bytes(path, bytes);
    expect_replaced(path);
}

TEST_F(StoreOpen, a_store_cut_short_is_kept_aside) {
    make_sound_store();
    tamper("PRAGMA wal_checkpoint(TRUNCATE)");
    fs::resize_file(path, 3 * 4096);
    expect_replaced(path);
}

TEST_F(StoreOpen, a_store_without_one_of_its_guards_is_kept_aside) {
    make_sound_store();
    tamper("DROP TRIGGER record_is_never_changed");
    expect_replaced("tables");
}

TEST_F(StoreOpen, a_store_without_an_epoch_is_kept_aside) {
    make_sound_store();
    tamper("DELETE FROM meta WHERE key = 'epoch'");
    expect_replaced("no epoch");
}

TEST_F(StoreOpen, a_log_without_its_store_is_kept_aside) {
    make_sound_store();
    ASSERT_TRUE(fs::exists(path + "-wal"));
    fs::remove(path);
    open();
    EXPECT_TRUE(store->open_report().replaced);
    EXPECT_TRUE(fs::exists(store->open_report().kept_aside_as + "-wal"));
    EXPECT_TRUE(batches().empty());
}

TEST_F(StoreOpen, damaged_stores_of_the_same_second_get_different_names) {
    write_bytes(path, "first");
    open();
    const std::string first = store->open_report().kept_aside_as;
    store.reset();
    write_bytes(path, "second");
    fs::remove(path + "-wal");
    open();
    EXPECT_NE(store->open_report().kept_aside_as, first);
    EXPECT_EQ(bytes_of(first), "first");
    EXPECT_EQ(bytes_of(store->open_report().kept_aside_as), "second");
}

TEST_F(StoreOpen, a_newer_store_is_refused_and_left_as_it_is) {
    make_sound_store();
    tamper("PRAGMA user_version=99; PRAGMA wal_checkpoint(TRUNCATE)");
    const std::string before = bytes_of(path);
    const auto opened = SqliteStore::open(path, clock, options);
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().fault, Fault::refused);
    EXPECT_THAT(opened.error().text, HasSubstr("newer Metergate (store version 99"));
    EXPECT_EQ(bytes_of(path), before);
}

TEST_F(StoreOpen, a_store_with_smaller_pages_is_refused) {
    make_sound_store();
    tamper("PRAGMA journal_mode=DELETE; PRAGMA page_size=1024; VACUUM");
    const auto opened = SqliteStore::open(path, clock, options);
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().fault, Fault::refused);
    EXPECT_THAT(opened.error().text, HasSubstr("page_size is 1024, but 4096 is needed"));
    EXPECT_TRUE(fs::exists(path));
}

TEST_F(StoreOpen, each_weaker_setting_is_refused) {
    make_sound_store();
    for (const char* weaker : {"synchronous=NORMAL", "synchronous=OFF", "foreign_keys=OFF",
                               "trusted_schema=ON", "cell_size_check=OFF", "recursive_triggers=OFF",
                               "wal_autocheckpoint=1000", "journal_mode=DELETE"}) {
        auto database = Database::open(path, Access::read_write);
        ASSERT_TRUE(database);
        ASSERT_TRUE(configure_writer(*database, 1000)) << weaker;
        database->exec(std::string("PRAGMA ") + weaker);
        const auto verified = verify_settings(*database);
        ASSERT_FALSE(verified) << weaker;
        EXPECT_EQ(verified.error().fault, Fault::refused);
        const std::string name = std::string(weaker).substr(0, std::string(weaker).find('='));
        EXPECT_THAT(verified.error().text, HasSubstr(name + " is "));
    }
}

TEST_F(StoreOpen, a_creation_that_was_cut_short_is_begun_anew) {
    write_bytes(path + ".new", "half a sto");
    open();
    EXPECT_TRUE(store->open_report().created);
    EXPECT_FALSE(store->open_report().replaced);
    EXPECT_FALSE(fs::exists(path + ".new"));
}

TEST_F(StoreOpen, a_folder_in_its_place_is_refused) {
    fs::create_directory(path);
    const auto opened = SqliteStore::open(path, clock, options);
    ASSERT_FALSE(opened);
    EXPECT_THAT(opened.error().text, HasSubstr("is not a file"));
}

TEST_F(StoreOpen, a_missing_folder_is_an_error_that_names_it) {
    const auto opened = SqliteStore::open(dir.file("nowhere/store"), clock, options);
    ASSERT_FALSE(opened);
    EXPECT_THAT(opened.error().text, HasSubstr("nowhere/store"));
}

TEST_F(StoreOpen, a_copy_of_the_files_taken_while_running_has_every_commit) {
    open();
    for (int i = 0; i < 20; ++i) {
        commit({batch(east, noon_s + i * 900)});
    }
    const std::vector<Batch> before = batches();
    const std::string copy = dir.file("copy");
    fs::copy_file(path, copy);
    fs::copy_file(path + "-wal", copy + "-wal");
    store.reset();
    path = copy;
    open();
    EXPECT_FALSE(store->open_report().replaced);
    EXPECT_EQ(before.size(), 20U);
    EXPECT_EQ(batches(), before);
}

TEST_F(StoreOpen, a_store_of_version_1_is_brought_up_after_a_copy_and_keeps_its_batches) {
    {
        auto database = Database::open(path, Access::create);
        ASSERT_TRUE(database);
        ASSERT_TRUE(prepare_new_file(*database));
        ASSERT_TRUE(migrate(*database, migrations().first(1)));
        database->exec(
            "INSERT INTO meta VALUES('epoch', 77); INSERT INTO panel VALUES(1, 'east');"
            "INSERT INTO batch VALUES(1, 77, 1, 1, 1760000400, 0, 1760000400, 0)");
        ASSERT_TRUE(database->outcome("fill"));
    }
    open();
    EXPECT_FALSE(store->open_report().replaced);
    EXPECT_EQ(store->epoch(), Epoch{77});
    EXPECT_EQ(batches().size(), 1U);
    auto copy =
        Database::open(path + ".before-" + std::to_string(migrations().size()), Access::read_only);
    ASSERT_TRUE(copy);
    EXPECT_EQ(copy->pragma("user_version"), "1");
}

TEST(StoreMigration, steps_run_in_one_transaction_after_a_copy_was_made) {
    const support::TempDir dir;
    const std::string path = dir.file("store");
    auto database = Database::open(path, Access::create);
    ASSERT_TRUE(database);
    const std::vector<std::string_view> one{"CREATE TABLE a(x)"};
    ASSERT_TRUE(migrate(*database, one));
    const std::vector<std::string_view> broken{"CREATE TABLE a(x)", "CREATE TABLE b(x)",
                                               "NONSENSE"};
    EXPECT_FALSE(migrate(*database, broken));
    EXPECT_EQ(database->pragma("user_version"), "1");
    EXPECT_EQ(database->prepare("SELECT count(*) FROM sqlite_schema").number(), 1);
    const std::vector<std::string_view> three{"CREATE TABLE a(x)", "CREATE TABLE b(x)",
                                              "CREATE TABLE c(x)"};
    ASSERT_TRUE(migrate(*database, three));
    EXPECT_EQ(database->pragma("user_version"), "3");
    EXPECT_EQ(database->prepare("SELECT count(*) FROM sqlite_schema").number(), 3);
    auto copy = Database::open(path + ".before-3", Access::read_only);
    ASSERT_TRUE(copy);
    EXPECT_EQ(copy->prepare("SELECT count(*) FROM sqlite_schema").number(), 1);
}

}  // namespace
}  // namespace metergate::storage
