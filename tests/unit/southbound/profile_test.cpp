#include "southbound/profile.hpp"

#include <gtest/gtest.h>

namespace metergate::southbound {
namespace {

std::string profile_with(const std::string& members,
                         const std::string& quantities = R"({"name": "kwh", "type": "u32"})") {
    return R"({"schema": 1, "name": "x", "title": "x", "source": "x", "points": 24, "channels": 48,)" +
           members + R"("quantities": [)" + quantities + "]}";
}

std::string complaint_about(const std::string& json) {
    const auto profile = profile_from_json(json);
    return profile ? "" : profile.error().text;
}

TEST(Profile, the_built_in_ones_are_named_and_read) {
    EXPECT_EQ(profile_names(),
              (std::vector<std::string>{"accuenergy-acuvim-ii", "eastron-sdm120", "eastron-sdm630",
                                        "metergate-panel-12", "metergate-panel-24", "sunspec-meter",
                                        "wirenboard-map12e", "wirenboard-map6s"}));
    for (const std::string& name : profile_names()) {
        const auto profile = profile_named(name);
        ASSERT_TRUE(profile) << profile.error().text;
        EXPECT_EQ(profile->name, name);
        EXPECT_FALSE(profile->source.empty());
    }
}

TEST(Profile, an_unknown_name_is_answered_with_the_nearest) {
    const auto profile = profile_named("eastron-sdm603");
    ASSERT_FALSE(profile);
    EXPECT_EQ(profile.error().text,
              "there is no panel profile \"eastron-sdm603\"; did you mean \"eastron-sdm630\"?");
}

TEST(Profile, the_open_panel_map_is_described_completely) {
    const Profile profile = *profile_named("metergate-panel-24");
    EXPECT_EQ(profile.points, 24);
    EXPECT_EQ(profile.channels, 48);
    ASSERT_TRUE(profile.identity && profile.clock && profile.interval_log && profile.event_log);
    EXPECT_EQ(profile.find(Quantity::energy_delivered)->address_of(24), 1092);
    EXPECT_EQ(profile.find(Quantity::current_2)->address_of(24), 1297);
    EXPECT_EQ(profile.find(Quantity::voltage_3)->address_of(24), 104);
    EXPECT_EQ(profile.modulus_of(Quantity::energy_delivered), 100'000'000'000);
    EXPECT_EQ(profile.interval_log->values.at(1).address, 3100);
    EXPECT_EQ(profile.event_log->kinds.size(), 6U);
    EXPECT_EQ(profile.parameters.at(2).seal, schema::Seal::sealed);
}

TEST(Profile, unknown_keys_are_refused_with_the_nearest_name) {
    const std::string text = complaint_about(profile_with("", R"({"name": "kwh", "tpye": "u32"})"));
    EXPECT_NE(text.find("quantities[0]"), std::string::npos) << text;
    EXPECT_NE(text.find("tpye"), std::string::npos) << text;
    EXPECT_NE(text.find("\"type\""), std::string::npos) << text;
}

TEST(Profile, all_problems_are_told_at_once_with_their_paths) {
    const std::string text =
        complaint_about(profile_with(R"("limits": {"registers_max": 126, "timeout_ms": 5},)",
                                     R"({"name": "kwhh", "type": "u33"})"));
    EXPECT_NE(text.find("limits.registers_max: 126 is outside 1..125"), std::string::npos) << text;
    EXPECT_NE(text.find("limits.timeout_ms"), std::string::npos) << text;
    EXPECT_NE(text.find("quantities[0].name"), std::string::npos) << text;
    EXPECT_NE(text.find("quantities[0].type"), std::string::npos) << text;
}

TEST(Profile, contradictions_are_refused) {
    const auto says = [](const std::string& json, const std::string& words) {
        const std::string text = complaint_about(json);
        EXPECT_NE(text.find(words), std::string::npos) << "got: " << text;
    };
    says(profile_with("", R"({"name": "kwh", "type": "u32"}, {"name": "kwh", "type": "u32"})"),
         "quantities[1].name: \"kwh\" is there twice");
    says(profile_with("", R"({"name": "kwh", "type": "u64", "stride": 2})"),
         "quantities[0].stride: is less than the registers of one value");
    says(profile_with("", R"({"name": "kwh", "type": "u32", "address": 65500, "stride": 2})"),
         "quantities[0].address: the last point lies beyond register 65535");
    says(profile_with("", R"({"name": "kw", "type": "u32", "modulus": 1000})"),
         "quantities[0].modulus: \"kw\" is no register that counts up");
    says(profile_with("", R"({"name": "kwh", "type": "u32", "addresses": [1, 3]})"),
         "quantities[0].addresses: has 2 addresses for 24 points");
    says(profile_with(R"("limits": {"timeout_ms": 4000},)"),
         "limits.late_limit_ms: is less than timeout_ms");
    says(profile_with(
             R"("parameters": [{"name": "ct", "address": 9, "type": "f32", "seal": "sealed"}],)"),
         "parameters[0].type: must be a whole number");
    says(
        profile_with(
            R"("identity": {"address": 10, "count": 2, "serial": {"address": 11, "type": "u32"}},)"),
        "identity.serial.address: is not inside the identity's registers");
    says(profile_with("", R"({"name": "kwh", "type": "u32", "scale": "1/0"})"),
         "quantities[0].scale: must be a positive whole number or a ratio like \"1/10\"");
    says(profile_with("", ""), "quantities: there is none");
}

TEST(Profile, a_log_must_be_one_that_can_be_read) {
    const auto log = [](const std::string& members) {
        return R"("interval_log": {"capacity": {"address": 100, "type": "u16"},
            "length_minutes": {"address": 101, "type": "u16"},
            "newest": {"address": 102, "type": "u16"}, "end": {"address": 200, "type": "u32"},
            "values": [{"name": "kwh", "address": 210, "stride": 2, "type": "u32"}], )" +
               members + "},";
    };
    const auto says = [](const std::string& json, const std::string& words) {
        const std::string text = complaint_about(json);
        EXPECT_NE(text.find(words), std::string::npos) << "got: " << text;
    };
    const std::string window = R"("kind": "windowed", "window": {"address": 104, "type": "u16"},)";
    const auto shown_at = [&](const std::string& address) {
        return window + R"("ready_ms": 500, "shown": {"type": "u16", "address": )" + address + "}";
    };
    EXPECT_EQ(complaint_about(profile_with(log(shown_at("198")))), "");
    says(profile_with(log(shown_at("100"))),
         "interval_log.ready_ms: all of a slot must fit into one request");
    says(profile_with(log(window + R"("ready_ms": 500)")),
         "interval_log: a windowed log needs window and shown");
    says(profile_with(log(R"("kind": "ring", "ring_slots": 9, "ring_stride": 70)")),
         "interval_log: a ring needs oldest");
}

TEST(Profile, a_clock_by_civil_time_is_only_looked_at) {
    const std::string clock = R"("clock": {"time": {"address": 32, "type": "civil-words"})";
    EXPECT_EQ(complaint_about(profile_with(clock + "},")), "");
    const std::string text = complaint_about(profile_with(clock + R"(, "writable": true},)"));
    EXPECT_NE(text.find("clock.writable: only a clock of seconds since 1970 can be set"),
              std::string::npos)
        << text;
}

std::string sunspec_profile(const std::string& sunspec, const std::string& quantity,
                            const std::string& members = "") {
    return R"({"schema": 1, "name": "x", "title": "x", "source": "x", "points": 1, "channels": 1,)" +
           members + R"("sunspec": {)" + sunspec + R"(}, "quantities": [)" + quantity + "]}";
}

TEST(Profile, sunspec_quantities_lie_inside_their_models) {
    const std::string models = R"("bases": [40000], "models": [{"id": 203, "length": 105}])";
    const std::string energy =
        R"({"name": "kwh", "models": [203], "address": 46, "type": "u32", "scale_register": 54})";
    EXPECT_EQ(complaint_about(sunspec_profile(models, energy)), "");
    const auto says = [&](const std::string& json, const std::string& words) {
        const std::string text = complaint_about(json);
        EXPECT_NE(text.find(words), std::string::npos) << "got: " << text;
    };
    const auto with = [](const std::string& keys) {
        return R"({"name": "kwh", "type": "u32", )" + keys + "}";
    };
    says(sunspec_profile(models, with(R"("address": 46)")), "quantities[0].models: is missing");
    says(sunspec_profile(models, with(R"("models": [213], "address": 46)")),
         "quantities[0].models: 213 is not among sunspec.models");
    says(sunspec_profile(models, with(R"("models": [203], "address": 1)")),
         "quantities[0].address: is outside model 203");
    says(sunspec_profile(models, with(R"("models": [203], "address": 106)")),
         "quantities[0].address: is outside model 203");
    says(sunspec_profile(models, with(R"("models": [203], "address": 4, "scale_register": 107)")),
         "quantities[0].address: is outside model 203");
    says(sunspec_profile(models, with(R"("models": [203], "addresses": [4])")),
         "quantities[0].addresses: a SunSpec meter has one point");
    says(sunspec_profile(models, energy + ", " + energy),
         "quantities[1].name: \"kwh\" is there twice");
    says(sunspec_profile(R"("bases": [65533], "models": [{"id": 203, "length": 105}])", energy),
         "sunspec.bases[0]: leaves no room for a model");
    says(sunspec_profile(R"("bases": [], "models": [])", energy), "sunspec.bases: there is none");
    says(sunspec_profile(
             models, energy,
             R"("identity": {"address": 1, "count": 1, "serial": {"address": 1, "type": "u16"}},)"),
         "identity: a SunSpec device tells it in its common model");
}

TEST(Profile, a_scale_register_is_read_with_its_value) {
    const auto says = [](const std::string& quantity, const std::string& words) {
        const std::string text = complaint_about(profile_with("", quantity));
        EXPECT_NE(text.find(words), std::string::npos) << "got: " << text;
    };
    const std::string far = "quantities[0].scale_register: is too far from the value";
    says(R"({"name": "kwh", "type": "u32", "address": 200, "scale_register": 60})", far);
    says(R"({"name": "kwh", "type": "u32", "address": 65534, "scale_register": 0})", far);
    says(R"({"name": "kwh", "type": "u32", "address": 10, "stride": 10, "scale_register": 8})",
         far);
    says(R"({"name": "kwh", "type": "u32", "scale_register": 2, "scale": 1000001})",
         "quantities[0].scale: is beyond 1000000");
    says(R"({"name": "kwh", "type": "u32", "models": [203]})",
         "quantities[0].models: there is no sunspec");
}

TEST(Profile, a_value_may_have_several_patterns_that_say_it_is_not_available) {
    const auto profile = profile_from_json(
        profile_with("", R"({"name": "kwh", "type": "u32", "not_available": [0, "0xFFFFFFFF"]},
                            {"name": "kw", "type": "u16", "not_available": "0xFFFF"})"));
    ASSERT_TRUE(profile) << profile.error().text;
    EXPECT_EQ(profile->quantities[0].not_available, (std::vector<std::uint64_t>{0, 0xFFFFFFFF}));
    EXPECT_EQ(profile->quantities[1].not_available, std::vector<std::uint64_t>{0xFFFF});
}

TEST(Profile, addresses_may_be_hexadecimal_and_explicit) {
    const auto profile =
        profile_from_json(R"({"schema": 1, "name": "x", "title": "x", "source": "x",
        "points": 2, "channels": 2,
        "quantities": [{"name": "kwh", "type": "u32", "addresses": ["0x10", "0xFF00"]}]})");
    ASSERT_TRUE(profile) << profile.error().text;
    EXPECT_EQ(profile->quantities.front().address_of(2), 0xFF00);
}

TEST(Profile, text_that_is_no_json_is_refused_with_its_place) {
    EXPECT_NE(complaint_about("{\n  \"schema\" 1\n}").find("line 2"), std::string::npos);
}

}  // namespace
}  // namespace metergate::southbound
