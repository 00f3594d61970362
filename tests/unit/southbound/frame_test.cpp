#include "southbound/modbus/frame.hpp"

#include <gtest/gtest.h>

#include <random>

#include "tests/support/modbus_frames.hpp"

namespace metergate::southbound::modbus {
namespace {

RegisterRequest two_registers() {
    RegisterRequest request;
    request.unit = 17;
    request.address = 0x6B;
    request.count = 2;
    return request;
}

TEST(RtuFrame, crc_of_the_check_string_is_4b37) {
    const std::string text = "123456789";
    EXPECT_EQ(crc16(Bytes(text.begin(), text.end())), 0x4B37);
}

TEST(RtuFrame, the_crc_of_any_length_is_what_bit_by_bit_division_gives) {
    std::mt19937 random(1);
    std::vector<std::uint8_t> bytes;
    for (std::size_t size = 0; size <= 256; ++size) {
        EXPECT_EQ(crc16(bytes), reference_crc(bytes)) << size;
        bytes.push_back(static_cast<std::uint8_t>(random()));
    }
}

TEST(RtuFrame, a_read_request_is_eight_bytes_with_the_low_crc_byte_first) {
    const RequestFrame frame = rtu_request(two_registers());
    EXPECT_EQ(Bytes(frame.view().begin(), frame.view().end()),
              (Bytes{17, 3, 0, 0x6B, 0, 2, 0xB7, 0x47}));
}

TEST(RtuFrame, every_beginning_of_a_reply_needs_more) {
    const Bytes frame = rtu_reply(17, 3, {1, 2});
    for (std::size_t size = 0; size < frame.size(); ++size) {
        EXPECT_EQ(parse_rtu(std::span(frame).first(size), two_registers()).verdict,
                  Verdict::need_more);
    }
    const Parsed parsed = parse_rtu(frame, two_registers());
    EXPECT_EQ(parsed.verdict, Verdict::reply);
    EXPECT_EQ(parsed.length, frame.size());
}

TEST(RtuFrame, every_single_bit_error_is_noticed) {
    const Bytes good = rtu_reply(17, 3, {0x1234, 0xABCD});
    for (std::size_t bit = 0; bit < good.size() * 8; ++bit) {
        Bytes frame = good;
        frame[bit / 8] = static_cast<std::uint8_t>(frame[bit / 8] ^ (1U << (bit % 8)));
        EXPECT_NE(parse_rtu(frame, two_registers()).verdict, Verdict::reply) << "bit " << bit;
    }
}

TEST(RtuFrame, frames_of_other_units_are_told_with_their_length) {
    const Bytes read = joined(rtu_reply(9, 4, {1, 2, 3}), {0xAA});
    const Parsed parsed = parse_rtu(read, two_registers());
    EXPECT_EQ(parsed.verdict, Verdict::foreign);
    EXPECT_EQ(parsed.length, 11U);
    const Bytes exception = rtu_exception(9, 3, 2);
    EXPECT_EQ(parse_rtu(exception, two_registers()).verdict, Verdict::foreign);
}

TEST(RtuFrame, any_bytes_can_be_judged_and_progress_is_made) {
    std::mt19937 random(20260101);
    Bytes bytes;
    for (int round = 0; round < 200'000; ++round) {
        bytes.resize(random() % 40);
        for (auto& byte : bytes) {
            byte = static_cast<std::uint8_t>(random() % 3 == 0 ? random() % 20 : random());
        }
        if (!bytes.empty() && random() % 2 == 0) {
            bytes[0] = 17;
        }
        const Parsed rtu = parse_rtu(bytes, two_registers());
        const Parsed tcp = parse_tcp(bytes, two_registers(), 1);
        for (const Parsed& parsed : {rtu, tcp}) {
            ASSERT_LE(parsed.length, bytes.size());
            if (parsed.verdict == Verdict::foreign || parsed.verdict == Verdict::reply) {
                ASSERT_GT(parsed.length, 0U);
            }
            if (parsed.verdict == Verdict::bad) {
                ASSERT_FALSE(parsed.why.empty());
            }
        }
    }
}

TEST(TcpFrame, every_beginning_of_a_reply_needs_more) {
    const Bytes frame = tcp_frame(7, reply_pdu(17, 3, {1, 2}));
    for (std::size_t size = 0; size < frame.size(); ++size) {
        EXPECT_EQ(parse_tcp(std::span(frame).first(size), two_registers(), 7).verdict,
                  Verdict::need_more);
    }
    EXPECT_EQ(parse_tcp(frame, two_registers(), 7).verdict, Verdict::reply);
    EXPECT_EQ(parse_tcp(frame, two_registers(), 8).verdict, Verdict::foreign);
}

}  // namespace
}  // namespace metergate::southbound::modbus
