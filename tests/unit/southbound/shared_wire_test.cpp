#include <gtest/gtest.h>

#include "southbound/modbus/rtu_line.hpp"
#include "tests/support/scripted_transport.hpp"

/// A line whose wire another master uses too.
namespace metergate::southbound::modbus {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr WireFormat wire_format{19'200, 11};

RtuOptions options_for(WhenForeign when) {
    RtuOptions options;
    options.listen_max = seconds{2};
    options.when_foreign = when;
    return options;
}

RegisterRequest request_to(std::uint8_t unit) {
    RegisterRequest request;
    request.unit = unit;
    request.address = 100;
    request.count = 2;
    return request;
}

class SharedWire : public ::testing::Test {
  protected:
    explicit SharedWire(WhenForeign when = WhenForeign::wait)
        : line_(clock_, std::make_unique<ScriptedTransport>(wire_), wire_format,
                options_for(when)) {
        wire_.on_sent = [this](std::span<const std::uint8_t> frame) {
            wire_.arrive(clock_.now() + wire_format.characters(frame.size()) + milliseconds{20},
                         rtu_reply(frame[0], 3, {1, 2}));
        };
    }

    /// The other master asks unit 77 at `at`; the reply is whole 30 ms later.
    void foreign_exchange(Instant at) {
        wire_.arrive(at, with_crc({77, 3, 0, 1, 0, 4}));
        wire_.arrive(at + milliseconds{30}, rtu_reply(77, 3, {5, 6, 7, 8}));
    }
    /// One exchange in each `period`, from now on for `length`.
    void foreign_traffic(Duration length, Duration period = milliseconds{200}) {
        for (Instant at = clock_.now() + period; at < clock_.now() + length; at += period) {
            foreign_exchange(at);
        }
    }
    void run_until(Instant until) {
        while (clock_.now() < until) {
            clock_.advance_to(std::min(line_.step(), until));
        }
        line_.step();
    }
    Result<RegisterReply> ask(std::uint8_t unit) {
        EXPECT_TRUE(line_.ready());
        line_.start(request_to(unit));
        for (int i = 0; i < 10'000; ++i) {
            const Instant next = line_.step();
            if (auto outcome = line_.take_outcome()) {
                return registers_of(*outcome);
            }
            clock_.advance_to(next);
        }
        ADD_FAILURE() << "no outcome";
        return Error{};
    }

