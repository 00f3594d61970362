#include <gtest/gtest.h>

#include "tests/unit/storage/store_fixture.hpp"

namespace metergate::storage {
namespace {

class StoredGaps : public StoreFixture {
  protected:
    /// A batch whose records stand for a gap of an hour.
    Batch long_batch(PanelNumber panel, std::int64_t end_s) const {
        Batch made = batch(panel, end_s);
        for (Record& record : made.records) {
            record.start = record.end - std::chrono::hours{1};
            record.flags = Flag::long_interval;
        }
        return made;
    }
    std::vector<std::int64_t> ends(PanelNumber panel, std::int64_t after_s, std::int64_t through_s,
                                   std::size_t count_max = 1000) {
        const auto found =
            store->long_records(panel, utc_from_s(after_s), utc_from_s(through_s), count_max);
        EXPECT_TRUE(found) << found.error().text;
        std::vector<std::int64_t> ends;
        for (const Record& record : *found) {
            ends.push_back(epoch_s(record.end) - noon_s);
        }
        return ends;
    }
};

TEST_F(StoredGaps, of_one_panel_and_time_are_found_in_order_of_end) {
    open();
    commit({long_batch(east, noon_s + 3600), long_batch(east, noon_s), long_batch(west, noon_s),
            batch(east, noon_s + 900)});
    EXPECT_EQ(ends(east, noon_s - 1, noon_s + 3600),
              (std::vector<std::int64_t>{0, 0, 0, 3600, 3600, 3600}));
    EXPECT_EQ(ends(east, noon_s, noon_s + 3600), (std::vector<std::int64_t>{3600, 3600, 3600}));
    EXPECT_EQ(ends(east, noon_s - 1, noon_s + 3599, 2), (std::vector<std::int64_t>{0, 0}));
    EXPECT_TRUE(ends(east, noon_s + 3600, noon_s + 99'999).empty());
    EXPECT_EQ(ends(west, 0, noon_s + 99'999).size(), 3U);
}

TEST_F(StoredGaps, are_gone_when_a_higher_revision_has_filled_them) {
    open();
    commit({long_batch(east, noon_s)});
    commit({batch(east, noon_s)});
    EXPECT_TRUE(ends(east, 0, noon_s).empty());
    Batch again = long_batch(east, noon_s);
    again.records.resize(1);
    again.records[0].start += std::chrono::minutes{15};
    commit({again});
    const auto found = store->long_records(east, utc_from_s(0), utc_from_s(noon_s), 10);
    ASSERT_EQ(found->size(), 1U);
    EXPECT_EQ(found->front().revision, 2U);
    EXPECT_EQ(found->front().start, again.records[0].start);
    EXPECT_EQ(found->front().value, again.records[0].value);
}

TEST_F(StoredGaps, are_found_again_by_the_next_run) {
    open();
    commit({long_batch(east, noon_s)});
    open();
    EXPECT_EQ(ends(east, 0, noon_s).size(), 3U);
}

class StoredUnread : public StoreFixture {
  protected:
    Batch missing_batch(PanelNumber panel, std::int64_t end_s,
                        Origin origin = Origin::gateway) const {
        Batch made = batch(panel, end_s);
        for (Record& record : made.records) {
            record.value.reset();
            record.reg.reset();
            record.flags = Flag::missing;
            record.origin = origin;
        }
        return made;
    }
    std::vector<std::int64_t> ends(PanelNumber panel, std::int64_t from_s, std::int64_t through_s) {
        const auto found = store->unread_records(panel, utc_from_s(from_s), utc_from_s(through_s));
        EXPECT_TRUE(found) << found.error().text;
        std::vector<std::int64_t> ends;
        for (const Record& record : *found) {
            EXPECT_TRUE(record.flags.has(Flag::missing));
            ends.push_back(epoch_s(record.end) - noon_s);
        }
        return ends;
    }
};

TEST_F(StoredUnread, of_one_panel_and_span_are_found_in_order_of_end) {
    open();
    commit({missing_batch(east, noon_s + 900), missing_batch(east, noon_s),
            missing_batch(west, noon_s), batch(east, noon_s + 1800)});
    EXPECT_EQ(ends(east, noon_s, noon_s + 1800),
              (std::vector<std::int64_t>{0, 0, 0, 900, 900, 900}));
    EXPECT_EQ(ends(east, noon_s + 1, noon_s + 900), (std::vector<std::int64_t>{900, 900, 900}));
    EXPECT_TRUE(ends(east, noon_s + 901, noon_s + 99'999).empty());
    EXPECT_EQ(ends(west, 0, noon_s + 99'999).size(), 3U);
}

TEST_F(StoredUnread, are_not_those_that_a_log_has_told_or_a_higher_revision_has_filled) {
    open();
    commit({missing_batch(east, noon_s), missing_batch(east, noon_s + 900, Origin::panel_log),
            missing_batch(east, noon_s + 1800)});
    Batch filled = batch(east, noon_s);
    filled.records.resize(1);
    commit({filled, missing_batch(east, noon_s + 1800, Origin::panel_log)});
    EXPECT_EQ(ends(east, noon_s, noon_s + 1800), (std::vector<std::int64_t>{0, 0}));
}

}  // namespace
}  // namespace metergate::storage
