#include "southbound/gateway/request_shape.hpp"

#include <gtest/gtest.h>

namespace metergate::southbound::gateway {
namespace {

/// 0 = sound, else the exception.
int judged(const Pdu& pdu) {
    const Shape shape = shape_of(pdu);
    return shape.sound ? 0 : static_cast<int>(shape.exception);
}

Pdu with_data(Pdu head, std::size_t bytes) {
    head.insert(head.end(), bytes, 0);
    return head;
}

TEST(RequestShape, of_each_function_has_exactly_one_length) {
    const std::vector<Pdu> sound{{1, 0, 0, 0, 1},
                                 {2, 0, 0, 0, 1},
                                 {3, 0, 0, 0, 1},
                                 {4, 0, 0, 0, 1},
                                 {5, 0, 0, 0xFF, 0},
                                 {6, 0, 0, 0x12, 0x34},
                                 {15, 0, 0, 0, 9, 2, 1, 1},
                                 {16, 0, 0, 0, 1, 2, 0, 7},
                                 {17},
                                 {43, 14, 1, 0}};
    for (const Pdu& pdu : sound) {
        EXPECT_EQ(judged(pdu), 0) << int{pdu[0]};
        Pdu longer = pdu;
        longer.push_back(0);
        EXPECT_EQ(judged(longer), 3) << int{pdu[0]} << " with a byte too many";
        for (std::size_t size = 1; size < pdu.size(); ++size) {
            EXPECT_EQ(judged(Pdu(pdu.begin(), pdu.begin() + static_cast<std::ptrdiff_t>(size))), 3)
                << int{pdu[0]} << " of " << size << " bytes";
        }
    }
}

TEST(RequestShape, has_the_quantities_of_the_protocol_and_no_others) {
    EXPECT_EQ(judged({3, 0, 0, 0, 0}), 3);
    EXPECT_EQ(judged({3, 0, 0, 0, 125}), 0);
    EXPECT_EQ(judged({3, 0, 0, 0, 126}), 3);
    EXPECT_EQ(judged({4, 0, 0, 1, 0}), 3);
    EXPECT_EQ(judged({1, 0, 0, 0x07, 0xD0}), 0) << "2000 coils";
    EXPECT_EQ(judged({1, 0, 0, 0x07, 0xD1}), 3);
    EXPECT_EQ(judged(with_data({15, 0, 0, 0x07, 0xB0, 246}, 246)), 0) << "1968 coils";
    EXPECT_EQ(judged(with_data({15, 0, 0, 0x07, 0xB1, 247}, 247)), 3);
    EXPECT_EQ(judged(with_data({16, 0, 0, 0, 123, 246}, 246)), 0);
    EXPECT_EQ(judged(with_data({16, 0, 0, 0, 124, 248}, 247)), 3);
    EXPECT_EQ(judged({16, 0, 0, 0, 0, 0}), 3);
}

TEST(RequestShape, whose_byte_count_is_not_that_of_its_quantity_is_refused) {
    EXPECT_EQ(judged({16, 0, 0, 0, 2, 2, 0, 7}), 3);
    EXPECT_EQ(judged({16, 0, 0, 0, 1, 4, 0, 7, 0, 7}), 3);
    EXPECT_EQ(judged({15, 0, 0, 0, 9, 1, 1}), 3);
    EXPECT_EQ(judged({16, 0, 0, 0x80, 1, 2, 0, 7}), 3)
        << "32769 registers are 2 bytes too, mod 2^16";
}

TEST(RequestShape, that_ends_beyond_the_last_register_is_refused_by_address) {
    EXPECT_EQ(judged({3, 0xFF, 0xFF, 0, 1}), 0);
    EXPECT_EQ(judged({3, 0xFF, 0xFF, 0, 2}), 2);
    EXPECT_EQ(judged({16, 0xFF, 0xFF, 0, 2, 4, 0, 0, 0, 0}), 2);
}

TEST(RequestShape, of_a_coil_is_on_or_off) {
    EXPECT_EQ(judged({5, 0, 0, 0, 0}), 0);
    EXPECT_EQ(judged({5, 0, 0, 0, 1}), 3);
    EXPECT_EQ(judged({5, 0, 0, 0xFF, 1}), 3);
}

TEST(RequestShape, only_known_functions_are_reads_or_writes) {
    for (int function = 0; function < 256; ++function) {
        const Access access = access_of(Pdu{static_cast<std::uint8_t>(function), 14, 1, 0});
        const bool reads = (function >= 1 && function <= 4) || function == 17 || function == 43;
        const bool writes = function == 5 || function == 6 || function == 15 || function == 16;
        EXPECT_EQ(access, reads    ? Access::read
                          : writes ? Access::write
                                   : Access::unknown)
            << function;
        if (!reads && !writes) {
            EXPECT_EQ(judged({static_cast<std::uint8_t>(function), 0}), 1) << function;
        }
    }
    EXPECT_EQ(access_of(Pdu{43, 13, 0}), Access::unknown) << "CANopen, not identification";
    EXPECT_EQ(judged({43, 14, 0, 0}), 3);
    EXPECT_EQ(judged({43, 14, 5, 0}), 3);
}

}  // namespace
}  // namespace metergate::southbound::gateway
