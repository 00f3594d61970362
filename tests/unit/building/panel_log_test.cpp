#include "tests/building/panel_log.hpp"

#include <gtest/gtest.h>

#include <sstream>

#include "tests/building/panel_model.hpp"

/// Addresses and layouts by hand from southbound/profiles/metergate-panel.md.
namespace metergate::building {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

constexpr UtcTime start{std::chrono::milliseconds{1'772'427'600'000}};  // 05:00 UTC
constexpr std::int64_t start_s = 1'772'427'600;

/// Twelve points of 1200 W: 300 Wh a quarter of an hour.
PanelPlan plan_with(std::vector<PlannedFault> faults = {}) {
    PanelPlan plan;
    plan.id = "east";
    plan.line = "riser";
    plan.kind = PanelKind::metergate_12;
    plan.serial = 7;
    for (int i = 0; i < 12; ++i) {
        PointPlan point;
        point.id = "east-" + std::to_string(i + 1);
        point.tenant = {.kind = TenantKind::constant, .constant_w = 1200};
        point.register_wh = 1000 * i;
        plan.points.push_back(point);
    }
    plan.faults = std::move(faults);
    return plan;
}

PlannedFault fault_of(FaultKind kind, minutes from, minutes until, std::int64_t register_wh = 0) {
    PlannedFault fault;
    fault.kind = kind;
    fault.target = "east";
    fault.from = start + from;
    fault.until = start + until;
    fault.register_wh = register_wh;
    return fault;
}

class PanelLogTest : public ::testing::Test {
  protected:
    void make(PanelPlan plan) { panel_ = make_panel(std::move(plan), start, {}, ledger_); }

    std::vector<std::uint16_t> read(unsigned address, unsigned count) {
        Bytes pdu{3};
        put_u16(pdu, static_cast<std::uint16_t>(address));
        put_u16(pdu, static_cast<std::uint16_t>(count));
        const Bytes reply = panel_->answer(pdu, start + now_).pdu;
        std::vector<std::uint16_t> registers;
        for (std::size_t at = 2; at + 1 < reply.size(); at += 2) {
            registers.push_back(u16_at(reply, at));
        }
        return registers;
    }
    std::uint64_t number(unsigned address, unsigned registers) {
        std::uint64_t value = 0;
        for (const std::uint16_t word : read(address, registers)) {
            value = value << 16U | word;
        }
        return value;
    }
    void write(unsigned address, std::uint32_t value) {
        Bytes pdu{16};
        put_u16(pdu, static_cast<std::uint16_t>(address));
        pdu.insert(pdu.end(), {0, 2, 4});
        put_u16(pdu, static_cast<std::uint16_t>(value >> 16U));
        put_u16(pdu, static_cast<std::uint16_t>(value & 0xFFFFU));
        EXPECT_EQ(panel_->answer(pdu, start + now_).pdu.size(), 5U);
    }
    void show(std::uint32_t slot) {
        write(3006, slot);
        EXPECT_EQ(number(3010, 2), slot);
    }

