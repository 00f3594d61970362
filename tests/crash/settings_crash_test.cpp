#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <optional>
#include <set>

#include "config/document.hpp"
#include "tests/crash/disk_image.hpp"
#include "tests/unit/config/fake_facts.hpp"

/// The settings files, cut off from power at every step of saving them.
namespace metergate::crash {
namespace {

using config::Path;

constexpr std::uint64_t torn_states = 60;

/// The settings' side of a disk in memory, with every step written down.
class SettingsDisk final : public config::Disk {
  public:
    explicit SettingsDisk(FileMap files) : files_(std::move(files)) {
        for (const auto& [name, bytes] : files_) {
            numbers_[name] = count_++;
        }
    }

    [[nodiscard]] const std::vector<DiskStep>& steps() const { return steps_; }

    [[nodiscard]] Result<std::string> read(const Path& file, std::size_t /*size_max*/) override {
        const auto found = files_.find(file);
        if (found == files_.end()) {
            return Error{Fault::not_found, file.string() + ": no such file"};
        }
        return found->second;
    }
    [[nodiscard]] Result<void> write(const Path& file, std::string_view bytes,
                                     const Path& /*like*/) override {
        if (!files_.contains(file)) {
            numbers_[file] = count_++;
            steps_.push_back({DiskStep::Kind::create, numbers_[file], file.string()});
        }
        const std::size_t number = numbers_[file];
        steps_.push_back({DiskStep::Kind::shorten, number});
        // In two writes, as a system may take less than it is given.
        const std::size_t half = bytes.size() / 2;
        for (const auto& [from, to] : {std::pair(std::size_t{0}, half), {half, bytes.size()}}) {
            steps_.push_back({DiskStep::Kind::write,
                              number,
                              {},
                              {},
                              from,
                              std::string(bytes.substr(from, to - from))});
        }
        steps_.push_back({DiskStep::Kind::sync, number});
        files_[file] = bytes;
        return {};
    }
    [[nodiscard]] Result<void> rename(const Path& from, const Path& to) override {
        steps_.push_back({DiskStep::Kind::rename, 0, from.string(), to.string()});
        files_[to] = files_.at(from);
        files_.erase(from);
        numbers_[to] = numbers_.at(from);
        numbers_.erase(from);
        return {};
    }
    [[nodiscard]] Result<void> sync_folder(const Path& /*folder*/) override {
        steps_.push_back({DiskStep::Kind::sync_folder});
        return {};
    }
    [[nodiscard]] Result<void> make_folder(const Path& /*folder*/) override { return {}; }
    [[nodiscard]] Result<std::vector<std::string>> names_in(const Path& folder) override {
        std::vector<std::string> names;
        for (const auto& [name, bytes] : files_) {
            if (Path(name).parent_path() == folder) {
                names.push_back(Path(name).filename());
            }
        }
        return names;
    }

