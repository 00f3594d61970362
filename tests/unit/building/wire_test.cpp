#include "tests/building/wire.hpp"

#include <gtest/gtest.h>

#include "tests/building/building.hpp"

namespace metergate::building {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

class WireTest : public ::testing::Test {
  protected:
    void make(const std::string& text) {
        auto scenario = parse_scenario(text);
        ASSERT_TRUE(scenario) << scenario.error().text;
        clock_ = std::make_unique<VirtualClock>(scenario->start);
        building_ = std::make_unique<Building>(*scenario, *clock_);
        wire_ = building_->wire("line-1");
        ASSERT_NE(wire_, nullptr);
        ASSERT_TRUE(wire_->open());
    }
    [[nodiscard]] static Bytes request(std::uint8_t unit) {
        return rtu_frame(unit, std::array<std::uint8_t, 5>{3, 0, 0, 0, 4});
    }
    Bytes take() {
        std::array<std::uint8_t, 300> buffer{};
        const auto count = wire_->receive(buffer);
        return count ? Bytes(buffer.begin(), buffer.begin() + static_cast<long>(*count)) : Bytes{};
    }
    void at(microseconds when) { clock_->advance_to(Instant{when}); }

    std::unique_ptr<VirtualClock> clock_;
    std::unique_ptr<Building> building_;
    VirtualWire* wire_ = nullptr;
};

// 9600 baud: a character is 1145.83 us, 3.5 are 4010.4 us. Request 8, reply 5 + 8 = 13 characters.
constexpr auto slow_line = R"({"lines": [{"id": "line-1", "baud": 9600, "panels": 2}]})";
constexpr microseconds request_end{9167};
constexpr microseconds reply_begin{request_end.count() + 5000};
constexpr microseconds reply_end{reply_begin.count() + 14896};

TEST_F(WireTest, a_reply_arrives_after_request_turnaround_and_its_own_length) {
    make(slow_line);
    ASSERT_TRUE(wire_->send(request(1)));
    EXPECT_EQ(wire_->wake_by(never), Instant{reply_end});
    at(reply_begin + microseconds{1145});
    EXPECT_TRUE(take().empty());
    at(reply_begin + microseconds{1146});
    EXPECT_EQ(take(), Bytes{1});
    at(reply_end - microseconds{1});
    EXPECT_EQ(take().size(), 11U);
    at(reply_end);
    EXPECT_EQ(take().size(), 1U);
    EXPECT_EQ(wire_->wake_by(never), never);
}

TEST_F(WireTest, the_silence_before_a_request_is_watched) {
    make(slow_line);
    ASSERT_TRUE(wire_->send(request(1)));
    at(reply_end);
    EXPECT_EQ(take().size(), 13U);
    at(reply_end + microseconds{4011});
    ASSERT_TRUE(wire_->send(request(2)));
    EXPECT_EQ(wire_->facts().short_silences, 0U);
    at(reply_end + microseconds{4011} + reply_end + microseconds{3900});
    EXPECT_EQ(take().size(), 13U);
    ASSERT_TRUE(wire_->send(request(1)));
    EXPECT_EQ(wire_->facts().short_silences, 1U);
    EXPECT_EQ(wire_->facts().overlaps, 0U);
    EXPECT_EQ(wire_->facts().requests, 3U);
}

TEST_F(WireTest, a_request_over_another_frame_is_counted_and_spoils_both) {
    make(slow_line);
    ASSERT_TRUE(wire_->send(request(1)));
    at(reply_begin + microseconds{5000});
    ASSERT_TRUE(wire_->send(request(2)));
    EXPECT_EQ(wire_->facts().overlaps, 1U);
    at(milliseconds{100});
    EXPECT_FALSE(is_rtu_frame(take()));
}

TEST_F(WireTest, a_late_reply_collides_with_the_request_it_meets) {
    make(R"({"lines": [{"id": "line-1", "baud": 9600, "panels": 2}],
             "faults": [{"kind": "late", "target": "line-1-p1", "args": {"ms": 100}}]})");
    ASSERT_TRUE(wire_->send(request(1)));
    at(reply_begin + milliseconds{99});
    ASSERT_TRUE(wire_->send(request(2)));
    EXPECT_EQ(wire_->facts().overlaps, 0U);  // the master could not hear it coming
    at(milliseconds{300});
    EXPECT_FALSE(is_rtu_frame(take()));
}

TEST_F(WireTest, a_late_reply_comes_that_much_later) {
    make(R"({"lines": [{"id": "line-1", "baud": 9600, "panels": 1}],
             "faults": [{"kind": "late", "target": "line-1-p1", "args": {"ms": 700}}]})");
    ASSERT_TRUE(wire_->send(request(1)));
    EXPECT_EQ(wire_->wake_by(never), Instant{reply_end + milliseconds{700}});
}

