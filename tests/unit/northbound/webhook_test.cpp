#include <gtest/gtest.h>
#include <zlib.h>

#include <array>
#include <string>

#include "northbound/webhook/answer.hpp"
#include "northbound/webhook/gzip.hpp"
#include "northbound/webhook/signature.hpp"

namespace metergate::northbound::webhook {
namespace {

using Meaning = Answer::Meaning;
using std::chrono::seconds;

// ---- Signatures ----

TEST(WebhookSignature, is_that_of_another_implementation) {
    // Secret, id, time and body are the example of the "Standard Webhooks" specification; the
    // result was computed with Python's hmac.
    const auto key = key_of_secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
    ASSERT_TRUE(key);
    EXPECT_EQ(key->size(), 24U);
    EXPECT_EQ(signature_of(*key, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1'614'265'330,
                           R"({"test": 2432232314})"),
              "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
}

TEST(WebhookSignature, a_secret_is_base64_with_or_without_its_mark) {
    EXPECT_EQ(*key_of_secret("aGVsbG8="), "hello");
    EXPECT_EQ(*key_of_secret("whsec_aGVsbG8="), "hello");
    EXPECT_EQ(*key_of_secret("aGVsbG8h"), "hello!");
    for (const char* bad : {"", "whsec_", "a secret!", "abc", "====", "aGVsbG8"}) {
        const auto key = key_of_secret(bad);
        ASSERT_FALSE(key) << bad;
        EXPECT_EQ(key.error().text, "the secret is no base64") << "and it does not show it";
    }
}

TEST(WebhookId, stands_for_topic_and_content) {
    EXPECT_EQ(id_of("metergate/x/meta", "{}"), "msg_4355fa27f2210cc5b348d13c4afe65ca");
    EXPECT_NE(id_of("metergate/x/batch/east", "{}"), id_of("metergate/x/batch/west", "{}"));
    EXPECT_NE(id_of("metergate/x/batch/east", "{}"), id_of("metergate/x/batch/east", "{ }"));
}

// ---- Compression ----

std::string unpacked(const std::string& packed) {
    std::string text(1'000'000, '\0');
    std::string input = packed;
    z_stream stream{};
    EXPECT_EQ(inflateInit2(&stream, 16 + 15), Z_OK);
    stream.next_in = reinterpret_cast<Bytef*>(input.data());
    stream.avail_in = static_cast<uInt>(input.size());
    stream.next_out = reinterpret_cast<Bytef*>(text.data());
    stream.avail_out = static_cast<uInt>(text.size());
    EXPECT_EQ(inflate(&stream, Z_FINISH), Z_STREAM_END);
    text.resize(stream.total_out);
    inflateEnd(&stream);
    return text;
}

TEST(WebhookGzip, gives_back_what_went_in_and_the_same_bytes_each_time) {
    std::string long_text;
    for (int i = 0; i < 20'000; ++i) {
        long_text += std::to_string(i * 7919);
    }
    for (const std::string& text : {std::string{}, std::string("{}"), long_text}) {
        EXPECT_EQ(unpacked(gzip(text)), text);
        EXPECT_EQ(gzip(text), gzip(text));
    }
    EXPECT_EQ(gzip("x").substr(4, 4), std::string(4, '\0')) << "no time: RFC 1952, MTIME";
}

// ---- Answers ----

transfer::HttpReply reply_of(int status, std::string body = "", std::string type = "") {
    transfer::HttpReply reply;
    reply.status = status;
    reply.body = std::move(body);
    reply.content_type = std::move(type);
    return reply;
}

Answer answer_to(const transfer::HttpReply& reply, const std::string& expected = "") {
    return answer_in(reply, expected, seconds{3600});
}

TEST(WebhookAnswer, success_is_taken) {
    for (const int status : {200, 201, 202, 204, 299}) {
        EXPECT_EQ(answer_to(reply_of(status)).meaning, Meaning::taken) << status;
    }
    EXPECT_EQ(answer_to(reply_of(200, R"({"ok": true})", "application/json")).meaning,
              Meaning::taken);
    EXPECT_EQ(answer_to(reply_of(200, "a < b", "text/plain")).meaning, Meaning::taken);
}

TEST(WebhookAnswer, success_with_a_web_page_is_somebody_elses) {
    for (const auto& page : {reply_of(200, "\r\n  <html>"), reply_of(200, "\xEF\xBB\xBF<!DOCTYPE"),
                             reply_of(200, "", "Text/HTML; charset=utf-8"),
                             reply_of(204, "x", "application/xhtml+xml")}) {
        EXPECT_EQ(answer_to(page).meaning, Meaning::broken) << page.body;
        EXPECT_NE(answer_to(page).text.find("perhaps a portal"), std::string::npos);
    }
}

TEST(WebhookAnswer, success_must_say_what_is_expected) {
    EXPECT_EQ(answer_to(reply_of(200, "<ok/>", "text/html"), "ok").meaning, Meaning::taken)
        << "who expects something knows what it looks like";
    EXPECT_EQ(answer_to(reply_of(200, "queued\n\x01"), "stored").text,
              "status 200 without \"stored\" in the answer: queued  ");
}

TEST(WebhookAnswer, patience_is_kept_as_asked_and_capped) {
    transfer::HttpReply busy = reply_of(429);
    EXPECT_EQ(answer_to(busy).meaning, Meaning::later);
    EXPECT_EQ(answer_to(busy).wait, seconds{60});
    busy.retry_after = seconds{7};
    EXPECT_EQ(answer_to(busy).wait, seconds{7});
    busy.retry_after = seconds{1'000'000'000};
    EXPECT_EQ(answer_to(busy).wait, seconds{3600});
    busy.retry_after = seconds{-5};
    EXPECT_EQ(answer_to(busy).wait, seconds{1});
    transfer::HttpReply away = reply_of(503);
    EXPECT_EQ(answer_to(away).meaning, Meaning::broken);
    away.retry_after = seconds{30};
    EXPECT_EQ(answer_to(away).meaning, Meaning::later);
}

TEST(WebhookAnswer, what_is_wrong_with_one_message_is_not_wrong_with_the_place) {
    for (const int status : {400, 409, 413, 415, 422}) {
        EXPECT_EQ(answer_to(reply_of(status)).meaning, Meaning::refused) << status;
    }
    for (const int status : {0, 100, 401, 403, 404, 405, 408, 410, 500, 502, 504, 599}) {
        EXPECT_EQ(answer_to(reply_of(status)).meaning, Meaning::broken) << status;
    }
}

TEST(WebhookAnswer, a_redirect_is_told_and_not_followed) {
    transfer::HttpReply reply = reply_of(308);
    reply.location = "http://other.example/";
    EXPECT_EQ(answer_to(reply).meaning, Meaning::broken);
    EXPECT_EQ(answer_to(reply).text,
              "status 308: it redirects to http://other.example/, and redirects are not followed");
}

}  // namespace
}  // namespace metergate::northbound::webhook
