#include "tests/building/frame.hpp"

#include <gtest/gtest.h>

#include <array>

namespace metergate::building {
namespace {

TEST(ModbusFrame, crc_is_that_of_the_published_example) {
    // Unit 2, function 7: the example of "Modbus over serial line" V1.02, appendix B.
    const std::array<std::uint8_t, 2> bytes{0x02, 0x07};
    EXPECT_EQ(modbus_crc(bytes), 0x1241);
    EXPECT_EQ(rtu_frame(2, std::array<std::uint8_t, 1>{7}), (Bytes{0x02, 0x07, 0x41, 0x12}));
}

TEST(ModbusFrame, a_spoilt_frame_is_no_frame) {
    Bytes frame = rtu_frame(1, std::array<std::uint8_t, 5>{3, 0, 0, 0, 4});
    EXPECT_TRUE(is_rtu_frame(frame));
    frame[3] ^= 1U;
    EXPECT_FALSE(is_rtu_frame(frame));
    EXPECT_FALSE(is_rtu_frame(Bytes{1, 2, 3}));
}

TEST(ModbusFrame, the_length_of_a_request_shows_in_its_first_bytes) {
    EXPECT_EQ(rtu_request_length(Bytes{1}), 0U);
    EXPECT_EQ(rtu_request_length(Bytes{1, 3}), 8U);
    EXPECT_EQ(rtu_request_length(Bytes{1, 16, 0, 0, 0, 2}), 0U);
    EXPECT_EQ(rtu_request_length(Bytes{1, 16, 0, 0, 0, 2, 4}), 13U);
}

TEST(ModbusFrame, a_tcp_frame_counts_unit_and_pdu) {
    EXPECT_EQ(tcp_frame(0x0102, 9, Bytes{3, 0, 0, 0, 1}),
              (Bytes{1, 2, 0, 0, 0, 6, 9, 3, 0, 0, 0, 1}));
}

}  // namespace
}  // namespace metergate::building
