#include "tests/building/verdict.hpp"

#include <gtest/gtest.h>

#include <array>
#include <sstream>

#include "tests/building/building.hpp"
#include "tests/unit/building/model_gateway.hpp"

namespace metergate::building {
namespace {

using test::ModelGateway;

/// Runs the model gateway for an hour of five-minute intervals.
class VerdictTest : public ::testing::Test {
  protected:
    void run(const std::string& faults = "[]", const std::string& more = "") {
        const auto scenario = parse_scenario(R"({"start": "2026-03-02T05:00:00Z",
            "series": ["kwh-5min"], "lines": [{"id": "riser", "panels": 2}])" +
                                             more + R"(, "faults": )" + faults + "}");
        ASSERT_TRUE(scenario) << scenario.error().text;
        clock_ = std::make_unique<VirtualClock>(scenario->start);
        building_ = std::make_unique<Building>(*scenario, *clock_);
        options_ = options_for(building_->ledger().run());
        received_ = ModelGateway(*building_, *clock_)
                        .run(std::chrono::minutes{5}, std::chrono::seconds{3700});
        ASSERT_EQ(received_.size(), 24U);
    }
    [[nodiscard]] Verdict judged() const { return judge(building_->ledger(), received_, options_); }
    /// The first violation contains this.
    void expect_violation(const std::string& text) const {
        const Verdict verdict = judged();
        EXPECT_FALSE(verdict.clean());
        ASSERT_FALSE(verdict.violations.empty());
        EXPECT_NE(verdict.violations.front().find(text), std::string::npos) << table_of(verdict);
    }
    /// A record in the middle of the run.
    ReceivedRecord& some_record() { return received_[10].records[7]; }

