#include <gtest/gtest.h>

#include "tests/building/building.hpp"
#include "tests/building/verdict.hpp"
#include "tests/unit/building/model_gateway.hpp"

/// What the verdict demands of panels that remember.
namespace metergate::building {
namespace {

using test::ModelGateway;

/// The model gateway never reads a panel's log.
class VerdictOfMemory : public ::testing::Test {
  protected:
    void run(const std::string& panel_members) {
        const auto scenario = parse_scenario(
            R"({"start": "2026-03-02T05:00:00Z", "series": ["kwh-15min"],
                "lines": [{"id": "riser"}], "panels": [{"id": "east", "line": "riser",
                "kind": "metergate-panel-12" )" +
            panel_members + R"(}], "faults": [
                {"at_s": 3000, "kind": "silent", "target": "east", "for_s": 4000}]})");
        ASSERT_TRUE(scenario) << scenario.error().text;
        clock_ = std::make_unique<VirtualClock>(scenario->start);
        building_ = std::make_unique<Building>(*scenario, *clock_);
        received_ = ModelGateway(*building_, *clock_)
                        .run(std::chrono::minutes{15}, std::chrono::seconds{6 * 3600});
    }
    [[nodiscard]] Verdict judged() const {
        return judge(building_->ledger(), received_, options_for(building_->ledger().run()));
    }
    /// The current record of the first point that ends so many minutes after the start.
    ReceivedRecord& record_at(int minute) {
        const std::int64_t end_s = epoch_s(building_->scenario().start) + minute * 60;
        for (ReceivedBatch& batch : received_) {
            if (batch.end_s == end_s) {
                return batch.records.front();
            }
        }
        ADD_FAILURE() << "no record ends there";
        return received_.front().records.front();
    }
    [[nodiscard]] std::int64_t logged(int minute) const {
        const PanelHistory& history = building_->ledger().panels()[0];
        return history.logged_wh.at(static_cast<std::size_t>(minute / 15) * 12);
    }
    /// Puts what was logged in the place of the first point's gap, from 05:45 to 07:00.
    void recover() {
        const std::int64_t end_reg = *record_at(120).reg;
        std::int64_t before = *record_at(120).reg - *record_at(120).value;
        for (int minute = 60; minute <= 120; minute += 15) {
            ReceivedRecord& record = record_at(minute);
            record.reg = minute == 120 ? end_reg : logged(minute);
            record.value = *record.reg - before;
            record.start_s = record.end_s - 900;
            record.flags = Flag::recovered;
            record.origin = "panel_log";
            before = *record.reg;
        }
    }

    std::unique_ptr<VirtualClock> clock_;
    std::unique_ptr<Building> building_;
    std::vector<ReceivedBatch> received_;
};

TEST_F(VerdictOfMemory, what_a_panel_remembers_must_come_back) {
    run("");
    const Verdict verdict = judged();
    EXPECT_FALSE(verdict.clean());
    EXPECT_EQ(verdict.absent_flags, 24U);
    EXPECT_NE(verdict.violations.at(0).find("stands in the panel's log and was not recovered"),
              std::string::npos)
        << table_of(verdict);
    recover();
    EXPECT_EQ(judged().absent_flags, 22U) << table_of(judged());
    EXPECT_EQ(judged().violation_count, 22U);
    EXPECT_EQ(judged().recovered, 5U);
}

TEST_F(VerdictOfMemory, what_a_panel_does_not_remember_need_not_come_back) {
    for (const char* forgetful :
         {R"(, "log_slots": 0)", R"(, "log_slots": 4)", R"(, "clock_offset_s": 20)"}) {
        run(forgetful);
        EXPECT_TRUE(judged().clean()) << forgetful << table_of(judged());
    }
}

TEST_F(VerdictOfMemory, a_recovered_register_is_the_one_that_was_logged) {
    run("");
    recover();
    const std::uint64_t others = judged().violation_count;
    *record_at(75).reg += 30;
    *record_at(75).value += 30;
    *record_at(90).value -= 30;
    EXPECT_GT(judged().violation_count, others) << "the energy is moved to the wrong slot";
    recover();
    record_at(75).origin = "gateway";
    EXPECT_GT(judged().violation_count, others) << "RECOVERED, but not from the log";
}

/// The same with a series beside it that tells what the panel logged.
class VerdictOfLog : public VerdictOfMemory {
  protected:
    void run_logged() {
        run("");
        recover_all();
        for (ReceivedBatch& batch : received_) {
            const std::size_t points = batch.records.size();
            for (std::size_t i = 0; i < points; ++i) {
                ReceivedRecord record = batch.records[i];
                record.series = "kwh-15min-log";
                record.start_s = record.end_s - 900;
                record.flags = {};
                record.origin = "panel_log";
                record.uncertainty = 0;
                record.reg = logged_of(i, record.end_s);
                record.value = *record.reg - logged_of(i, record.start_s);
                batch.records.push_back(record);
            }
        }
        ASSERT_TRUE(judged().clean()) << table_of(judged());
    }
    ReceivedRecord& logged_record(int minute) {
        const std::int64_t end_s = epoch_s(building_->scenario().start) + minute * 60;
        for (ReceivedBatch& batch : received_) {
            if (batch.end_s == end_s) {
                return batch.records.back();
            }
        }
        ADD_FAILURE() << "no record ends there";
        return received_.front().records.back();
    }

