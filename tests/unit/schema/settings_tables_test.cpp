#include "config/schema/settings_tables.hpp"
#include "config/schema/webhook_table.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace metergate::schema {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

/// A document with the given text in place of parts of a small good one.
struct Parts {
    std::string gateway = R"({"id":"g"})";
    std::string recording = "{}";
    std::string line = R"("id":"l","rs485":{"port":"/dev/ttyUSB0"})";
    std::string panel = R"("id":"p","address":1,"profile":"x")";
    std::string point = R"("id":"t","slot":1)";
    std::string destinations = "[]";
    std::string modbus_gateway = "{}";
};

Json document(const Parts& parts) {
    const auto json =
        parse_json(R"({"schema":1,"gateway":)" + parts.gateway + R"(,"recording":)" +
                   parts.recording + R"(,"lines":[{)" + parts.line + R"(,"panels":[{)" +
                   parts.panel + R"(,"points":[{)" + parts.point + R"(}]}]}],"destinations":)" +
                   parts.destinations + R"(,"modbus_gateway":)" + parts.modbus_gateway + "}");
    EXPECT_TRUE(json) << json.error().text;
    return *json;
}

std::vector<std::string> problems_of(const Parts& parts) {
    std::vector<std::string> texts;
    for (const Problem& problem : read_settings(document(parts)).problems) {
        texts.push_back(problem.path + ": " + problem.text);
    }
    return texts;
}

