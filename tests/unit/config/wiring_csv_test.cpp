#include "config/wiring_csv.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace metergate::config {
namespace {

using schema::PanelSettings;
using schema::PointSettings;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr const char* heading = "suite,point,service,cable,pair,phase,polarity,ratio,breaker_a\r\n";

PointSettings new_point(const Id& id, std::int64_t slot) {
    PointSettings point;
    point.id = id;
    point.slot = slot;
    return point;
}

PanelSettings panel() {
    PanelSettings result;
    result.id = "east";
    result.points = {new_point("suite-101", 1), new_point("bulk", 2), new_point("bare", 3)};
    PointSettings& wired = result.points[0];
    wired.service = Service::network_ca;
    wired.channels = {17, 2};
    wired.reversed_channels = {2};
    wired.breaker_a = 100;
    wired.suite = "=101, \"left\"";
    PointSettings& large = result.points[1];
    large.service = Service::four_wire_wye;
    large.channels = {46, 47, 48};
    large.ct_primary_a = 400;
    large.ct_secondary_ma = 5'000;
    large.ct_turns = 2;
    return result;
}

std::vector<std::string> problems_of(const std::string& rows) {
    std::vector<std::string> texts;
    for (const auto& problem : wiring_from_csv(heading + rows, panel()).problems) {
        texts.push_back(text_of(problem));
    }
    return texts;
}

TEST(WiringCsv, a_panel_is_printed_with_one_row_for_each_ct) {
    EXPECT_EQ(wiring_to_csv(panel()),
              std::string(heading) +
                  "\"'=101, \"\"left\"\"\",suite-101,network-ca,2,1,C,normal,200:0.08,100\r\n"
                  "\"'=101, \"\"left\"\"\",suite-101,network-ca,1,2,A,reversed,200:0.08,100\r\n"
                  ",bulk,4-wire,3,14,A,normal,400:5x2,\r\n"
                  ",bulk,4-wire,3,15,B,normal,400:5x2,\r\n"
                  ",bulk,4-wire,3,16,C,normal,400:5x2,\r\n"
                  ",bare,,,,,,200:0.08,\r\n");
}

TEST(WiringCsv, what_is_printed_is_read_back_equal) {
    PanelSettings blank = panel();
    for (PointSettings& point : blank.points) {
        point = new_point(point.id, point.slot);
    }
    const auto import = wiring_from_csv(wiring_to_csv(panel()), blank);
    EXPECT_THAT(import.problems, IsEmpty());
    EXPECT_EQ(wiring_to_csv(import.panel), wiring_to_csv(panel()));
    EXPECT_EQ(import.panel.points[0].suite, "=101, \"left\"");
    EXPECT_EQ(import.panel.points[0].channels, (std::vector<std::int64_t>{17, 2}));
    EXPECT_EQ(import.panel.points[1].ct_turns, 2);
}

TEST(WiringCsv, points_that_the_sheet_does_not_name_keep_their_wiring) {
    const auto import = wiring_from_csv(
        std::string(heading) + "7,bare,2-wire-b,1,9,B,normal,200:0.08,\r\n", panel());
    EXPECT_THAT(import.problems, IsEmpty());
    EXPECT_EQ(import.panel.points[1].channels, panel().points[1].channels);
    EXPECT_EQ(import.panel.points[2].channels, (std::vector<std::int64_t>{9}));
    EXPECT_EQ(import.panel.points[2].suite, "7");
}

TEST(WiringCsv, every_problem_is_reported_with_its_line) {
    EXPECT_THAT(
        problems_of("1,suite-110,2-wire-a,1,1,A,normal,200:0.08,\r\n"
                    "1,bulk,4-wires,4,0,A,normal,200,x\r\n"
                    "1,bare,network-ab,1,1,B,reverse,200:0.08,\r\n"
                    "2,bare,network-ab,1,2,B,normal,200:0.08,\r\n"
                    "1,suite-101,2-wire-a\r\n"),
        ElementsAre("line 2, point: panel east has no point \"suite-110\"; did you mean "
                    "\"suite-101\"?",
                    "line 3, service: \"4-wires\" is no service",
                    "line 3, ratio: \"200\" is no CT ratio; write 200:0.08 or 400:5x2",
                    "line 3, breaker_a: \"x\" is outside 0..10000",
                    "line 3, cable: \"4\" is outside 1..3", "line 3, pair: \"0\" is outside 1..16",
                    "line 4, phase: \"B\" should be A: service network-ab",
                    "line 4, polarity: \"reverse\" is none of normal, reversed",
                    "line 5, suite: \"2\" differs from \"1\" of the same point in line 4",
                    "line 6: has 3 cells, not 9"));
}

TEST(WiringCsv, the_number_of_rows_is_that_of_the_service) {
    EXPECT_THAT(problems_of("1,bare,network-ab,1,1,A,normal,200:0.08,\r\n"
                            "2,bulk,,1,2,A,normal,200:0.08,\r\n"),
                ElementsAre("line 2: point bare: service network-ab needs 2 rows, here are 1",
                            "line 3, service: is needed with channels"));
}

TEST(WiringCsv, ratios_are_read_exactly) {
    for (const char* bad : {"", "200", "200:", ":5", "0:5", "200:0", "200:0.0801", "200:5x0",
                            "200:5x", "200:-1", "20000:5", "200:5 A", "200:.08"}) {
        EXPECT_EQ(problems_of(",bare,,,,,," + std::string(bad) + ",\r\n").size(), 1U) << bad;
    }
    const auto import = wiring_from_csv(
        "suite;point;service;cable;pair;phase;polarity;ratio;breaker_a\n;bare;;;;;;100:0,333;\n",
        panel());
    EXPECT_THAT(import.problems, IsEmpty());
    EXPECT_EQ(import.panel.points[2].ct_secondary_ma, 333);
}

TEST(WiringCsv, a_sheet_of_another_kind_is_refused) {
    const auto told = [](std::string_view text) {
        return text_of(wiring_from_csv(text, panel()).problems.at(0));
    };
    EXPECT_EQ(told("a,b\r\n"),
              "line 1: the first line must be: suite,point,service,cable,pair,"
              "phase,polarity,ratio,breaker_a");
    EXPECT_EQ(told(""),
              "line 1: the first line must be: suite,point,service,cable,pair,phase,"
              "polarity,ratio,breaker_a");
    EXPECT_EQ(told("\"a"), "line 1: a quotation mark is opened and not closed");
    EXPECT_EQ(told(std::string((1U << 20U) + 1, 'a')), "the sheet has more than 1048576 bytes");
}

}  // namespace
}  // namespace metergate::config