TEST_F(WireTest, a_silent_line_comes_back) {
    make(R"({"lines": [{"id": "line-1", "panels": 1}],
             "faults": [{"kind": "silent", "target": "line-1", "at_s": 0, "for_s": 5}]})");
    ASSERT_TRUE(wire_->send(request(1)));
    EXPECT_EQ(wire_->wake_by(never), never);
    at(milliseconds{5000});
    ASSERT_TRUE(wire_->send(request(1)));
    EXPECT_NE(wire_->wake_by(never), never);
}

TEST_F(WireTest, a_wrong_unit_has_a_right_crc) {
    make(R"({"lines": [{"id": "line-1", "panels": 1}],
             "faults": [{"kind": "wrong-unit", "target": "line-1-p1"}]})");
    ASSERT_TRUE(wire_->send(request(1)));
    clock_->advance_to(wire_->wake_by(never));
    const Bytes reply = take();
    EXPECT_TRUE(is_rtu_frame(reply));
    EXPECT_EQ(reply[0], 2);
}

TEST_F(WireTest, an_echo_precedes_the_reply) {
    make(R"({"lines": [{"id": "line-1", "panels": 1}],
             "faults": [{"kind": "echo", "target": "line-1"}]})");
    ASSERT_TRUE(wire_->send(request(1)));
    at(milliseconds{50});
    const Bytes both = take();
    ASSERT_EQ(both.size(), 8U + 13U);
    EXPECT_EQ(Bytes(both.begin(), both.begin() + 8), request(1));
}

TEST_F(WireTest, garbled_and_parity_and_dropped_bytes_spoil_frames) {
    for (const char* kind : {"garbled", "parity", "dropped"}) {
        make(std::string(R"({"lines": [{"id": "line-1", "panels": 1}], "faults": [{"kind": ")") +
             kind + R"(", "target": "line-1", "for_s": 60, "args": {"percent": 20}}]})");
        int whole = 0;
        for (int i = 0; i < 20; ++i) {
            ASSERT_TRUE(wire_->send(request(1)));
            at(milliseconds{50 * (i + 1)});
            whole += is_rtu_frame(take()) ? 1 : 0;
        }
        EXPECT_LT(whole, 15) << kind;
    }
}

TEST_F(WireTest, a_missing_port_cannot_be_opened_and_returns) {
    make(R"({"lines": [{"id": "line-1", "panels": 1}],
             "faults": [{"kind": "port-missing", "target": "line-1", "at_s": 1, "for_s": 2}]})");
    at(milliseconds{1000});
    const auto sent = wire_->send(request(1));
    ASSERT_FALSE(sent);
    EXPECT_EQ(sent.error().fault, Fault::disconnected);
    const auto opened = wire_->open();
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().fault, Fault::not_found);
    at(milliseconds{3000});
    ASSERT_TRUE(wire_->open());
    EXPECT_TRUE(wire_->send(request(1)));
}

TEST_F(WireTest, nobody_answers_for_another_unit_or_a_broken_request) {
    make(slow_line);
    ASSERT_TRUE(wire_->send(request(9)));
    at(milliseconds{20});
    Bytes broken = request(1);
    broken[2] ^= 1U;
    ASSERT_TRUE(wire_->send(broken));
    EXPECT_EQ(wire_->wake_by(never), never);
}

TEST_F(WireTest, the_transcript_hash_depends_on_bytes_and_time) {
    make(slow_line);
    ASSERT_TRUE(wire_->send(request(1)));
    const std::uint64_t first = wire_->facts().transcript;
    make(slow_line);
    wire_->keep_text();
    ASSERT_TRUE(wire_->send(request(1)));
    EXPECT_EQ(wire_->facts().transcript, first);
    EXPECT_EQ(wire_->text(), std::vector<std::string>{"0 01 03 00 00 00 04 44 09"});
    make(slow_line);
    at(microseconds{1});
    ASSERT_TRUE(wire_->send(request(1)));
    EXPECT_NE(wire_->facts().transcript, first);
}

TEST_F(WireTest, a_tcp_device_echoes_the_transaction) {
    make(R"({"lines": [{"id": "line-1", "kind": "tcp", "panels": 1}],
             "faults": [{"kind": "port-missing", "target": "line-1", "at_s": 1, "for_s": 2}]})");
    ASSERT_TRUE(wire_->send(tcp_frame(77, 1, Bytes{3, 0, 0, 0, 1})));
    EXPECT_EQ(wire_->wake_by(never), Instant{microseconds{6000}});
    at(microseconds{6000});
    EXPECT_EQ(take(), (Bytes{0, 77, 0, 0, 0, 5, 1, 3, 2, 0x4D, 0x47}));
    at(milliseconds{1500});
    EXPECT_FALSE(wire_->send(tcp_frame(78, 1, Bytes{3, 0, 0, 0, 1})));
    EXPECT_EQ(wire_->open().error().fault, Fault::refused);
}

}  // namespace
}  // namespace metergate::building
