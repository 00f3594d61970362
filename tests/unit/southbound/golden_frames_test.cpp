#include <gtest/gtest.h>

#include <charconv>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>

#include "config/schema/json.hpp"
#include "southbound/modbus/frame.hpp"
#include "southbound/panel_driver.hpp"

/// Frames and values in tests/cases/profiles/<profile>/ were worked out from each model's own map,
/// apart from this code; see southbound/profiles/README.md.
namespace metergate::southbound {
namespace {

using schema::Json;
using Bytes = std::vector<std::uint8_t>;

std::filesystem::path cases_of(const std::string& profile) {
    return std::filesystem::path(METERGATE_SOURCE_DIR) / "tests/cases/profiles" / profile;
}

Bytes bytes_of(const std::string& hex) {
    Bytes bytes;
    for (std::size_t i = 0; i + 1 < hex.size(); i += 3) {
        std::uint8_t byte = 0;
        const char* end = hex.data() + i + 2;
        const auto read = std::from_chars(hex.data() + i, end, byte, 16);
        EXPECT_TRUE(read.ec == std::errc{} && read.ptr == end) << hex;
        bytes.push_back(byte);
    }
    return bytes;
}

Bytes frame_of(const RegisterRequest& request) {
    const modbus::RequestFrame frame = modbus::rtu_request(request);
    return {frame.view().begin(), frame.view().end()};
}

/// Checks the request's bytes and hands out what the reply says; nothing, if it is an exception.
std::optional<RegisterReply> exchange(const RegisterRequest& request, const Json& exchange) {
    EXPECT_EQ(frame_of(request), bytes_of(*exchange.string_at("request")));
    const Bytes reply = bytes_of(*exchange.string_at("reply"));
    const modbus::Parsed parsed = modbus::parse_rtu(reply, request);
    EXPECT_EQ(parsed.length, reply.size());
    if (parsed.verdict == modbus::Verdict::exception) {
        return std::nullopt;
    }
    EXPECT_EQ(parsed.verdict, modbus::Verdict::reply) << parsed.why;
    return *registers_of(Reply{Pdu(parsed.pdu.begin(), parsed.pdu.end()), {}, {}});
}

PanelDriver driver_for(const Json& golden, const Profile& profile) {
    PanelSetup setup;
    setup.unit = static_cast<std::uint8_t>(*golden.integer_at("unit"));
    for (const Json& slot : *golden.find("slots")->as_array()) {
        const auto number = static_cast<std::uint32_t>(*slot.as_integer());
        setup.points.push_back({PointNumber{number}, number, {}});
    }
    setup.every_poll.clear();
    for (const Json& name : *golden.find("quantities")->as_array()) {
        setup.every_poll.push_back(*quantity_named(*name.as_string()));
    }
    return {setup, profile};
}

void check_values(const Reading& reading, const Json::Array& expected) {
    ASSERT_EQ(reading.values.size(), expected.size());
    for (const Json& line : expected) {
        const PointNumber point{static_cast<std::uint32_t>(*line.integer_at("slot"))};
        const Quantity quantity = *quantity_named(*line.string_at("quantity"));
        bool found = false;
        for (const Measured& value : reading.values) {
            if (value.point == point && value.quantity == quantity) {
                found = true;
                EXPECT_EQ(value.valid, !line.find("value")->is_null())
                    << *line.string_at("quantity");
                EXPECT_EQ(value.value, line.integer_at("value").value_or(0))
                    << *line.string_at("quantity");
            }
        }
        EXPECT_TRUE(found) << *line.string_at("quantity") << " of slot " << raw(point);
    }
}

/// Goes through the identity's exchanges: one, or each step of a walk. False: the device was
/// refused, as the case says.
bool identify(PanelDriver& driver, const Json& identity) {
    const Json::Array one{identity};
    const Json* walk = identity.find("walk");
    for (const Json& step : walk == nullptr ? one : *walk->as_array()) {
        EXPECT_TRUE(driver.identity_needed());
        const auto reply = exchange(driver.identity_request(), step);
        const bool is_last = walk != nullptr && &step == &walk->as_array()->back();
        const std::string* refused = is_last ? identity.string_at("refused") : nullptr;
        if (!reply) {
            EXPECT_EQ(driver.accept_refused_identity(), refused == nullptr);
        } else if (const auto accepted = driver.accept_identity(*reply); !accepted) {
            EXPECT_EQ(accepted.error().text, refused == nullptr ? "no error" : *refused);
        }
    }
    EXPECT_EQ(driver.identity_needed(), identity.find("refused") != nullptr);
    return !driver.identity_needed();
}

void check_case(const std::filesystem::path& path, const Profile& profile) {
    SCOPED_TRACE(path.string());
    std::ifstream file(path);
    const auto golden = schema::parse_json(std::string{std::istreambuf_iterator<char>(file), {}});
    ASSERT_TRUE(golden) << golden.error().text;
    PanelDriver driver = driver_for(*golden, profile);
    const Json* identity = golden->find("identity");
    ASSERT_EQ(identity != nullptr, driver.identity_needed()) << "the profile says otherwise";
    if (identity != nullptr) {
        if (!identify(driver, *identity)) {
            return;
        }
        EXPECT_EQ(driver.serial(), *identity->string_at("serial"));
        const std::string* device = identity->string_at("device");
        EXPECT_EQ(driver.device(), device == nullptr ? "" : *device);
    }
    const Json::Array& exchanges = *golden->find("exchanges")->as_array();
    ASSERT_EQ(driver.block_count(), exchanges.size());
    for (std::size_t block = 0; block < exchanges.size(); ++block) {
        const auto reply = exchange(driver.block_request(block), exchanges[block]);
        ASSERT_TRUE(reply);
        const auto reading = driver.accept(block, *reply, UtcTime{});
        ASSERT_TRUE(reading);
        check_values(*reading, *exchanges[block].find("values")->as_array());
    }
}

TEST(GoldenFrames, of_every_profile_give_their_values) {
    for (const std::string& name : profile_names()) {
        unsigned cases = 0;
        std::error_code missing;
        for (const auto& entry : std::filesystem::directory_iterator(cases_of(name), missing)) {
            if (entry.path().extension() == ".json") {
                ++cases;
                check_case(entry.path(), *profile_named(name));
            }
        }
        EXPECT_GT(cases, 0U) << "profile " << name << " has no golden frames";
    }
}

}  // namespace
}  // namespace metergate::southbound
