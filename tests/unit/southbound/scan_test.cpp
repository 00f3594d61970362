#include <gtest/gtest.h>

#include <map>

#include "southbound/modbus/rtu_line.hpp"
#include "southbound/scan_run.hpp"
#include "tests/support/scripted_transport.hpp"
#include "tests/support/sunspec_device.hpp"

namespace metergate::southbound {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

/// A device on the wire: registers by table and address, and what it says by 43/14 and 17.
struct Device {
    std::uint8_t unit = 1;
    std::uint32_t baud = 9600;
    std::map<std::uint16_t, std::uint16_t> holding{};
    std::map<std::uint16_t, std::uint16_t> input{};
    Bytes identification{};    ///< the PDU; empty = exception 1
    Bytes identification_2{};  ///< of the objects from 1 on
    Bytes server_id{};
    Duration turnaround = milliseconds{20};
    bool silent_on_errors = false;

    void set(std::uint16_t address, const Registers& values) {
        for (const std::uint16_t value : values) {
            holding[address++] = value;
        }
    }

    [[nodiscard]] Bytes answer(std::span<const std::uint8_t> frame) const {
        const std::uint8_t function = frame[1];
        if (function == 43 && !identification.empty()) {
            return with_crc(joined({unit}, frame[4] == 0 ? identification : identification_2));
        }
        if (function == 17 && !server_id.empty()) {
            return with_crc(joined({unit}, server_id));
        }
        const auto& table = function == 4 ? input : holding;
        Registers values;
        if (function == 3 || function == 4) {
            const AskedFor asked = asked_for(frame);
            for (unsigned i = 0; i < asked.count; ++i) {
                const auto found = table.find(static_cast<std::uint16_t>(asked.address + i));
                if (found != table.end()) {
                    values.push_back(found->second);
                }
            }
            if (!values.empty() && values.size() == asked.count) {
                return rtu_reply(unit, function, values);
            }
        }
        const std::uint8_t code = function == 3 || function == 4 ? 2 : 1;
        return silent_on_errors ? Bytes{} : rtu_exception(unit, function, code);
    }
};

Device metergate_panel(std::uint8_t unit, std::uint16_t serial, std::uint32_t baud = 9600) {
    Device device;
    device.unit = unit;
    device.baud = baud;
    device.set(0, {0x4D47, 1, 24, 48, 0, serial});
    return device;
}

Bytes with_text(Bytes bytes, std::string_view text) {
    bytes.insert(bytes.end(), text.begin(), text.end());
    return bytes;
}

/// Two bits on one wire at once: low wins.
Bytes collided(Bytes first, const Bytes& second) {
    first.resize(std::max(first.size(), second.size()), 0xFF);
    for (std::size_t i = 0; i < second.size(); ++i) {
        first[i] &= second[i];
    }
    return first;
}

class Scanning : public ::testing::Test {
  protected:
    Scanning() {
        for (const std::string& name : profile_names()) {
            plan_.profiles.push_back(*profile_named(name));
        }
        for (unsigned unit = 1; unit <= 20; ++unit) {
            plan_.units.push_back(static_cast<std::uint8_t>(unit));
        }
        use_speeds({9600});
    }

    void use_speeds(std::vector<std::uint32_t> speeds) {
        speeds_ = std::move(speeds);
        plan_.wires.clear();
        for (const std::uint32_t baud : speeds_) {
            plan_.wires.push_back({modbus::WireFormat{baud, 11}.characters(1), milliseconds{150}});
        }
    }

    /// Steps the scan to its end, or until `stop`.
    std::vector<FoundDevice> scan(Duration longest = minutes{30}) {
        wire_.on_sent = [this](auto frame) { on_sent(frame); };
        run_.emplace(clock_, plan_, [this](std::size_t wire) {
            format_ = {speeds_.at(wire), 11};
            if (refused_speed_ != 0) {
                wire_.open_error.reset();
            }
            if (refused_speed_ == format_.baud) {
                wire_.open_error = Error{Fault::invalid, "the port refuses these settings"};
            }
            return std::make_unique<modbus::RtuLine>(
                clock_, std::make_unique<ScriptedTransport>(wire_), format_);
        });
        const Instant begin = clock_.now();
        while (!run_->done() && clock_.now() < begin + longest) {
            const Instant next = run_->step();
            if (next != never) {
                clock_.advance_to(std::max(next, clock_.now()));
            }
        }
        took_ = clock_.now() - begin;
        return run_->scan().found();
    }

