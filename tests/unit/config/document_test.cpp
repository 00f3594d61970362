#include "config/document.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/schema/settings_tables.hpp"
#include "tests/unit/config/fake_facts.hpp"
#include "tests/unit/config/memory_disk.hpp"

namespace metergate::config {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr const char* good_text = R"({ // written by hand
  "schema": 1, "gateway": {"id": "maple-street-12", "name": "Maple Street 12", "zone": "America/Toronto"},
  "lines": [{"id": "riser-1", "rs485": {"port": "/dev/ttyUSB0"},
             "panels": [{"id": "east", "address": 1, "profile": "panel-24",
                         "points": [{"id": "suite-101", "slot": 1}]}]}]
})";

class Document : public testing::Test {
  protected:
    const Path file{"/etc/metergate/settings.json"};
    const Path data{"/var/lib/metergate"};
    const Path last_good{data / "settings.last-good.json"};

    void put(const std::string& text) { disk.files[file] = text; }
    std::vector<std::string> problems_of(const std::string& text) {
        std::vector<std::string> texts;
        for (const auto& problem : load_text(text, facts).problems)
            texts.push_back(text_of(problem));
        return texts;
    }
    schema::Settings good() {
        const Loaded loaded = load_text(good_text, facts);
        EXPECT_EQ(loaded.state, DocumentState::good);
        return loaded.settings;
    }
    void keep_good() { ASSERT_TRUE(keep_last_good(disk, data, good())); }
    Start start() { return load_or_last_good(disk, file, data, facts); }

    FakeFacts facts;
    MemoryDisk disk;
};

TEST_F(Document, a_good_file_is_loaded_with_its_comments) {
    put(good_text);
    const Start begun = start();
    ASSERT_TRUE(begun.settings);
    EXPECT_FALSE(begun.used_last_good);
    EXPECT_EQ(begun.report, "");
    EXPECT_EQ(begun.settings->gateway.name, "Maple Street 12");
}

TEST_F(Document, problems_of_tables_and_document_come_together_in_the_order_of_the_file) {
    EXPECT_THAT(problems_of(R"({"schema": 1,
  "gateway": {"id": "g", "zone": "Mars"},
  "lines": [{"id": "g1", "rs485": {"prot": "/dev/ttyUSB0"},
    "panels": [
      {"id": "p", "address": 248, "profile": "panel-24", "points": [{"id": "t", "slot": 1}]},
      {"id": "p", "address": 1, "profile": "panel-24", "points": [{"id": "u", "slot": 1}]}]}]
})"),
                ElementsAre("gateway.zone: \"Mars\" is no time zone; write it as America/Toronto "
                            "(line 2, column 34)",
                            "lines[0].rs485.port: is missing (line 3, column 35)",
                            "lines[0].rs485.prot: unknown key; did you mean \"port\"? (line 3, "
                            "column 36)",
                            "lines[0].panels[0].address: 248 is outside 1..247 (line 5, column 30)",
                            "lines[0].panels[1].id: \"p\" is already the id of "
                            "lines[0].panels[0] (line 6, column 14)"));
}

TEST_F(Document, syntax_errors_and_duplicate_keys_are_told_with_line_and_column) {
    EXPECT_THAT(problems_of("{\"schema\": 1\n \"gateway\": {}}"),
                ElementsAre("a comma is missing before a quotation mark (line 2, column 2)"));
    EXPECT_THAT(problems_of("{\"schema\": 1,\n\"gateway\": {\"id\": \"a\", \"id\": \"b\"}}"),
                ElementsAre("\"id\" stands twice in gateway (line 2, column 24)"));
}

TEST_F(Document, settings_of_a_newer_program_are_refused_in_one_sentence) {
    EXPECT_THAT(problems_of(R"({"schema": 2, "something": "new"})"),
                ElementsAre("schema 2 was written for a newer Metergate; this one knows schema 1 "
                            "(line 1, column 12)"));
}

TEST_F(Document, more_than_four_mebibytes_are_refused) {
    put(std::string(settings_size_max + 1, ' '));
    EXPECT_EQ(load(disk, file, facts).state, DocumentState::unreadable);
}

