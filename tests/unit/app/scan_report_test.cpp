#include "gateway/app/scan_report.hpp"

#include <gtest/gtest.h>

#include "config/document.hpp"
#include "gateway/app/profile_facts.hpp"
#include "gateway/app/scan_progress.hpp"
#include "gateway/app/scan_target.hpp"

namespace metergate::app {
namespace {

using schema::Json;
using southbound::FoundDevice;

FoundDevice device_at(std::uint8_t unit, std::vector<std::string> profiles,
                      const std::string& serial, std::size_t wire = 0) {
    FoundDevice device;
    device.unit = unit;
    device.wire = wire;
    device.answers = true;
    device.profiles = std::move(profiles);
    device.certain = device.profiles.size() == 1;
    device.serial = serial;
    device.how = device.certain ? "identity block" : "";
    return device;
}

Wires serial_wires() {
    ScanRequest request;
    request.port = "/dev/ttyUSB0";
    return target_of(request)->wires;
}

std::vector<std::string> formats_of(const ScanRequest& request) {
    std::vector<std::string> formats;
    const auto target = target_of(request);
    for (const schema::LineSettings& wire : target->wires) {
        formats.push_back(format_text(wire));
    }
    return formats;
}

TEST(ScanTarget, usual_formats_come_first_and_odd_parity_last) {
    ScanRequest request;
    request.port = "/dev/ttyUSB0";
    const auto all = formats_of(request);
    ASSERT_EQ(all.size(), 24U);
    EXPECT_EQ((std::vector<std::string>{all.begin(), all.begin() + 4}),
              (std::vector<std::string>{"9600 8N1", "19200 8E1", "9600 8E1", "19200 8N1"}));
    EXPECT_EQ(all.back(), "1200 8O1");
    request.bauds = "2400,9600";
    request.parities = "even";
    EXPECT_EQ(formats_of(request), (std::vector<std::string>{"9600 8E1", "2400 8E1"}));
}

TEST(ScanTarget, addresses_are_numbers_and_ranges) {
    EXPECT_EQ(addresses_from("7,1-3,2").value(), (std::vector<std::uint8_t>{1, 2, 3, 7}));
    for (const char* bad : {"", "0", "1-248", "5-3", "1,", "a"}) {
        EXPECT_FALSE(addresses_from(bad)) << bad;
    }
}

TEST(ScanTarget, a_line_keeps_its_own_format_unless_others_are_asked_for) {
    schema::LineSettings line;
    line.id = "riser-1";
    line.rs485 = schema::Rs485Settings{"/dev/ttyUSB1", 38'400, schema::Parity::odd, 2};
    ScanRequest request;
    request.line = line.id;
    const auto own = target_of(request, line);
    ASSERT_EQ(own->wires.size(), 1U);
    EXPECT_EQ(format_text(own->wires[0]), "38400 8O2");
    EXPECT_EQ(own->wires[0].id, "riser-1");
    request.bauds = "9600";
    EXPECT_EQ(target_of(request, line)->wires.size(), 3U);
}

TEST(ScanTarget, a_host_has_a_port_or_the_usual_one) {
    ScanRequest request;
    request.host = "[::1]:1502";
    EXPECT_EQ(target_of(request)->wires[0].modbus_tcp->host, "::1");
    EXPECT_EQ(target_of(request)->wires[0].modbus_tcp->port, 1502);
    request.host = "meter.example";
    EXPECT_EQ(target_of(request)->wires[0].modbus_tcp->port, 502);
    for (const char* bad : {":502", "meter:0", "meter:x"}) {
        request.host = bad;
        EXPECT_FALSE(target_of(request)) << bad;
    }
}

TEST(ScanTarget, a_device_server_needs_its_port_and_has_one_speed) {
    ScanRequest request;
    request.rtu_over_tcp = true;
    request.host = "moxa.example:4001";
    const auto usual = target_of(request);
    ASSERT_TRUE(usual) << usual.error().text;
    EXPECT_EQ(usual->wires.at(0).rtu_over_tcp->port, 4001);
    EXPECT_EQ(usual->wires.at(0).rtu_over_tcp->baud, 9600);
    EXPECT_EQ(format_text(usual->wires.at(0)), "rtu over tcp");
    request.bauds = "19200";
    EXPECT_EQ(target_of(request)->wires.at(0).rtu_over_tcp->baud, 19'200);
    request.bauds = "9600,19200";
    EXPECT_EQ(target_of(request).error().text, "--baud: a device server is set to one speed");
    request.bauds.clear();
    request.host = "moxa.example";
    EXPECT_EQ(target_of(request).error().text,
              "--host: \"moxa.example\" lacks the port: of a serial device server HOST:PORT is "
              "needed");
}

TEST(ScanTarget, the_speed_behind_a_modbus_tcp_gateway_cannot_be_asked_for) {
    ScanRequest request;
    request.host = "meter.example";
    request.bauds = "9600";
    EXPECT_EQ(target_of(request).error().text,
              "--baud: a Modbus TCP gateway itself knows its speed");
}

TEST(ScanReport, the_fragment_is_a_line_that_check_accepts) {
    const FoundDevices found{device_at(3, {"metergate-panel-24"}, "4711"),
                             device_at(4, {"eastron-sdm120", "eastron-sdm630"}, "8"),
                             device_at(5, {}, ""), device_at(6, {"sunspec-meter"}, "S", 1)};
    const Fragment fragment = fragment_of(found, serial_wires());
    ASSERT_TRUE(fragment.line);
    EXPECT_EQ(fragment.remarks,
              "address 4: make sure of the profile, eastron-sdm120 or eastron-sdm630\n"
              "address 5 is left out: it has no profile\n"
              "address 6 is left out: it is at another speed or parity: set it like the others\n");
    const Json document = Json::object()
                              .set("schema", 1)
                              .set("gateway", Json::object().set("id", "site"))
                              .set("lines", Json::array({*fragment.line}));
    const ProfileFactsBook facts;
    const auto loaded = config::load_text(schema::write_pretty(document), facts);
    EXPECT_EQ(loaded.state, config::DocumentState::good);
    ASSERT_EQ(loaded.settings.lines.at(0).panels.size(), 2U);
    EXPECT_EQ(loaded.settings.lines[0].rs485->baud, 9600);
    EXPECT_EQ(loaded.settings.lines[0].panels[0].points.size(), 24U);
    EXPECT_EQ(loaded.settings.lines[0].panels[0].serial, "4711");
}

TEST(ScanReport, suspicions_and_the_unknown_are_told_below_the_table) {
    FoundDevices found{device_at(3, {"metergate-panel-24"}, "4711"), device_at(4, {}, "")};
    found[0].doubled = "its replies are garbled";
    EXPECT_EQ(found_text(found, serial_wires()),
              "address  format    profile             serial  device  identified by\n"
              "3        9600 8N1  metergate-panel-24  4711    -       identity block\n"
              "4        9600 8N1  -                   -       -       -\n"
              "\n"
              "address 3: two devices may share this address: its replies are garbled\n"
              "address 4: somebody answers, but nothing tells what it is\n");
}

TEST(ScanReport, a_device_that_answers_at_every_address_stands_in_the_fragment_once) {
    const FoundDevices found{device_at(1, {"metergate-panel-24"}, "4711"),
                             device_at(2, {"metergate-panel-24"}, "4711")};
    const Fragment fragment = fragment_of(found, serial_wires());
    EXPECT_EQ(fragment.line->find("panels")->as_array()->size(), 1U);
    EXPECT_EQ(fragment.remarks,
              "address 2 is left out: it is the same device as at another address\n");
}

TEST(ScanProgress, a_line_fits_a_terminal_and_names_the_time_left) {
    const southbound::ScanProgress progress{0, false, 247, 100, std::chrono::seconds{599}, 247};
    const std::string line = progress_line(progress, "115200 8N1");
    EXPECT_LE(line.size(), 79U);
    EXPECT_NE(line.find("about 9 min 50 s left"), std::string::npos);
    EXPECT_EQ(time_left_text(std::chrono::milliseconds{4200}), "about 5 s left");
    EXPECT_EQ(time_left_text(std::chrono::minutes{40}), "about 40 min left");
}

}  // namespace
}  // namespace metergate::app
