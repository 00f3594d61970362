#include "config/schema/csv.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace metergate::schema {
namespace {

using testing::ElementsAre;

std::vector<std::vector<std::string>> cells_of(std::string_view text) {
    const auto rows = read_csv(text);
    EXPECT_TRUE(rows) << rows.error().text;
    std::vector<std::vector<std::string>> cells;
    for (const CsvRow& row : *rows)
        cells.push_back(row.cells);
    return cells;
}

TEST(Csv, quoted_cells_hold_separators_quotes_and_line_ends) {
    EXPECT_THAT(cells_of("a,\"b,c\",\"d \"\"e\"\"\"\r\n\"f\r\ng\",,h"),
                ElementsAre(ElementsAre("a", "b,c", "d \"e\""), ElementsAre("f\r\ng", "", "h")));
}

TEST(Csv, rows_know_their_line) {
    const auto rows = read_csv("a\n\n\"b\nc\",x\nd\n");
    ASSERT_TRUE(rows);
    ASSERT_EQ(rows->size(), 3U);
    EXPECT_EQ(rows->at(1).line, 3U);
    EXPECT_EQ(rows->at(2).line, 5U);
}

TEST(Csv, a_sheet_with_semicolons_and_byte_order_mark_is_read) {
    EXPECT_THAT(cells_of("\xEF\xBB\xBF"
                         "a;b\n1,5;2"),
                ElementsAre(ElementsAre("a", "b"), ElementsAre("1,5", "2")));
}

TEST(Csv, bad_quoting_is_refused_with_its_line) {
    EXPECT_EQ(read_csv("a\nb,\"c\nd").error().text,
              "line 2: a quotation mark is opened and not closed");
    EXPECT_EQ(read_csv("a\n\"b\"c").error().text,
              "line 2: a quoted cell ends before its cell does");
    EXPECT_EQ(read_csv("a\"b").error().text,
              "line 1: a quotation mark in a cell that does not begin with one");
}

TEST(Csv, formulas_are_neutralised_and_come_back) {
    for (const char* cell : {"=1+1", "+1", "-1+2", "@x", "\tx", "'=1", "'plain", "plain", ""}) {
        const std::string row = csv_row({cell, "x"});
        const auto cells = cells_of(row).at(0);
        EXPECT_EQ(std::string_view("=+-@\t").find(cells[0].empty() ? 'x' : cells[0].front()),
                  std::string_view::npos)
            << row;
        EXPECT_EQ(without_apostrophe(cells[0]), cell);
    }
    EXPECT_EQ(csv_row({"=cmd()", "a;b", "c\"d"}), "'=cmd(),\"a;b\",\"c\"\"d\"\r\n");
}

TEST(Csv, a_negative_number_is_no_formula) {
    EXPECT_EQ(csv_row({"-0.005", "-12", "-1+1", "-", "'-0.005"}),
              "-0.005,-12,'-1+1,'-,''-0.005\r\n");
}

}  // namespace
}  // namespace metergate::schema
