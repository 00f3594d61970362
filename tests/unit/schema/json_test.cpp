#include "config/schema/json.hpp"

#include <gtest/gtest.h>

namespace metergate::schema {
namespace {

std::string error_of(std::string_view text, const ParseOptions& options = {}) {
    const auto parsed = parse_json(text, options);
    return parsed ? "(accepted)" : parsed.error().text;
}

TEST(Json, every_kind_is_read_with_its_place) {
    const auto parsed = parse_json("{\"a\": [1, 2.50, true, null],\n  \"b\": \"x\"}");
    ASSERT_TRUE(parsed) << parsed.error().text;
    const auto* a = parsed->find("a")->as_array();
    ASSERT_NE(a, nullptr);
    ASSERT_EQ(a->size(), 4U);
    EXPECT_EQ(*a->at(0).as_integer(), 1);
    EXPECT_EQ(a->at(1).as_decimal()->value, 2.5);
    EXPECT_EQ(a->at(1).as_decimal()->text, "2.50");
    EXPECT_EQ(a->at(1).place(), (Place{1, 11}));
    EXPECT_TRUE(*a->at(2).as_bool());
    EXPECT_TRUE(a->at(3).is_null());
    EXPECT_EQ(*parsed->string_at("b"), "x");
    EXPECT_EQ(parsed->find("b")->place(), (Place{2, 8}));
    EXPECT_EQ(parsed->as_object()->at(1).key_place, (Place{2, 3}));
}

TEST(Json, an_accessor_of_another_kind_gives_nothing) {
    const Json number = Json::of(7);
    EXPECT_EQ(number.as_string(), nullptr);
    EXPECT_EQ(number.as_object(), nullptr);
    EXPECT_EQ(number.find("x"), nullptr);
    EXPECT_EQ(Json::object({{"n", number, {}}}).string_at("n"), nullptr);
    EXPECT_EQ(Json::object({{"n", number, {}}}).integer_at("n"), 7);
    EXPECT_EQ(Json::of("7").as_number(), std::nullopt);
    EXPECT_EQ(number.as_number(), 7.0);
}

TEST(Json, an_object_keeps_the_order_of_its_members) {
    Json value = Json::object();
    value.set("z", 1).set("a", true).set("m", "text").set("z", 2);
    value.set("list", std::vector<std::int64_t>{1, 2});
    EXPECT_EQ(write_compact(value), R"({"z":2,"a":true,"m":"text","list":[1,2]})");
}

TEST(Json, a_list_takes_anything_a_value_can_be_made_of) {
    Json list = Json::array();
    list.push(1).push("two").push(Json()).push(0.5).push(Json::object());
    EXPECT_EQ(write_compact(list), R"([1,"two",null,0.5,{}])");
}

TEST(Json, strings_are_escaped_and_stay_utf8) {
    EXPECT_EQ(write_compact(Json::of("a\"b\\c\n\t\x01 \xC3\xA9 \xF0\x9F\x98\x80")),
              "\"a\\\"b\\\\c\\n\\t\\u0001 \xC3\xA9 \xF0\x9F\x98\x80\"");
}

TEST(Json, bytes_that_are_no_utf8_are_replaced_when_written) {
    const std::string replaced =
        "\"a\xEF\xBF\xBD"
        "b\"";
    EXPECT_EQ(write_compact(Json::of(std::string("a\xFF"
                                                 "b"))),
              replaced);
    EXPECT_EQ(write_compact(Json::of(std::string("a\xC0"
                                                 "b"))),
              replaced);
    EXPECT_EQ(write_compact(Json::of(std::string("\xED\xA0\x80"))),
              "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\"");
    EXPECT_EQ(write_compact(Json::of(std::string("\xE2\x82"))), "\"\xEF\xBF\xBD\xEF\xBF\xBD\"");
}

TEST(Json, decimals_are_written_shortest_and_read_back_as_decimals) {
    EXPECT_EQ(write_compact(Json::of(0.1)), "0.1");
    EXPECT_EQ(write_compact(Json::of(3.0)), "3.0");
    EXPECT_EQ(write_compact(Json::of(1e300)), "1e+300");
    EXPECT_EQ(write_compact(Json::of(std::numeric_limits<double>::quiet_NaN())), "null");
    EXPECT_EQ(write_compact(*parse_json("120.050")), "120.050");
}

TEST(Json, what_is_written_is_read_back_equal) {
    const auto value = parse_json(
        R"({"a":[{"b":-0.25,"c":"é\u0000\ud83d\ude00"},[],{}],"d":-9223372036854775808})");
    ASSERT_TRUE(value) << value.error().text;
    EXPECT_EQ(*parse_json(write_compact(*value)), *value);
    EXPECT_EQ(*parse_json(write_pretty(*value)), *value);
}

TEST(Json, pretty_text_keeps_lists_of_plain_values_on_one_line) {
    const auto value = parse_json(R"({"a":[1,2],"b":[{"c":1},{}],"e":{}})");
    EXPECT_EQ(write_pretty(*value), R"({
  "a": [1, 2],
  "b": [
    {
      "c": 1
    },
    {}
  ],
  "e": {}
}
)");
}

TEST(JsonParser, integers_reach_to_the_ends_of_64_bits) {
    EXPECT_EQ(*parse_json("9223372036854775807")->as_integer(), 9223372036854775807);
    EXPECT_EQ(error_of("{\"n\": 9223372036854775808}"),
              "line 1, column 7: 9223372036854775808 does not fit in 64 bits in n");
    EXPECT_EQ(error_of("[1, 99999999999999999999999]"),
              "line 1, column 5: 99999999999999999999999 does not fit in 64 bits in [1]");
    EXPECT_EQ(error_of("1e999"), "line 1, column 1: 1e999 is no usable number");
}

TEST(JsonParser, decimals_are_read_to_the_nearest_double) {
    EXPECT_EQ(parse_json("0.1")->as_decimal()->value, 0.1);
    EXPECT_EQ(parse_json("1234567.8912345678")->as_decimal()->value, 1234567.8912345678);
}

TEST(JsonParser, comments_are_refused_unless_allowed) {
    const std::string text = "// one\n{ /* two: \"x\" */ \"a\": 1, // three\n \"b\": 2 }";
    EXPECT_EQ(error_of(text), "line 1, column 1: unexpected \"/\"");
    const auto parsed = parse_json(text, {.comments = true});
    ASSERT_TRUE(parsed) << parsed.error().text;
    EXPECT_EQ(parsed->find("b")->place(), (Place{3, 7}));
}

TEST(JsonParser, a_key_that_stands_twice_is_refused_with_its_path) {
    EXPECT_EQ(error_of("{\"lines\": [{}, {\n  \"id\": \"a\",\n  \"id\": \"b\"}]}"),
              "line 3, column 3: \"id\" stands twice in lines[1]");
    EXPECT_EQ(error_of(R"({"a":1,"a":2})"), "line 1, column 8: \"a\" stands twice");
    EXPECT_EQ(error_of(R"({"a":1,"\u0061":2})"), "line 1, column 8: \"a\" stands twice");
}

TEST(JsonParser, syntax_errors_name_line_column_and_path) {
    EXPECT_EQ(error_of("{\"a\": 1\n \"b\": 2}"),
              "line 2, column 2: a comma is missing before a quotation mark");
    EXPECT_EQ(error_of("{\"a\": [1 2]}"),
              "line 1, column 10: a comma is missing before \"2\" in a[1]");
    EXPECT_EQ(error_of("{\"a\": [1, 2,]}"),
              "line 1, column 13: the comma before \"]\" is one too many in a[2]");
    EXPECT_EQ(error_of("{\"a\": 1,\n}"),
              "line 2, column 1: the comma before \"}\" is one too many");
    EXPECT_EQ(error_of("{\"a\": nul}"),
              "line 1, column 7: unexpected nul in a (text stands in quotation marks)");
    EXPECT_EQ(error_of("{a: 1}"),
              "line 1, column 2: unexpected a (text stands in quotation marks)");
    EXPECT_EQ(error_of("{\"a\": {\"b\": 01}}"), "line 1, column 13: 01 begins with a zero in a.b");
    EXPECT_EQ(error_of("{} {}"), "line 1, column 4: nothing may follow the end of the value");
}

TEST(JsonParser, columns_count_characters_not_bytes) {
    EXPECT_EQ(error_of("{\"n\u00e4me\": \"\u00fc\u20ac\", ?}"),
              "line 1, column 16: unexpected \"?\"");
}

TEST(JsonParser, a_text_that_ends_early_names_the_bracket_that_is_open) {
    EXPECT_EQ(error_of("{\n\"lines\": [\n{\"id\": \"a\""),
              "line 3, column 11: the text ends before the \"{\" of line 3 is closed in lines[0]");
    EXPECT_EQ(error_of(""), "line 1, column 1: the text ends before a value is complete");
    EXPECT_EQ(error_of("\"abc"), "line 1, column 5: the text ends before a value is complete");
}

TEST(JsonParser, zero_bytes_are_named) {
    EXPECT_EQ(error_of(std::string(4, '\0')), "line 1, column 1: unexpected zero byte");
    EXPECT_EQ(error_of(std::string("{\"a\": \"x\0\"}", 11)),
              "line 1, column 9: unexpected zero byte in a");
}

TEST(JsonParser, invalid_utf8_is_refused) {
    EXPECT_EQ(error_of("{\"a\": \"x\xFF\"}"),
              "line 1, column 9: unexpected byte 255 (no valid UTF-8 here) in a");
}

TEST(JsonParser, depth_and_size_are_limited) {
    EXPECT_TRUE(parse_json(std::string(32, '[') + std::string(32, ']')));
    EXPECT_EQ(error_of(std::string(33, '[') + std::string(33, ']')),
              "line 1, column 33: nested too deep");
    EXPECT_EQ(error_of("[1,2,3]", {.size_max = 6}),
              "line 1, column 1: the text has 7 bytes, more than the 6 allowed");
}

TEST(JsonParser, a_byte_order_mark_is_skipped) {
    EXPECT_TRUE(parse_json("\xEF\xBB\xBF{}"));
}

TEST(JsonParser, many_keys_take_linear_time) {
    std::string text = "{";
    for (int i = 0; i < 100'000; ++i) {
        text += (i == 0 ? "\"k" : ",\"k") + std::to_string(i) + "\":0";
    }
    text += "}";
    const auto parsed = parse_json(text, {.size_max = 4UL << 20U});
    ASSERT_TRUE(parsed);
    EXPECT_EQ(parsed->as_object()->size(), 100'000U);
}

}  // namespace
}  // namespace metergate::schema
