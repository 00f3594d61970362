#include <gmock/gmock.h>

#include "tests/unit/storage/store_fixture.hpp"

namespace metergate::storage {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

class Installations : public StoreFixture {
  protected:
    void SetUp() override {
        open();
        point = point_number(east, 1);
    }

    static ChangeOut change(std::string serial, std::int64_t at_s) {
        return {.new_serial = std::move(serial),
                .multiplier = {2500, 1},
                .last_read = 123'456,
                .first_read = 12,
                .at = utc_from_s(at_s),
                .reason = "display broken",
                .who = "M. Ohm"};
    }

    PointNumber point{};
};

TEST_F(Installations, a_change_of_meter_closes_one_row_and_opens_the_next) {
    EXPECT_THAT(*store->installations(point), IsEmpty());
    ASSERT_TRUE(store->change_out(point, change("A-1", noon_s)));
    ASSERT_TRUE(store->change_out(point, change("A-2", noon_s + 86'400)));
    const auto rows = store->installations(point);
    ASSERT_EQ(rows->size(), 3U);
    EXPECT_EQ(rows->at(0).serial, "");
    EXPECT_EQ(rows->at(0).to, utc_from_s(noon_s));
    EXPECT_EQ(rows->at(0).last_read, 123'456);
    EXPECT_EQ(rows->at(1).serial, "A-1");
    EXPECT_EQ(rows->at(1).from, utc_from_s(noon_s));
    EXPECT_EQ(rows->at(1).to, utc_from_s(noon_s + 86'400));
    EXPECT_EQ(rows->at(1).first_read, 12);
    EXPECT_EQ(rows->at(1).last_read, 123'456);
    EXPECT_EQ(rows->at(1).multiplier, (Ratio{2500, 1}));
    EXPECT_EQ(rows->at(2).serial, "A-2");
    EXPECT_EQ(rows->at(2).to, std::nullopt);
    EXPECT_EQ(rows->at(2).reason, "display broken");
    EXPECT_EQ(rows->at(2).who, "M. Ohm");
    EXPECT_EQ(*(*SqliteHistory::open(path))->installations(point), *rows);
}

TEST_F(Installations, a_change_of_meter_is_an_event_of_the_points_panel) {
    ASSERT_TRUE(store->change_out(point, change("A-1", noon_s)));
    commit({batch(east, noon_s)});
    const Event told = batches().at(0).events.at(0);
    EXPECT_EQ(told.kind, EventKind::meter_change_out);
    EXPECT_EQ(told.source, "e2");
    EXPECT_THAT(told.text, HasSubstr("to A-1 by M. Ohm: display broken"));
}

TEST_F(Installations, a_change_before_the_present_meter_came_is_refused) {
    ASSERT_TRUE(store->change_out(point, change("A-1", noon_s)));
    for (const std::int64_t at_s : {noon_s, noon_s - 1}) {
        const auto refused = store->change_out(point, change("A-2", at_s));
        ASSERT_FALSE(refused);
        EXPECT_EQ(refused.error().fault, Fault::invalid);
        EXPECT_THAT(refused.error().text, HasSubstr("present meter A-1"));
    }
    EXPECT_EQ(store->installations(point)->size(), 2U);
}

TEST_F(Installations, a_change_needs_serial_reason_and_name) {
    ChangeOut no_serial = change("", noon_s);
    ChangeOut no_reason = change("A-1", noon_s);
    no_reason.reason.clear();
    ChangeOut no_name = change("A-1", noon_s);
    no_name.who.clear();
    EXPECT_THAT(store->change_out(point, no_serial).error().text, HasSubstr("serial"));
    EXPECT_THAT(store->change_out(point, no_reason).error().text, HasSubstr("reason"));
    EXPECT_THAT(store->change_out(point, no_name).error().text, HasSubstr("name"));
    EXPECT_EQ(store->change_out(PointNumber{9999}, change("A-1", noon_s)).error().fault,
              Fault::not_found);
    EXPECT_THAT(*store->installations(point), IsEmpty());
}

TEST_F(Installations, a_closed_installation_cannot_be_edited) {
    ASSERT_TRUE(store->change_out(point, change("A-1", noon_s)));
    auto database = Database::open(path, Access::read_write);
    database->exec("UPDATE installation SET last_read = 0 WHERE valid_to IS NOT NULL");
    EXPECT_FALSE(database->outcome("edit"));
    database->exec("UPDATE installation SET serial = 'x' WHERE valid_to IS NULL");
    EXPECT_FALSE(database->outcome("edit"));
    database->exec("DELETE FROM installation");
    EXPECT_FALSE(database->outcome("remove"));
}

TEST_F(Installations, a_read_at_an_edge_is_exact_and_between_edges_is_bracketed) {
    commit({batch(east, noon_s, 1000)});
    commit({batch(west, noon_s + 450, 7000)});
    commit({batch(east, noon_s + 900, 2000)});
    const auto exact = store->register_at(point, kwh, utc_from_s(noon_s));
    ASSERT_TRUE(exact);
    EXPECT_EQ(exact->before->at, utc_from_s(noon_s));
    EXPECT_EQ(exact->before->reg, 1001);
    const auto between = store->register_at(point, kwh, utc_from_s(noon_s + 500));
    EXPECT_EQ(between->before->at, utc_from_s(noon_s));
    EXPECT_EQ(between->after->at, utc_from_s(noon_s + 900));
    EXPECT_EQ(between->after->reg, 2001);
    EXPECT_EQ(store->register_at(point, kwh, utc_from_s(noon_s - 1))->before, std::nullopt);
    EXPECT_EQ(store->register_at(point, kwh, utc_from_s(noon_s + 900))->after, std::nullopt);
}

TEST_F(Installations, a_read_takes_the_highest_revision_and_skips_missing_records) {
    commit({batch(east, noon_s, 1000)});
    Batch gap = batch(east, noon_s + 900);
    for (Record& record : gap.records) {
        record.value.reset();
        record.reg.reset();
        record.flags = Flag::missing;
    }
    commit({gap});
    commit({batch(east, noon_s + 1800, 3000)});
    commit({batch(east, noon_s + 1800, 3005)});
    commit({batch(east, noon_s, 1005)});
    const auto around = store->register_at(point, kwh, utc_from_s(noon_s + 1000));
    EXPECT_EQ(around->before->at, utc_from_s(noon_s));
    EXPECT_EQ(around->before->reg, 1006);
    EXPECT_EQ(around->after->at, utc_from_s(noon_s + 1800));
    EXPECT_EQ(around->after->reg, 3006);
}

}  // namespace
}  // namespace metergate::storage
