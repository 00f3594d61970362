#include "northbound/native_encoder.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <limits>

#include "northbound/json_writer.hpp"
#include "tests/support/sample_building.hpp"
#include "tests/unit/northbound/payload_schema.hpp"

namespace metergate::northbound {
namespace {

using support::east;
using support::sample_batch;
using support::sample_directory;

constexpr Epoch epoch{0x0123456789abcdefU};
const std::string cases = METERGATE_SOURCE_DIR "/tests/cases/payload/";

std::string file_text(const std::string& path) {
    std::ifstream file(path);
    std::string text{std::istreambuf_iterator<char>(file), {}};
    while (!text.empty() && text.back() == '\n') {
        text.pop_back();
    }
    return text;
}

Event full_event() {
    Event event;
    event.seq = 12;
    event.at = utc_from_ms(1'700'000'123'456);
    event.clock_ok = false;
    event.panel = east;
    event.source = "east-1";
    event.kind = EventKind::voltage_sag;
    event.phase = "B";
    event.occurrence = 3;
    event.start = utc_from_ms(1'700'000'120'000);
    event.end = utc_from_ms(1'700'000'123'000);
    event.old_value = "120.1";
    event.new_value = "88.4";
    event.text = "voltage B of east-1 fell to 88.4 V\t\"sag\"";
    return event;
}

/// One record of each kind, one event with every field.
Batch full_batch() {
    Batch batch = sample_batch(1);
    Record& missing = batch.records[1];
    missing.value.reset();
    missing.reg.reset();
    missing.flags = Flag::missing;
    Record late = batch.records[0];
    late.series = support::kwh_1h;
    late.value = -5;
    late.flags = Flag::recovered | Flag::interpolated;
    late.origin = Origin::panel_log;
    late.uncertainty = 2;
    batch.records.push_back(late);
    batch.revision = 2;
    batch.events = {full_event()};
    return batch;
}

TEST(NativeEncoder, the_bytes_of_a_stored_batch_never_change) {
    EXPECT_EQ(encode_batch(full_batch(), sample_directory(), epoch),
              file_text(cases + "batch_1.json"));
}

TEST(NativeEncoder, a_batch_without_records_keeps_its_number) {
    Batch batch = sample_batch(4);
    batch.panel = gateway_panel;
    batch.records.clear();
    EXPECT_EQ(encode_batch(batch, sample_directory(), epoch),
              R"({"encoder":1,"gateway":"tower-1","epoch":"0123456789abcdef","panel":"gateway",)"
              R"("number":4,"end":1700003700,"revision":0,"records":[],"events":[]})");
}

TEST(NativeEncoder, what_is_encoded_fits_the_published_schema) {
    Batch empty = sample_batch(2);
    empty.records.clear();
    EXPECT_TRUE(fits_schema(METERGATE_SOURCE_DIR, "batch",
                            encode_batch(full_batch(), sample_directory(), epoch)));
    EXPECT_TRUE(
        fits_schema(METERGATE_SOURCE_DIR, "batch", encode_batch(empty, sample_directory(), epoch)));
    record::Directory nobody;
    nobody.gateway = "tower-1";
    EXPECT_TRUE(
        fits_schema(METERGATE_SOURCE_DIR, "batch", encode_batch(full_batch(), nobody, epoch)));
}

TEST(NativeEncoder, the_schema_refuses_what_must_not_be_sent) {
    const auto changed = [](const std::string& from, const std::string& to) {
        std::string payload = encode_batch(full_batch(), sample_directory(), epoch);
        const auto at = payload.find(from);
        EXPECT_NE(at, std::string::npos) << from;
        return payload.replace(at, from.size(), to);
    };
    EXPECT_FALSE(
        fits_schema(METERGATE_SOURCE_DIR, "batch", changed(R"("value":251)", R"("value":0.251)")));
    EXPECT_FALSE(
        fits_schema(METERGATE_SOURCE_DIR, "batch", changed(R"("value":null)", R"("value":0)")));
    EXPECT_FALSE(fits_schema(METERGATE_SOURCE_DIR, "batch", changed(R"("MISSING")", R"("GONE")")));
    EXPECT_FALSE(
        fits_schema(METERGATE_SOURCE_DIR, "batch", changed(R"("number":1)", R"("number":0)")));
    EXPECT_FALSE(fits_schema(METERGATE_SOURCE_DIR, "batch", changed(R"("epoch")", R"("era")")));
}

TEST(NativeEncoder, a_retired_panel_and_point_get_names_that_no_id_can_have) {
    const record::Directory nobody;
    const std::string payload = encode_batch(sample_batch(1), nobody, epoch);
    EXPECT_NE(payload.find(R"("panel":"_panel_1")"), std::string::npos);
    EXPECT_NE(payload.find(R"("point":"_point_257")"), std::string::npos);
    EXPECT_NE(payload.find(R"("series":"_series_1")"), std::string::npos);
    EXPECT_FALSE(is_valid_id("_panel_1"));
}

TEST(NativeEncoder, no_level_of_a_topic_has_a_dot_a_space_or_a_wildcard) {
    const auto directory = sample_directory();
    for (const std::string& topic :
         {batch_topic(directory, east), batch_topic(directory, PanelNumber{77}),
          batch_topic(directory, gateway_panel),
          point_topic(directory, point_number(east, 0), "kvarh-q1"),
          gateway_topic(directory.gateway, "status")}) {
        EXPECT_EQ(topic.find_first_of(". +#*>$"), std::string::npos) << topic;
        EXPECT_TRUE(topic.starts_with("metergate/tower-1/")) << topic;
    }
    EXPECT_EQ(batch_topic(directory, east), "metergate/tower-1/batch/east");
    EXPECT_EQ(point_topic(directory, point_number(east, 1), "kw"),
              "metergate/tower-1/point/east-2/kw");
}

TEST(NativeEncoder, names_and_wiring_are_in_meta_and_its_version_follows_them) {
    auto directory = sample_directory();
    const std::string meta = encode_meta(directory, {});
    EXPECT_NE(meta.find(R"({"id":"east-1","name":"Café","role":"tenant","suite":"4B",)"
                        R"("wiring":[{"channel":17,"cable":2,"pair":1,"phase":"A",)"
                        R"("reversed":false}],"series":["kwh-15min","kwh-1h"]})"),
              std::string::npos);
    EXPECT_NE(meta.find(R"({"code":"kwh-1h","quantity":"kwh","unit":"kWh","exponent":-3,"rate":0,)"
                        R"("length_s":3600,"time_base":"local","source":"gateway_difference"})"),
              std::string::npos);
    directory.panels[0].points[0].name = "Bakery";
    EXPECT_NE(version_of(encode_meta(directory, {})), version_of(meta));
    EXPECT_EQ(version_of(meta).size(), 16U);
}

TEST(NativeEncoder, meta_tells_a_destination_only_of_what_it_gets) {
    Filter filter;
    filter.panels = {support::west};
    filter.series = {support::kwh_1h};
    const std::string meta = encode_meta(sample_directory(), filter);
    EXPECT_EQ(meta.find("east"), std::string::npos);
    EXPECT_EQ(meta.find("kwh-15min"), std::string::npos);
    EXPECT_NE(meta.find("west-1"), std::string::npos);
}

TEST(NativeEncoder, the_status_names_each_panels_numbers) {
    StatusReport report{true, "", "0.1.0", "00ff", utc_from_ms(1'700'000'000'000), {{east, 3, 9}}};
    EXPECT_EQ(encode_status(report, sample_directory(), epoch),
              R"({"state":"online","program":"0.1.0","encoder":1,"meta":"00ff",)"
              R"("at":"2023-11-14T22:13:20.000Z","panels":[{"panel":"east",)"
              R"("epoch":"0123456789abcdef","oldest":3,"newest":9}]})");
}

TEST(NativeEncoder, an_event_told_at_once_has_no_number_yet) {
    Event event = full_event();
    event.seq = 0;
    event.occurrence = 0;
    EXPECT_EQ(encode_event(event).find("seq"), std::string::npos);
    EXPECT_EQ(encode_event(event).find("occurrence"), std::string::npos);
}

TEST(DecimalText, has_three_places_and_the_right_sign) {
    EXPECT_EQ(decimal_text(1234), "1.234");
    EXPECT_EQ(decimal_text(0), "0.000");
    EXPECT_EQ(decimal_text(-50), "-0.050");
    EXPECT_EQ(decimal_text(std::numeric_limits<Milli>::min()), "-9223372036854775.808");
}

TEST(JsonWriter, writes_wrong_utf8_and_control_characters_as_valid_json) {
    const auto quoted = [](std::string_view text) { return JsonWriter{}.text(text).take(); };
    EXPECT_EQ(quoted("a\"b\\c\n\x01"), R"("a\"b\\c\n\u0001")");
    EXPECT_EQ(quoted("Caf\xC3\xA9 \xF0\x9F\x98\x80"), "\"Caf\xC3\xA9 \xF0\x9F\x98\x80\"");
    const std::string bad = "\xEF\xBF\xBD";
    EXPECT_EQ(quoted("\xFF"), "\"" + bad + "\"");
    EXPECT_EQ(quoted("\xC3"), "\"" + bad + "\"");
    EXPECT_EQ(quoted("\xC0\xAF"), "\"" + bad + bad + "\"");
    EXPECT_EQ(quoted("\xED\xA0\x80"), "\"" + bad + bad + bad + "\"");
    EXPECT_EQ(quoted(std::string_view("\0", 1)), R"("\u0000")");
}

}  // namespace
}  // namespace metergate::northbound
