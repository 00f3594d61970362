#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <vector>

#include "tests/building/verdict.hpp"

/// What the verdict says of single points whose readings and records are told by hand.
namespace metergate::building {
namespace {

TEST(VerdictOfAStop,
     a_register_is_judged_by_the_last_reply_although_the_gateway_stopped_around_it) {
    const UtcTime start{std::chrono::seconds{1'772'427'600}};
    const auto after = [start](std::int64_t ms) { return start + std::chrono::milliseconds{ms}; };
    Ledger ledger;
    ledger.set_run({.laboratory = true, .poll_period_ms = 1000, .series = {"kwh-5s"}});
    ledger.add_panel({.id = "east", .line = "riser", .points = {"suite-1"}, .resolution_wh = 1});
    // One poll a second, a stop after the sixth, one poll of the next run: 10 Wh a second.
    for (const std::int64_t ms : {-900, 100, 1100, 2100, 3100, 4100, 5100, 7800}) {
        const std::int64_t reg = 10'000 + ms / 100;
        ledger.served(0, after(ms), 0, std::array{reg}, true);
        ledger.truth(0, after(ms), std::array{reg * 1000});
    }
    PlannedFault stop;
    stop.kind = FaultKind::gateway_stop;
    stop.target = "gateway";
    stop.from = after(5900);
    stop.until = after(8000);
    ledger.fault(stop);
    ReceivedRecord record;
    record.point = "suite-1";
    record.series = "kwh-5s";
    record.start_s = epoch_ms(start) / 1000;
    record.end_s = record.start_s + 5;
    record.value = 50;
    record.reg = 10'050;
    record.flags = Flag::interpolated | Flag::test;
    ReceivedBatch batch;
    batch.epoch = "e1";
    batch.panel = "east";
    batch.number = 1;
    batch.end_s = record.end_s;
    batch.records = {record};
    VerdictOptions options = options_for(ledger.run());
    EXPECT_TRUE(judge(ledger, {batch}, options).clean())
        << table_of(judge(ledger, {batch}, options));
    batch.records[0].reg = 10'090;
    EXPECT_FALSE(judge(ledger, {batch}, options).clean()) << "no reply is as high";
}

/// One point, its quarter-hours told by hand.
class VerdictOfOnePoint : public ::testing::Test {
  protected:
    static constexpr std::int64_t start_s = 1'772'427'600;

    void begin(PanelFacts facts = {}) {
        facts.id = "east";
        facts.line = "riser";
        facts.points = {"suite-1"};
        facts.resolution_wh = 1;
        ledger_.set_run({.poll_period_ms = 60'000, .series = {"kwh-15min"}});
        ledger_.add_panel(facts);
    }
    /// Served `at_s` after the start, when so much had been consumed.
    void serve(std::int64_t at_s, std::int64_t reg, std::int64_t true_wh, bool certain = true) {
        const UtcTime at{std::chrono::seconds{start_s + at_s}};
        ledger_.served(0, at, 0, std::array{reg}, certain);
        ledger_.truth(0, at, std::array{true_wh * 1000});
    }
    void fault(FaultKind kind, std::int64_t from_s, std::int64_t until_s) {
        PlannedFault fault;
        fault.kind = kind;
        fault.target = "east";
        fault.from = UtcTime{std::chrono::seconds{start_s + from_s}};
        fault.until = UtcTime{std::chrono::seconds{start_s + until_s}};
        ledger_.fault(fault);
    }
    void tell(std::int64_t from_s, std::int64_t until_s, std::optional<std::int64_t> value,
              std::optional<std::int64_t> reg, Flags flags = Flag::interpolated) {
        ReceivedRecord record;
        record.point = "suite-1";
        record.series = "kwh-15min";
        record.start_s = start_s + from_s;
        record.end_s = start_s + until_s;
        record.value = value;
        record.reg = reg;
        record.flags = value ? flags : Flags(Flag::missing);
        ReceivedBatch& batch = received_.emplace_back();
        batch.epoch = "e1";
        batch.panel = "east";
        batch.number = received_.size();
        batch.end_s = record.end_s;
        batch.records = {record};
    }
    [[nodiscard]] Verdict judged() const {
        return building::judge(ledger_, received_, options_for(ledger_.run()));
    }

    Ledger ledger_;
    std::vector<ReceivedBatch> received_;
};

TEST_F(VerdictOfOnePoint, a_reset_in_an_outage_to_a_higher_register_cannot_be_told) {
    for (const std::int64_t after_reset : {200, 50}) {
        ledger_ = {};
        received_.clear();
        begin();
        for (const std::int64_t at_s : {-30, 30, 870}) {
            serve(at_s, 100 + at_s / 30, at_s / 30);
        }
        serve(930, 131, 31);
        fault(FaultKind::silent, 950, 2650);
        fault(FaultKind::register_reset, 1000, 1000);
        serve(2670, after_reset, 89);
        serve(2730, after_reset + 2, 91);
        tell(0, 900, 30, 130);
        tell(900, 1800, std::nullopt, std::nullopt);
        tell(900, 2700, after_reset + 1 - 130, after_reset + 1,
             Flag::interpolated | Flag::long_interval);
        EXPECT_EQ(judged().clean(), after_reset == 200) << table_of(judged());
    }
}

TEST_F(VerdictOfOnePoint, a_reset_that_a_stop_kept_from_being_believed_is_told_after_the_stop) {
    begin();
    for (std::int64_t at_s = -30; at_s <= 390; at_s += 60) {
        serve(at_s, at_s < 300 ? 1'000 + at_s / 30 : at_s / 30 - 10, 100 + at_s / 30);
    }
    for (std::int64_t at_s = 650; at_s <= 2'090; at_s += 60) {
        serve(at_s, at_s / 30 - 10, 100 + at_s / 30);
    }
    fault(FaultKind::register_reset, 300, 300);
    fault(FaultKind::gateway_stop, 400, 640);
    const Flags cut = Flag::interpolated | Flag::short_interval | Flags(Flag::register_reset);
    tell(0, 270, 9, 1'009, cut);
    tell(650, 900, 8, 19, cut);
    tell(900, 1800, 30, 49);
    EXPECT_TRUE(judged().clean()) << table_of(judged());
    received_[2].records[0].flags = cut;
    EXPECT_FALSE(judged().clean()) << "by then it was believed";
}

TEST_F(VerdictOfOnePoint, a_reset_among_late_replies_is_judged_by_them) {
    begin();
    for (std::int64_t at_s = -30; at_s <= 2'010; at_s += 60) {
        serve(at_s, at_s < 700 ? 1'000 + at_s / 30 : (at_s - 700) / 30, 100 + at_s / 30,
              at_s < 100 || at_s > 1'260);
    }
    fault(FaultKind::late, 100, 1'260);
    fault(FaultKind::register_reset, 700, 700);
    const Flags cut = Flag::interpolated | Flag::short_interval | Flags(Flag::register_reset);
    tell(0, 690, 23, 1'023, cut);
    tell(750, 900, 5, 6, cut);
    tell(900, 1800, 30, 36);
    EXPECT_TRUE(judged().clean()) << table_of(judged());
    received_[1].records[0] = received_[0].records[0];
    received_[0].records[0].reg = 1'027;
    received_[0].records[0].value = 27;
    EXPECT_FALSE(judged().clean()) << "no reply told that";
}

TEST_F(VerdictOfOnePoint, a_reading_at_the_edge_may_count_as_before_or_after_it) {
    begin();
    for (const std::int64_t at_s : {-60, 0, 60, 840, 900}) {
        serve(at_s, 1'000 + at_s / 30, at_s / 30);
    }
    // After 900.0 the clock went back; the next edge is passed by it later.
    ledger_.clock_step({UtcTime{std::chrono::seconds{start_s + 920}}, std::chrono::minutes{-10}});
    for (std::int64_t at_s = 960; at_s <= 2'460; at_s += 60) {
        serve(at_s, 1'000 + at_s / 3, at_s / 3);
    }
    tell(0, 900, 30, 1'030);
    EXPECT_TRUE(judged().clean()) << table_of(judged());
    received_[0].records[0].value = 35;
    received_[0].records[0].reg = 1'035;
    EXPECT_FALSE(judged().clean());
}

TEST_F(VerdictOfOnePoint, a_reply_on_the_wire_while_the_clock_is_set_may_show_the_new_time) {
    for (const bool on_wire : {true, false}) {
        ledger_ = {};
        received_.clear();
        begin();
        const UtcTime stepped_at{std::chrono::milliseconds{(start_s + 60) * 1000 + 300} +
                                 std::chrono::seconds{on_wire ? 0 : 30}};
        ledger_.clock_step({stepped_at, std::chrono::seconds{800}});
        serve(-30, 99, -1);
        for (std::int64_t at_s = 0; at_s <= 240; at_s += 60) {
            serve(at_s, 100 + at_s / 30, at_s / 30);
        }
        tell(0, 900, 3, 103);
        const Verdict verdict = judged();
        const bool far =
            std::any_of(verdict.violations.begin(), verdict.violations.end(),
                        [](const std::string& text) { return text.find("too long") != text.npos; });
        EXPECT_EQ(far, !on_wire) << table_of(verdict);
    }
}

TEST_F(VerdictOfOnePoint, what_is_left_of_a_gap_filled_in_part_tells_of_all_of_it) {
    for (const bool filled : {true, false}) {
        ledger_ = {};
        received_.clear();
        begin();
        for (const std::int64_t at_s : {-30, 30, 870, 930}) {
            serve(at_s, 100 + at_s / 30, at_s / 30);
        }
        PlannedFault step;
        step.kind = FaultKind::clock_step;
        step.target = "gateway";
        step.ms = 10'000;
        step.from = UtcTime{std::chrono::seconds{start_s + 1'000}};
        step.until = step.from;
        ledger_.fault(step);
        serve(3'570, 219, 119);
        serve(3'630, 221, 121);
        tell(0, 900, 30, 130);
        if (filled) {
            tell(900, 1'800, 30, 160, Flag::recovered | Flag::clock_set);
        }
        const Flags rest = Flag::interpolated | Flag::long_interval | Flags(Flag::clock_set);
        tell(1'800, 3'600, filled ? 60 : 90, 220, rest);
        EXPECT_EQ(judged().unexplained_flags, filled ? 0U : 2U) << table_of(judged());
    }
}

TEST_F(VerdictOfOnePoint, a_float_register_steps_as_coarsely_as_its_24_bits) {
    for (const bool is_float : {true, false}) {
        ledger_ = {};
        received_.clear();
        PanelFacts facts;
        facts.float_registers = is_float;
        begin(facts);
        serve(-30, 35'000'000, -1);
        serve(30, 35'000'000, 1);
        serve(870, 35'000'024, 29);
        serve(930, 35'000'024, 31);
        tell(0, 900, 24, 35'000'024);
        EXPECT_EQ(judged().clean(), is_float) << table_of(judged());
    }
}

}  // namespace
}  // namespace metergate::building
