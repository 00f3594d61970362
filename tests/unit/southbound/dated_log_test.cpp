#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "southbound/interval_log_reader.hpp"
#include "tests/building/panel_model.hpp"

/// The reader against a log whose slots count from the oldest kept, have civil times, and need time
/// to be shown: the simulated Acuvim meter, which encodes it by hand from the manual.
namespace metergate::southbound {
namespace {

using building::FaultKind;
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr UtcTime start{milliseconds{1'772'427'600'000}};  // 05:00 UTC
constexpr UtcSeconds start_s = std::chrono::time_point_cast<seconds>(start);

class DatedLog : public ::testing::Test {
  protected:
    /// 1200 W: 300 Wh a quarter of an hour; it shows 1000 kWh at the start.
    static building::PanelPlan plan() {
        building::PanelPlan plan;
        plan.id = "main";
        plan.line = "riser";
        plan.kind = building::PanelKind::acuvim;
        plan.resolution_wh = 100;
        plan.clock_zone_min = -300;
        building::PointPlan point;
        point.id = "main";
        point.tenant = {.kind = building::TenantKind::constant, .constant_w = 1200};
        point.register_wh = 1'000'000;
        plan.points.push_back(point);
        return plan;
    }
    void make(building::PanelPlan plan) {
        panel_ = make_panel(std::move(plan), start, {}, ledger_);
    }

    /// Runs the order against the meter, `request_time` a request.
    LogAnswer read(LogOrder order) {
        PanelSetup setup;
        setup.number = PanelNumber{3};
        setup.id = "main";
        setup.unit = 1;
        setup.points.push_back({point_number(setup.number, 1), 1, {}, {}});
        order.panel = setup.number;
        IntervalLogReader reader(setup, *profile_named("accuenergy-acuvim-ii"), order);
        for (requests_ = 0; !reader.is_done(); ++requests_) {
            EXPECT_LT(requests_, 5000) << "it goes on for ever";
            now_ += std::chrono::floor<milliseconds>(reader.pause()) + request_time_;
            if (before_request) {
                before_request(reader.request());
            }
            const UtcTime at = start + now_;
            reader.take(reply_to(reader.request(), at), at);
        }
        return reader.answer();
    }
    Result<Reply> reply_to(const Request& request, UtcTime at) {
        const building::Answer answer = panel_->answer(request.pdu, at);
        if (answer.pdu.empty()) {
            return Error{Fault::timeout, "no reply in 500 ms"};
        }
        if ((answer.pdu[0] & 0x80U) != 0) {
            return Error{Fault::refused, "exception " + std::to_string(answer.pdu[1])};
        }
        building::Bytes pdu = answer.pdu;
        if (distort) {
            distort(request, pdu);
        }
        return Reply{pdu, {}, {}};
    }
    static LogOrder order_of(Duration first, Duration last) {
        return {.first = start_s + std::chrono::floor<seconds>(first),
                .last = start_s + std::chrono::floor<seconds>(last)};
    }
    static bool is_window_write(const Request& request) { return request.pdu[0] == 16; }

