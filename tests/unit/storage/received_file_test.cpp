#include "storage/received_file.hpp"

#include <gmock/gmock.h>

#include <fstream>

#include "storage/sqlite.hpp"
#include "tests/support/temp_dir.hpp"

namespace metergate::storage {
namespace {

using record::Arrivals;
using record::Reception;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class ReceivedFileTest : public testing::Test {
  protected:
    support::TempDir dir;
    std::string path = dir.file("received.sqlite");
    VirtualClock clock{utc_from_s(1'760'000'400)};
    std::unique_ptr<ReceivedFile> file;

    void open() {
        file.reset();
        auto opened = ReceivedFile::open(path, "tower-1", clock);
        ASSERT_TRUE(opened) << opened.error().text;
        file = std::move(*opened);
    }
    void SetUp() override { open(); }
    static record::ReceivedBatch batch(std::uint64_t number, const std::string& payload = "{}") {
        record::ReceivedBatch made;
        made.epoch = Epoch{0xabcdef0123456789};
        made.panel = "east";
        made.number = number;
        made.end = utc_from_s(900 * static_cast<std::int64_t>(number));
        made.records = {
            {"e1", "kwh-15min", made.end, 250, std::nullopt, "SHORT TEST", "gateway", 3}};
        made.payload = payload;
        return made;
    }
    Result<std::vector<Reception>> put(std::vector<record::ReceivedBatch> batches) {
        Arrivals arrivals;
        arrivals.batches = std::move(batches);
        return file->put(arrivals);
    }
    std::int64_t count(const std::string& sql) {
        auto database = Database::open(path, Access::read_only);
        return database->prepare(sql).number().value_or(-1);
    }
};

TEST_F(ReceivedFileTest, a_batch_is_kept_once_with_its_records) {
    EXPECT_THAT(*put({batch(1), batch(2), batch(1)}),
                ElementsAre(Reception::added, Reception::added, Reception::repeated));
    EXPECT_EQ(count("SELECT count(*) FROM batch"), 2);
    EXPECT_EQ(count("SELECT count(*) FROM record WHERE value = 250 AND register IS NULL "
                    "AND flags = 'SHORT TEST' AND uncertainty = 3"),
              2);
}

TEST_F(ReceivedFileTest, another_content_is_put_aside_and_the_first_stays) {
    ASSERT_TRUE(put({batch(1)}));
    EXPECT_THAT(*put({batch(1, "{\"other\":1}")}), ElementsAre(Reception::changed));
    EXPECT_EQ(count("SELECT count(*) FROM batch WHERE payload = '{}'"), 1);
    EXPECT_EQ(count("SELECT count(*) FROM changed_batch WHERE payload <> '{}'"), 1);
}

TEST_F(ReceivedFileTest, what_is_held_is_known_after_a_restart_as_runs) {
    ASSERT_TRUE(put({batch(1), batch(2), batch(5), batch(3)}));
    Arrivals gone;
    gone.purged = {{Epoch{7}, "west", 9}, {Epoch{7}, "west", 4}};
    gone.meta = "{\"name\":\"x\"}";
    gone.status = "{}";
    ASSERT_TRUE(file->put(gone));
    open();
    const auto held = file->held();
    ASSERT_EQ(held->size(), 2U);
    EXPECT_EQ(held->at(0).from, 1U);
    EXPECT_EQ(held->at(0).to, 3U);
    EXPECT_EQ(held->at(0).epoch, Epoch{0xabcdef0123456789});
    EXPECT_EQ(held->at(1).from, 5U);
    EXPECT_THAT(*file->purged(), ElementsAre(record::PurgedRun{Epoch{7}, "west", 9}));
    EXPECT_EQ(count("SELECT count(*) FROM message WHERE topic IN ('meta', 'status')"), 2);
}

TEST_F(ReceivedFileTest, it_is_durable_after_each_put) {
    ASSERT_TRUE(put({batch(1)}));
    std::filesystem::copy_file(path, dir.file("copy"));
    std::filesystem::copy_file(path + "-wal", dir.file("copy-wal"));
    auto copy = Database::open(dir.file("copy"), Access::read_write);
    ASSERT_TRUE(copy);
    EXPECT_EQ(copy->prepare("SELECT count(*) FROM batch").number(), 1);
}

TEST_F(ReceivedFileTest, a_file_of_another_gateway_or_program_is_refused_and_left_alone) {
    const auto other = ReceivedFile::open(path, "tower-2", clock);
    ASSERT_FALSE(other);
    EXPECT_THAT(other.error().text, HasSubstr("belongs to gateway \"tower-1\""));
    auto foreign = Database::open(dir.file("foreign"), Access::create);
    foreign->exec("CREATE TABLE recipes(name TEXT)");
    ASSERT_TRUE(foreign->outcome("make"));
    EXPECT_EQ(ReceivedFile::open(dir.file("foreign"), "tower-1", clock).error().fault,
              Fault::refused);
    std::ofstream(dir.file("text")) << "a shopping list, long enough not to be taken for nothing";
    EXPECT_FALSE(ReceivedFile::open(dir.file("text"), "tower-1", clock));
    EXPECT_FALSE(ReceivedFile::open(dir.file("nowhere/file"), "tower-1", clock));
}

}  // namespace
}  // namespace metergate::storage
