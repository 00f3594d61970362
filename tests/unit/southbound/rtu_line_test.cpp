#include "tests/unit/southbound/rtu_exchange.hpp"

namespace metergate::southbound::modbus {
namespace {

TEST_F(RtuExchange, returns_the_registers_with_the_moments_of_asking_and_answering) {
    open();
    answer(rtu_reply(5, 3, {0x1234, 0xABCD}), milliseconds{30});
    const auto reply = ask(request_to(5));
    ASSERT_TRUE(reply);
    EXPECT_EQ(reply->registers, (Registers{0x1234, 0xABCD}));
    const Instant sent = wire_.sent().front().at;
    EXPECT_EQ(reply->asked, sent + wire_format.characters(8));
    EXPECT_EQ(reply->answered, reply->asked + milliseconds{30});
    EXPECT_EQ(wire_.sent().front().bytes, with_crc({5, 3, 0, 100, 0, 2}));
}

TEST_F(RtuExchange, input_registers_are_read_with_function_4) {
    open();
    answer(rtu_reply(5, 4, {7}));
    RegisterRequest request = request_to(5, 0x48, 1);
    request.table = Table::input;
    const auto reply = ask(request);
    ASSERT_TRUE(reply);
    EXPECT_EQ(wire_.sent().front().bytes, with_crc({5, 4, 0, 0x48, 0, 1}));
}

TEST_F(RtuExchange, a_request_follows_exactly_after_three_and_a_half_characters_of_silence) {
    open();
    answer(rtu_reply(5, 3, {1, 2}));
    answer(rtu_reply(6, 3, {1, 2}));
    const auto first = ask(request_to(5));
    const auto second = ask(request_to(6));
    ASSERT_TRUE(first && second);
    // 3.5 characters of 11 bits at 19200 baud: 2005.2 us.
    EXPECT_EQ(wire_.sent().at(0).at, Instant{} + microseconds{2006});
    EXPECT_EQ(wire_.sent().at(1).at, first->answered + microseconds{2006});
}

TEST_F(RtuExchange, a_panel_that_needs_more_silence_gets_it) {
    open();
    answer(rtu_reply(5, 3, {1, 2}));
    answer(rtu_reply(6, 3, {1, 2}));
    const auto first = ask(request_to(5));
    RegisterRequest patient = request_to(6);
    patient.gap_min = milliseconds{50};
    ASSERT_TRUE(first);
    ASSERT_TRUE(ask(patient));
    EXPECT_EQ(wire_.sent().at(1).at, first->answered + milliseconds{50});
}

TEST_F(RtuExchange, a_reply_in_pieces_is_put_together) {
    open();
    const Bytes frame = rtu_reply(5, 3, {0x1234, 0xABCD});
    wire_.on_sent = [&](auto) {
        for (std::size_t i = 0; i < frame.size(); ++i) {
            wire_.arrive(clock_.now() + milliseconds{10 + 5 * static_cast<int>(i)}, {frame[i]});
        }
    };
    const auto reply = ask(request_to(5));
    ASSERT_TRUE(reply);
    EXPECT_EQ(reply->registers, (Registers{0x1234, 0xABCD}));
}

TEST_F(RtuExchange, a_frame_of_another_unit_before_the_reply_is_discarded_even_in_the_same_read) {
    open();
    answer(joined(rtu_reply(9, 3, {0xDEAD, 0xBEEF}), rtu_reply(5, 3, {0x1234, 0xABCD})));
    const auto reply = ask(request_to(5));
    ASSERT_TRUE(reply);
    EXPECT_EQ(reply->registers, (Registers{0x1234, 0xABCD}));
    EXPECT_EQ(line_.counters().foreign_frames, 1U);
}

TEST_F(RtuExchange, a_frame_of_another_unit_after_the_reply_is_discarded_too) {
    open();
    answer(joined(rtu_reply(5, 3, {0x1234, 0xABCD}), rtu_reply(9, 3, {0xDEAD, 0xBEEF})));
    const auto reply = ask(request_to(5));
    ASSERT_TRUE(reply);
    EXPECT_EQ(reply->registers, (Registers{0x1234, 0xABCD}));
}

TEST_F(RtuExchange, two_replies_of_one_unit_at_once_are_both_refused) {
    open();
    answer(joined(rtu_reply(5, 3, {1, 2}), rtu_reply(5, 3, {3, 4})));
    const auto reply = ask(request_to(5));
    ASSERT_FALSE(reply);
    EXPECT_EQ(reply.error().fault, Fault::damaged);
    EXPECT_GT(line_.muted_until(5), clock_.now() + seconds{3});
}

TEST_F(RtuExchange, only_frames_of_other_units_end_in_a_timeout) {
    open();
    answer(rtu_reply(9, 3, {1, 2}));
    const auto reply = ask(request_to(5));
    ASSERT_FALSE(reply);
    EXPECT_EQ(reply.error(), (Error{Fault::timeout, "no reply in 500 ms"}));
    EXPECT_EQ(line_.counters().foreign_frames, 1U);
    EXPECT_EQ(line_.counters().timeouts, 1U);
}

TEST_F(RtuExchange, garbage_before_the_reply_makes_it_damaged_and_mutes_the_unit) {
    open();
    answer(joined({0xFF, 0x00, 0x13}, rtu_reply(5, 3, {1, 2})));
    const auto reply = ask(request_to(5));
    ASSERT_FALSE(reply);
    EXPECT_EQ(reply.error().fault, Fault::damaged);
    EXPECT_EQ(line_.counters().bad_frames, 1U);
    EXPECT_GT(line_.muted_until(5), clock_.now() + seconds{3});
    EXPECT_LE(line_.muted_until(6), clock_.now());
    EXPECT_TRUE(line_.ready());
}

TEST_F(RtuExchange, noise_after_the_reply_does_no_harm) {
    open();
    answer(joined(rtu_reply(5, 3, {1, 2}), {0xFF, 0x00}));
    EXPECT_TRUE(ask(request_to(5)));
    EXPECT_EQ(line_.counters().unsolicited, 1U);
}

TEST_F(RtuExchange, a_bad_frame_is_over_only_when_the_wire_is_quiet) {
    open();
    wire_.on_sent = [&](auto) {
        for (int i = 0; i < 10; ++i) {
            wire_.arrive(clock_.now() + milliseconds{20 + 5 * i}, {0xFF});
        }
    };
    ASSERT_FALSE(ask(request_to(5)));
    EXPECT_EQ(clock_.now(), wire_.sent().front().at + milliseconds{20 + 45 + 20});
}

TEST_F(RtuExchange, a_wire_that_never_falls_silent_is_reported) {
    open();
    for (int i = 0; i < 1000; ++i) {
        wire_.arrive(clock_.now() + milliseconds{i * 5}, {0xFF});
    }
    const auto reply = ask(request_to(5));
    ASSERT_FALSE(reply);
    EXPECT_EQ(reply.error().fault, Fault::damaged);
    EXPECT_TRUE(wire_.sent().empty());
}

TEST_F(RtuExchange, a_wrong_crc_is_damaged) {
    open();
    Bytes frame = rtu_reply(5, 3, {1, 2});
    frame.at(4) ^= 0x01;
    answer(frame);
    const auto reply = ask(request_to(5));
    ASSERT_FALSE(reply);
    EXPECT_EQ(reply.error(), (Error{Fault::damaged, "damaged reply: wrong CRC"}));
}

TEST_F(RtuExchange, a_reply_longer_or_shorter_than_asked_is_damaged) {
    open();
    answer(rtu_reply(5, 3, {1, 2, 3}));
    answer(rtu_reply(6, 3, {1}));
    const auto longer = ask(request_to(5));
    const auto shorter = ask(request_to(6));
    ASSERT_FALSE(longer);
    ASSERT_FALSE(shorter);
    EXPECT_EQ(longer.error().fault, Fault::damaged);
    EXPECT_EQ(shorter.error().fault, Fault::damaged);
}

TEST_F(RtuExchange, a_reply_that_breaks_off_is_damaged_and_says_how_much_came) {
    open();
    Bytes frame = rtu_reply(5, 3, {1, 2});
    frame.resize(6);
    answer(frame);
    const auto reply = ask(request_to(5));
    ASSERT_FALSE(reply);
    EXPECT_EQ(reply.error(), (Error{Fault::damaged, "damaged reply: incomplete reply: 6 bytes"}));
}

TEST_F(RtuExchange, an_exception_is_a_refusal_with_its_meaning_and_does_not_mute) {
    open();
    answer(rtu_exception(5, 3, 2));
    const auto reply = ask(request_to(5));
    ASSERT_FALSE(reply);
    EXPECT_EQ(reply.error(), (Error{Fault::refused, "exception 2 (no such register)"}));
    EXPECT_EQ(line_.exception_code(), 2);
    EXPECT_LE(line_.muted_until(5), clock_.now());
    EXPECT_EQ(line_.counters().exceptions, 1U);
}

TEST_F(RtuExchange, character_errors_are_those_of_the_driver_over_all_openings) {
    open();
    EXPECT_FALSE(line_.counters().character_errors) << "not counted by this driver";
    wire_.character_errors = CharacterErrors{1, 2, 3};
    answer(rtu_reply(5, 3, {1, 2}));
    ASSERT_TRUE(ask(request_to(5)));
    EXPECT_EQ(line_.counters().character_errors, (CharacterErrors{1, 2, 3}));
    wire_.on_sent = [&](auto) { wire_.vanished = Error{Fault::disconnected, "gone"}; };
    ASSERT_FALSE(ask(request_to(6)));
    wire_.vanished.reset();
    wire_.character_errors = CharacterErrors{0, 1, 0};
    run_until(clock_.now() + seconds{2});
    EXPECT_EQ(line_.counters().character_errors, (CharacterErrors{1, 3, 3}));
}

TEST_F(RtuExchange, silence_after_a_request_of_open_length_costs_no_longest_frame) {
    open();
    ASSERT_FALSE(ask(Request{5, {17}}));
    const Instant asked = wire_.sent().front().at + wire_format.characters(4);
    EXPECT_EQ(clock_.now(), asked + milliseconds{500} + wire_format.characters(5));
}

TEST_F(RtuExchange, a_reply_of_open_length_that_has_begun_may_be_as_long_as_a_frame) {
    open();
    Bytes reply{5, 17, 251};
    reply.resize(3 + 251);
    reply = with_crc(reply);
    wire_.on_sent = [&](auto) {
        wire_.arrive(clock_.now() + milliseconds{480}, Bytes(reply.begin(), reply.begin() + 9));
        wire_.arrive(clock_.now() + milliseconds{620}, Bytes(reply.begin() + 9, reply.end()));
    };
    EXPECT_TRUE(ask(Request{5, {17}}));
}

TEST_F(RtuExchange, a_silent_unit_is_muted_for_its_late_limit_and_others_go_on) {
    open();
    ASSERT_FALSE(ask(request_to(5)));
    const Instant asked = wire_.sent().front().at + wire_format.characters(8);
    EXPECT_EQ(line_.muted_until(5), asked + milliseconds{3500} + wire_format.characters(256));
    answer(rtu_reply(6, 3, {1, 2}));
    EXPECT_TRUE(ask(request_to(6)));
    EXPECT_LT(clock_.now(), asked + milliseconds{600});
}

/// Every late reply of unit 5 to a read of register 100 arrives while others are asked, or while
/// nothing is. As soon as it may be, unit 5 is asked for register 200: same function, same count.
TEST(RtuLateReplies, are_never_booked_for_another_register_or_unit) {
    for (int late_ms = 1; late_ms <= 3000; late_ms += 10) {
        SCOPED_TRACE(late_ms);
        VirtualClock clock(utc_from_s(1'700'000'000));
        ScriptedWire wire(clock);
        RtuLine line(clock, std::make_unique<ScriptedTransport>(wire), wire_format);
        wire.on_sent = [&](std::span<const std::uint8_t> frame) {
            const AskedFor asked = asked_for(frame);
            const Instant end = clock.now() + wire_format.characters(8);
            const bool late = asked.unit == 5 && asked.address == 100;
            const auto value = static_cast<std::uint16_t>(asked.unit * 1000 + asked.address);
            const Bytes reply = rtu_reply(asked.unit, asked.function, {value, value});
            wire.arrive(end + (late ? milliseconds{500 + late_ms} : milliseconds{20}) +
                            wire_format.characters(reply.size()),
                        reply);
        };
        line.step();
        bool done = false;
        std::uint16_t address = 100;
        while (!done) {
            const bool ask_5 = clock.now() >= line.muted_until(5);
            const std::uint8_t unit = ask_5 ? 5 : 6;
            line.start(request_to(unit, unit == 5 ? address : 300));
            std::optional<Result<Reply>> outcome;
            while (!outcome) {
                const Instant next = line.step();
                outcome = line.take_outcome();
                if (!outcome) {
                    clock.advance_to(next);
                }
            }
            if (unit == 5 && address == 100) {
                ASSERT_FALSE(*outcome);
                address = 200;
                continue;
            }
            const auto expected = static_cast<std::uint16_t>(unit == 5 ? 5200 : 6300);
            ASSERT_TRUE(*outcome) << outcome->error().text;
            ASSERT_EQ(registers_of(*outcome)->registers, (Registers{expected, expected}));
            done = unit == 5;
        }
        ASSERT_FALSE(wire.pending());
        ASSERT_EQ(line.counters().foreign_frames + line.counters().unsolicited, 1U);
    }
}

TEST_F(RtuExchange, a_late_reply_that_comes_while_nothing_is_asked_is_discarded) {
    open();
    answer(rtu_reply(5, 3, {1, 2}), milliseconds{2000});
    ASSERT_FALSE(ask(request_to(5)));
    run_until(clock_.now() + seconds{5});
    EXPECT_EQ(line_.counters().unsolicited, 1U);
    answer(rtu_reply(5, 3, {3, 4}));
    const auto reply = ask(request_to(5, 200));
    ASSERT_TRUE(reply);
    EXPECT_EQ(reply->registers, (Registers{3, 4}));
}

TEST_F(RtuExchange, a_missing_port_is_tried_with_back_off_from_1_s_to_30_s) {
    wire_.open_error = Error{Fault::not_found, "port /dev/ttyUSB0 does not exist"};
    std::vector<std::int64_t> waits;
    for (int i = 0; i < 7; ++i) {
        const Instant next = line_.step();
        waits.push_back(std::chrono::duration_cast<seconds>(next - clock_.now()).count());
        clock_.advance_to(next);
    }
    EXPECT_EQ(waits, (std::vector<std::int64_t>{1, 2, 4, 8, 16, 30, 30}));
    ASSERT_TRUE(line_.fault());
    EXPECT_EQ(line_.fault()->text, "port /dev/ttyUSB0 does not exist");
    EXPECT_FALSE(line_.ready());
    wire_.open_error.reset();
    line_.step();
    EXPECT_FALSE(line_.fault());
    EXPECT_TRUE(line_.ready());
}

TEST_F(RtuExchange, a_port_that_vanishes_ends_the_exchange_and_is_opened_again) {
    open();
    answer(rtu_reply(5, 3, {1, 2}));
    ASSERT_TRUE(ask(request_to(5)));
    const Error gone{Fault::disconnected, "port /dev/ttyUSB0 is gone"};
    wire_.on_sent = [&](auto) { wire_.vanished = gone; };
    wire_.open_error = Error{Fault::not_found, "port /dev/ttyUSB0 does not exist"};
    const auto reply = ask(request_to(5));
    ASSERT_FALSE(reply);
    EXPECT_EQ(reply.error(), gone);
    line_.step();
    ASSERT_TRUE(line_.fault());
    EXPECT_EQ(line_.fault()->fault, Fault::not_found);
    wire_.vanished.reset();
    wire_.open_error.reset();
    run_until(clock_.now() + seconds{2});
    EXPECT_FALSE(line_.fault());
    EXPECT_EQ(line_.counters().reopened, 1U);
    EXPECT_GT(line_.muted_until(5), clock_.now()) << "a late reply may still come";
}

}  // namespace
}  // namespace metergate::southbound::modbus