    std::unique_ptr<VirtualClock> clock_;
    std::unique_ptr<Building> building_;
    VerdictOptions options_;
    std::vector<ReceivedBatch> received_;
};

TEST_F(VerdictTest, a_faultless_hour_is_clean) {
    run();
    const Verdict verdict = judged();
    EXPECT_TRUE(verdict.clean()) << table_of(verdict);
    EXPECT_EQ(verdict.expected, 12U * 48U);
    EXPECT_EQ(verdict.received, verdict.expected);
    EXPECT_GT(verdict.energy_wh, 5'000);
    EXPECT_LT(std::abs(verdict.energy_difference_wh), 200);
}

TEST_F(VerdictTest, nothing_received_is_not_clean) {
    run();
    received_.clear();
    expect_violation("panel riser-p1: nothing was received");
}

TEST_F(VerdictTest, a_dropped_record_is_lost) {
    run();
    received_[10].records.erase(received_[10].records.begin() + 7);
    EXPECT_EQ(judged().lost, 1U);
    expect_violation("1 intervals have no record");
}

TEST_F(VerdictTest, a_lost_batch_is_noticed_by_its_number) {
    run();
    received_.erase(received_.begin() + 10);
    expect_violation("batches 6..6 of epoch e1 never came");
    EXPECT_EQ(judged().lost, 1U + 24U);
}

TEST_F(VerdictTest, a_loss_at_the_end_is_noticed_if_the_end_is_told) {
    run();
    received_.erase(received_.end() - 2, received_.end());
    EXPECT_TRUE(judged().clean());
    options_.expect_until_s = epoch_s(building_->scenario().start) + 3600;
    EXPECT_EQ(judged().lost, 48U);
    EXPECT_FALSE(judged().clean());
}

TEST_F(VerdictTest, a_batch_that_comes_again_unchanged_is_allowed) {
    run();
    received_.push_back(received_[10]);
    const Verdict verdict = judged();
    EXPECT_TRUE(verdict.clean()) << table_of(verdict);
    EXPECT_EQ(verdict.redelivered, 1U);
}

TEST_F(VerdictTest, a_batch_that_comes_again_changed_is_not) {
    run();
    received_.push_back(received_[10]);
    received_.back().records[0].uncertainty += 1;
    expect_violation("came twice with unlike content");
}

TEST_F(VerdictTest, a_doubled_record_is_noticed) {
    run();
    received_[10].records.push_back(some_record());
    EXPECT_EQ(judged().doubled, 1U);
    expect_violation("has revision 0 twice");
}

TEST_F(VerdictTest, energy_told_again_under_a_new_number_is_doubled) {
    run();
    ReceivedBatch again = received_[10];
    again.number = 13;
    received_.push_back(again);
    EXPECT_FALSE(judged().clean());
    EXPECT_GT(judged().doubled, 0U);
}

TEST_F(VerdictTest, a_changed_value_breaks_the_sum_of_the_chain) {
    run();
    *some_record().value += 1;
    expect_violation("the chain's records add up to register");
}

TEST_F(VerdictTest, a_wrong_register_is_not_between_served_ones) {
    run();
    // Moved from one interval to the next, so that the sum stays right.
    some_record().value = *some_record().value + 50;
    some_record().reg = *some_record().reg + 50;
    received_[12].records[7].value = *received_[12].records[7].value - 50;
    const Verdict verdict = judged();
    EXPECT_FALSE(verdict.clean());
    EXPECT_NE(table_of(verdict).find("does not lie between what the panel served"),
              std::string::npos)
        << table_of(verdict);
}

TEST_F(VerdictTest, a_register_of_another_point_is_noticed) {
    run();
    std::swap(received_[10].records[7].reg, received_[10].records[8].reg);
    EXPECT_FALSE(judged().clean());
}

TEST_F(VerdictTest, a_record_of_a_later_interval_under_an_earlier_end_is_noticed) {
    run();
    for (ReceivedRecord& record : received_[10].records) {
        record.start_s -= 60;
    }
    expect_violation("covers 360 s of a 300 s interval without saying so");
}

TEST_F(VerdictTest, an_unexplained_flag_is_noticed) {
    run();
    some_record().flags |= Flag::estimated;
    EXPECT_EQ(judged().unexplained_flags, 1U);
    expect_violation("flag ESTIMATED without a fault in reach");
}

TEST_F(VerdictTest, a_gap_invented_without_a_fault_is_noticed) {
    run();
    some_record().value.reset();
    some_record().reg.reset();
    some_record().flags = Flag::missing;
    received_[12].records[7].start_s -= 300;
    received_[12].records[7].value = *received_[12].records[7].reg - *received_[8].records[7].reg;
    received_[12].records[7].flags |= Flag::long_interval;
    EXPECT_EQ(judged().unexplained_flags, 2U);
}

TEST_F(VerdictTest, test_records_need_a_laboratory_and_a_laboratory_needs_them) {
    run();
    options_.laboratory = true;
    EXPECT_EQ(judged().absent_flags, 12U * 48U);
    options_.laboratory = false;
    some_record().flags |= Flag::test;
    EXPECT_EQ(judged().unexplained_flags, 1U);
}

TEST_F(VerdictTest, an_outage_with_missing_and_long_records_is_clean) {
    run(R"([{"kind": "silent", "target": "riser-p1", "at_s": 700, "for_s": 900}])");
    const Verdict verdict = judged();
    EXPECT_TRUE(verdict.clean()) << table_of(verdict);
    EXPECT_EQ(verdict.missing, 3U * 24U);
}

TEST_F(VerdictTest, energy_smoothed_over_an_outage_is_noticed) {
    run(R"([{"kind": "silent", "target": "riser-p1", "at_s": 700, "for_s": 900}])");
    // Batches of the first panel at 900, 1200 and 1500 s are missing ones, at 1800 a long one.
    ReceivedRecord& long_one = received_[10].records[3];
    ASSERT_TRUE(long_one.flags.has(Flag::long_interval));
    const std::int64_t before = *long_one.reg - *long_one.value;
    for (std::size_t i = 0; i < 4; ++i) {
        ReceivedRecord& record = received_[4 + 2 * i].records[3];
        record.value = *long_one.value * static_cast<std::int64_t>(i + 1) / 4 -
                       *long_one.value * static_cast<std::int64_t>(i) / 4;
        if (i < 3) {
            record.reg = before + *long_one.value * static_cast<std::int64_t>(i + 1) / 4;
            record.flags = Flag::interpolated;
        }
    }
    const std::int64_t last = *long_one.value;
    ReceivedRecord& fourth = received_[10].records[3];
    fourth.value = last;
    fourth.start_s = fourth.end_s - 300;
    fourth.flags = Flag::interpolated;
    expect_violation("its edge lies in a gap too long to interpolate over");
}

TEST_F(VerdictTest, a_rollover_needs_its_flag) {
    run(R"([{"kind": "rollover", "target": "riser-p2-05", "at_s": 1700}])");
    EXPECT_TRUE(judged().clean()) << table_of(judged());
    for (ReceivedBatch& batch : received_) {
        for (ReceivedRecord& record : batch.records) {
            record.flags = record.flags.without(Flag::rollover);
        }
    }
    const Verdict verdict = judged();
    EXPECT_FALSE(verdict.clean());
    EXPECT_EQ(verdict.absent_flags, 1U);
    EXPECT_NE(table_of(verdict).find("left no flag ROLLOVER"), std::string::npos);
}

TEST_F(VerdictTest, a_reset_booked_as_energy_is_noticed) {
    run(R"([{"kind": "register-reset", "target": "riser-p2-05", "at_s": 1700}])");
    // The model gateway knows no resets: it books the fall as a rollover of the whole register.
    const Verdict verdict = judged();
    EXPECT_FALSE(verdict.clean());
    EXPECT_NE(table_of(verdict).find("flag ROLLOVER without a fault in reach"), std::string::npos)
        << table_of(verdict);
    EXPECT_NE(table_of(verdict).find("left no flag REGISTER_RESET"), std::string::npos);
}

TEST_F(VerdictTest, a_lost_zero_reading_leaves_no_trace_but_a_booked_one_does) {
    run(R"([{"kind": "zero", "target": "riser-p1-05", "at_s": 1795, "for_s": 10}])");
    EXPECT_FALSE(judged().clean()) << "the model gateway believes zeros";
}

TEST_F(VerdictTest, garbled_replies_are_read_again_and_nothing_is_lost) {
    run(R"([{"kind": "garbled", "target": "riser", "at_s": 100, "for_s": 2000,
             "args": {"percent": 0.2}}])");
    const Verdict verdict = judged();
    EXPECT_EQ(verdict.lost, 0U);
    EXPECT_EQ(verdict.violation_count, 0U) << table_of(verdict);
}

