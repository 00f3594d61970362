#include "tests/building/panel_model.hpp"

#include <gtest/gtest.h>

namespace metergate::building {
namespace {

constexpr UtcTime start{std::chrono::milliseconds{1'772'427'600'000}};

PanelPlan plan_of(PanelKind kind, std::int64_t register_wh, std::int64_t power_w = 1200) {
    PanelPlan plan;
    plan.id = "east";
    plan.line = "riser";
    plan.kind = kind;
    plan.serial = 0x01020304;
    for (std::size_t i = 0; i < points_of(kind); ++i) {
        PointPlan point;
        point.id = "east-" + std::to_string(i + 1);
        point.tenant = {.kind = TenantKind::constant, .constant_w = power_w};
        point.register_wh = register_wh + static_cast<std::int64_t>(i) * 1000;
        plan.points.push_back(point);
    }
    return plan;
}

class PanelTest : public ::testing::Test {
  protected:
    void make(PanelPlan plan) { panel_ = make_panel(std::move(plan), start, {}, ledger_); }
    Answer ask(std::uint8_t function, std::uint16_t address, std::uint16_t count,
               std::chrono::milliseconds at = {}) {
        Bytes pdu{function};
        put_u16(pdu, address);
        put_u16(pdu, count);
        return panel_->answer(pdu, start + at);
    }