    std::vector<Device> devices_;
    bool answers_wrong_speed_with_noise_ = false;
    std::uint32_t refused_speed_ = 0;
    ScanPlan plan_;
    VirtualClock clock_{utc_from_s(1'700'000'000)};
    ScriptedWire wire_{clock_};
    std::optional<ScanRun> run_;
    Duration took_{};

  private:
    void on_sent(std::span<const std::uint8_t> frame) {
        struct Answer {
            Bytes bytes;
            Duration after;
        };
        std::vector<Answer> answers;
        for (const Device& device : devices_) {
            if (device.baud != format_.baud && answers_wrong_speed_with_noise_) {
                answers.push_back({{0xF8, 0x00, 0x3C, 0x80, 0xFE}, device.turnaround});
            }
            if (device.unit == frame[0] && device.baud == format_.baud) {
                if (Bytes bytes = device.answer(frame); !bytes.empty()) {
                    answers.push_back({std::move(bytes), device.turnaround});
                }
            }
        }
        if (answers.size() == 2 && answers[0].after == answers[1].after) {
            answers = {{collided(answers[0].bytes, answers[1].bytes), answers[0].after}};
        }
        const Instant end = clock_.now() + format_.characters(frame.size());
        for (Answer& answer : answers) {
            const Duration on_wire = format_.characters(answer.bytes.size());
            wire_.arrive(end + answer.after + on_wire, std::move(answer.bytes));
        }
    }

    std::vector<std::uint32_t> speeds_;
    modbus::WireFormat format_{};
};

TEST_F(Scanning, a_panel_is_found_by_its_identity_block_with_its_serial_number) {
    devices_ = {metergate_panel(7, 4711)};
    const auto found = scan();
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].unit, 7);
    EXPECT_EQ(found[0].profiles, std::vector<std::string>{"metergate-panel-24"});
    EXPECT_TRUE(found[0].certain);
    EXPECT_EQ(found[0].serial, "4711");
    EXPECT_EQ(found[0].how, "identity block");
    EXPECT_EQ(found[0].doubled, "");
}

TEST_F(Scanning, a_sunspec_device_says_manufacturer_device_and_serial_number) {
    Device device;
    device.unit = 3;
    device.set(40'000, sunspec_head("S-77"));
    device.set(40'070, sunspec_model_203({}));
    device.set(40'177, {0xFFFF, 0});
    devices_ = {device};
    const auto found = scan();
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].profiles, std::vector<std::string>{"sunspec-meter"});
    EXPECT_EQ(found[0].device, "Example EM-3");
    EXPECT_EQ(found[0].serial, "S-77");
    EXPECT_EQ(found[0].how, "SunSpec model 203");
    EXPECT_EQ(found[0].doubled, "");
}

TEST_F(Scanning, a_serial_number_alone_leaves_every_profile_that_fits) {
    Device device;
    device.unit = 9;
    device.set(0xFC00, {0x0012, 0xD687});
    devices_ = {device};
    const auto found = scan();
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].profiles, (std::vector<std::string>{"eastron-sdm120", "eastron-sdm630"}));
    EXPECT_FALSE(found[0].certain);
    EXPECT_EQ(found[0].serial, "1234567");
}

TEST_F(Scanning, a_device_that_only_knows_43_14_is_named_over_several_replies) {
    Device device;
    device.unit = 4;
    device.identification = with_text({43, 14, 1, 1, 0xFF, 1, 1, 0, 7}, "Example");
    device.identification_2 = with_text({43, 14, 1, 1, 0, 0, 1, 1, 4}, "EM-3");
    devices_ = {device};
    const auto found = scan();
    ASSERT_EQ(found.size(), 1U);
    EXPECT_TRUE(found[0].profiles.empty());
    EXPECT_EQ(found[0].device, "Example EM-3");
    EXPECT_EQ(found[0].how, "device identification");
}

TEST_F(Scanning, a_device_that_only_knows_17_and_else_keeps_silent_is_found_by_the_second_probe) {
    Device device;
    device.unit = 5;
    device.server_id = with_text({17, 8, 9, 0xFF}, "PM-200");
    device.silent_on_errors = true;
    devices_ = {device};
    const auto found = scan();
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].unit, 5);
    EXPECT_EQ(found[0].device, "PM-200");
    EXPECT_EQ(found[0].how, "server id");
}