struct Damage {
    const char* name;
    std::string text;
    const char* told;
};

class DamagedFile : public Document, public testing::WithParamInterface<Damage> {};

TEST_P(DamagedFile, starts_the_last_good_settings_and_says_so) {
    keep_good();
    put(GetParam().text);
    const Start begun = start();
    ASSERT_TRUE(begun.settings);
    EXPECT_EQ(canonical_text(*begun.settings), canonical_text(good()));
    EXPECT_TRUE(begun.used_last_good);
    EXPECT_EQ(begun.report,
              "the settings file /etc/metergate/settings.json " + std::string(GetParam().told) +
                  "; started with the last good settings, "
                  "/var/lib/metergate/settings.last-good.json: mend the file and restart");
    EXPECT_FALSE(begun.problems.empty());
}

INSTANTIATE_TEST_SUITE_P(
    All, DamagedFile,
    testing::Values(
        Damage{"zero_filled", std::string(512, '\0'),
               "is damaged (the file holds 512 zero bytes and nothing else, as after a power cut "
               "while it was written)"},
        Damage{"empty", "", "is damaged (the file is empty)"},
        Damage{
            "truncated", std::string(good_text).substr(0, 40),
            "is damaged (the text ends before the \"{\" of line 1 is closed (line 2, column 20))"},
        Damage{"half_zero", std::string(good_text).substr(0, 23) + std::string(100, '\0'),
               "is damaged (unexpected zero byte (line 2, column 3))"},
        Damage{
            "invalid", R"({"schema": 1, "gateway": {"id": "G"}, "lines": 3})",
            "has errors (gateway.id: \"G\" is no id: at most 32 of a-z, 0-9 and \"-\", beginning "
            "with a letter or digit (line 1, column 33) and 1 more)"}),
    [](const auto& tested) { return std::string(tested.param.name); });

TEST_F(Document, a_missing_file_starts_the_last_good_settings_too) {
    keep_good();
    const Start begun = start();
    ASSERT_TRUE(begun.settings);
    EXPECT_TRUE(begun.used_last_good);
    EXPECT_THAT(begun.report, HasSubstr("is missing (cannot open /etc/metergate/settings.json"));
}

TEST_F(Document, without_a_last_good_copy_it_does_not_start) {
    const Start begun = start();
    EXPECT_FALSE(begun.settings);
    EXPECT_FALSE(begun.used_last_good);
    EXPECT_EQ(begun.report,
              "the settings file /etc/metergate/settings.json is missing (cannot open "
              "/etc/metergate/settings.json: no such file); there is no last good copy to start "
              "with");
}

TEST_F(Document, a_damaged_last_good_copy_is_not_used) {
    keep_good();
    put("");
    std::string& kept = disk.files.at(last_good);
    for (const std::string& damaged :
         {std::string(kept.size(), '\0'), kept.substr(0, kept.size() / 2), std::string(),
          kept.substr(0, kept.size() - 1), std::string(kept).replace(20, 1, "x"), kept + " "}) {
        kept = damaged;
        const Start begun = start();
        EXPECT_FALSE(begun.settings);
        EXPECT_THAT(begun.report, HasSubstr("there is no last good copy to start with: "
                                            "/var/lib/metergate/settings.last-good.json is "
                                            "damaged: its checksum does not fit"));
    }
}

TEST_F(Document, the_last_good_copy_is_written_only_when_it_changes) {
    keep_good();
    const int steps = disk.steps;
    keep_good();
    EXPECT_EQ(disk.steps, steps);
    schema::Settings other = good();
    other.gateway.name = "Another";
    ASSERT_TRUE(keep_last_good(disk, data, other));
    EXPECT_GT(disk.steps, steps);
    EXPECT_THAT(disk.files.at(last_good), HasSubstr("Another"));
}

