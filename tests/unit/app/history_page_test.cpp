#include "gateway/app/history_page.hpp"

#include <gmock/gmock.h>

#include <memory>
#include <string>
#include <utility>

#include "gateway/control/protocol.hpp"
#include "storage/store.hpp"
#include "tests/support/temp_dir.hpp"

namespace metergate::app {
namespace {

using schema::Json;
using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::HasSubstr;

constexpr const char* toronto = "America/Toronto";
const UtcSeconds midnight = utc_from_s(1'772'946'000);  // 2026-03-08 in Toronto: 23 hours

bool always() {
    return true;
}

Json asking(const std::string& point = "suite-1") {
    return Json::object().set("point", point);
}

/// A store with one point of quarter-hours.
class HistoryPageTest : public testing::Test {
  protected:
    void SetUp() override {
        clock.step_utc(midnight + days{3} - clock.utc());
        storage::SqliteStore::Options options;
        options.zone = toronto;
        store = std::move(*storage::SqliteStore::open(path, clock, options));
        const auto numbering = store->number({{{"east", {"suite-1"}}}, {Series{}}});
        panel = numbering->panels.front().number;
        kwh = numbering->series.front().second;
        history = std::move(*storage::SqliteHistory::open(path));
    }
    Batch batch(UtcSeconds end, std::optional<Milli> value = 250) const {
        Record record;
        record.end = end;
        record.start = end - minutes{15};
        record.point = point_number(panel, 0);
        record.series = kwh;
        record.value = value;
        record.flags = value ? Flags() : Flags(Flag::missing);
        Batch made;
        made.panel = panel;
        made.end = end;
        made.records = {record};
        return made;
    }
    void commit(const Batch& one) { commit(std::vector{one}); }
    void commit(std::vector<Batch> batches) {
        record::Commit made;
        made.batches = std::move(batches);
        made.chains = {{point_number(panel, 0), kwh, 0, midnight, 0, midnight, 0, midnight}};
        ASSERT_TRUE(store->commit(made));
    }
    /// Every slot of (from, through].
    void fill(UtcSeconds from, UtcSeconds through) {
        std::vector<Batch> batches;
        for (UtcSeconds end = from + minutes{15}; end <= through; end += minutes{15}) {
            batches.push_back(batch(end));
        }
        commit(std::move(batches));
    }
    void pack() {
        while (store->pack_days()->more) {
        }
    }
    Json page(const Json& params) {
        const auto question = history_question(params, toronto, clock.utc());
        EXPECT_TRUE(question) << question.error().text;
        auto read = read_history_page(*history, *question, toronto, keep_going);
        EXPECT_TRUE(read) << read.error().text;
        damaged = read->damaged;
        EXPECT_LE(read->json.size(), control::line_size_max - 1000);
        auto parsed = schema::parse_json(read->json);
        EXPECT_TRUE(parsed) << parsed.error().text;
        return *parsed;
    }
    /// All rows of all pages.
    std::vector<Json> rows(Json params) {
        std::vector<Json> all;
        pages = 0;
        while (true) {
            const Json one = page(params);
            ++pages;
            for (const Json& row : *one.find("rows")->as_array()) {
                all.push_back(row);
            }
            const std::string* next = one.string_at("next");
            if (next == nullptr) {
                return all;
            }
            params.set("page", *next);
        }
    }
    static std::int64_t end_s(const Json& row) { return *row.as_array()->at(1).as_integer(); }

    support::TempDir dir;
    std::string path = dir.file("store");
    VirtualClock clock{UtcTime{}};
    std::unique_ptr<storage::SqliteStore> store;
    std::unique_ptr<storage::SqliteHistory> history;
    std::function<bool()> keep_going = always;
    std::vector<storage::DayKey> damaged;
    PanelNumber panel{};
    SeriesNumber kwh{};
    int pages = 0;
};

TEST_F(HistoryPageTest, says_what_it_shows_and_gives_a_row_a_slot) {
    fill(midnight, midnight + hours{1});
    const Json params = asking().set("from", "2026-03-08").set("to", "2026-03-08T01:00");
    const Json shown = page(params);
    EXPECT_EQ(*shown.string_at("point"), "suite-1");
    EXPECT_EQ(*shown.string_at("series"), "kwh-15min");
    EXPECT_EQ(*shown.string_at("unit"), "kWh");
    EXPECT_EQ(shown.integer_at("exponent"), -3);
    EXPECT_EQ(*shown.string_at("zone"), toronto);
    EXPECT_EQ(shown.integer_at("from_s"), epoch_s(midnight));
    EXPECT_EQ(schema::write_compact(shown.find("rows")->as_array()->front()),
              R"([1772946000,1772946900,250,null,[],0,"gateway",0])");
    EXPECT_EQ(shown.find("rows")->as_array()->size(), 4U);
    EXPECT_TRUE(shown.find("next")->is_null());
}

TEST_F(HistoryPageTest, pages_of_any_size_make_one_whole_over_packed_and_open_days) {
    fill(midnight, midnight + days{2} + hours{5});
    pack();
    const Json params = asking().set("from", "2026-03-08").set("to", "2026-03-11");
    const auto whole = rows(Json::of(params).set("limit", 5000));
    ASSERT_EQ(whole.size(), (48U + 5U) * 4U);
    for (const int limit : {1, 7, 96, 100}) {
        EXPECT_EQ(rows(Json::of(params).set("limit", limit)), whole) << limit;
    }
    keep_going = [] { return false; };  // no time at all: a day a page, and still everything
    EXPECT_EQ(rows(params), whole);
    EXPECT_GE(pages, 3);
}

TEST_F(HistoryPageTest, a_slot_without_a_record_is_there_and_says_so) {
    fill(midnight, midnight + hours{1});
    commit(batch(midnight + hours{1} + minutes{15}, std::nullopt));
    fill(midnight + hours{2}, midnight + hours{3});
    pack();
    const auto all = rows(asking().set("from", "2026-03-08").set("to", "2026-03-09"));
    ASSERT_EQ(all.size(), 12U);
    EXPECT_EQ(schema::write_compact(all.at(4)),
              R"([1772949600,1772950500,null,null,["MISSING"],0,"gateway",0])");
    EXPECT_EQ(schema::write_compact(all.at(5)),
              R"([1772950500,1772951400,null,null,["MISSING"],null,null,null])");
    for (std::size_t i = 1; i < all.size(); ++i) {
        EXPECT_EQ(end_s(all.at(i)) - end_s(all.at(i - 1)), 900);
    }
}

TEST_F(HistoryPageTest, nothing_is_made_up_before_the_first_record_or_after_the_newest) {
    fill(midnight + hours{1}, midnight + hours{2});
    EXPECT_EQ(rows(asking().set("from", "2020-01-01").set("to", "2030-01-01")).size(), 4U);
    pack();
    // A packed day is whole: its slots before the first record are missing ones.
    EXPECT_EQ(rows(asking().set("from", "2020-01-01").set("to", "2030-01-01")).size(), 8U);
    EXPECT_EQ(rows(asking().set("from", "2020-01-01").set("to", "2021-01-01")).size(), 0U);
}

TEST_F(HistoryPageTest, shows_the_newest_revision_of_packed_and_open_slots) {
    fill(midnight, midnight + days{1} + hours{12});
    pack();
    commit({batch(midnight + hours{1}, 777), batch(midnight + days{1} + hours{11}, 888)});
    const auto all = rows(asking().set("from", "2026-03-08").set("to", "2026-03-10"));
    int revised = 0;
    for (const Json& row : all) {
        if (row.as_array()->at(5).as_integer() != nullptr &&
            *row.as_array()->at(5).as_integer() == 1) {
            const auto value = *row.as_array()->at(2).as_integer();
            EXPECT_EQ(value, end_s(row) == epoch_s(midnight + hours{1}) ? 777 : 888);
            ++revised;
        }
    }
    EXPECT_EQ(revised, 2);
}

TEST_F(HistoryPageTest, without_times_it_is_the_last_day) {
    clock.step_utc(midnight + days{1} - clock.utc());
    fill(midnight - days{1}, midnight + days{1});
    const auto all = rows(asking());
    ASSERT_EQ(all.size(), 96U);
    EXPECT_EQ(end_s(all.back()), epoch_s(midnight + days{1}));
}

TEST_F(HistoryPageTest, an_empty_store_has_no_rows) {
    EXPECT_TRUE(rows(asking().set("series", "kwh-15min")).empty());
}

TEST_F(HistoryPageTest, a_damaged_day_whose_records_are_gone_is_a_problem_and_the_rest_is_shown) {
    fill(midnight, midnight + days{1} + hours{23});
    pack();
    clock.advance(days{500});
    while (store->upkeep()->more) {
    }
    store.reset();
    {
        auto database = storage::Database::open(path, storage::Access::read_write);
        database->exec(
            "UPDATE packed_day SET block = x'00' WHERE day = "
            "(SELECT min(\"end\") FROM closed_day)");
        ASSERT_TRUE(database->outcome("tamper"));
    }
    const Json shown =
        page(asking().set("from", "2026-03-08").set("to", "2026-03-10").set("limit", 5000));
    ASSERT_EQ(shown.find("problems")->as_array()->size(), 1U);
    EXPECT_THAT(*shown.find("problems")->as_array()->front().string_at("text"),
                HasSubstr("2026-03-08T00:00:00-05:00"));
    EXPECT_EQ(damaged.size(), 1U);
    EXPECT_EQ(shown.find("rows")->as_array()->size(), 47U * 4U);
}

TEST_F(HistoryPageTest, bad_questions_are_refused_and_the_parameter_is_named) {
    const auto refused = [this](const Json& params, const std::string& part) {
        const auto question = history_question(params, toronto, clock.utc());
        ASSERT_FALSE(question) << part;
        EXPECT_EQ(question.error().fault, Fault::invalid);
        EXPECT_THAT(question.error().text, HasSubstr(part));
    };
    refused(Json::object(), "params.point");
    refused(Json::object().set("point", 5), "params.point");
    refused(asking().set("series", "bananas"), "params.series");
    refused(asking().set("series", 5), "params.series");
    refused(asking().set("from", "yesterday"), "params.from");
    refused(asking().set("to", true), "params.to");
    refused(asking().set("to", -1), "params.to");
    refused(asking().set("to", std::int64_t{1} << 62), "params.to");
    refused(asking().set("from", 2000).set("to", 1000), "params.from: lies after `to`");
    refused(asking().set("limit", 0), "params.limit: is outside 1..5000");
    refused(asking().set("limit", 1'000'000), "params.limit: is outside 1..5000");
    refused(asking().set("limit", "many"), "params.limit");
    for (const char* token : {"", "x", "12x", "-5", "99999999999999999999", "999"}) {
        refused(asking().set("from", 1000).set("to", 2000).set("page", token), "params.page");
    }
    refused(asking().set("page", 1500), "params.page");
}

TEST_F(HistoryPageTest, an_unknown_point_or_series_is_named_with_those_there_are) {
    fill(midnight, midnight + hours{1});
    const auto error_of = [this](const Json& params) {
        const auto question = history_question(params, toronto, clock.utc());
        const auto read = read_history_page(*history, *question, toronto, always);
        EXPECT_FALSE(read);
        EXPECT_EQ(read.error().fault, Fault::not_found);
        return read.error().text;
    };
    EXPECT_THAT(error_of(asking("attic")), HasSubstr("\"attic\""));
    EXPECT_THAT(error_of(asking().set("series", "kwh-1h")), HasSubstr("it has kwh-15min"));
}

}  // namespace
}  // namespace metergate::app