TEST_F(Scanning, a_device_that_only_refuses_is_somebody_unknown) {
    devices_ = {Device{.unit = 6}};
    const auto found = scan();
    ASSERT_EQ(found.size(), 1U);
    EXPECT_TRUE(found[0].answers);
    EXPECT_TRUE(found[0].profiles.empty());
    EXPECT_EQ(found[0].how, "");
    EXPECT_EQ(found[0].doubled, "");
}

TEST_F(Scanning, a_slow_device_is_found_by_the_second_probe_because_its_late_reply_was_heard) {
    use_speeds({9600, 19'200});
    devices_ = {metergate_panel(7, 4711)};
    devices_[0].turnaround = milliseconds{350};
    const auto found = scan();
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].serial, "4711");
    EXPECT_EQ(found[0].wire, 0U);
    EXPECT_EQ(found[0].doubled, "");
}

TEST_F(Scanning, slow_devices_next_to_a_quick_one_are_found_and_cast_no_suspicion_on_it) {
    devices_ = {metergate_panel(6, 1), metergate_panel(7, 2), metergate_panel(8, 3)};
    devices_[0].turnaround = milliseconds{360};
    devices_[1].turnaround = milliseconds{230};
    const auto found = scan();
    ASSERT_EQ(found.size(), 3U);
    for (const FoundDevice& one : found) {
        EXPECT_EQ(one.serial, std::to_string(one.unit - 5));
        EXPECT_EQ(one.doubled, "");
    }
}

TEST_F(Scanning, a_slow_device_is_found_even_if_it_is_the_only_one_asked) {
    use_speeds({9600, 19'200});
    plan_.units = {7};
    devices_ = {metergate_panel(7, 4711)};
    devices_[0].turnaround = milliseconds{300};
    const auto found = scan();
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].serial, "4711");
    EXPECT_EQ(found[0].doubled, "");
}