    building::Ledger ledger_;
    std::unique_ptr<building::PanelModel> panel_;
    milliseconds now_{};
    milliseconds request_time_{50};
    int requests_ = 0;
    std::function<void(const Request&)> before_request;
    std::function<void(const Request&, building::Bytes&)> distort;
};

TEST_F(DatedLog, slots_come_by_utc_from_a_clock_of_another_zone) {
    for (const std::int64_t zone_min : {-300, 0, 60, 345}) {
        building::PanelPlan other = plan();
        other.clock_zone_min = zone_min;
        ledger_ = {};
        make(std::move(other));
        now_ = hours{30};
        const LogAnswer answer = read(order_of(minutes{30}, minutes{60}));
        ASSERT_FALSE(answer.error) << answer.error->text;
        EXPECT_EQ(answer.length, minutes{15});
        EXPECT_EQ(answer.oldest_end, start_s + minutes{15});
        EXPECT_EQ(answer.newest_end, start_s + hours{30});
        EXPECT_TRUE(answer.complete);
        ASSERT_EQ(answer.slots.size(), 3U);
        for (int i = 0; i < 3; ++i) {
            const LoggedSlot& slot = answer.slots[static_cast<std::size_t>(i)];
            EXPECT_EQ(slot.end, start_s + minutes{30 + 15 * i});
            ASSERT_EQ(slot.values.size(), 1U);
            EXPECT_EQ(slot.values[0].reg, 1'000'000 + 300 * (i + 2));
            EXPECT_FALSE(slot.values[0].increment);
        }
    }
}

TEST_F(DatedLog, a_window_is_asked_for_as_the_manual_says) {
    make(plan());
    now_ = hours{10};
    std::vector<Pdu> written;
    before_request = [&](const Request& request) {
        if (is_window_write(request)) {
            written.push_back(request.pdu);
        }
    };
    ASSERT_EQ(read(order_of(minutes{30}, minutes{30})).slots.size(), 1U);
    // The newest of 40, the second, and once more the newest; one record at a time.
    const auto of = [](std::uint8_t offset) {
        return Pdu{16, 0x60, 0, 0, 4, 8, 0, 0, 1, 0, 0, 0, 0, offset};
    };
    EXPECT_EQ(written, (std::vector<Pdu>{of(39), of(1), of(39)}));
}

TEST_F(DatedLog, a_slot_is_awaited_and_never_taken_before_it_is_shown) {
    make(plan());
    now_ = hours{10};
    request_time_ = milliseconds{5};
    int early = 0;
    // While it is not ready the window holds anything, here the values of another record.
    distort = [&](const Request& request, building::Bytes& pdu) {
        const bool is_window = request.pdu[0] == 3 && request.pdu[1] == 0x60;
        if (is_window && pdu[5] == 0xFF) {
            ++early;
            std::fill(pdu.begin() + 10, pdu.end(), std::uint8_t{0x11});
        }
    };
    const LogAnswer answer = read(order_of(minutes{30}, minutes{60}));
    ASSERT_FALSE(answer.error) << answer.error->text;
    ASSERT_EQ(answer.slots.size(), 3U);
    EXPECT_EQ(answer.slots[0].values[0].reg, 1'000'600);
    EXPECT_GE(early, 5 * 3) << "five windows, shown after 300 ms, looked at every 100 ms";
}

TEST_F(DatedLog, a_window_that_is_never_ready_is_given_up_with_its_reason) {
    make(plan());
    now_ = hours{10};
    distort = [](const Request& request, building::Bytes& pdu) {
        if (request.pdu[0] == 3 && request.pdu[1] == 0x60) {
            pdu[5] = 0xFF;
        }
    };
    const LogAnswer answer = read(order_of(minutes{30}, minutes{60}));
    ASSERT_TRUE(answer.error);
    EXPECT_EQ(answer.error->fault, Fault::busy) << "it may pass";
    EXPECT_EQ(answer.error->text,
              "interval log: slot 40 was asked for and none is shown: does another master read "
              "this panel's log?");
}

TEST_F(DatedLog, slots_given_up_while_it_reads_make_the_answer_void) {
    building::PanelPlan full = plan();
    full.log_slots = 40;
    full.log_sector = 10;
    make(std::move(full));
    now_ = hours{10} + minutes{14} + seconds{58};  // all 40 are there; the next makes 31 of them
    const LogAnswer answer = read(order_of(minutes{30}, hours{10}));
    ASSERT_TRUE(answer.error);
    EXPECT_EQ(answer.error->fault, Fault::busy);
    EXPECT_TRUE(answer.slots.empty());
    EXPECT_EQ(answer.error->text, "interval log: the panel gave up old slots while they were read");
    const LogAnswer later = read(order_of(minutes{30}, hours{10}));
    ASSERT_FALSE(later.error) << later.error->text;
    EXPECT_EQ(later.oldest_end, start_s + minutes{15 * 11});
    EXPECT_EQ(later.slots.size(), 30U);
}

TEST_F(DatedLog, what_was_logged_before_a_power_cut_is_not_used) {
    building::PanelPlan cut = plan();
    building::PlannedFault fault;
    fault.kind = FaultKind::power_cut;
    fault.target = "main";
    fault.from = start + hours{3};
    fault.until = start + hours{4};
    cut.faults.push_back(fault);
    make(std::move(cut));
    now_ = hours{10};
    LogOrder order = order_of(minutes{30}, hours{9});
    EXPECT_TRUE(read(order).slots.empty()) << "no slot tells that some are lacking";
    order.skip_unusable = true;
    const LogAnswer answer = read(order);
    ASSERT_FALSE(answer.error) << answer.error->text;
    ASSERT_FALSE(answer.slots.empty());
    EXPECT_EQ(answer.slots.front().end, start_s + hours{4});
    EXPECT_EQ(answer.slots.back().end, start_s + hours{9});
}

TEST_F(DatedLog, it_is_never_read_back_from_the_newest) {
    make(plan());
    now_ = hours{10};
    LogOrder order = order_of(minutes{30}, hours{9});
    order.newest_first = true;
    const LogAnswer answer = read(order);
    ASSERT_FALSE(answer.error) << answer.error->text;
    EXPECT_TRUE(answer.slots.empty());
    EXPECT_TRUE(answer.complete);
}

TEST_F(DatedLog, a_stamp_that_is_a_moment_late_is_that_of_its_minute) {
    make(plan());
    now_ = hours{10};
    int shown = 0;
    distort = [&shown](const Request& request, building::Bytes& pdu) {
        if (request.pdu[0] == 3 && request.pdu[1] == 0x60) {
            pdu[2 + 2 * 8 + 1] = static_cast<std::uint8_t>(++shown % 3);  // the second
        }
    };
    const LogAnswer answer = read(order_of(minutes{30}, minutes{60}));
    ASSERT_FALSE(answer.error) << answer.error->text;
    ASSERT_EQ(answer.slots.size(), 3U);
    EXPECT_EQ(answer.slots[0].end, start_s + minutes{30});
}

TEST_F(DatedLog, an_empty_log_is_told) {
    make(plan());
    now_ = minutes{5};
    const LogAnswer answer = read(order_of(minutes{0}, minutes{60}));
    ASSERT_TRUE(answer.error);
    EXPECT_EQ(answer.error->text,
              "interval log: its log is empty: it is being set up, or switched off");
}

TEST_F(DatedLog, a_clock_that_is_off_by_more_than_its_zone_makes_slots_useless) {
    for (const std::int64_t off_s : {-7, 4, 8, 400}) {
        building::PanelPlan wrong = plan();
        wrong.clock_offset_s = off_s;
        ledger_ = {};
        make(std::move(wrong));
        now_ = hours{10} + minutes{5};
        const LogAnswer answer = read(order_of(minutes{30}, minutes{60}));
        EXPECT_EQ(answer.error.has_value(), off_s != 4) << off_s;
    }
}

TEST_F(DatedLog, a_clock_that_shows_no_time_is_told) {
    make(plan());
    now_ = hours{10};
    distort = [](const Request& request, building::Bytes& pdu) {
        if (request.pdu[1] == 0x10) {
            pdu[5] = 13;  // the month
        }
    };
    const LogAnswer answer = read(order_of(minutes{30}, minutes{60}));
    ASSERT_TRUE(answer.error);
    EXPECT_EQ(answer.error->text, "interval log: the panel does not know the time");
}

TEST_F(DatedLog, a_log_that_is_set_to_hold_something_else_is_not_read) {
    make(plan());
    now_ = hours{10};
    distort = [](const Request& request, building::Bytes& pdu) {
        if (request.pdu[1] == 0x11) {
            pdu[5] = 0x4A;  // the exported energy in the imported one's place
        }
    };
    const LogAnswer answer = read(order_of(minutes{30}, minutes{60}));
    ASSERT_TRUE(answer.error);
    EXPECT_EQ(answer.error->fault, Fault::refused);
    EXPECT_NE(answer.error->text.find("profile accuenergy-acuvim-ii reads: register 4354 holds"),
              std::string::npos)
        << answer.error->text;
}

}  // namespace
}  // namespace metergate::southbound
