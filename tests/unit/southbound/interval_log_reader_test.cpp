#include "southbound/interval_log_reader.hpp"

#include <gtest/gtest.h>

#include <functional>

#include "southbound/meter_identity.hpp"
#include "tests/building/panel_model.hpp"
#include "tests/building/random.hpp"

/// The reader against the simulated panel, which encodes its log by hand from the map page.
namespace metergate::southbound {
namespace {

using building::FaultKind;
using building::PlannedFault;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr UtcTime start{std::chrono::milliseconds{1'772'427'600'000}};  // 05:00 UTC
constexpr UtcSeconds start_s = std::chrono::time_point_cast<seconds>(start);

PlannedFault fault_of(FaultKind kind, Duration from, Duration until) {
    PlannedFault fault;
    fault.kind = kind;
    fault.target = "east";
    fault.from = start + std::chrono::floor<std::chrono::milliseconds>(from);
    fault.until = start + std::chrono::floor<std::chrono::milliseconds>(until);
    return fault;
}

PanelSetup setup_of() {
    PanelSetup setup;
    setup.number = PanelNumber{3};
    setup.id = "east";
    setup.unit = 1;
    for (std::uint32_t slot = 1; slot <= 12; ++slot) {
        setup.points.push_back({point_number(setup.number, slot), slot, {}, {}});
    }
    return setup;
}

class LogReading : public ::testing::Test {
  protected:
    /// Twelve points of 1200 W: 300 Wh a quarter of an hour; point i shows 1000 i at the start.
    static building::PanelPlan plan() {
        building::PanelPlan plan;
        plan.id = "east";
        plan.line = "riser";
        plan.kind = building::PanelKind::metergate_12;
        plan.serial = 4711;
        for (int i = 1; i <= 12; ++i) {
            building::PointPlan point;
            point.id = "east-" + std::to_string(i);
            point.tenant = {.kind = building::TenantKind::constant, .constant_w = 1200};
            point.register_wh = 1000 * i;
            plan.points.push_back(point);
        }
        return plan;
    }
    void make(building::PanelPlan plan) {
        panel_ = make_panel(std::move(plan), start, {}, ledger_);
    }

    /// Runs the order against the panel, 100 ms a request.
    LogAnswer read(LogOrder order) {
        order.number = 17;
        order.panel = PanelNumber{3};
        IntervalLogReader reader(setup_of(), *profile_named("metergate-panel-12"), order);
        for (requests_ = 0; !reader.is_done(); ++requests_) {
            EXPECT_LT(requests_, 5000) << "it goes on for ever";
            if (before_request) {
                before_request(reader.request());
            }
            now_ += std::chrono::milliseconds{100};
            const UtcTime at = start + now_;
            reader.take(reply_to(reader.request(), at), at);
        }
        return reader.answer();
    }
    Result<Reply> reply_to(const Request& request, UtcTime at) {
        if (instead) {
            if (auto other = instead(request)) {
                return *other;
            }
        }
        const building::Answer answer = panel_->answer(request.pdu, at);
        if (answer.pdu.empty()) {
            return Error{Fault::timeout, "no reply in 500 ms"};
        }
        if ((answer.pdu[0] & 0x80U) != 0) {
            return Error{Fault::refused, "exception " + std::to_string(answer.pdu[1])};
        }
        return Reply{answer.pdu, {}, {}};
    }
    static LogOrder order_of(Duration first, Duration last) {
        return {.first = start_s + std::chrono::floor<seconds>(first),
                .last = start_s + std::chrono::floor<seconds>(last)};
    }
    static void show(building::PanelModel& panel, std::uint8_t slot, UtcTime at) {
        static_cast<void>(
            panel.answer(building::Bytes{16, 0x0B, 0xBE, 0, 2, 4, 0, 0, 0, slot}, at));
    }

