#include "gateway/control/protocol.hpp"

#include <gtest/gtest.h>

#include <string>

namespace metergate::control {
namespace {

using schema::Json;

TEST(ControlProtocol, a_request_survives_its_line) {
    const Request sent{Json::of(7), "read", Json::object().set("line", "riser-1")};
    const auto line = request_line(sent);
    EXPECT_EQ(line.back(), '\n');
    const auto got = parse_request(line);
    ASSERT_TRUE(got) << got.error().text;
    EXPECT_EQ(got->id, sent.id);
    EXPECT_EQ(got->method, "read");
    EXPECT_EQ(*got->params.string_at("line"), "riser-1");
}

TEST(ControlProtocol, params_may_be_left_out) {
    const auto got = parse_request(R"({"v": 1, "id": 1, "method": "status"})");
    ASSERT_TRUE(got) << got.error().text;
    EXPECT_TRUE(got->params.as_object()->empty());
}

struct BadLine {
    std::string line;
    std::string complaint;
};

class ControlProtocolBadLine : public testing::TestWithParam<BadLine> {};

TEST_P(ControlProtocolBadLine, is_refused_and_named) {
    const auto got = parse_request(GetParam().line);
    ASSERT_FALSE(got);
    EXPECT_EQ(got.error().fault, Fault::invalid);
    EXPECT_NE(got.error().text.find(GetParam().complaint), std::string::npos) << got.error().text;
}

INSTANTIATE_TEST_SUITE_P(
    All, ControlProtocolBadLine,
    testing::Values(BadLine{"", "request"}, BadLine{"hello", "line 1, column 1"},
                    BadLine{"[1]", "expected an object"},
                    BadLine{R"({"id": 1, "method": "status"})", "v must be 1"},
                    BadLine{R"({"v": 2, "method": "status"})", "v must be 1"},
                    BadLine{R"({"v": 1, "id": 1})", "method is missing"},
                    BadLine{R"({"v": 1, "method": 5})", "method is missing or no string"},
                    BadLine{R"({"v": 1, "method": "read", "params": [1]})", "must be an object"},
                    BadLine{R"({"v": 1, "v": 1, "method": "status"})", "twice"},
                    BadLine{std::string(line_size_max + 1, ' '), "request"}));

TEST(ControlProtocol, answers_come_back_as_what_they_were) {
    const Json id = Json::of("a");
    const auto progress = parse_answer(progress_line(id, Json::of(50)));
    const auto result = parse_answer(result_line(id, Json::of("done")));
    const auto error = parse_answer(error_line(id, {Fault::busy, "8 reads are waiting"}, "line"));
    ASSERT_TRUE(progress && result && error);
    EXPECT_EQ(*progress->progress, Json::of(50));
    EXPECT_EQ(*result->result, Json::of("done"));
    EXPECT_EQ(*error->error, (Error{Fault::busy, "8 reads are waiting"}));
    EXPECT_EQ(error->id, id);
}

TEST(ControlProtocol, every_fault_keeps_its_kind_over_the_wire) {
    for (const Fault fault : {Fault::invalid, Fault::not_found, Fault::busy, Fault::timeout,
                              Fault::disconnected, Fault::refused, Fault::damaged, Fault::full}) {
        const auto answer = parse_answer(error_line({}, {fault, "x"}));
        ASSERT_TRUE(answer);
        EXPECT_EQ(answer->error->fault, fault) << name_of(fault);
    }
}

TEST(ControlProtocol, a_line_that_is_no_answer_is_damaged) {
    for (const char* line : {"", "{}", "[]", R"({"id": 1})"}) {
        const auto answer = parse_answer(line);
        ASSERT_FALSE(answer) << line;
        EXPECT_EQ(answer.error().fault, Fault::damaged);
    }
}

TEST(ControlProtocol, changing_methods_need_an_administrator_and_looking_does_not) {
    EXPECT_EQ(find_method("status")->role, Role::viewer);
    EXPECT_EQ(find_method("read")->role, Role::viewer);
    EXPECT_EQ(find_method("change-out")->role, Role::admin);
    EXPECT_EQ(find_method("reboot"), nullptr);
}

}  // namespace
}  // namespace metergate::control