TEST_F(VerdictTest, a_clock_step_is_followed_and_must_leave_its_flag) {
    for (const char* by : {"7000", "-7000", "-70000"}) {
        run(std::string(R"([{"kind": "clock-step", "at_s": 1790, "args": {"ms": )") + by + "}}]");
        EXPECT_EQ(judged().absent_flags, 48U) << by;
        EXPECT_EQ(judged().violation_count, 48U) << by << table_of(judged());
        for (ReceivedRecord& record : received_[10].records)
            record.flags |= Flag::clock_set;
        for (ReceivedRecord& record : received_[11].records)
            record.flags |= Flag::clock_set;
        EXPECT_TRUE(judged().clean()) << by << table_of(judged());
    }
}

TEST_F(VerdictTest, a_master_without_silence_is_a_failure) {
    run();
    building_->ledger().wire({.line = "riser", .requests = 5, .short_silences = 2});
    expect_violation("line riser: 2 requests after less than 3.5 characters of silence");
}

TEST_F(VerdictTest, a_swap_splits_the_slot_into_two_chains) {
    run(R"([{"kind": "swap", "target": "riser-p1", "at_s": 1000, "for_s": 60,
             "args": {"register_wh": 400}}])");
    const PanelHistory& history = building_->ledger().panels()[0];
    std::size_t first_new = 0;
    while (history.rows[first_new].at < building_->scenario().faults[0].from) {
        ++first_new;
    }
    // What a gateway that sees the serial number makes of it.
    std::vector<ReceivedRecord> ended;
    for (std::size_t p = 0; p < 24; ++p) {
        const auto stamp = [&](std::size_t row) { return epoch_ms(history.rows[row].at) / 1000; };
        ReceivedRecord old_part = received_[6].records[p];
        ReceivedRecord new_part = old_part;
        const std::int64_t opened = history.register_of(history.rows[first_new], p);
        const std::int64_t closed = history.register_of(history.rows[first_new - 1], p);
        old_part.end_s = stamp(first_new - 1);
        old_part.reg = closed;
        old_part.value = closed - *received_[4].records[p].reg;
        old_part.flags = Flag::short_interval | Flag::meter_changed;
        ended.push_back(old_part);
        new_part.start_s = stamp(first_new);
        new_part.value = *new_part.reg - opened;
        new_part.flags = Flag::short_interval | Flag::meter_changed;
        received_[6].records[p] = new_part;
    }
    ReceivedBatch end_of_old = received_[6];
    end_of_old.number = 13;
    end_of_old.end_s = ended.front().end_s;
    end_of_old.records = ended;
    received_.push_back(end_of_old);
    const Verdict verdict = judged();
    EXPECT_TRUE(verdict.clean()) << table_of(verdict);

    received_.back().records[3].value = *received_.back().records[3].value + 1;
    EXPECT_FALSE(judged().clean());
}