    building::Ledger ledger_;
    std::unique_ptr<building::PanelModel> panel_;
    std::chrono::milliseconds now_{};
    int requests_ = 0;
    std::function<void(const Request&)> before_request;
    std::function<std::optional<Result<Reply>>(const Request&)> instead;
};

TEST_F(LogReading, slots_come_with_end_increments_and_registers_of_every_point) {
    make(plan());
    now_ = hours{10};
    const LogAnswer answer = read(order_of(minutes{30}, minutes{60}));
    ASSERT_FALSE(answer.error) << answer.error->text;
    EXPECT_EQ(answer.order, 17U);
    EXPECT_EQ(answer.panel, PanelNumber{3});
    EXPECT_EQ(answer.identity, identity_of("metergate-panel-12", "4711"));
    EXPECT_EQ(answer.length, minutes{15});
    EXPECT_EQ(answer.oldest_end, start_s + minutes{15});
    EXPECT_TRUE(answer.complete);
    ASSERT_EQ(answer.slots.size(), 3U);
    for (int i = 0; i < 3; ++i) {
        const LoggedSlot& slot = answer.slots[static_cast<std::size_t>(i)];
        EXPECT_EQ(slot.end, start_s + minutes{30 + 15 * i});
        EXPECT_TRUE(slot.flags.none());
        ASSERT_EQ(slot.values.size(), 12U);
        EXPECT_EQ(slot.values[4],
                  (LoggedValue{point_number(PanelNumber{3}, 5), Quantity::energy_delivered, 300,
                               5000 + 300 * (i + 2)}));
    }
}

TEST_F(LogReading, a_slot_of_an_even_log_is_found_with_a_few_requests) {
    make(plan());
    now_ = hours{24 * 20};
    static_cast<void>(read(order_of(hours{100}, hours{100})));
    EXPECT_LE(requests_, 25);
}

TEST_F(LogReading, what_lies_outside_of_the_log_is_not_there) {
    building::PanelPlan few = plan();
    few.log_slots = 8;
    make(std::move(few));
    now_ = hours{10};
    const LogAnswer before = read(order_of(minutes{15}, hours{2}));
    EXPECT_FALSE(before.error);
    EXPECT_TRUE(before.slots.empty());
    EXPECT_TRUE(before.complete);
    EXPECT_EQ(before.oldest_end, start_s + hours{8} + minutes{15});
    const LogAnswer behind = read(order_of(hours{11}, hours{12}));
    EXPECT_TRUE(behind.slots.empty());
    EXPECT_TRUE(behind.complete);
    const LogAnswer overlapping = read(order_of(hours{7}, hours{9}));
    ASSERT_EQ(overlapping.slots.size(), 4U);
    EXPECT_EQ(overlapping.slots.front().end, start_s + hours{8} + minutes{15});
}

TEST_F(LogReading, a_log_without_slots_is_told_as_such) {
    building::PanelPlan none = plan();
    none.log_slots = 0;
    make(std::move(none));
    const LogAnswer answer = read(order_of(minutes{15}, hours{2}));
    EXPECT_FALSE(answer.error);
    EXPECT_FALSE(answer.oldest_end);
    EXPECT_TRUE(answer.slots.empty());
    EXPECT_TRUE(answer.complete);
}

TEST_F(LogReading, many_slots_come_in_portions_from_either_side) {
    make(plan());
    now_ = hours{10};
    LogOrder order = order_of(minutes{15}, hours{9});
    order.slots_max = 5;
    const LogAnswer oldest = read(order);
    ASSERT_EQ(oldest.slots.size(), 5U);
    EXPECT_EQ(oldest.slots.front().end, start_s + minutes{15});
    EXPECT_FALSE(oldest.complete);
    order.newest_first = true;
    const LogAnswer newest = read(order);
    ASSERT_EQ(newest.slots.size(), 5U);
    EXPECT_EQ(newest.slots.front().end, start_s + hours{8});
    EXPECT_EQ(newest.slots.back().end, start_s + hours{9});
    EXPECT_FALSE(newest.complete);
}

TEST_F(LogReading, a_slot_without_power_has_no_values_and_the_flags_of_the_panel) {
    building::PanelPlan cut = plan();
    cut.faults.push_back(fault_of(FaultKind::power_cut, minutes{20}, minutes{50}));
    make(std::move(cut));
    now_ = hours{2};
    const LogAnswer answer = read(order_of(minutes{15}, minutes{60}));
    ASSERT_EQ(answer.slots.size(), 4U);
    EXPECT_EQ(answer.slots[1].flags, Flag::missing | Flag::power_fail);
    EXPECT_FALSE(answer.slots[1].values[0].increment);
    EXPECT_FALSE(answer.slots[1].values[0].reg);
    EXPECT_EQ(answer.slots[3].flags, Flag::long_interval | Flag::power_fail);
    EXPECT_EQ(answer.slots[3].values[0].increment, 900);
}

TEST_F(LogReading, a_clock_that_is_off_by_more_than_five_seconds_makes_slots_useless) {
    for (const std::int64_t ahead_s : {-6, -4, 0, 4, 6}) {
        building::PanelPlan wrong = plan();
        wrong.clock_offset_s = ahead_s;
        make(std::move(wrong));
        now_ = hours{2};
        const LogAnswer answer = read(order_of(minutes{15}, minutes{60}));
        EXPECT_EQ(answer.error.has_value(), std::abs(ahead_s) > 5) << ahead_s;
        if (answer.error) {
            EXPECT_EQ(answer.error->fault, Fault::refused);
            EXPECT_NE(answer.error->text.find(ahead_s > 0 ? "ahead" : "behind"), std::string::npos)
                << answer.error->text;
            EXPECT_TRUE(answer.slots.empty());
        }
    }
}

TEST_F(LogReading, what_was_logged_before_a_clock_was_set_is_not_used) {
    for (const std::int64_t ahead_s : {1800, -1800}) {
        building::PanelPlan wrong = plan();
        wrong.clock_offset_s = ahead_s;
        make(std::move(wrong));
        now_ = hours{2};
        // The clock is put right, to 07:00.
        const building::Bytes set{16, 0, 32, 0, 2, 4, 0x69, 0xA5, 0x35, 0x70};
        EXPECT_EQ(panel_->answer(set, start + now_).pdu.size(), 5U);
        now_ = hours{4};
        LogOrder order = order_of(hours{1}, hours{3});
        EXPECT_TRUE(read(order).slots.empty()) << ahead_s;
        order.newest_first = true;
        const LogAnswer answer = read(order);
        ASSERT_FALSE(answer.error) << answer.error->text;
        ASSERT_EQ(answer.slots.size(), 4U) << ahead_s;
        EXPECT_EQ(answer.slots.front().end, start_s + hours{2} + minutes{15});
        EXPECT_TRUE(answer.complete);
    }
}

TEST_F(LogReading, reading_begins_behind_what_cannot_be_used_if_it_is_told_to) {
    building::PanelPlan wrong = plan();
    wrong.clock_offset_s = -1800;
    make(std::move(wrong));
    now_ = hours{30};
    // The clock is put right, to 11:00 of the next day.
    const building::Bytes set{16, 0, 32, 0, 2, 4, 0x69, 0xA6, 0xBF, 0x30};
    EXPECT_EQ(panel_->answer(set, start + now_).pdu.size(), 5U);
    now_ = hours{50};
    LogOrder order = order_of(hours{1}, hours{50});
    order.skip_unusable = true;
    const LogAnswer answer = read(order);
    ASSERT_FALSE(answer.error) << answer.error->text;
    ASSERT_FALSE(answer.slots.empty());
    EXPECT_EQ(answer.slots.front().end, start_s + hours{30} + minutes{15});
    EXPECT_EQ(answer.newest_end, start_s + hours{50});
    EXPECT_EQ(answer.slots.size(), 80U);
    const int for_slots = 80 * 4;
    EXPECT_LT(requests_, for_slots + 40) << "each step halves what is left";
}

TEST_F(LogReading, a_log_whose_newest_slot_is_old_is_not_used) {
    building::PanelPlan wrong = plan();
    wrong.clock_offset_s = -1800;
    make(std::move(wrong));
    now_ = hours{2};
    const building::Bytes set{16, 0, 32, 0, 2, 4, 0x69, 0xA5, 0x35, 0x70};
    EXPECT_EQ(panel_->answer(set, start + now_).pdu.size(), 5U);
    const LogAnswer answer = read(order_of(hours{1}, hours{2}));
    ASSERT_TRUE(answer.error);
    EXPECT_EQ(answer.error->fault, Fault::refused);
}

TEST_F(LogReading, another_meter_in_between_makes_the_slots_useless) {
    building::PanelPlan swapped = plan();
    swapped.faults.push_back(
        fault_of(FaultKind::swap, hours{2} + seconds{2}, hours{2} + seconds{2}));
    make(std::move(swapped));
    now_ = hours{2};
    const LogAnswer answer = read(order_of(minutes{15}, minutes{90}));
    ASSERT_TRUE(answer.error);
    EXPECT_TRUE(answer.slots.empty());
}

TEST_F(LogReading, a_slot_shown_for_somebody_else_is_never_taken_for_ours) {
    make(plan());
    now_ = hours{10};
    // Another master moves the window before our first try to read each slot's values.
    int meddled = 0;
    bool just_did = false;
    before_request = [&](const Request& request) {
        const bool reads_registers = request.pdu[0] == 3 && request.pdu[1] == 0x0C;
        if (reads_registers && !std::exchange(just_did, !just_did)) {
            show(*panel_, 1, start + now_);
            ++meddled;
        }
    };
    const LogAnswer answer = read(order_of(minutes{30}, minutes{90}));
    ASSERT_FALSE(answer.error) << answer.error->text;
    EXPECT_EQ(meddled, 5);
    ASSERT_EQ(answer.slots.size(), 5U);
    for (std::size_t i = 0; i < 5; ++i) {
        EXPECT_EQ(answer.slots[i].values[0].reg, 1000 + 300 * (static_cast<int>(i) + 2));
    }
    before_request = [&](const Request& request) {
        if (request.pdu[0] == 3) {
            show(*panel_, 1, start + now_);
        }
    };
    const LogAnswer never = read(order_of(minutes{30}, minutes{90}));
    ASSERT_TRUE(never.error);
    EXPECT_EQ(never.error->fault, Fault::busy);
}

TEST_F(LogReading, what_is_overwritten_while_it_is_read_is_left_out) {
    building::PanelPlan few = plan();
    few.log_slots = 8;
    make(std::move(few));
    now_ = hours{10};
    // Two slots end while the second one is being read: the two oldest are gone.
    int windows = 0;
    before_request = [&](const Request& request) {
        windows += request.pdu[0] == 16 ? 1 : 0;
        if (windows == 4) {
            now_ += minutes{30};
            ++windows;
        }
    };
    const LogAnswer answer = read(order_of(hours{8}, hours{10}));
    ASSERT_FALSE(answer.error) << answer.error->text;
    ASSERT_EQ(answer.slots.size(), 6U);
    EXPECT_EQ(answer.slots.front().end, start_s + hours{8} + minutes{45});
}

TEST_F(LogReading, a_request_without_a_reply_is_repeated_twice_and_then_given_up) {
    make(plan());
    now_ = hours{10};
    int asked = 0;
    int lost = 2;
    instead = [&](const Request&) -> std::optional<Result<Reply>> {
        ++asked;
        if (asked > 8 && lost > 0) {
            --lost;
            return Error{Fault::damaged, "CRC"};
        }
        return std::nullopt;
    };
    EXPECT_EQ(read(order_of(minutes{30}, minutes{60})).slots.size(), 3U);
    asked = 0;
    lost = 3;
    const LogAnswer answer = read(order_of(minutes{30}, minutes{60}));
    ASSERT_TRUE(answer.error);
    EXPECT_EQ(answer.error->fault, Fault::damaged);
    EXPECT_EQ(answer.error->text, "interval log: CRC");
    EXPECT_TRUE(answer.slots.empty());
}

TEST_F(LogReading, a_refusal_ends_it_at_once) {
    make(plan());
    instead = [](const Request& request) -> std::optional<Result<Reply>> {
        return request.pdu[0] == 16
                   ? std::optional<Result<Reply>>(Error{Fault::refused, "exception 3"})
                   : std::nullopt;
    };
    now_ = hours{10};
    const LogAnswer answer = read(order_of(minutes{30}, minutes{60}));
    ASSERT_TRUE(answer.error);
    EXPECT_EQ(answer.error->fault, Fault::refused);
}

TEST_F(LogReading, a_profile_without_a_log_is_an_answer_without_a_request) {
    const IntervalLogReader reader(setup_of(), *profile_named("eastron-sdm630"), LogOrder{});
    ASSERT_TRUE(reader.is_done());
    EXPECT_EQ(reader.answer().error->fault, Fault::not_found);
}

/// Registers full of noise: whatever comes, it ends, and no slot lies outside of what was asked
/// for.
TEST_F(LogReading, noise_in_any_register_ends_without_an_invented_slot) {
    for (std::uint64_t seed = 1; seed <= 300; ++seed) {
        make(plan());
        now_ = hours{10};
        building::Random dice(seed);
        instead = [&](const Request& request) -> std::optional<Result<Reply>> {
            if (!dice.chance(0.2) || request.pdu[0] != 3) {
                return std::nullopt;
            }
            Reply reply{panel_->answer(request.pdu, start + now_).pdu, {}, {}};
            const std::size_t place = 2 + dice.below(reply.pdu.size() - 2);
            reply.pdu[place] = static_cast<std::uint8_t>(dice.next() & 0xFFU);
            return Result<Reply>(reply);
        };
        const LogOrder order = order_of(minutes{30}, hours{3});
        const LogAnswer answer = read(order);
        for (const LoggedSlot& slot : answer.slots) {
            EXPECT_TRUE(slot.end >= order.first && slot.end <= order.last) << "seed " << seed;
        }
        EXPECT_TRUE(!answer.error || answer.slots.empty()) << "seed " << seed;
    }
}

}  // namespace
}  // namespace metergate::southbound
