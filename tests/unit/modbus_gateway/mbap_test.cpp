#include "southbound/gateway/mbap.hpp"

#include <gtest/gtest.h>

namespace metergate::southbound::gateway {
namespace {

using Bytes = std::vector<std::uint8_t>;

const Bytes read_one{0x12, 0x34, 0, 0, 0, 6, 17, 3, 0, 107, 0, 1};

TEST(MbapFrame, is_cut_where_it_ends) {
    Bytes bytes = read_one;
    bytes.insert(bytes.end(), {0x12, 0x35});
    const Cut cut = cut_frame(bytes);
    EXPECT_EQ(cut.length, read_one.size());
    EXPECT_EQ(cut.frame.transaction, 0x1234);
    EXPECT_EQ(cut.frame.unit, 17);
    EXPECT_EQ(cut.frame.pdu, (Pdu{3, 0, 107, 0, 1}));
}

TEST(MbapFrame, that_is_not_whole_is_waited_for) {
    for (std::size_t size = 0; size < read_one.size(); ++size) {
        const Cut cut = cut_frame(std::span(read_one).first(size));
        EXPECT_EQ(cut.length, 0U) << size;
        EXPECT_TRUE(cut.nonsense.empty()) << size;
    }
}

TEST(MbapFrame, of_another_protocol_is_nonsense_as_soon_as_it_shows) {
    EXPECT_EQ(cut_frame(Bytes{0, 1, 1, 0}).nonsense, "the protocol number is not 0");
    const std::string http = "GET / HTTP/1.1";
    EXPECT_FALSE(cut_frame(Bytes(http.begin(), http.end())).nonsense.empty());
}

TEST(MbapFrame, has_2_to_254_bytes_behind_its_length) {
    for (const unsigned length : {0U, 1U, 255U, 0xFFFFU}) {
        const Bytes bytes{0,
                          1,
                          0,
                          0,
                          static_cast<std::uint8_t>(length >> 8U),
                          static_cast<std::uint8_t>(length & 0xFFU)};
        EXPECT_EQ(cut_frame(bytes).nonsense, "the length is not 2 to 254") << length;
    }
    Bytes longest{0, 1, 0, 0, 0, 254, 1};
    longest.resize(frame_size_max, 16);
    EXPECT_EQ(cut_frame(longest).length, frame_size_max);
    EXPECT_EQ(cut_frame(longest).frame.pdu.size(), pdu_size_max);
    EXPECT_EQ(cut_frame(Bytes{0, 1, 0, 0, 0, 2, 9, 17}).frame.pdu, (Pdu{17}));
}

TEST(MbapFrame, is_written_as_it_is_read) {
    Bytes bytes;
    append_frame(bytes, {0x1234, 17, {3, 0, 107, 0, 1}});
    EXPECT_EQ(bytes, read_one);
}

}  // namespace
}  // namespace metergate::southbound::gateway