TEST_F(VerdictTest, a_ledger_read_back_from_its_file_gives_the_same_verdict) {
    run(R"([{"kind": "silent", "target": "riser-p1", "at_s": 700, "for_s": 900}])");
    std::stringstream file;
    LedgerWriter writer;
    writer.write_new(building_->ledger(), file, building_->scenario().start);
    writer.write_new(building_->ledger(), file, UtcTime::max());
    const auto ledger = read_ledger(file);
    ASSERT_TRUE(ledger) << ledger.error().text;
    EXPECT_EQ(json_of(judge(*ledger, received_, options_)), json_of(judged()));
    *some_record().value += 1;
    EXPECT_EQ(json_of(judge(*ledger, received_, options_)), json_of(judged()));
    EXPECT_FALSE(judged().clean());
}

TEST(LedgerFile, a_bad_line_is_named) {
    std::stringstream file("{\"kind\":\"truth\",\"panel\":\"x\",\"at_ms\":1}\n");
    const auto ledger = read_ledger(file);
    ASSERT_FALSE(ledger);
    EXPECT_EQ(ledger.error().text, "ledger line 1: no panel that is known, no at_ms or no values");
}

TEST(Received, a_native_payload_is_read_from_subscriber_lines) {
    std::stringstream lines(
        "metergate/demo/status {\"state\":\"online\"}\n"
        "metergate/demo/batch/east {\"encoder\":1,\"epoch\":\"ab\",\"panel\":\"east\",\"number\":3,"
        "\"end\":1000,\"revision\":1,\"records\":[{\"point\":\"east-01\",\"series\":\"kwh-10s\","
        "\"start\":990,\"value\":null,\"register\":null,\"flags\":[\"MISSING\",\"TEST\"]}],"
        "\"events\":[]}\n");
    const auto received = read_received(lines);
    ASSERT_TRUE(received) << received.error().text;
    ASSERT_EQ(received->size(), 1U);
    const ReceivedBatch& batch = received->front();
    EXPECT_EQ(batch.number, 3U);
    ASSERT_EQ(batch.records.size(), 1U);
    EXPECT_FALSE(batch.records[0].value);
    EXPECT_EQ(batch.records[0].flags, Flag::missing | Flag::test);
    EXPECT_EQ(batch.records[0].end_s, 1000);
    EXPECT_EQ(batch.records[0].revision, 1U);
}

TEST(Received, a_damaged_payload_is_named_by_its_line) {
    std::stringstream lines("metergate/demo/batch/east {\"epoch\":\"ab\"}\n");
    const auto received = read_received(lines);
    ASSERT_FALSE(received);
    EXPECT_EQ(received.error().text,
              "line 1: epoch, panel, number, end, revision or records is absent");
}

TEST(Received, series_codes_tell_their_length) {
    EXPECT_EQ(length_of_series("kwh-15min"), 900);
    EXPECT_EQ(length_of_series("kwh-10s"), 10);
    EXPECT_EQ(length_of_series("kwh-r2-1h-std"), 3600);
    EXPECT_EQ(length_of_series("kwh"), 0);
}

}  // namespace
}  // namespace metergate::building