TEST_F(Scanning, a_silent_wire_ends_in_the_time_that_was_said) {
    use_speeds({9600, 19'200});
    scan(milliseconds{1});
    const Duration said = run_->progress().left;
    EXPECT_EQ(run_->progress().percent, 0U);
    EXPECT_TRUE(scan().empty());
    EXPECT_TRUE(run_->done());
    EXPECT_FALSE(run_->failure());
    EXPECT_EQ(run_->progress().percent, 100U);
    EXPECT_LT(took_, said + seconds{2});
    EXPECT_GT(took_, said - seconds{2});
}

TEST_F(Scanning, progress_only_rises_and_the_estimate_comes_true) {
    devices_ = {metergate_panel(7, 1), metergate_panel(15, 2)};
    const Instant begin = clock_.now();
    scan(seconds{3});
    const ScanProgress early = run_->progress();
    EXPECT_GT(early.percent, 0U);
    unsigned last = early.percent;
    while (!run_->done()) {
        const Instant next = run_->step();
        clock_.advance_to(next == never ? clock_.now() : next);
        EXPECT_GE(run_->progress().percent, last);
        last = run_->progress().percent;
    }
    const Duration expected = seconds{3} + early.left;
    EXPECT_LT(clock_.now() - begin, expected + seconds{3});
    EXPECT_EQ(run_->progress().found, 2U);
}

TEST_F(Scanning, the_second_speed_is_left_when_the_first_has_devices) {
    use_speeds({9600, 19'200});
    devices_ = {metergate_panel(7, 1), metergate_panel(8, 2, 19'200)};
    EXPECT_EQ(scan().size(), 1U);
    plan_.all_wires = true;
    const auto all = scan();
    ASSERT_EQ(all.size(), 2U);
    EXPECT_EQ(all[1].wire, 1U);
    EXPECT_EQ(all[1].unit, 8);
}

TEST_F(Scanning, a_device_at_another_speed_is_found_there_before_silent_speeds_are_asked_twice) {
    use_speeds({9600, 19'200});
    devices_ = {metergate_panel(7, 1, 19'200)};
    const auto found = scan();
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].wire, 1U);
    EXPECT_LT(took_, seconds{15});
}

TEST_F(Scanning, garbage_at_the_wrong_speed_is_no_device_and_does_not_end_the_search) {
    use_speeds({9600, 19'200});
    answers_wrong_speed_with_noise_ = true;
    plan_.units = {6, 7};
    devices_ = {metergate_panel(7, 1, 19'200)};
    const auto found = scan();
    ASSERT_FALSE(found.empty());
    EXPECT_TRUE(found.back().answers);
    EXPECT_EQ(found.back().wire, 1U);
    for (const FoundDevice& one : found) {
        EXPECT_EQ(one.answers, one.wire == 1U);
        EXPECT_EQ(one.doubled, "") << unsigned{one.unit};
    }
}

TEST_F(Scanning, two_panels_that_answer_at_the_same_time_are_suspected_at_one_address) {
    devices_ = {metergate_panel(7, 0x1234), metergate_panel(7, 0x4321), metergate_panel(9, 3)};
    const auto found = scan();
    ASSERT_EQ(found.size(), 2U);
    EXPECT_EQ(found[0].doubled, "its replies are garbled");
    EXPECT_EQ(found[1].doubled, "");
}

TEST_F(Scanning, two_panels_that_answer_one_after_the_other_are_suspected_at_one_address) {
    devices_ = {metergate_panel(7, 0x1234), metergate_panel(7, 0x4321), metergate_panel(9, 3)};
    devices_[1].turnaround = milliseconds{55};
    const auto found = scan();
    ASSERT_EQ(found.size(), 2U);
    EXPECT_EQ(found[0].doubled, "more than one reply comes to a request");
    EXPECT_EQ(found[1].doubled, "");
}

TEST_F(Scanning, an_identity_that_changes_is_suspected) {
    unsigned asked = 0;
    Identification who(7, plan_.profiles, {3, 0, 0, 0, 1}, Reply{{3, 2, 0x4D, 0x47}, {}, {}});
    while (const auto pdu = who.next()) {
        const auto serial = static_cast<std::uint16_t>(++asked % 2);
        const Bytes frame = rtu_reply(7, 3, {0x4D47, 1, 24, 48, 0, serial});
        who.take(Reply{Pdu(frame.begin() + 1, frame.end() - 2), {}, {}});
    }
    EXPECT_EQ(who.found().doubled, "it does not give the same identity each time");
    EXPECT_EQ(asked, 1U + Identification::repeats);
}

TEST_F(Scanning, a_missing_port_ends_it_with_the_reason) {
    wire_.open_error = Error{Fault::not_found, "port /dev/ttyUSB9 does not exist"};
    EXPECT_TRUE(scan().empty());
    ASSERT_TRUE(run_->failure());
    EXPECT_EQ(run_->failure()->fault, Fault::not_found);
}

TEST_F(Scanning, a_speed_that_the_port_refuses_is_left_out) {
    use_speeds({57'600, 9600});
    refused_speed_ = 57'600;
    devices_ = {metergate_panel(7, 4711)};
    EXPECT_EQ(scan().size(), 1U);
    EXPECT_FALSE(run_->failure());
}

TEST_F(Scanning, a_port_that_refuses_every_speed_ends_it_with_the_reason) {
    use_speeds({57'600});
    refused_speed_ = 57'600;
    EXPECT_TRUE(scan().empty());
    ASSERT_TRUE(run_->failure());
    EXPECT_EQ(run_->failure()->text, "the port refuses these settings");
}

TEST_F(Scanning, a_port_that_goes_ends_it_with_what_was_found) {
    devices_ = {metergate_panel(1, 4711)};
    scan(seconds{1});
    wire_.vanished = Error{Fault::disconnected, "port is gone: unplugged?"};
    wire_.open_error = wire_.vanished;
    for (int i = 0; i < 1000 && !run_->done(); ++i) {
        const Instant next = run_->step();
        clock_.advance_to(next == never ? clock_.now() : next);
    }
    ASSERT_TRUE(run_->failure());
    EXPECT_EQ(run_->failure()->fault, Fault::disconnected);
    EXPECT_EQ(run_->scan().found().size(), 1U);
}

TEST_F(Scanning, what_was_found_is_there_before_the_end) {
    devices_ = {metergate_panel(1, 4711)};
    const auto found = scan(seconds{1});
    EXPECT_FALSE(run_->done());
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].serial, "4711");
}

}  // namespace
}  // namespace metergate::southbound