Settings full_settings() {
    Settings settings;
    settings.gateway = {"g", "Name \"é\"", "America/Toronto", true};
    settings.recording = {{"kwh-1h", "kwh-10s"}, 31, 6, 401, 2049};
    PointSettings point{.id = "t",
                        .name = "T",
                        .slot = 2,
                        .role = PointRole::bulk,
                        .fed_from = "u",
                        .service = Service::network_bc,
                        .channels = {1, 2},
                        .reversed_channels = {2},
                        .ct_primary_a = 400,
                        .ct_secondary_ma = 5000,
                        .ct_turns = 2,
                        .pt_ratio_thousandths = 2500,
                        .breaker_a = 100,
                        .suite = "101",
                        .series = {"kwh-5min"}};
    PanelSettings panel{"p", "P", 7, "x", "S1", 500, ClockCare::set, 277'000, {point}};
    LineSettings tcp{"m", "M", {}, ModbusTcpSettings{"10.0.0.1", 1502}, {}, {panel}};
    LineSettings rs485{
        "l",
        "L",
        Rs485Settings{"/dev/ttyS0", 9600, Parity::odd, 2, DirectionControl::rts_after_send, 1, 2,
                      ForeignMaster::share, 300},
        {},
        {},
        {}};
    LineSettings server{
        "n", "N", {}, {}, RtuOverTcpSettings{"10.0.0.2", 4002, 9600, ForeignMaster::share, 1}, {}};
    settings.lines = {tcp, rs485, server};
    MqttSettings mqtt{"broker",
                      1883,
                      MqttVersion::v3_1_1,
                      {false, "/ca", "/cert", "/key"},
                      "u",
                      "/pw",
                      "cid",
                      31,
                      51,
                      32,
                      201,
                      61,
                      false,
                      false,
                      31,
                      10'001};
    settings.destinations = {{"d", "D", "2025-03-01T00:00:00Z", {"p"}, {"kwh-1h"}, mqtt, {}}};
    settings.modbus_gateway = {true, "0.0.0.0", 1502, {{17, "p"}}, {"10.1.0.0/16"}, true, 500, 60};
    return settings;
}

TEST(SettingsTables, settings_survive_writing_and_reading) {
    const Settings settings = full_settings();
    const Json written = settings_to_json(settings);
    const auto read = read_settings(*parse_json(write_pretty(written)));
    EXPECT_THAT(read.problems, IsEmpty());
    EXPECT_EQ(settings_to_json(read.settings), written);
    EXPECT_EQ(read.settings.lines.at(0).panels.at(0).points.at(0).service, Service::network_bc);
    EXPECT_EQ(read.settings.destinations.at(0).mqtt->tls.private_key_file, "/key");
}

/// Nothing of `json` may be a default: then every field has been through writer and reader.
void expect_no_field_missing(const Table& table, const Json& json) {
    for (const Field& field : table.fields()) {
        const Json* value = json.find(field.key);
        const bool other_kind =
            field.key == "rs485" || field.key == "rtu_over_tcp" || field.key == "webhook";
        EXPECT_TRUE(value != nullptr || other_kind) << table.title() << "." << field.key;
        if (value == nullptr || field.shape->table() == nullptr) continue;
        const Json& item = value->as_array() != nullptr ? value->as_array()->at(0) : *value;
        expect_no_field_missing(*field.shape->table(), item);
    }
}

TEST(SettingsTables, the_round_trip_covers_every_field) {
    expect_no_field_missing(settings_table(), settings_to_json(full_settings()));
}

TEST(SettingsTables, the_round_trip_covers_the_fields_of_every_kind_of_line) {
    const Json lines = *settings_to_json(full_settings()).find("lines");
    const auto fields_written = [&](std::size_t line, std::string_view kind) {
        return lines.as_array()->at(line).find(kind)->as_object()->size();
    };
    EXPECT_EQ(fields_written(1, "rs485"), 9U);
    EXPECT_EQ(fields_written(2, "rtu_over_tcp"), 5U);
}

TEST(SettingsTables, the_round_trip_covers_the_fields_of_a_webhook) {
    WebhookSettings webhook;
    webhook.url = "https://h/in";
    webhook.format = WebhookFormat::influx;
    webhook.ca_file = "/ca";
    webhook.certificate_file = "/c";
    webhook.private_key_file = "/k";
    webhook.pinned_key = "sha256//x";
    webhook.user = "u";
    webhook.password_file = "/p";
    webhook.bearer_file = "/b";
    webhook.token_scheme = "Token";
    webhook.secret_file = "/s";
    webhook.proxy = "http://p:3";
    webhook.expect = "okay";
    webhook.gzip = webhook.meta = webhook.events = false;
    webhook.window = 5;
    webhook.timeout_s = 31;
    webhook.retry_after_max_s = 61;
    webhook.batches_per_s_max = 51;
    Settings settings;
    settings.destinations.emplace_back().webhook = webhook;
    const Json written = *settings_to_json(settings).find("destinations");
    expect_no_field_missing(webhook_table(), *written.as_array()->at(0).find("webhook"));
    const auto read = read_settings(*parse_json(write_pretty(settings_to_json(settings))));
    EXPECT_EQ(read.settings.destinations.at(0).webhook->secret_file, "/s");
    EXPECT_EQ(read.settings.destinations.at(0).webhook->retry_after_max_s, 61);
}

TEST(SettingsTables, web_addresses_of_a_wrong_form_are_refused) {
    const auto complaint = [](const std::string& url) {
        const auto problems =
            problems_of({.destinations = R"([{"id":"d","webhook":{"url":")" + url + R"("}}])"});
        return problems.empty() ? "" : problems.front();
    };
    for (const char* good :
         {"https://a.example", "http://10.0.0.1:8080/x?y=@z", "https://[::1]/"}) {
        EXPECT_EQ(complaint(good), "");
    }
    for (const char* bad : {"a.example", "ftp://a", "https://", "https://a b", "https://a/#x"}) {
        EXPECT_NE(complaint(bad).find("is no web address; write it as https://host.example/path"),
                  std::string::npos)
            << bad << " " << complaint(bad);
    }
    EXPECT_EQ(complaint("https://user:pw@a.example/"),
              "destinations[0].webhook.url: user and password do not stand in the address: they "
              "have settings of their own");
}

TEST(SettingsTables, a_small_document_takes_the_defaults_of_the_structs) {
    const auto read = read_settings(document({}));
    EXPECT_THAT(read.problems, IsEmpty());
    EXPECT_EQ(read.settings.recording.series, std::vector<std::string>{"kwh-15min"});
    EXPECT_EQ(read.settings.lines.at(0).rs485->baud, 19'200);
    EXPECT_EQ(read.settings.lines.at(0).panels.at(0).points.at(0).ct_primary_a, 200);
}

TEST(SettingsTables, what_must_be_there_is_asked_for) {
    Problems problems =
        read_settings(*parse_json(R"({"lines":[{"panels":[{"points":[{}]}]}]})")).problems;
    std::vector<std::string> texts;
    for (const Problem& problem : problems)
        texts.push_back(problem.path + ": " + problem.text);
    EXPECT_THAT(
        texts,
        ElementsAre(
            "lines[0].panels[0].points[0].id: is missing",
            "lines[0].panels[0].points[0].slot: is missing", "lines[0].panels[0].id: is missing",
            "lines[0].panels[0].address: is missing", "lines[0].panels[0].profile: is missing",
            "lines[0].id: is missing",
            "lines[0]: exactly one of rs485, modbus_tcp, rtu_over_tcp is needed; none is there",
            "schema: is missing", "gateway: is missing"));
}

TEST(SettingsTables, both_wire_kinds_of_a_line_are_refused) {
    EXPECT_THAT(
        problems_of({.line = R"("id":"l","rs485":{"port":"/dev/ttyUSB0"},
                                        "modbus_tcp":{"host":"h"})"}),
        ElementsAre("lines[0]: exactly one of rs485, modbus_tcp, rtu_over_tcp is needed; rs485, "
                    "modbus_tcp are there"));
}

TEST(SettingsTables, numbers_outside_their_range_are_refused) {
    EXPECT_THAT(
        problems_of({.line = R"("id":"l","rs485":{"port":"/dev/ttyUSB0","baud":9601,
                                        "parity":"evn","stop_bits":3})",
                     .panel = R"("id":"p","address":248,"profile":"x","poll_period_ms":100)",
                     .point = R"("id":"t","slot":25,"ct_turns":0,"channels":[0,49],
                                         "service":"network_ab")"}),
        ElementsAre("lines[0].rs485.baud: 9601 is none of 1200, 2400, 4800, 9600, 19200, "
                    "38400, 57600, 115200",
                    "lines[0].rs485.parity: \"evn\" is none of none, even, odd; did you "
                    "mean \"even\"?",
                    "lines[0].rs485.stop_bits: 3 is outside 1..2",
                    "lines[0].panels[0].address: 248 is outside 1..247",
                    "lines[0].panels[0].poll_period_ms: 100 is outside 200..3600000",
                    "lines[0].panels[0].points[0].slot: 25 is outside 1..24",
                    "lines[0].panels[0].points[0].ct_turns: 0 is outside 1..100",
                    "lines[0].panels[0].points[0].channels[0]: 0 is outside 1..48",
                    "lines[0].panels[0].points[0].channels[1]: 49 is outside 1..48",
                    "lines[0].panels[0].points[0].service: \"network_ab\" is none of "
                    "2-wire-a, 2-wire-b, 2-wire-c, 3-wire, network-ab, network-bc, "
                    "network-ca, 4-wire; did you mean \"network-ab\"?"));
}

TEST(SettingsTables, texts_of_a_wrong_form_are_refused) {
    EXPECT_THAT(
        problems_of({.gateway = R"({"id":"Maple Street"})",
                     .recording = R"({"series":["kwh-15minutes","kw-15min"],"close_wait_s":0})",
                     .line = R"("id":"l","rs485":{"port":"ttyUSB0"})",
                     .destinations = R"([{"id":"d","from":"yesterday","mqtt":
                         {"host":"mqtt://broker","window":19,"password_file":"pw"}}, {"id":"e"}])"}),
        ElementsAre("gateway.id: \"Maple Street\" is no id: at most 32 of a-z, 0-9 and \"-\", "
                    "beginning with a letter or digit",
                    "recording.series[0]: series \"kwh-15minutes\": \"15minutes\" is no length; "
                    "a series is written like kwh-15min or kwh-1h-std",
                    "recording.series[1]: series \"kw-15min\": \"kw\" is no register quantity; "
                    "a series is written like kwh-15min or kwh-1h-std",
                    "recording.close_wait_s: 0 is outside 1..600",
                    "lines[0].rs485.port: \"ttyUSB0\" is no full path: it must begin with \"/\"",
                    "destinations[0].from: \"yesterday\" is none of now, oldest and a UTC time "
                    "such as 2025-03-01T00:00:00Z",
                    "destinations[0].mqtt.host: \"mqtt://broker\" is no host: a name or an "
                    "address, without \"mqtt://\" and port",
                    "destinations[0].mqtt.window: 19 is outside 20..100",
                    "destinations[0].mqtt.password_file: \"pw\" is no full path: it must begin "
                    "with \"/\"",
                    "destinations[1]: exactly one of mqtt, webhook is needed; none is there"));
}

TEST(SettingsTables, units_and_addresses_of_a_wrong_form_are_refused) {
    EXPECT_THAT(
        problems_of({.modbus_gateway = R"({"address":"localhost","port":0,
                         "units":[{"unit":248,"panel":"p"},{"unit":0}],
                         "clients":["10.1.0.7","10.1.0.0/33","fd00::/8","bms","::1/129"],
                         "cache_ms":60001})"}),
        ElementsAre("modbus_gateway.address: \"localhost\" is no IP address; write it as "
                    "10.1.0.7 or fd00::7",
                    "modbus_gateway.port: 0 is outside 1..65535",
                    "modbus_gateway.units[0].unit: 248 is outside 1..247",
                    "modbus_gateway.units[1].unit: 0 is outside 1..247",
                    "modbus_gateway.units[1].panel: is missing",
                    "modbus_gateway.clients[1]: \"10.1.0.0/33\" is no IP address or prefix; write "
                    "it as 10.1.0.7 or 10.1.0.0/16",
                    "modbus_gateway.clients[3]: \"bms\" is no IP address or prefix; write it as "
                    "10.1.0.7 or 10.1.0.0/16",
                    "modbus_gateway.clients[4]: \"::1/129\" is no IP address or prefix; write it "
                    "as 10.1.0.7 or 10.1.0.0/16",
                    "modbus_gateway.cache_ms: 60001 is outside 0..60000"));
}

TEST(SettingsTables, the_modbus_gateway_is_off_and_read_only_unless_someone_says_otherwise) {
    const auto settings = read_settings(document({})).settings;
    EXPECT_FALSE(settings.modbus_gateway.enabled);
    EXPECT_FALSE(settings.modbus_gateway.allow_writes);
    EXPECT_EQ(settings.modbus_gateway.address, "127.0.0.1");
}

TEST(SettingsTables, a_password_in_the_settings_is_refused) {
    EXPECT_THAT(
        problems_of({.destinations = R"([{"id":"d","mqtt":{"host":"h","password":"secret"}}])"}),
        ElementsAre("destinations[0].mqtt.password: unknown key; known here: host, port, "
                    "version, tls, user, password_file, client_id, keep_alive_s, window, "
                    "ack_timeout_s, batches_per_s_max, live_heartbeat_s, live_values, requests, "
                    "requests_per_min_max, request_batches_max"));
}

/// Seal class of a field, by a path of keys.
Seal seal_of(const Table& table, const std::vector<std::string>& keys) {
    const Table* at = &table;
    for (std::size_t i = 0; i < keys.size(); ++i) {
        const Table* next = nullptr;
        for (const Field& field : at->fields()) {
            if (field.key != keys[i]) continue;
            if (i + 1 == keys.size()) return field.seal;
            next = field.shape->table();
        }
        if (next == nullptr) break;
        at = next;
    }
    ADD_FAILURE() << "no field " << keys.back();
    return Seal::free;
}

TEST(SettingsTables, what_decides_the_bill_is_sealed) {
    const Table table = settings_table();
    for (const char* key : {"slot", "service", "channels", "reversed_channels", "ct_primary_a",
                            "ct_secondary_ma", "ct_turns", "pt_ratio_thousandths", "series"}) {
        EXPECT_EQ(seal_of(table, {"lines", "panels", "points", key}), Seal::sealed) << key;
    }
    for (const char* key : {"address", "profile", "serial"}) {
        EXPECT_EQ(seal_of(table, {"lines", "panels", key}), Seal::sealed) << key;
    }
    EXPECT_EQ(seal_of(table, {"gateway", "zone"}), Seal::sealed);
    EXPECT_EQ(seal_of(table, {"recording", "series"}), Seal::sealed);
    EXPECT_EQ(seal_of(table, {"modbus_gateway", "allow_writes"}), Seal::sealed);
    EXPECT_EQ(seal_of(table, {"lines", "rs485", "port"}), Seal::logged);
    EXPECT_EQ(seal_of(table, {"destinations", "mqtt", "host"}), Seal::logged);
    EXPECT_EQ(seal_of(table, {"lines", "panels", "points", "suite"}), Seal::free);
    EXPECT_EQ(seal_of(table, {"gateway", "name"}), Seal::free);
}

void expect_described(const Table& table) {
    for (const Field& field : table.fields()) {
        EXPECT_FALSE(field.label.empty()) << table.title() << "." << field.key;
        if (const Table* inner = field.shape->table()) expect_described(*inner);
    }
}

TEST(SettingsTables, every_field_has_a_label) {
    expect_described(settings_table());
}

void expect_schema_shape(const Json& schema, const std::string& path) {
    ASSERT_NE(schema.string_at("type"), nullptr) << path;
    const std::string& type = *schema.string_at("type");
    if (type == "object") {
        EXPECT_EQ(schema.bool_at("additionalProperties"), false) << path;
        ASSERT_NE(schema.find("properties"), nullptr) << path;
        for (const auto& key : *schema.find("required")->as_array()) {
            EXPECT_NE(schema.find("properties")->find(*key.as_string()), nullptr) << path;
        }
        for (const auto& member : *schema.find("properties")->as_object()) {
            expect_schema_shape(member.value, path + "." + member.key);
        }
    } else if (type == "array") {
        expect_schema_shape(*schema.find("items"), path + "[]");
    } else {
        EXPECT_THAT(type, testing::AnyOf("string", "integer", "boolean")) << path;
    }
}

TEST(SettingsTables, the_json_schema_is_closed_and_typed_throughout) {
    const Json schema = settings_json_schema();
    EXPECT_EQ(*schema.string_at("$schema"), "https://json-schema.org/draft/2020-12/schema");
    expect_schema_shape(schema, "settings");
}

}  // namespace
}  // namespace metergate::schema
