#include <gmock/gmock.h>

#include "tests/unit/storage/store_fixture.hpp"

namespace metergate::storage {
namespace {

using record::ChainState;
using record::LastReading;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

class StoreRestart : public StoreFixture {
  protected:
    void SetUp() override { open(); }

    ChainState chain(std::uint32_t index, std::int64_t opened_s, Milli reg) const {
        ChainState made;
        made.point = point_number(east, index);
        made.series = kwh;
        made.identity = 0xFEDCBA9876543210;
        made.opened = utc_from_s(opened_s);
        made.opened_register = reg;
        made.edge = made.opened;
        made.edge_register = reg;
        return made;
    }
    void store_chains(std::vector<ChainState> chains) {
        record::Commit made;
        made.chains = std::move(chains);
        commit(made);
    }
    std::vector<ChainState> chains() { return restart().chains; }
    record::Restart restart() {
        const auto state = store->restart_state();
        EXPECT_TRUE(state) << state.error().text;
        return *state;
    }
    Batch missing(std::int64_t end_s) const {
        Batch made = batch(east, end_s);
        for (Record& record : made.records) {
            record.value.reset();
            record.reg.reset();
            record.flags = Flag::missing;
        }
        return made;
    }
};

TEST_F(StoreRestart, a_chain_without_records_starts_from_its_row) {
    const ChainState opened = chain(0, noon_s - 900, 500);
    store_chains({opened});
    EXPECT_THAT(chains(), ElementsAre(opened));
}

TEST_F(StoreRestart, the_newest_record_with_a_register_is_the_baseline) {
    store_chains({chain(0, noon_s - 900, 500), chain(1, noon_s - 900, 600)});
    commit({batch(east, noon_s, 1000)});
    commit({batch(east, noon_s + 900, 2000), batch(west, noon_s + 900, 9000)});
    Batch partly = batch(east, noon_s + 1800, 3000);
    partly.records[1].reg.reset();
    partly.records[1].value.reset();
    partly.records[1].flags = Flag::missing;
    commit({partly});
    open();
    const auto found = chains();
    EXPECT_EQ(found.at(0).edge, utc_from_s(noon_s + 1800));
    EXPECT_EQ(found.at(0).edge_register, 3000);
    EXPECT_EQ(found.at(0).opened_register, 500);
    EXPECT_EQ(found.at(1).edge, utc_from_s(noon_s + 900));
    EXPECT_EQ(found.at(1).edge_register, 2001);
}

TEST_F(StoreRestart, the_row_written_when_a_gap_began_is_the_baseline_over_a_long_outage) {
    commit({batch(east, noon_s, 1000)});
    ChainState gap = chain(0, noon_s - 900, 500);
    gap.edge = utc_from_s(noon_s + 7);
    gap.edge_register = 1003;
    store_chains({gap});
    for (int i = 1; i < 200; ++i) {
        commit({missing(noon_s + i * 900)});
    }
    open();
    gap.closed_through = utc_from_s(noon_s + 199 * 900);
    EXPECT_THAT(chains(), ElementsAre(gap));
}

TEST_F(StoreRestart, what_marks_the_open_record_is_known_until_that_record_is_stored) {
    ChainState marked = chain(0, noon_s - 900, 500);
    marked.open_flags = Flag::meter_changed | Flag::clock_set;
    store_chains({chain(0, noon_s - 900, 500)});
    store_chains({marked});
    commit({missing(noon_s - 300)});
    open();
    EXPECT_EQ(chains().at(0).open_flags, marked.open_flags);
    commit({batch(east, noon_s, 1000)});
    open();
    EXPECT_TRUE(chains().at(0).open_flags.none());
}

TEST_F(StoreRestart, slots_that_a_chain_has_skipped_stay_closed) {
    ChainState skipped = chain(0, noon_s - 900, 500);
    skipped.closed_through = utc_from_s(noon_s + 90'000);
    store_chains({skipped});
    commit({missing(noon_s)});
    open();
    EXPECT_THAT(chains(), ElementsAre(skipped));
}

TEST_F(StoreRestart, a_record_of_the_meter_before_is_never_the_baseline) {
    store_chains({chain(0, noon_s - 9000, 500)});
    commit({batch(east, noon_s, 888'000)});
    const ChainState next_meter = chain(0, noon_s, 3);
    store_chains({next_meter});
    EXPECT_THAT(chains(), ElementsAre(next_meter));
    commit({batch(east, noon_s + 900, 40)});
    EXPECT_EQ(chains().at(0).edge_register, 40);
}

TEST_F(StoreRestart, late_records_of_older_ends_do_not_move_the_baseline_back) {
    store_chains({chain(0, noon_s - 900, 500)});
    commit({batch(east, noon_s + 1800, 3000)});
    commit({batch(east, noon_s, 1000)});
    EXPECT_EQ(chains().at(0).edge, utc_from_s(noon_s + 1800));
    EXPECT_EQ(chains().at(0).edge_register, 3000);
}

TEST_F(StoreRestart, of_several_revisions_the_highest_with_a_register_counts) {
    store_chains({chain(0, noon_s - 900, 500)});
    commit({batch(east, noon_s, 1000)});
    commit({batch(east, noon_s, 1010)});
    Batch without = batch(east, noon_s);
    for (Record& record : without.records) {
        record.reg.reset();
    }
    commit({without});
    EXPECT_EQ(chains().at(0).edge_register, 1010);
}

TEST_F(StoreRestart, another_series_of_the_point_does_not_lend_its_register) {
    Series hour;
    hour.length = std::chrono::seconds{3600};
    const SeriesNumber hourly = store->number({{}, {hour}})->series.at(0).second;
    ChainState other = chain(0, noon_s - 900, 500);
    other.series = hourly;
    store_chains({chain(0, noon_s - 900, 500), other});
    commit({batch(east, noon_s, 1000)});
    const auto found = chains();
    EXPECT_EQ(found.at(0).edge_register, 1000);
    EXPECT_EQ(found.at(1).edge_register, 500);
}

/// A chain that a panel's own log bills, and a batch of its first point.
class LoggedRestart : public StoreRestart {
  protected:
    void SetUp() override {
        StoreRestart::SetUp();
        Series series;
        series.source = BillingSource::panel_log;
        const auto numbered = store->number({{}, {series}});
        ASSERT_TRUE(numbered) << numbered.error().text;
        logged_ = numbered->series.at(0).second;
    }
    void store_chain(std::int64_t edge_s, std::int64_t closed_s) {
        ChainState made = chain(0, noon_s - 3600, 0);
        made.series = logged_;
        made.edge = utc_from_s(edge_s);
        made.closed_through = utc_from_s(closed_s);
        store_chains({made});
    }
    [[nodiscard]] Batch slot(std::int64_t end_s, std::optional<Milli> value) const {
        Batch made = batch(east, end_s);
        made.records.resize(1);
        made.records[0].series = logged_;
        made.records[0].value = value;
        made.records[0].reg.reset();
        made.records[0].flags = value ? Flags() : Flags(Flag::missing);
        return made;
    }

    SeriesNumber logged_{};
};

TEST_F(LoggedRestart, a_log_without_registers_goes_on_behind_its_newest_value) {
    store_chain(noon_s, noon_s);
    commit({slot(noon_s + 900, 5), slot(noon_s + 1800, 6), slot(noon_s + 2700, {})});
    open();
    EXPECT_EQ(chains().at(0).edge, utc_from_s(noon_s + 1800));
    EXPECT_EQ(chains().at(0).closed_through, utc_from_s(noon_s + 2700));
}

TEST_F(LoggedRestart, slots_still_to_be_read_are_not_forgotten_for_newer_ones) {
    commit({slot(noon_s, 4), slot(noon_s + 900, {})});
    store_chain(noon_s, noon_s + 900);
    commit({slot(noon_s + 1800, 6)});
    open();
    EXPECT_EQ(chains().at(0).edge, utc_from_s(noon_s));
    EXPECT_EQ(chains().at(0).closed_through, utc_from_s(noon_s + 1800));
}

TEST_F(StoreRestart, a_clean_stop_is_remembered_with_its_last_readings_until_the_first_commit) {
    EXPECT_FALSE(restart().clean_stop);
    record::Commit last;
    last.clean_stop = true;
    last.last_readings = {{point_number(east, 0), Quantity::energy_delivered, utc_from_ms(5), 77}};
    commit(last);
    open();
    EXPECT_TRUE(restart().clean_stop);
    EXPECT_EQ(restart().last_readings, last.last_readings);
    commit({batch(east, noon_s)});
    open();
    EXPECT_FALSE(restart().clean_stop);
    EXPECT_THAT(restart().last_readings, IsEmpty());
}

TEST_F(StoreRestart, a_second_clean_stop_replaces_the_last_readings) {
    record::Commit last;
    last.clean_stop = true;
    last.last_readings = {{point_number(east, 0), Quantity::energy_delivered, utc_from_ms(5), 77},
                          {point_number(east, 1), Quantity::energy_delivered, utc_from_ms(5), 78}};
    commit(last);
    last.last_readings.pop_back();
    last.last_readings[0].reg = 99;
    commit(last);
    EXPECT_EQ(restart().last_readings, last.last_readings);
}

TEST_F(StoreRestart, the_newest_end_is_that_of_any_panel) {
    EXPECT_EQ(restart().newest_end, std::nullopt);
    commit({batch(east, noon_s), batch(west, noon_s + 900)});
    commit({batch(east, noon_s - 90'000)});
    record::Commit far;
    far.events = {event(gateway_panel, EventKind::clock_stepped, "gateway", noon_s * 2'000)};
    commit(far);
    EXPECT_EQ(restart().newest_end, utc_from_s(noon_s + 900));
}

TEST_F(StoreRestart, how_far_a_panels_event_log_was_taken_over_is_the_newest_mark_of_it) {
    record::Commit made;
    made.panel_marks = {{east, 0xFEDCBA9876543210, 7}, {west, 1, 0}};
    commit(made);
    made.panel_marks = {{east, 5, 2}};
    commit(made);
    EXPECT_THAT(restart().panel_marks,
                ElementsAre(PanelEventMark{east, 5, 2}, PanelEventMark{west, 1, 0}));
}

}  // namespace
}  // namespace metergate::storage
