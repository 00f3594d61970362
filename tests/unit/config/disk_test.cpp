#include "config/disk.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

#include "config/sha256.hpp"

namespace metergate::config {
namespace {

namespace fs = std::filesystem;

class SystemDiskTest : public testing::Test {
  protected:
    SystemDiskTest() {
        std::string name = (fs::temp_directory_path() / "metergate-disk-XXXXXX").string();
        EXPECT_NE(::mkdtemp(name.data()), nullptr);
        folder = name;
    }
    ~SystemDiskTest() override { fs::remove_all(folder); }
    SystemDiskTest(const SystemDiskTest&) = delete;
    SystemDiskTest& operator=(const SystemDiskTest&) = delete;

    void put(const Path& file, const std::string& text) { std::ofstream(file) << text; }
    static fs::perms rights(const Path& file) { return fs::status(file).permissions(); }

    Path folder;
    SystemDisk disk;
};

TEST_F(SystemDiskTest, saving_replaces_the_text_and_leaves_nothing_beside_it) {
    const Path file = folder / "settings.json";
    ASSERT_TRUE(save_atomically(disk, file, "one"));
    ASSERT_TRUE(save_atomically(disk, file, "two"));
    EXPECT_EQ(*disk.read(file, 100), "two");
    EXPECT_THAT(*disk.names_in(folder), testing::ElementsAre("settings.json"));
}

TEST_F(SystemDiskTest, a_new_file_is_private_and_an_old_one_keeps_its_rights) {
    const Path file = folder / "settings.json";
    ASSERT_TRUE(save_atomically(disk, file, "one"));
    EXPECT_EQ(rights(file), fs::perms::owner_read | fs::perms::owner_write);
    fs::permissions(file, fs::perms::group_read, fs::perm_options::add);
    const auto before = rights(file);
    ASSERT_TRUE(save_atomically(disk, file, "two"));
    EXPECT_EQ(rights(file), before);
}

TEST_F(SystemDiskTest, a_rest_of_an_interrupted_save_does_not_disturb_the_next) {
    const Path file = folder / "settings.json";
    put(folder / "settings.json.tmp", "a much longer rest of an earlier attempt");
    ASSERT_TRUE(save_atomically(disk, file, "new"));
    EXPECT_EQ(*disk.read(file, 100), "new");
}

TEST_F(SystemDiskTest, a_link_is_followed) {
    put(folder / "real.json", "old");
    fs::create_symlink(folder / "real.json", folder / "link.json");
    ASSERT_TRUE(save_atomically(disk, folder / "link.json", "new"));
    EXPECT_TRUE(fs::is_symlink(folder / "link.json"));
    EXPECT_EQ(*disk.read(folder / "real.json", 100), "new");
}

TEST_F(SystemDiskTest, errors_name_the_file_and_the_reason) {
    const Path missing = folder / "missing.json";
    const auto read = disk.read(missing, 100);
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().fault, Fault::not_found);
    EXPECT_EQ(read.error().text, "cannot open " + missing.string() + ": No such file or directory");

    const auto directory = disk.read(folder, 100);
    ASSERT_FALSE(directory);
    EXPECT_EQ(directory.error().text, folder.string() + " is no plain file");

    put(folder / "large", "12345");
    EXPECT_EQ(disk.read(folder / "large", 4).error().text,
              (folder / "large").string() + " has more than 4 bytes");

    const auto saved = save_atomically(disk, folder / "no" / "file", "x");
    ASSERT_FALSE(saved);
    EXPECT_EQ(saved.error().text, "cannot write " + (folder / "no" / "file.tmp").string() +
                                      ": No such file or directory");
}

TEST_F(SystemDiskTest, a_pipe_in_place_of_the_file_does_not_block) {
    ASSERT_EQ(::mkfifo((folder / "pipe").c_str(), 0600), 0);
    EXPECT_EQ(disk.read(folder / "pipe", 100).error().fault, Fault::invalid);
}

TEST_F(SystemDiskTest, a_missing_folder_holds_no_names) {
    EXPECT_TRUE(disk.names_in(folder / "no")->empty());
    ASSERT_TRUE(disk.make_folder(folder / "history"));
    ASSERT_TRUE(disk.make_folder(folder / "history"));
    EXPECT_EQ(rights(folder / "history"), fs::perms::owner_all);
}

TEST(Sha256, gives_the_digests_of_the_standard) {
    EXPECT_EQ(sha256_hex("abc"),
              "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    EXPECT_EQ(sha256_hex(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

}  // namespace
}  // namespace metergate::config