    VirtualClock clock_{utc_from_s(1'700'000'000)};
    ScriptedWire wire_{clock_};
    RtuLine line_;
};

class WireInTurns : public SharedWire {
  protected:
    WireInTurns() : SharedWire(WhenForeign::share) {}
};

TEST_F(SharedWire, is_listened_to_for_300_ms_before_the_first_request) {
    line_.step();
    EXPECT_FALSE(line_.ready());
    EXPECT_FALSE(line_.fault());
    run_until(Instant{} + milliseconds{299});
    EXPECT_FALSE(line_.ready());
    run_until(Instant{} + milliseconds{300});
    EXPECT_TRUE(line_.ready());
}

TEST_F(SharedWire, that_is_noisy_is_listened_to_until_it_is_silent_but_not_for_ever) {
    wire_.arrive(Instant{} + milliseconds{200}, {0xFF});
    run_until(Instant{} + milliseconds{499});
    EXPECT_FALSE(line_.ready());
    run_until(Instant{} + milliseconds{500});
    EXPECT_TRUE(line_.ready());
}

TEST_F(SharedWire, that_is_never_silent_is_used_after_the_longest_listening) {
    for (int i = 0; i < 100; ++i) {
        wire_.arrive(Instant{} + milliseconds{100 * i}, {0xFF});
    }
    run_until(Instant{} + milliseconds{1999});
    EXPECT_FALSE(line_.ready());
    run_until(Instant{} + seconds{2});
    EXPECT_TRUE(line_.ready());
}

TEST_F(SharedWire, is_left_to_another_master_before_the_first_request) {
    foreign_traffic(seconds{10});
    run_until(Instant{} + seconds{10});
    EXPECT_TRUE(wire_.sent().empty());
    EXPECT_FALSE(line_.ready());
    ASSERT_TRUE(line_.fault());
    EXPECT_EQ(line_.fault()->text,
              "another master asks on this wire (2 frames heard that this gateway has not asked "
              "for, the last one of unit 77, function 3): waiting until it has been silent for "
              "60 s");
    const auto news = line_.take_news();
    ASSERT_TRUE(news);
    EXPECT_EQ(news->kind, EventKind::foreign_master);
    EXPECT_EQ(news->text,
              "has another master (98 frames heard that this gateway has not asked for, the last "
              "one of unit 77, function 3): polling waits until it has gone");
    EXPECT_FALSE(line_.wire_state().foreign_master.empty());
}

TEST_F(SharedWire, is_used_again_a_minute_after_the_other_master_fell_silent) {
    foreign_traffic(seconds{2});
    run_until(Instant{} + seconds{2});
    ASSERT_TRUE(line_.fault());
    ASSERT_TRUE(line_.take_news());
    run_until(clock_.now() + seconds{61});
    EXPECT_FALSE(line_.fault());
    EXPECT_EQ(line_.take_news()->text, "has no other master any more");
    EXPECT_TRUE(line_.wire_state().foreign_master.empty());
    EXPECT_TRUE(ask(5));
}

TEST_F(SharedWire, that_is_taken_in_the_middle_ends_the_request_that_waits_for_silence) {
    run_until(Instant{} + seconds{1});
    ASSERT_TRUE(ask(5));
    foreign_exchange(clock_.now() + milliseconds{1});
    run_until(clock_.now() + Duration{500});
    line_.start(request_to(6));
    run_until(clock_.now() + milliseconds{40});
    const auto outcome = line_.take_outcome();
    ASSERT_TRUE(outcome);
    ASSERT_FALSE(*outcome);
    EXPECT_EQ(outcome->error().fault, Fault::disconnected);
    EXPECT_EQ(wire_.sent().size(), 1U);
}

TEST_F(SharedWire, a_master_that_asks_one_of_our_own_units_is_noticed_too) {
    run_until(Instant{} + seconds{1});
    ASSERT_TRUE(ask(5));
    wire_.arrive(clock_.now() + milliseconds{50}, with_crc({5, 3, 0, 1, 0, 1}));
    wire_.arrive(clock_.now() + milliseconds{80}, rtu_reply(5, 3, {5}));
    run_until(clock_.now() + milliseconds{100});
    EXPECT_TRUE(line_.fault());
}

TEST_F(SharedWire, late_replies_and_echoes_of_our_own_are_no_other_master) {
    run_until(Instant{} + seconds{1});
    wire_.on_sent = nullptr;
    const Bytes own = with_crc({5, 3, 0, 100, 0, 2});
    for (int i = 0; i < 20; ++i) {
        ASSERT_FALSE(ask(5));
        wire_.arrive(clock_.now() + milliseconds{100}, own);
        wire_.arrive(clock_.now() + seconds{1}, rtu_reply(5, 3, {1, 2}));
        run_until(std::max(line_.muted_until(5), clock_.now() + seconds{2}));
    }
    EXPECT_FALSE(line_.take_news());
    EXPECT_FALSE(line_.fault());
}

TEST_F(SharedWire, a_unit_that_answers_under_a_wrong_address_is_no_other_master) {
    run_until(Instant{} + seconds{1});
    wire_.on_sent = [this](auto) {
        wire_.arrive(clock_.now() + milliseconds{20}, rtu_reply(6, 3, {1, 2}));
    };
    for (int i = 0; i < 20; ++i) {
        ASSERT_FALSE(ask(5));
        run_until(line_.muted_until(5));
    }
    EXPECT_FALSE(line_.take_news());
}

TEST_F(SharedWire, a_foreign_request_in_the_place_of_a_reply_is_never_a_reply) {
    run_until(Instant{} + seconds{1});
    wire_.on_sent = [this](auto) {
        wire_.arrive(clock_.now() + milliseconds{20}, with_crc({5, 3, 0, 200, 0, 2}));
        wire_.arrive(clock_.now() + milliseconds{40}, rtu_reply(5, 3, {0xDEAD, 0xBEEF}));
    };
    const auto reply = ask(5);
    ASSERT_FALSE(reply);
    EXPECT_EQ(reply.error().fault, Fault::damaged);
}

TEST_F(WireInTurns, goes_on_with_polls_between_the_exchanges_of_the_other_master) {
    run_until(Instant{} + seconds{1});
    foreign_traffic(seconds{20});
    run_until(clock_.now() + seconds{2});
    EXPECT_FALSE(line_.fault());
    const auto news = line_.take_news();
    ASSERT_TRUE(news);
    EXPECT_TRUE(news->text.ends_with("polls take turns with it")) << news->text;
    for (int i = 0; i < 50; ++i) {
        const auto reply = ask(5);
        ASSERT_TRUE(reply) << reply.error().text;
    }
    EXPECT_LT(clock_.now(), Instant{} + seconds{20}) << "one turn in each exchange";
}

/// The moments at which the other master asks, and those at which its panel has answered.
TEST_F(WireInTurns, never_asks_between_a_foreign_request_and_its_reply) {
    run_until(Instant{} + seconds{1});
    const Instant begin = clock_.now();
    foreign_traffic(seconds{10});
    run_until(begin + milliseconds{500});
    while (clock_.now() < begin + seconds{9}) {
        ASSERT_TRUE(ask(5));
    }
    for (const auto& sent : wire_.sent()) {
        const Duration in_period = (sent.at - begin) % milliseconds{200};
        EXPECT_GE(in_period, milliseconds{30}) << sent.at.time_since_epoch().count();
    }
}

}  // namespace
}  // namespace metergate::southbound::modbus
