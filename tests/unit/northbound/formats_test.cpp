#include <gtest/gtest.h>

#include <algorithm>

#include "northbound/formats/encoder.hpp"

namespace metergate::northbound::formats {
namespace {

constexpr UtcSeconds made = utc_from_s(1'772'430'000);  // 2026-03-02 05:40 UTC
constexpr std::int64_t begin_s = 1'772'427'600;         // 2026-03-02 05:00 UTC

RowsOf east() {
    return {"riser",
            "east-1",
            "4711",
            "Suite 101",
            "kwh-15min",
            Quantity::energy_delivered,
            std::chrono::minutes{15}};
}

/// The slot that ends so many quarters of an hour after the beginning.
Row slot(int number, std::optional<Milli> value, std::optional<Milli> reg, Flags flags = {}) {
    const UtcSeconds end = utc_from_s(begin_s + 900 * number);
    return {end - std::chrono::minutes{15}, end, value, reg, flags, 0, "gateway", 0};
}

Row without_record(int number) {
    Row row = slot(number, std::nullopt, std::nullopt);
    row.revision.reset();
    row.origin.clear();
    row.uncertainty.reset();
    return row;
}

std::string file_of(std::string_view format, const RowsOf& of, const std::vector<Row>& rows) {
    const auto encoder = make_encoder(format, {"tower-1", "PowerCo", made});
    EXPECT_NE(encoder, nullptr);
    std::string text = encoder->begin();
    text += encoder->rows(of, rows);
    return text + encoder->end();
}

TEST(Formats, have_names) {
    for (const std::string& name : format_names()) {
        EXPECT_NE(make_encoder(name, {}), nullptr) << name;
    }
    EXPECT_EQ(make_encoder("xls", {}), nullptr);
}

TEST(FormatCsv, has_a_heading_and_one_row_a_slot) {
    EXPECT_EQ(
        file_of("csv", east(),
                {slot(1, 251, 1'000'251, Flag::interpolated | Flag::clock_set),
                 slot(2, std::nullopt, std::nullopt, Flag::missing), without_record(3)}),
        "gateway,panel,point,meter_id,suite,series,start,end,value,register,unit,quality,revision,"
        "origin,uncertainty\r\n"
        "tower-1,riser,east-1,4711,Suite 101,kwh-15min,2026-03-02T05:00:00Z,2026-03-02T05:15:00Z,"
        "0.251,1000.251,kWh,INTERPOLATED|CLOCK_SET,0,gateway,0.000\r\n"
        "tower-1,riser,east-1,4711,Suite 101,kwh-15min,2026-03-02T05:15:00Z,2026-03-02T05:30:00Z,"
        ",,kWh,MISSING,0,gateway,0.000\r\n"
        "tower-1,riser,east-1,4711,Suite 101,kwh-15min,2026-03-02T05:30:00Z,2026-03-02T05:45:00Z,"
        ",,kWh,MISSING,,,\r\n");
}

TEST(FormatCsv, names_that_a_spreadsheet_would_run_are_defused) {
    RowsOf of = east();
    of.suite = "=HYPERLINK(\"x\")";
    of.meter = "a,b\"c";
    const std::string file = file_of("csv", of, {slot(1, -5, 7)});
    EXPECT_NE(file.find(R"-("a,b""c","'=HYPERLINK(""x"")")-"), std::string::npos) << file;
    EXPECT_NE(file.find(",-0.005,0.007,"), std::string::npos) << "numbers stay numbers";
}

TEST(FormatNdjson, has_an_object_a_line_and_null_for_nothing) {
    RowsOf of = east();
    of.suite.clear();
    EXPECT_EQ(
        file_of("ndjson", of, {slot(1, 251, 1'000'251), without_record(2)}),
        R"({"gateway":"tower-1","panel":"riser","point":"east-1","meter_id":"4711","suite":null,)"
        R"("series":"kwh-15min","start":"2026-03-02T05:00:00Z","end":"2026-03-02T05:15:00Z",)"
        R"("value":"0.251","register":"1000.251","unit":"kWh","quality":null,"revision":0,)"
        R"("origin":"gateway","uncertainty":"0.000"})"
        "\n"
        R"({"gateway":"tower-1","panel":"riser","point":"east-1","meter_id":"4711","suite":null,)"
        R"("series":"kwh-15min","start":"2026-03-02T05:15:00Z","end":"2026-03-02T05:30:00Z",)"
        R"("value":null,"register":null,"unit":"kWh","quality":"MISSING","revision":null,)"
        R"("origin":null,"uncertainty":null})"
        "\n");
}

TEST(FormatCmep, has_intervals_by_their_ends_and_the_last_register) {
    EXPECT_EQ(file_of("cmep", east(),
                      {slot(1, 251, 1'000'251), slot(2, 0, 1'000'251, Flag::interpolated),
                       slot(3, 4, 1'000'255, Flag::estimated)}),
              "MEPMD01,20080501,tower-1,,PowerCo,,202603020540,4711,OK,E,KWH,1.0,00000015,3,"
              "202603020515,R0,0.251,202603020530,R0,0.000,202603020545,E0,0.004\r\n"
              "MEPMD01,20080501,tower-1,,PowerCo,,202603020540,4711,OK,E,KWHREG,1.0,,1,"
              "202603020545,R0,1000.255\r\n");
}

TEST(FormatCmep, slots_that_are_not_whole_are_left_out_and_their_energy_is_in_the_register) {
    const std::string file =
        file_of("cmep", east(),
                {slot(1, std::nullopt, std::nullopt, Flag::missing),
                 slot(2, 500, 1'000'500, Flag::long_interval),
                 slot(3, 60, 1'000'560, Flag::short_interval), without_record(4)});
    EXPECT_EQ(file,
              "MEPMD01,20080501,tower-1,,PowerCo,,202603020540,4711,OK,E,KWHREG,1.0,,1,"
              "202603020545,R0,1000.560\r\n");
}

TEST(FormatCmep, a_record_has_at_most_48_intervals_however_rows_come) {
    std::vector<Row> rows;
    for (int number = 1; number <= 100; ++number) {
        rows.push_back(slot(number, number, 1'000'000 + number));
    }
    const std::string at_once = file_of("cmep", east(), rows);
    const auto encoder = make_encoder("cmep", {"tower-1", "PowerCo", made});
    std::string one_by_one = encoder->begin();
    for (const Row& row : rows) {
        one_by_one += encoder->rows(east(), {row});
    }
    one_by_one += encoder->end();
    EXPECT_EQ(at_once, one_by_one);
    for (const char* count : {",00000015,48,", ",00000015,4,"}) {
        EXPECT_NE(at_once.find(count), std::string::npos) << count;
    }
    EXPECT_EQ(std::count(at_once.begin(), at_once.end(), '\n'), 6);
}

TEST(FormatCmep, points_do_not_mix) {
    const auto encoder = make_encoder("cmep", {"tower-1", "", made});
    RowsOf other = east();
    other.meter = "4712";
    other.quantity = Quantity::energy_received;
    other.length = std::chrono::hours{1};
    std::string file = encoder->rows(east(), {slot(1, 1, {})});
    file += encoder->rows(other, {slot(4, 2, {})});
    file += encoder->end();
    EXPECT_EQ(file,
              "MEPMD01,20080501,tower-1,,,,202603020540,4711,OK,E,KWH,1.0,00000015,1,"
              "202603020515,R0,0.001\r\n"
              "MEPMD01,20080501,tower-1,,,,202603020540,4712,OK,E,GKWH,1.0,00000100,1,"
              "202603020600,R0,0.002\r\n");
}

TEST(FormatCmep, nothing_of_a_laboratory_is_billed) {
    EXPECT_EQ(file_of("cmep", east(), {slot(1, 251, 1'000'251, Flag::test)}), "");
}

TEST(FormatCmep, names_cannot_break_a_record) {
    RowsOf of = east();
    of.meter = "47,11\r\nMEPMD01";
    EXPECT_NE(file_of("cmep", of, {slot(1, 1, {})}).find(",47_11__MEPMD01,OK,"), std::string::npos);
}

}  // namespace
}  // namespace metergate::northbound::formats
