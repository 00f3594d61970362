#include "gateway/app/scan_expected.hpp"

#include <gtest/gtest.h>

namespace metergate::app {
namespace {

using southbound::FoundDevice;

FoundDevice device_at(std::uint8_t unit, const std::string& serial) {
    FoundDevice device;
    device.unit = unit;
    device.answers = true;
    device.serial = serial;
    return device;
}

std::string error_of(std::string_view text) {
    const auto expected = expected_from_csv(text);
    return expected ? "none" : expected.error().text;
}

TEST(ScanExpected, a_device_with_several_suites_has_several_rows) {
    const auto expected = expected_from_csv(
        "serial,suite,panel\r\n4711,101,east\r\n004711,102,east\r\n4712,201,west\r\n");
    ASSERT_TRUE(expected);
    ASSERT_EQ(expected->size(), 2U);
    EXPECT_EQ(expected->front().suites, (std::vector<std::string>{"101", "102"}));
}

TEST(ScanExpected, columns_may_come_in_any_order_and_by_semicolon) {
    const auto expected = expected_from_csv("panel;address;serial;suite\neast;7;4711;101\n");
    ASSERT_TRUE(expected) << expected.error().text;
    EXPECT_EQ(expected->front().address, 7);
    EXPECT_EQ(expected->front().panel, "east");
}

TEST(ScanExpected, a_bad_sheet_is_refused_with_the_line) {
    EXPECT_EQ(error_of(""), "line 1: the sheet is empty");
    EXPECT_EQ(error_of("number,suite,panel\n"), "line 1: the columns must be serial,suite,panel");
    EXPECT_EQ(error_of("serial,suite,panel\n1,101,east\n2,102\n"), "line 3: 2 cells instead of 3");
    EXPECT_EQ(error_of("serial,suite,panel\n1,101,east\n,102,east\n"),
              "line 3: the serial number is missing");
    EXPECT_EQ(error_of("serial,suite,panel\n1,101,east\n1,102,west\n"),
              "line 3: serial number 1 stands above with another panel or address");
    EXPECT_EQ(error_of("serial,suite,panel,address\n1,101,east,300\n"),
              "line 2: address: \"300\" is no address from 1 to 247");
}

TEST(ScanExpected, missing_elsewhere_and_unexpected_are_told_apart) {
    auto expected =
        expected_from_csv("serial,suite,panel\n1,101,a\n2,102,b\n3,103,c\n4,104,d\n").value();
    schema::LineSettings line;
    for (const auto& [id, address] : {std::pair("a", 1), std::pair("b", 2)}) {
        line.panels.emplace_back().id = id;
        line.panels.back().address = address;
    }
    take_addresses(expected, line);
    const ScanDifference difference = compare(
        expected, {device_at(1, "0001"), device_at(9, "2"), device_at(5, "4"), device_at(6, "")});
    EXPECT_TRUE(difference.any());
    EXPECT_EQ(difference_text(difference),
              "as expected: 2\n"
              "missing: serial 3, panel c, suite 103\n"
              "at another address: serial 2, panel b, suite 102: found at 9 instead of 2\n"
              "unexpected: address 6, serial number unknown\n");
}

TEST(ScanExpected, what_is_as_the_drawing_says_is_no_difference) {
    const auto expected = expected_from_csv("serial,suite,panel\n1,101,a\n").value();
    EXPECT_FALSE(compare(expected, {device_at(3, "1")}).any());
}

}  // namespace
}  // namespace metergate::app
