#include "northbound/talk.hpp"

#include <gtest/gtest.h>

#include <random>
#include <vector>

#include "tests/unit/northbound/payload_schema.hpp"

namespace metergate::northbound {
namespace {

BadRequest bad(std::string_view payload) {
    const auto parsed = parse_request(payload);
    const auto* found = std::get_if<BadRequest>(&parsed);
    EXPECT_NE(found, nullptr) << payload;
    return found == nullptr ? BadRequest{} : *found;
}

TEST(Talk, a_request_by_number_is_read_as_it_was_written) {
    const DataRequest request{"head-1", "east", RequestedNumbers{Epoch{0x1234}, 3, 9}};
    const std::string text = encode_request(request);
    EXPECT_EQ(text, R"({"id":"head-1","panel":"east","epoch":"0000000000001234","from":3,"to":9})");
    EXPECT_EQ(std::get<DataRequest>(parse_request(text)), request);
}

TEST(Talk, a_request_by_end_is_read_as_it_was_written) {
    const DataRequest request{"r", "east", RequestedEnds{utc_from_s(900), utc_from_s(1800)}};
    EXPECT_EQ(std::get<DataRequest>(parse_request(encode_request(request))), request);
}

TEST(Talk, a_bad_request_with_an_id_keeps_it_to_be_answered) {
    for (const char* payload : {
             R"({"id":"a"})",
             R"({"id":"a","panel":7})",
             R"({"id":"a","panel":"east"})",
             R"({"id":"a","panel":"east","from":1,"to":2})",
             R"({"id":"a","panel":"east","epoch":"1234","from":1,"to":2})",
             R"({"id":"a","panel":"east","epoch":"000000000000ABCD","from":1,"to":2})",
             R"({"id":"a","panel":"east","epoch":"0000000000001234","from":0,"to":2})",
             R"({"id":"a","panel":"east","epoch":"0000000000001234","from":3,"to":2})",
             R"({"id":"a","panel":"east","epoch":"0000000000001234","from":1.5,"to":2})",
             R"({"id":"a","panel":"east","epoch":"0000000000001234","from":"1","to":"2"})",
             R"({"id":"a","panel":"east","from_end_s":5,"to_end_s":4})",
             R"({"id":"a","panel":"east","from_end_s":-5,"to_end_s":4})",
             R"({"id":"a","panel":"east","from_end_s":5,"to_end_s":9223372036854775807})",
             R"({"id":"a","panel":"east","epoch":"0000000000001234","from":1,"to":2,"to_end_s":4})",
         }) {
        const BadRequest found = bad(payload);
        EXPECT_EQ(found.id, "a") << payload;
        EXPECT_FALSE(found.text.empty());
    }
}

TEST(Talk, what_cannot_be_answered_on_a_topic_has_no_id) {
    const std::string huge = R"({"id":"a","panel":")" + std::string(talk_size_max, 'x') + R"("})";
    for (const std::string& payload : std::vector<std::string>{
             "", "garbage", "[]", "null", "7", "{\"id\":", huge, R"({"id":""})", R"({"id":"a/b"})",
             R"({"id":"+"})", R"({"id":"#"})", R"({"id":"a b"})", R"({"id":"\u0000"})",
             R"({"id":12})", R"({"id":"a","id":"b"})", std::string(200, '['),
             R"({"id":")" + std::string(65, 'a') + R"("})", "\xff\xfe"}) {
        EXPECT_EQ(bad(payload).id, "") << payload.substr(0, 40);
    }
}

TEST(Talk, an_answer_is_read_as_it_was_written) {
    for (const DataResponse& response : {DataResponse{"a", 5, 0, {}}, DataResponse{"a", 0, 12, {}},
                                         DataResponse{"a", 0, 0, "there is no panel of that id"}}) {
        EXPECT_EQ(*parse_response(encode_response(response)), response);
    }
    for (const char* payload :
         {"", "{}", R"({"id":"a"})", R"({"id":"a","count":-1})", R"({"id":"a/b","count":1})",
          R"({"id":"a","count":1,"purged_through":"x"})"}) {
        EXPECT_FALSE(parse_response(payload)) << payload;
    }
}

TEST(Talk, a_receipt_is_read_as_it_was_written) {
    const ReceiptMessage receipt{"bills", "east", Epoch{0xabcdef0123456789}, 17};
    EXPECT_EQ(encode_receipt(receipt),
              R"({"receiver":"bills","panel":"east","epoch":"abcdef0123456789","through":17})");
    EXPECT_EQ(*parse_receipt(encode_receipt(receipt)), receipt);
    for (const char* payload :
         {"", "[1]", R"({"receiver":"bills","panel":"east","epoch":"abcdef0123456789"})",
          R"({"receiver":"b/s","panel":"east","epoch":"abcdef0123456789","through":1})",
          R"({"receiver":"bills","panel":"east","epoch":"abcdef0123456789","through":-1})",
          R"({"receiver":"bills","panel":"","epoch":"abcdef0123456789","through":1})",
          R"({"receiver":"bills","panel":"east","epoch":1,"through":1})"}) {
        EXPECT_FALSE(parse_receipt(payload)) << payload;
    }
}

TEST(Talk, what_is_encoded_fits_the_published_schemas) {
    const RequestedNumbers numbers{Epoch{1}, 3, 9};
    EXPECT_TRUE(
        fits_schema(METERGATE_SOURCE_DIR, "request", encode_request({"a", "east", numbers})));
    EXPECT_TRUE(fits_schema(
        METERGATE_SOURCE_DIR, "request",
        encode_request({"a", "_panel_3", RequestedEnds{utc_from_s(0), utc_from_s(9)}})));
    EXPECT_TRUE(fits_schema(METERGATE_SOURCE_DIR, "response", encode_response({"a", 5, 2, {}})));
    EXPECT_TRUE(fits_schema(METERGATE_SOURCE_DIR, "response", encode_response({"a", 0, 0, "no"})));
    EXPECT_TRUE(fits_schema(METERGATE_SOURCE_DIR, "receipt",
                            encode_receipt({"bills", "gateway", Epoch{1}, 0})));
    EXPECT_FALSE(fits_schema(METERGATE_SOURCE_DIR, "request",
                             R"({"id":"a/b","panel":"east","from_end_s":1,"to_end_s":2})"));
    EXPECT_FALSE(fits_schema(METERGATE_SOURCE_DIR, "request",
                             R"({"id":"a","panel":"east","from":1,"to":2})"));
    EXPECT_FALSE(fits_schema(METERGATE_SOURCE_DIR, "response", R"({"id":"a"})"));
    EXPECT_FALSE(fits_schema(METERGATE_SOURCE_DIR, "receipt",
                             R"({"receiver":"b","panel":"east","through":1})"));
}

/// Bytes like those of a request, broken in random places.
TEST(Talk, no_bytes_do_harm) {
    std::mt19937_64 random(5);
    const std::string good =
        R"({"id":"a","panel":"east","epoch":"0000000000001234","from":1,"to":2})";
    for (int i = 0; i < 20'000; ++i) {
        std::string payload = good;
        for (auto changes = 1 + random() % 4; changes > 0; --changes) {
            payload[random() % payload.size()] = static_cast<char>(random());
        }
        payload.resize(random() % 4 == 0 ? random() % payload.size() : payload.size());
        const auto parsed = parse_request(payload);
        if (const auto* request = std::get_if<DataRequest>(&parsed)) {
            EXPECT_EQ(std::get<DataRequest>(parse_request(encode_request(*request))), *request);
        } else {
            const auto& id = std::get<BadRequest>(parsed).id;
            EXPECT_TRUE(id.empty() || is_talk_name(id));
        }
        (void)parse_receipt(payload);
        (void)parse_response(payload);
    }
}

}  // namespace
}  // namespace metergate::northbound