  private:
    FileMap files_;
    std::map<std::string, std::size_t> numbers_;
    std::size_t count_ = 0;
    std::vector<DiskStep> steps_;
};

class SettingsCrash : public ::testing::Test {
  protected:
    /// Hand-written, and longer than a sector.
    [[nodiscard]] static std::string text_of(const std::string& name) {
        std::string text = "// " + std::string(1500, '-') + "\n" + R"({"schema": 1, "gateway": )" +
                           R"({"id": "maple-street-12", "zone": "America/Toronto", "name": ")" +
                           name + R"("}, "lines": [{"id": "riser-1", "rs485": )" +
                           R"({"port": "/dev/ttyUSB0"}, "panels": [)";
        for (int i = 1; i <= 12; ++i) {
            text += (i == 1 ? "" : ",") + std::string(R"({"id": "east-)") + std::to_string(i) +
                    R"(", "address": )" + std::to_string(i) +
                    R"(, "profile": "panel-24", "points": [{"id": "suite-)" + std::to_string(i) +
                    R"(", "slot": 1}]})";
        }
        return text + "]}]}";
    }
    [[nodiscard]] schema::Settings settings(const std::string& name) {
        const config::Loaded loaded = config::load_text(text_of(name), facts);
        EXPECT_EQ(loaded.state, config::DocumentState::good);
        return loaded.settings;
    }

    /// Calls `check` with each different state, and whether all steps were done.
    template <class Check>
    void try_states(const FileMap& before, const std::vector<DiskStep>& steps, Check check) {
        DiskImage image(before);
        std::set<std::size_t> seen;
        for (std::size_t boundary = 0; boundary <= steps.size(); ++boundary) {
            if (boundary > 0) {
                image.apply(steps[boundary - 1]);
            }
            for (std::uint64_t kind = 0; kind < torn_states; ++kind) {
                const FileMap files = kind == 0   ? image.everything()
                                      : kind == 1 ? image.only_synced()
                                                  : image.torn(building::scrambled(boundary, kind));
                const bool done = boundary == steps.size();
                if (seen.insert(hash_of(files) + (done ? 1 : 0)).second) {
                    SCOPED_TRACE("after step " + std::to_string(boundary) + ", seed " +
                                 std::to_string(kind));
                    check(files, done);
                }
            }
        }
        std::printf("%zu crash states\n", seen.size());
        EXPECT_GT(seen.size(), 20U);
    }

    const Path file{"/etc/settings.json"};
    const Path data{"/data"};
    const Path last_good{"/data/settings.last-good.json"};
    config::FakeFacts facts;
};

TEST_F(SettingsCrash, apply_leaves_the_old_settings_or_the_new_ones_and_the_old_text) {
    const FileMap before{{file, text_of("Old")}};
    SettingsDisk disk(before);
    ASSERT_TRUE(config::apply_canonical(disk, file, data, settings("New")));
    try_states(before, disk.steps(), [&](const FileMap& files, bool done) {
        SettingsDisk found(files);
        const config::Start start = config::load_or_last_good(found, file, data, facts);
        ASSERT_TRUE(start.settings) << start.report;
        const std::string canonical = config::canonical_text(*start.settings);
        const bool is_new = canonical == config::canonical_text(settings("New"));
        EXPECT_TRUE(is_new || canonical == config::canonical_text(settings("Old")));
        EXPECT_TRUE(is_new || !done);
        if (is_new) {
            ASSERT_TRUE(files.contains("/data/history/settings-0001.json"));
            EXPECT_EQ(files.at("/data/history/settings-0001.json"), text_of("Old"));
        }
    });
}

TEST_F(SettingsCrash, keeping_the_last_good_copy_leaves_the_old_one_or_the_new_one) {
    SettingsDisk first({});
    ASSERT_TRUE(config::keep_last_good(first, data, settings("Old")));
    const FileMap before{{last_good, *first.read(last_good, 0)}};
    SettingsDisk disk(before);
    ASSERT_TRUE(config::keep_last_good(disk, data, settings("New")));
    try_states(before, disk.steps(), [&](const FileMap& files, bool done) {
        SettingsDisk found(files);
        const config::Start start = config::load_or_last_good(found, file, data, facts);
        ASSERT_TRUE(start.settings) << start.report;
        EXPECT_TRUE(start.used_last_good);
        EXPECT_TRUE(start.settings->gateway.name == "New" ||
                    (start.settings->gateway.name == "Old" && !done));
    });
}

TEST_F(SettingsCrash, a_left_over_temporary_file_does_no_harm) {
    const FileMap before{{file, text_of("Old")},
                         {"/etc/settings.json.tmp", std::string(5000, 'x')}};
    SettingsDisk disk(before);
    ASSERT_TRUE(config::apply_canonical(disk, file, data, settings("New")));
    try_states(before, disk.steps(), [&](const FileMap& files, bool done) {
        SettingsDisk found(files);
        const config::Loaded loaded = config::load(found, file, facts);
        ASSERT_EQ(loaded.state, config::DocumentState::good);
        EXPECT_TRUE(loaded.settings.gateway.name == "New" ||
                    (loaded.settings.gateway.name == "Old" && !done));
    });
}

}  // namespace
}  // namespace metergate::crash
