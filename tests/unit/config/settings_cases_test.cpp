#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "config/document.hpp"
#include "tests/unit/config/fake_facts.hpp"

/// Settings files as people write them, in tests/cases/settings: `good-*.jsonc` have no problem;
/// `bad-*.jsonc` have exactly those that stand in the file of the same name with `.problems`.
namespace metergate::config {
namespace {

namespace fs = std::filesystem;

std::string text_in(const fs::path& file) {
    std::ifstream stream(file);
    EXPECT_TRUE(stream.is_open()) << file;
    std::ostringstream text;
    text << stream.rdbuf();
    return text.str();
}

std::vector<fs::path> cases(const std::string& prefix) {
    std::vector<fs::path> files;
    for (const auto& entry :
         fs::directory_iterator(fs::path(METERGATE_SOURCE_DIR) / "tests/cases/settings")) {
        const bool wanted = entry.path().extension() == ".jsonc" &&
                            entry.path().filename().string().starts_with(prefix);
        if (wanted) files.push_back(entry.path());
    }
    EXPECT_FALSE(files.empty());
    return files;
}

std::string problem_lines(const Loaded& loaded) {
    std::string lines;
    for (const auto& problem : loaded.problems)
        lines += text_of(problem) + "\n";
    return lines;
}

TEST(SettingsCases, good_files_have_no_problem) {
    for (const fs::path& file : cases("good-")) {
        const Loaded loaded = load_text(text_in(file), FakeFacts());
        EXPECT_EQ(problem_lines(loaded), "") << file;
        EXPECT_EQ(loaded.state, DocumentState::good) << file;
    }
}

TEST(SettingsCases, good_files_mean_the_same_in_canonical_form) {
    for (const fs::path& file : cases("good-")) {
        const Loaded loaded = load_text(text_in(file), FakeFacts());
        const std::string canonical = canonical_text(loaded.settings);
        const Loaded again = load_text(canonical, FakeFacts());
        EXPECT_EQ(problem_lines(again), "") << file;
        EXPECT_EQ(canonical_text(again.settings), canonical) << file;
        EXPECT_EQ(parameter_hash(again.settings), parameter_hash(loaded.settings)) << file;
    }
}

TEST(SettingsCases, bad_files_have_exactly_the_problems_beside_them) {
    for (const fs::path& file : cases("bad-")) {
        const Loaded loaded = load_text(text_in(file), FakeFacts());
        EXPECT_EQ(problem_lines(loaded), text_in(fs::path(file).replace_extension(".problems")))
            << file;
    }
}

}  // namespace
}  // namespace metergate::config
