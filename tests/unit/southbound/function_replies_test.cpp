#include "southbound/modbus/function_replies.hpp"

#include <gtest/gtest.h>

#include "southbound/modbus/frame.hpp"
#include "tests/support/modbus_frames.hpp"

/// Frames worked out by hand from MODBUS Application Protocol V1.1b3, section 6; their CRCs by the
/// bit-by-bit reference.
namespace metergate::southbound::modbus {
namespace {

Bytes with_text(Bytes bytes, std::string_view text) {
    bytes.insert(bytes.end(), text.begin(), text.end());
    return bytes;
}

Request request_of(Pdu pdu) {
    Request request;
    request.unit = 17;
    request.pdu = std::move(pdu);
    return request;
}

/// 6.21: conformity 1, no more follows, two objects.
Bytes identification() {
    Bytes bytes{17, 43, 14, 1, 1, 0, 0, 2, 0, 7};
    bytes = with_text(bytes, "Example");
    bytes = joined(bytes, {1, 4});
    return with_crc(with_text(bytes, "EM-3"));
}

/// 6.13: five bytes follow: id 9, running, "v12".
Bytes server_id() {
    return with_crc(with_text({17, 17, 5, 9, 0xFF}, "v12"));
}

struct Case {
    const char* function;
    Pdu asked;
    Bytes reply;
};

std::vector<Case> cases() {
    return {{"1", {1, 0, 19, 0, 19}, with_crc({17, 1, 3, 0xCD, 0x6B, 5})},
            {"2", {2, 0, 196, 0, 22}, with_crc({17, 2, 3, 0xAC, 0xDB, 0x35})},
            {"3", {3, 0, 107, 0, 2}, with_crc({17, 3, 4, 2, 0x2B, 0, 0})},
            {"4", {4, 0, 8, 0, 1}, with_crc({17, 4, 2, 0, 10})},
            {"5", {5, 0, 172, 0xFF, 0}, with_crc({17, 5, 0, 172, 0xFF, 0})},
            {"6", {6, 0, 1, 0, 3}, with_crc({17, 6, 0, 1, 0, 3})},
            {"15", {15, 0, 19, 0, 10, 2, 0xCD, 1}, with_crc({17, 15, 0, 19, 0, 10})},
            {"16", {16, 0, 1, 0, 2, 4, 0, 10, 1, 2}, with_crc({17, 16, 0, 1, 0, 2})},
            {"17", {17}, server_id()},
            {"43/14", {43, 14, 1, 0}, identification()}};
}

TEST(FunctionReplies, every_beginning_of_every_reply_needs_more_and_the_whole_is_the_reply) {
    for (const Case& one : cases()) {
        SCOPED_TRACE(one.function);
        const Request request = request_of(one.asked);
        for (std::size_t size = 0; size < one.reply.size(); ++size) {
            EXPECT_EQ(parse_rtu(std::span(one.reply).first(size), request).verdict,
                      Verdict::need_more);
        }
        const Parsed parsed = parse_rtu(joined(one.reply, {17}), request);
        EXPECT_EQ(parsed.verdict, Verdict::reply) << parsed.why;
        EXPECT_EQ(parsed.length, one.reply.size());
    }
}

TEST(FunctionReplies, every_reply_of_another_unit_is_foreign_with_its_length) {
    Request request = request_of({3, 0, 0, 0, 1});
    request.unit = 18;
    for (const Case& one : cases()) {
        const Parsed parsed = parse_rtu(one.reply, request);
        EXPECT_EQ(parsed.verdict, Verdict::foreign) << one.function;
        EXPECT_EQ(parsed.length, one.reply.size()) << one.function;
    }
}

TEST(FunctionReplies, every_reply_over_tcp_is_the_reply_and_a_longer_one_is_not) {
    for (const Case& one : cases()) {
        SCOPED_TRACE(one.function);
        Bytes body(one.reply.begin(), one.reply.end() - 2);
        const Request request = request_of(one.asked);
        EXPECT_EQ(parse_tcp(tcp_frame(7, body), request, 7).verdict, Verdict::reply);
        body.push_back(0);
        EXPECT_EQ(parse_tcp(tcp_frame(7, body), request, 7).verdict, Verdict::bad);
    }
}

TEST(FunctionReplies, an_exception_refuses_every_function) {
    for (const Case& one : cases()) {
        const Bytes frame = rtu_exception(17, one.asked[0], 1);
        const Parsed parsed = parse_rtu(frame, request_of(one.asked));
        EXPECT_EQ(parsed.verdict, Verdict::exception) << one.function;
        EXPECT_EQ(parsed.exception_code, 1) << one.function;
    }
}

TEST(FunctionReplies, a_request_for_device_identification_has_the_bytes_of_6_21) {
    const RequestFrame frame = rtu_request(request_of({43, 14, 1, 0}));
    EXPECT_EQ(Bytes(frame.view().begin(), frame.view().end()), with_crc({17, 43, 14, 1, 0}));
    const RequestFrame tcp = tcp_request(request_of({17}), 0x0102);
    EXPECT_EQ(Bytes(tcp.view().begin(), tcp.view().end()), (Bytes{1, 2, 0, 0, 0, 2, 17, 17}));
}

TEST(FunctionReplies, a_write_that_confirms_another_value_is_bad) {
    const Parsed single = parse_rtu(with_crc({17, 6, 0, 1, 0, 4}), request_of({6, 0, 1, 0, 3}));
    EXPECT_EQ(single.verdict, Verdict::bad);
    const Parsed several =
        parse_rtu(with_crc({17, 16, 0, 2, 0, 1}), request_of({16, 0, 1, 0, 1, 2, 0, 10}));
    EXPECT_EQ(several.verdict, Verdict::bad);
}

TEST(FunctionReplies, identification_longer_than_a_frame_is_impossible) {
    Pdu pdu{43, 14, 1, 1, 0, 0, 2, 0, 200};
    pdu.resize(9 + 200);
    pdu.push_back(1);
    pdu.push_back(200);
    EXPECT_FALSE(response_length(pdu).possible);
    EXPECT_FALSE(response_length(Pdu{43, 13, 0}).possible) << "type 13 is CANopen";
}

}  // namespace
}  // namespace metergate::southbound::modbus