  private:
    [[nodiscard]] std::int64_t logged_of(std::size_t point, std::int64_t end_s) const {
        const PanelHistory& history = building_->ledger().panels()[0];
        const std::int64_t slot = (end_s - epoch_s(building_->scenario().start)) / 900;
        return history.logged_wh.at(static_cast<std::size_t>(slot) * 12 + point);
    }
    /// Of all points; else the verdict of the other series would not be clean.
    void recover_all() {
        for (std::size_t point = 0; point < 12; ++point) {
            std::optional<std::int64_t> before;
            for (ReceivedBatch& batch : received_) {
                ReceivedRecord& record = batch.records.at(point);
                const bool in_gap = !record.value || record.flags.has(Flag::long_interval);
                if (in_gap) {
                    const bool is_end = record.flags.has(Flag::long_interval);
                    record.reg = is_end ? record.reg : logged_of(point, record.end_s);
                    record.value = *record.reg - *before;
                    record.start_s = record.end_s - 900;
                    record.flags = Flag::recovered;
                    record.origin = "panel_log";
                }
                before = record.reg;
            }
        }
    }
};

TEST_F(VerdictOfLog, a_value_that_was_not_logged_fails) {
    run_logged();
    *logged_record(150).value += 1;
    EXPECT_EQ(judged().violation_count, 1U) << table_of(judged());
}

TEST_F(VerdictOfLog, a_register_that_was_not_logged_fails) {
    run_logged();
    *logged_record(150).reg += 1;
    EXPECT_EQ(judged().violation_count, 1U) << table_of(judged());
}

TEST_F(VerdictOfLog, a_value_of_the_gateways_own_readings_fails) {
    run_logged();
    logged_record(150).origin = "gateway";
    EXPECT_EQ(judged().violation_count, 1U) << table_of(judged());
}

TEST_F(VerdictOfLog, a_slot_that_covers_time_twice_fails) {
    run_logged();
    logged_record(150).start_s -= 900;
    EXPECT_EQ(judged().doubled, 1U) << table_of(judged());
}

TEST_F(VerdictOfLog, a_slot_that_the_panel_still_has_must_not_be_missing) {
    run_logged();
    logged_record(75).value.reset();
    logged_record(75).reg.reset();
    logged_record(75).flags = Flag::missing;
    logged_record(75).origin = "gateway";
    EXPECT_EQ(judged().absent_flags, 1U) << table_of(judged());
}

TEST_F(VerdictOfLog, a_flag_without_a_fault_fails) {
    run_logged();
    logged_record(240).flags = Flag::recovered;
    EXPECT_EQ(judged().unexplained_flags, 1U) << table_of(judged());
}

}  // namespace
}  // namespace metergate::building