    Ledger ledger_;
    std::unique_ptr<PanelModel> panel_;
};

TEST_F(PanelTest, identity_reads_as_the_map_page_says) {
    make(plan_of(PanelKind::metergate_24, 0));
    const Bytes expected{3,   32,  0x4D, 0x47, 0,   1,   0,   24,  0,   48,  1,   2,
                         3,   4,   0,    1,    0,   0,   'm', 'e', 't', 'e', 'r', 'g',
                         'a', 't', 'e',  '-',  'p', 'a', 'n', 'e', 'l', '-'};
    EXPECT_EQ(ask(3, 0, 16).pdu, expected);
}

TEST_F(PanelTest, energy_is_big_endian_in_watt_hours) {
    make(plan_of(PanelKind::metergate_24, 81'985'529'216));  // 0x13'16B7'E580
    const Answer answer = ask(3, 1000, 4);
    EXPECT_EQ(answer.pdu, (Bytes{3, 8, 0, 0, 0, 0x13, 0x16, 0xB7, 0xE5, 0x80}));
}

TEST_F(PanelTest, energy_counts_in_steps_of_two_watt_hours) {
    make(plan_of(PanelKind::metergate_24, 100));  // 1200 W = 2 Wh each 6 s
    EXPECT_EQ(panel_->register_wh(0, start + std::chrono::milliseconds{5'999}), 100);
    EXPECT_EQ(panel_->register_wh(0, start + std::chrono::milliseconds{6'000}), 102);
    EXPECT_EQ(panel_->register_wh(0, start + std::chrono::hours{1}), 1300);
}

TEST_F(PanelTest, power_and_current_follow_the_tenant) {
    make(plan_of(PanelKind::metergate_12, 0));
    EXPECT_EQ(ask(3, 1202, 2).pdu, (Bytes{3, 4, 0, 0, 0x04, 0xB0}));
    const Answer current = ask(3, 1250, 2);
    const unsigned centiamperes = u16_at(current.pdu, 2);
    EXPECT_NEAR(centiamperes, 1000, 20);
    EXPECT_EQ(u16_at(current.pdu, 4), 0);
}

TEST_F(PanelTest, registers_outside_the_listed_blocks_give_exception_2) {
    make(plan_of(PanelKind::metergate_12, 0));
    EXPECT_EQ(ask(3, 1000, 48).pdu.size(), 98U);
    EXPECT_EQ(ask(3, 1000, 49).pdu, (Bytes{0x83, 2}));
    EXPECT_EQ(ask(3, 5000, 1).pdu, (Bytes{0x83, 2}));
    EXPECT_EQ(ask(3, 0, 126).pdu, (Bytes{0x83, 3}));
    EXPECT_EQ(ask(4, 0, 1).pdu, (Bytes{0x84, 1}));
    EXPECT_EQ(ask(43, 0, 1).pdu, (Bytes{0xAB, 1}));
}

TEST_F(PanelTest, a_sealed_parameter_refuses_to_be_written_and_the_clock_does_not) {
    make(plan_of(PanelKind::metergate_24, 0));
    EXPECT_EQ(panel_->answer(Bytes{6, 0, 64, 0, 5}, start).pdu, (Bytes{0x86, 3}));
    const Bytes set_clock{16, 0, 32, 0, 2, 4, 0x12, 0x34, 0x56, 0x78};
    EXPECT_EQ(panel_->answer(set_clock, start).pdu, (Bytes{16, 0, 32, 0, 2}));
    EXPECT_EQ(ask(3, 32, 2).pdu, (Bytes{3, 4, 0x12, 0x34, 0x56, 0x78}));
}

TEST_F(PanelTest, what_was_served_stands_in_the_ledger) {
    make(plan_of(PanelKind::metergate_24, 500));
    const Answer whole = ask(3, 1000, 96, std::chrono::milliseconds{250});
    ASSERT_TRUE(whole.row);
    const Answer part = ask(3, 1002, 12);  // second half of point 1, points 2 and 3, half of 4
    ASSERT_TRUE(part.row);
    EXPECT_FALSE(ask(3, 1200, 48).row);
    const PanelHistory& history = ledger_.panels()[0];
    ASSERT_EQ(history.rows.size(), 2U);
    EXPECT_EQ(history.rows[0].count, 24);
    EXPECT_EQ(history.rows[0].at, start + std::chrono::milliseconds{250});
    EXPECT_EQ(history.register_of(history.rows[0], 23), 23'500);
    EXPECT_EQ(history.rows[1].first_point, 1);
    EXPECT_EQ(history.rows[1].count, 2);
    EXPECT_EQ(history.register_of(history.rows[1], 2), 2'500);
    EXPECT_EQ(history.register_of(history.rows[1], 3), -1);
}

PlannedFault fault_of(FaultKind kind, int from_s, int until_s) {
    PlannedFault fault;
    fault.kind = kind;
    fault.target = "east";
    fault.from = start + std::chrono::seconds{from_s};
    fault.until = start + std::chrono::seconds{until_s};
    return fault;
}

TEST_F(PanelTest, a_register_reset_starts_again_from_its_value) {
    PanelPlan plan = plan_of(PanelKind::metergate_24, 5000);
    plan.faults.push_back(fault_of(FaultKind::register_reset, 60, 60));
    plan.faults.back().register_wh = 40;
    make(std::move(plan));
    EXPECT_EQ(panel_->register_wh(0, start + std::chrono::milliseconds{59'999}), 5018);
    EXPECT_EQ(panel_->register_wh(0, start + std::chrono::seconds{60}), 40);
    EXPECT_EQ(panel_->register_wh(0, start + std::chrono::seconds{72}), 44);
}

TEST_F(PanelTest, a_rollover_passes_the_modulus_at_its_moment) {
    PanelPlan plan = plan_of(PanelKind::metergate_24, 0, 777);
    plan.modulus_wh = 65'536;
    plan.faults.push_back(fault_of(FaultKind::rollover, 1234, 1234));
    make(std::move(plan));
    EXPECT_EQ(panel_->register_wh(3, start + std::chrono::milliseconds{1'233'999}), 65'534);
    EXPECT_EQ(panel_->register_wh(3, start + std::chrono::seconds{1234}), 0);
    EXPECT_GT(panel_->register_wh(3, start), 65'000);
}

TEST_F(PanelTest, a_swap_brings_another_serial_number) {
    PanelPlan plan = plan_of(PanelKind::metergate_24, 0);
    plan.faults.push_back(fault_of(FaultKind::swap, 10, 20));
    make(std::move(plan));
    const Bytes before = ask(3, 4, 2).pdu;
    EXPECT_TRUE(ask(3, 4, 2, std::chrono::seconds{15}).pdu.empty());
    EXPECT_NE(ask(3, 4, 2, std::chrono::seconds{20}).pdu, before);
}

TEST_F(PanelTest, a_power_cut_silences_the_panel_and_keeps_its_registers) {
    PanelPlan plan = plan_of(PanelKind::metergate_24, 100);
    plan.faults.push_back(fault_of(FaultKind::power_cut, 10, 40));
    make(std::move(plan));
    EXPECT_TRUE(ask(3, 1000, 4, std::chrono::seconds{10}).pdu.empty());
    EXPECT_EQ(ask(3, 42, 4, std::chrono::seconds{45}).pdu, (Bytes{3, 8, 0, 0, 0, 5, 0, 0, 0, 1}));
    EXPECT_EQ(panel_->register_wh(0, start + std::chrono::seconds{60}), 120);
}

TEST_F(PanelTest, untrue_registers_are_served_and_marked_as_uncertain) {
    PanelPlan plan = plan_of(PanelKind::metergate_24, 100);
    plan.faults = {fault_of(FaultKind::zero, 10, 20), fault_of(FaultKind::not_available, 20, 30),
                   fault_of(FaultKind::backward, 30, 40), fault_of(FaultKind::frozen, 60, 70)};
    plan.faults[2].wh = 50;
    make(std::move(plan));
    const auto told = [this](int at_s) {
        return Bytes(ask(3, 1000, 4, std::chrono::seconds{at_s}).pdu);
    };
    EXPECT_EQ(told(10), (Bytes{3, 8, 0, 0, 0, 0, 0, 0, 0, 0}));
    EXPECT_EQ(told(20), (Bytes{3, 8, 255, 255, 255, 255, 255, 255, 255, 255}));
    EXPECT_EQ(told(30), (Bytes{3, 8, 0, 0, 0, 0, 0, 0, 0, 60}));
    EXPECT_EQ(told(69), (Bytes{3, 8, 0, 0, 0, 0, 0, 0, 0, 120}));
    EXPECT_EQ(told(72), (Bytes{3, 8, 0, 0, 0, 0, 0, 0, 0, 124}));
    const auto& rows = ledger_.panels()[0].rows;
    EXPECT_FALSE(rows[0].certain);
    EXPECT_FALSE(rows[1].certain);
    EXPECT_FALSE(rows[2].certain);
    EXPECT_TRUE(rows[3].certain);
}

TEST_F(PanelTest, a_sunspec_meter_tells_its_chain_and_energy_with_a_scale_factor) {
    make(plan_of(PanelKind::sunspec, 123'450));
    EXPECT_EQ(ask(3, 40000, 4).pdu, (Bytes{3, 8, 'S', 'u', 'n', 'S', 0, 1, 0, 66}));
    EXPECT_EQ(ask(3, 40070, 2).pdu, (Bytes{3, 4, 0, 11, 0, 13}));
    EXPECT_EQ(ask(3, 40085, 2).pdu, (Bytes{3, 4, 0, 203, 0, 105}));
    EXPECT_EQ(ask(3, 40192, 2).pdu, (Bytes{3, 4, 0xFF, 0xFF, 0, 0}));
    EXPECT_EQ(ask(3, 40085 + 46, 2).pdu, (Bytes{3, 4, 0, 0, 0x30, 0x39}));
    EXPECT_EQ(ask(3, 40085 + 54, 1).pdu, (Bytes{3, 2, 0, 1}));
    EXPECT_EQ(ask(3, 40085 + 18, 1).pdu, (Bytes{3, 2, 0x04, 0xB0}));
    EXPECT_EQ(ask(3, 40194, 1).pdu, (Bytes{0x83, 2}));
    EXPECT_EQ(ask(3, 0, 2).pdu, (Bytes{0x83, 2}));
}

TEST_F(PanelTest, an_sdm630_tells_kilowatt_hours_as_a_float) {
    make(plan_of(PanelKind::sdm630, 12'345'680));  // 12345.68 kWh
    const Answer answer = ask(4, 0x0048, 2);
    EXPECT_EQ(answer.pdu, (Bytes{4, 4, 0x46, 0x40, 0xE6, 0xB8}));
    EXPECT_EQ(ledger_.panels()[0].register_of(ledger_.panels()[0].rows[0], 0), 12'345'680);
    EXPECT_EQ(ask(4, 0x0046, 2).pdu, (Bytes{4, 4, 0x42, 0x70, 0, 0}));  // 60 Hz
    EXPECT_EQ(ask(3, 0xFC00, 2).pdu, (Bytes{3, 4, 1, 2, 3, 4}));
    EXPECT_EQ(ask(4, 0x0047, 2).pdu, (Bytes{0x84, 2}));
}

}  // namespace
}  // namespace metergate::building
