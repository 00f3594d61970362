#include "southbound/modbus/heard_frames.hpp"

#include <gtest/gtest.h>

#include <random>

#include "tests/support/modbus_frames.hpp"

namespace metergate::southbound::modbus {
namespace {

using std::chrono::milliseconds;

constexpr Duration gap = milliseconds{20};

class HearingFrames : public ::testing::Test {
  protected:
    void hear(const Bytes& bytes, Duration after = milliseconds{1}) {
        now_ += after;
        frames_.hear(bytes, now_, gap);
    }
    /// What was found: '>' for a request and '<' for anything else, with unit and function.
    std::string found() {
        std::string text;
        while (const auto frame = frames_.next()) {
            text += (text.empty() ? "" : " ") + std::string(frame->is_request ? ">" : "<") +
                    std::to_string(frame->unit) + "/" + std::to_string(frame->function);
        }
        return text;
    }

    const Bytes request_ = with_crc({7, 3, 0, 100, 0, 2});
    const Bytes reply_ = rtu_reply(7, 3, {1, 2});
    Instant now_{std::chrono::seconds{100}};
    HeardFrames frames_;
};

TEST_F(HearingFrames, tells_a_request_from_its_reply) {
    hear(joined(request_, reply_));
    EXPECT_EQ(found(), ">7/3 <7/3");
    EXPECT_TRUE(frames_.is_empty());
}

TEST_F(HearingFrames, puts_together_what_comes_in_pieces) {
    for (const std::uint8_t byte : joined(request_, reply_)) {
        hear({byte});
    }
    EXPECT_EQ(found(), ">7/3 <7/3");
}

TEST_F(HearingFrames, finds_a_frame_behind_the_end_of_another) {
    hear(joined(Bytes(reply_.begin() + 4, reply_.end()), request_));
    EXPECT_EQ(found(), ">7/3");
}

TEST_F(HearingFrames, knows_requests_and_replies_of_every_function_that_it_knows) {
    hear(with_crc({7, 16, 0, 1, 0, 1, 2, 0, 9}));
    hear(with_crc({7, 16, 0, 1, 0, 1}));
    hear(with_crc({7, 17}));
    hear(with_crc({7, 17, 2, 1, 0xFF}));
    hear(with_crc({7, 43, 14, 1, 0}));
    hear(rtu_exception(7, 43, 1));
    EXPECT_EQ(found(), ">7/16 <7/16 >7/17 <7/17 >7/43 <7/171");
}

TEST_F(HearingFrames, does_not_say_who_sent_a_single_write) {
    hear(with_crc({7, 6, 0, 1, 0, 3}));
    EXPECT_EQ(found(), "<7/6");
}

TEST_F(HearingFrames, forgets_what_a_pause_has_cut_off) {
    hear(Bytes(request_.begin(), request_.begin() + 5));
    EXPECT_EQ(found(), "");
    EXPECT_FALSE(frames_.is_empty());
    hear(reply_, milliseconds{21});
    EXPECT_EQ(found(), "<7/3");
}

TEST_F(HearingFrames, finds_nothing_in_a_frame_with_a_wrong_crc) {
    Bytes spoilt = request_;
    spoilt.at(4) ^= 1U;
    hear(spoilt);
    EXPECT_EQ(found(), "");
}

TEST_F(HearingFrames, takes_more_at_once_than_it_can_hold) {
    hear(Bytes(2000, 0xFF));
    EXPECT_EQ(found(), "");
    hear(joined(Bytes(505, 0xFF), request_));
    EXPECT_EQ(found(), ">7/3");
}

/// One in 65 536 random byte runs has the right CRC; requests also need one of few functions.
TEST_F(HearingFrames, hears_hardly_any_request_in_a_megabyte_of_noise) {
    std::mt19937_64 random(1);
    unsigned requests = 0;
    for (int burst = 0; burst < 10'000; ++burst) {
        Bytes noise(100);
        for (std::uint8_t& byte : noise) {
            byte = static_cast<std::uint8_t>(random());
        }
        hear(noise, milliseconds{50});
        while (const auto frame = frames_.next()) {
            requests += frame->is_request ? 1U : 0U;
        }
    }
    EXPECT_LE(requests, 2U);
}

}  // namespace
}  // namespace metergate::southbound::modbus
