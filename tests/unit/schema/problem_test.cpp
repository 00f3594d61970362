#include "config/schema/problem.hpp"

#include <gtest/gtest.h>

namespace metergate::schema {
namespace {

TEST(Problem, its_text_says_path_reason_and_place) {
    EXPECT_EQ(text_of({"lines[0].panels[3].address", "248 is outside 1..247", {12, 30}}),
              "lines[0].panels[3].address: 248 is outside 1..247 (line 12, column 30)");
    EXPECT_EQ(text_of({"", "must be an object", {}}), "must be an object");
}

TEST(Problem, the_place_of_a_path_is_where_its_value_begins) {
    const auto document = parse_json("{\"a\": [\n {\"b\": 1},\n {\"b\": 2}]}");
    ASSERT_TRUE(document);
    EXPECT_EQ(place_of(*document, "a[1].b"), (Place{3, 8}));
    EXPECT_EQ(place_of(*document, "a[1].missing"), (Place{3, 2}));
    EXPECT_EQ(place_of(*document, "a[7]"), (Place{1, 7}));
    EXPECT_EQ(place_of(*document, ""), (Place{1, 1}));
}

TEST(NearestName, finds_what_a_slip_was_meant_to_be) {
    const std::vector<std::string> names{"address", "profile", "poll_period_ms", "id"};
    EXPECT_EQ(nearest_name("adress", names), "address");
    EXPECT_EQ(nearest_name("porfile", names), "profile");
    EXPECT_EQ(nearest_name("Poll-Period-ms", names), "poll_period_ms");
    EXPECT_EQ(nearest_name("temperature", names), "");
    EXPECT_EQ(nearest_name("xy", names), "");
    EXPECT_EQ(nearest_name(std::string(10'000, 'a'), names), "");
}

}  // namespace
}  // namespace metergate::schema
