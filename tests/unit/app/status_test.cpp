#include <gtest/gtest.h>

#include "gateway/app/status_json.hpp"
#include "gateway/app/status_text.hpp"

namespace metergate::app {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Instant now{seconds{100}};

LineStatus riser(double needed_percent) {
    LineStatus line;
    line.line = "riser-1";
    line.load = {.used_percent = 98.7, .needed_percent = needed_percent};
    return line;
}

TEST(StatusText, an_overloaded_line_says_by_how_much_and_what_follows) {
    EXPECT_EQ(line_heading(status_of_line(riser(112.3), now)),
              "line riser-1: up, 112 % loaded (its panels are polled less often than set), wire in "
              "use 99 %");
}

TEST(StatusText, a_line_that_keeps_up_says_how_loaded_it_is) {
    EXPECT_EQ(line_heading(status_of_line(riser(40.6), now)),
              "line riser-1: up, 41 % loaded, wire in use 99 %");
}

TEST(StatusText, a_line_that_is_down_says_why_instead) {
    LineStatus line = riser(40);
    line.fault = Error{Fault::not_found, "port /dev/ttyUSB0 does not exist"};
    EXPECT_EQ(line_heading(status_of_line(line, now)),
              "line riser-1: DOWN: port /dev/ttyUSB0 does not exist");
}

TEST(StatusText, says_what_the_driver_of_a_serial_port_counts) {
    LineStatus line = riser(1);
    line.wire.serial_port = {"low-latency mode on", "by the driver, RTS high while sending"};
    line.counters.character_errors = {1, 2, 3};
    EXPECT_EQ(wire_lines(status_of_line(line, now)),
              "  serial port: 1 parity errors, 2 framing errors, 3 overruns; low-latency mode on; "
              "direction switched by the driver, RTS high while sending\n");
}

TEST(StatusText, says_that_a_driver_does_not_count_instead_of_0) {
    LineStatus line = riser(1);
    line.wire.serial_port.emplace();
    const auto json = status_of_line(line, now);
    EXPECT_EQ(wire_lines(json), "  serial port: character errors are not counted by the driver\n");
    EXPECT_TRUE(json.find("serial_port")->find("parity_errors")->is_null());
}

TEST(StatusText, says_nothing_of_serial_ports_on_a_network) {
    EXPECT_EQ(wire_lines(status_of_line(riser(1), now)), "");
    EXPECT_EQ(wire_lines(schema::Json::object().set("line", "a")), "") << "an older gateway";
}

TEST(StatusText, tells_an_echo_and_another_master) {
    LineStatus line = riser(1);
    line.wire.echoes = true;
    line.wire.foreign_master = "12 frames heard";
    EXPECT_EQ(wire_lines(status_of_line(line, now)),
              "  the adapter has a local echo: it is taken out of each reply\n"
              "  another master asks on this wire: 12 frames heard\n");
}

TEST(StatusText, of_a_gateway_that_does_not_tell_its_load_is_up) {
    const auto line = schema::Json::object().set("line", "a").set("fault", schema::Json());
    EXPECT_EQ(line_heading(line), "line a: up");
}

TEST(StatusJson, tells_the_reply_times_of_a_panel_in_tenths_of_a_millisecond) {
    southbound::PanelStatus panel;
    panel.id = "east";
    panel.reply_spread = {Duration{20'349}, Duration{61'000}, Duration{80'000}};
    panel.reply_timeout = milliseconds{183};
    panel.gap = milliseconds{20};
    LineStatus line = riser(1);
    line.panels.push_back(panel);
    const std::string text = schema::write_compact(status_of_line(line, now));
    EXPECT_NE(text.find(R"("reply_median_ms":20.3,"reply_p99_ms":61)"), std::string::npos) << text;
    EXPECT_NE(text.find(R"("reply_timeout_ms":183.0,"gap_ms":20.0)"), std::string::npos) << text;
}

TEST(StatusJson, has_no_reply_times_of_a_panel_that_never_answered) {
    LineStatus line = riser(1);
    line.panels.emplace_back();
    const std::string text = schema::write_compact(status_of_line(line, now));
    EXPECT_NE(text.find(R"("reply_median_ms":null,"reply_p99_ms":null)"), std::string::npos)
        << text;
}

TEST(StatusText, the_modbus_gateway_says_what_its_clients_got) {
    ModbusStatus modbus;
    modbus.address = "0.0.0.0";
    modbus.port = 502;
    modbus.clients.push_back({"10.1.0.7", 2, 40});
    modbus.counters.requests = 45;
    modbus.counters.answered = 40;
    modbus.counters.from_cache = 30;
    modbus.counters.exceptions = 2;
    modbus.counters.refused = 3;
    schema::Json json = status_of_modbus(modbus);
    EXPECT_EQ(modbus_heading(&json),
              "modbus gateway 0.0.0.0 port 502: 1 clients; 45 requests, 40 answered (30 from the "
              "cache), 2 exceptions of panels, 3 refused");
    modbus.last_problem = "10.1.0.9 is not in modbus_gateway.clients";
    json = status_of_modbus(modbus);
    EXPECT_NE(modbus_heading(&json).find("\nlast trouble with a client: 10.1.0.9 is not"),
              std::string::npos);
    modbus.fault = Error{Fault::refused, "cannot listen on 0.0.0.0:502"};
    json = status_of_modbus(modbus);
    EXPECT_EQ(modbus_heading(&json),
              "modbus gateway 0.0.0.0 port 502: DOWN: cannot listen on 0.0.0.0:502");
}

TEST(StatusText, says_nothing_of_a_modbus_gateway_that_is_off_or_not_known) {
    const schema::Json off;
    EXPECT_EQ(modbus_heading(&off), "");
    EXPECT_EQ(modbus_heading(nullptr), "");
}

}  // namespace
}  // namespace metergate::app
