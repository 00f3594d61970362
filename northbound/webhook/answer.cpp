#include "northbound/webhook/answer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <string_view>

namespace metergate::northbound::webhook {
namespace {

using Meaning = Answer::Meaning;
using std::chrono::seconds;

/// Without Retry-After.
constexpr seconds usual_wait{60};
constexpr std::size_t shown_of_body = 120;

/// The beginning of what somebody else wrote, fit for a log line.
std::string shown(std::string_view foreign) {
    std::string text(foreign.substr(0, shown_of_body));
    std::replace_if(
        text.begin(), text.end(), [](unsigned char one) { return one < ' ' || one > '~'; }, ' ');
    return text;
}

std::string beginning(std::string_view body) {
    return body.empty() ? "" : ": " + shown(body);
}

bool is_page(const transfer::HttpReply& reply) {
    const std::size_t begin = reply.body.find_first_not_of(" \t\r\n\xEF\xBB\xBF");
    std::string type = reply.content_type.substr(0, reply.content_type.find(';'));
    std::transform(type.begin(), type.end(), type.begin(),
                   [](unsigned char one) { return static_cast<char>(std::tolower(one)); });
    const bool begins_like_one = begin != std::string::npos && reply.body[begin] == '<';
    return type == "text/html" || type == "application/xhtml+xml" || begins_like_one;
}

Answer answer_of_success(const transfer::HttpReply& reply, const std::string& expected) {
    if (!expected.empty() && reply.body.find(expected) == std::string::npos) {
        return {Meaning::broken,
                {},
                fmt::format("status {} without \"{}\" in the answer{}", reply.status, expected,
                            beginning(reply.body))};
    }
    if (expected.empty() && is_page(reply)) {
        return {Meaning::broken,
                {},
                fmt::format("status {} with a web page: something else answers in the receiver's "
                            "place, perhaps a portal that wants a sign-in",
                            reply.status)};
    }
    return {Meaning::taken, {}, {}};
}

}  // namespace

Answer answer_in(const transfer::HttpReply& reply, const std::string& expected, seconds wait_max) {
    constexpr int too_early = 425;
    constexpr int too_many = 429;
    constexpr int unavailable = 503;
    const int status = reply.status;
    if (status >= 200 && status < 300) {
        return answer_of_success(reply, expected);
    }
    if (status >= 300 && status < 400) {
        return {Meaning::broken,
                {},
                fmt::format("status {}: it redirects to {}, and redirects are not followed", status,
                            reply.location.empty() ? "nowhere" : shown(reply.location))};
    }
    const bool asks_to_wait =
        status == too_many || status == too_early || (status == unavailable && reply.retry_after);
    if (asks_to_wait) {
        const seconds wait =
            std::clamp(reply.retry_after.value_or(usual_wait), seconds{1}, wait_max);
        return {Meaning::later, wait,
                fmt::format("status {}: it asks to wait, {} s", status, wait.count())};
    }
    // What is wrong with one message only; all else is wrong with the place or the rights.
    const bool about_message =
        status == 400 || status == 409 || status == 413 || status == 415 || status == 422;
    return {about_message ? Meaning::refused : Meaning::broken,
            {},
            fmt::format("status {}{}", status, beginning(reply.body))};
}

}  // namespace metergate::northbound::webhook