TEST_F(Document, a_power_cut_at_any_step_of_keeping_leaves_a_good_copy) {
    keep_good();
    schema::Settings other = good();
    other.gateway.name = "Another";
    for (int cut = 0; cut < 4; ++cut) {
        disk.steps = 0;
        disk.cut_after = cut;
        EXPECT_EQ(keep_last_good(disk, data, other).has_value(), cut >= 3);
        const Start begun = start();
        ASSERT_TRUE(begun.settings) << cut;
        EXPECT_TRUE(begun.used_last_good);
    }
}

TEST_F(Document, apply_keeps_the_hand_written_text_in_the_history) {
    put(good_text);
    const auto applied = apply_canonical(disk, file, data, good());
    ASSERT_TRUE(applied);
    EXPECT_EQ(applied->kept_as, data / "history" / "settings-0001.json");
    EXPECT_EQ(applied->report,
              "the settings were written to /etc/metergate/settings.json; the text that stood "
              "there, with its comments, is kept as "
              "/var/lib/metergate/history/settings-0001.json");
    EXPECT_EQ(disk.files.at(data / "history" / "settings-0001.json"), good_text);
    EXPECT_EQ(disk.files.at(file), canonical_text(good()));
    EXPECT_EQ(canonical_text(load_text(disk.files.at(file), facts).settings),
              canonical_text(good()));
}

TEST_F(Document, copies_in_the_history_are_numbered_on) {
    put("{}");
    disk.files[data / "history" / "settings-0009.json"] = "older";
    disk.files[data / "history" / "notes.txt"] = "not ours";
    const auto applied = apply_canonical(disk, file, data, good());
    ASSERT_TRUE(applied);
    EXPECT_EQ(applied->kept_as, data / "history" / "settings-0010.json");
}

TEST_F(Document, applying_the_same_settings_again_changes_nothing) {
    put(canonical_text(good()));
    const auto applied = apply_canonical(disk, file, data, good());
    ASSERT_TRUE(applied);
    EXPECT_EQ(applied->report, "the settings file is unchanged");
    EXPECT_EQ(disk.steps, 0);
}

TEST_F(Document, the_first_apply_needs_no_file) {
    const auto applied = apply_canonical(disk, file, data, good());
    ASSERT_TRUE(applied);
    EXPECT_FALSE(applied->kept_as);
    EXPECT_EQ(applied->report, "the settings were written to /etc/metergate/settings.json");
}

TEST_F(Document, a_power_cut_at_any_step_of_apply_loses_neither_text) {
    for (int cut = 0; cut < 8; ++cut) {
        disk = {};
        put(good_text);
        disk.cut_after = cut;
        const auto applied = apply_canonical(disk, file, data, good());
        EXPECT_EQ(applied.has_value(), cut >= 7);
        const std::string& text = disk.files.at(file);
        const bool replaced = text == canonical_text(good());
        EXPECT_TRUE(replaced || text == good_text) << cut;
        if (replaced) {
            EXPECT_EQ(disk.files.at(data / "history" / "settings-0001.json"), good_text) << cut;
        }
    }
}

TEST_F(Document, an_unreadable_file_is_not_replaced_by_apply) {
    disk.read_error = Error{Fault::refused, "cannot open it: Permission denied"};
    const auto applied = apply_canonical(disk, file, data, good());
    ASSERT_FALSE(applied);
    EXPECT_EQ(applied.error().text, "cannot open it: Permission denied");
    EXPECT_EQ(load(disk, file, facts).state, DocumentState::unreadable);
}

TEST_F(Document, the_parameter_hash_follows_sealed_and_logged_parameters_only) {
    schema::Settings settings = good();
    const std::string hash = parameter_hash(settings);
    EXPECT_EQ(hash.size(), 64U);
    settings.gateway.name = "Another";
    settings.lines[0].panels[0].points[0].suite = "101";
    EXPECT_EQ(parameter_hash(settings), hash);
    settings.lines[0].panels[0].points[0].ct_primary_a = 400;
    const std::string sealed = parameter_hash(settings);
    EXPECT_NE(sealed, hash);
    settings.lines[0].rs485->baud = 9'600;
    EXPECT_NE(parameter_hash(settings), sealed);
}

}  // namespace
}  // namespace metergate::config