    Ledger ledger_;
    std::unique_ptr<PanelModel> panel_;
    std::chrono::milliseconds now_{};
};

TEST_F(PanelLogTest, slots_are_remembered_although_nobody_asks) {
    make(plan_with());
    EXPECT_EQ(read(3000, 8), (std::vector<std::uint16_t>{2304, 15, 0, 0, 0, 0, 0, 0}));
    now_ = minutes{60} + seconds{1};
    EXPECT_EQ(read(3000, 6), (std::vector<std::uint16_t>{2304, 15, 0, 1, 0, 4}));
    show(3);
    EXPECT_EQ(number(3012, 2), static_cast<std::uint64_t>(start_s + 45 * 60));
    EXPECT_EQ(number(3014, 1), 0U);
    EXPECT_EQ(number(3016, 2), 300U);
    EXPECT_EQ(number(3016 + 22, 2), 300U);
    EXPECT_EQ(number(3100, 4), 900U);
    EXPECT_EQ(number(3100 + 44, 4), 11'900U);
}

TEST_F(PanelLogTest, a_slot_that_is_not_kept_shows_nothing) {
    PanelPlan plan = plan_with();
    plan.log_slots = 4;
    make(std::move(plan));
    now_ = minutes{15 * 10};
    EXPECT_EQ(number(3002, 2), 7U);
    EXPECT_EQ(number(3004, 2), 10U);
    show(7);
    for (const std::uint32_t gone : {0U, 6U, 11U}) {
        write(3006, gone);
        EXPECT_EQ(number(3010, 2), 0U);
        EXPECT_EQ(number(3100, 4), 0U);
    }
}

TEST_F(PanelLogTest, slots_without_power_are_missing_and_the_next_holds_their_energy) {
    make(plan_with({fault_of(FaultKind::power_cut, minutes{20}, minutes{50})}));
    now_ = minutes{76};
    show(1);
    EXPECT_EQ(number(3014, 1), 0U);
    for (const std::uint32_t missed : {2U, 3U}) {
        show(missed);
        EXPECT_EQ(number(3014, 1), 0x0044U);
        EXPECT_EQ(number(3016, 2), 0xFFFF'FFFFU);
        EXPECT_EQ(number(3100, 4), ~std::uint64_t{0});
    }
    show(4);
    EXPECT_EQ(number(3014, 1), 0x0042U);
    EXPECT_EQ(number(3016, 2), 900U);
    EXPECT_EQ(number(3100, 4), 1200U);
    show(5);
    EXPECT_EQ(number(3014, 1), 0U);
    EXPECT_EQ(ledger_.panels()[0].logged.size(), 1U + 3U) << "the first is no slot";
}

TEST_F(PanelLogTest, a_ledger_file_tells_what_was_remembered) {
    make(plan_with());
    panel_->note_truth(start + minutes{31});
    std::stringstream file;
    LedgerWriter().write_new(ledger_, file, start + minutes{60});
    const auto read_back = read_ledger(file);
    ASSERT_TRUE(read_back) << read_back.error().text;
    const PanelHistory& history = read_back->panels()[0];
    EXPECT_EQ(history.facts.log_slots, 2304);
    ASSERT_EQ(history.logged.size(), 3U);
    EXPECT_EQ(history.logged[0].number, 0U);
    EXPECT_EQ(history.logged[0].at, start);
    EXPECT_EQ(history.logged[2].at, start + minutes{30});
    EXPECT_EQ(epoch_s(history.logged[2].end), start_s + 30 * 60);
    EXPECT_EQ(history.logged_wh[24 + 11], 11'600);
}

TEST_F(PanelLogTest, an_increment_over_a_reset_is_not_available_and_its_register_is) {
    make(plan_with({fault_of(FaultKind::register_reset, minutes{20}, minutes{20}, 40)}));
    now_ = minutes{46};
    show(2);
    EXPECT_EQ(number(3016, 2), 0xFFFF'FFFFU);
    EXPECT_EQ(number(3100, 4), 240U);
    show(3);
    EXPECT_EQ(number(3016, 2), 300U);
    EXPECT_EQ(read(3300, 4), (std::vector<std::uint16_t>{0, 1, 0, 1}));
    write(3304, 1);
    EXPECT_EQ(number(3310, 2), 1U);
    EXPECT_EQ(number(3312, 1), 6U);
    EXPECT_EQ(number(3318, 2), 0U) << "there is no second event";
}

TEST_F(PanelLogTest, another_meter_remembers_nothing_of_the_one_before) {
    make(plan_with({fault_of(FaultKind::swap, minutes{20}, minutes{40}, 500)}));
    now_ = minutes{41};
    EXPECT_EQ(number(3004, 2), 0U);
    now_ = minutes{61};
    EXPECT_EQ(number(3004, 2), 2U);
    show(1);
    EXPECT_EQ(number(3012, 2), static_cast<std::uint64_t>(start_s + 45 * 60));
    EXPECT_EQ(number(3014, 1), 0x0001U);
    EXPECT_EQ(number(3016, 2), 100U);
}

TEST_F(PanelLogTest, slots_end_by_the_panels_own_clock) {
    PanelPlan plan = plan_with();
    plan.clock_offset_s = 300;
    make(std::move(plan));
    now_ = minutes{10};
    EXPECT_EQ(number(3004, 2), 1U);
    show(1);
    EXPECT_EQ(number(3012, 2), static_cast<std::uint64_t>(start_s + 15 * 60));
    EXPECT_EQ(number(3016, 2), 200U);
    EXPECT_EQ(ledger_.panels()[0].logged.at(1).at, start + minutes{10});
    write(32, static_cast<std::uint32_t>(start_s) + 10 * 60);
    now_ = minutes{15};
    show(2);
    EXPECT_EQ(number(3012, 2), static_cast<std::uint64_t>(start_s + 15 * 60)) << "it stands twice";
    EXPECT_EQ(number(3014, 1), 0x0011U);
    EXPECT_EQ(number(3016, 2), 100U);
}

}  // namespace
}  // namespace metergate::building
