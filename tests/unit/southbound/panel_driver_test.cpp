#include "southbound/panel_driver.hpp"

#include <gtest/gtest.h>

#include <bit>

#include "southbound/register_value.hpp"

namespace metergate::southbound {
namespace {

PanelSetup setup_of(std::vector<PanelPoint> points, std::vector<Quantity> quantities) {
    PanelSetup setup;
    setup.number = PanelNumber{3};
    setup.id = "east";
    setup.unit = 7;
    setup.points = std::move(points);
    setup.every_poll = std::move(quantities);
    return setup;
}

RegisterReply reply_with(std::vector<std::uint16_t> registers) {
    return {std::move(registers), Instant{} + std::chrono::seconds{1},
            Instant{} + std::chrono::seconds{2}};
}

RegisterReply identity_of(std::uint16_t serial) {
    return reply_with({0x4D47, 1, 24, 48, 0, serial});
}

/// A profile of one point with these quantities; addresses from 0, one after the other.
Profile profile_of(const std::string& quantities) {
    const auto profile =
        profile_from_json(R"({"schema": 1, "name": "x", "title": "x", "source": "x",
        "points": 1, "channels": 1, "quantities": [)" +
                          quantities + "]}");
    EXPECT_TRUE(profile) << (profile ? "" : profile.error().text);
    return *profile;
}

Measured only_value(const std::string& quantity, std::vector<std::uint16_t> registers,
                    const Transformers& transformers = {}) {
    const Profile profile = profile_of(quantity);
    PanelDriver driver(
        setup_of({{PointNumber{1}, 1, transformers}}, {profile.quantities.front().quantity}),
        profile);
    const auto reading = driver.accept(0, reply_with(std::move(registers)), {});
    EXPECT_TRUE(reading);
    EXPECT_EQ(reading->values.size(), 1U);
    return reading->values.front();
}

TEST(PanelDriver, reads_all_points_of_a_quantity_in_one_request) {
    std::vector<PanelPoint> points;
    for (std::uint32_t slot = 1; slot <= 24; ++slot) {
        points.push_back({PointNumber{slot}, slot, {}});
    }
    const PanelDriver driver(setup_of(points, {Quantity::energy_delivered, Quantity::power}),
                             *profile_named("metergate-panel-24"));
    ASSERT_EQ(driver.block_count(), 2U);
    EXPECT_EQ(driver.block_request(0).address, 1000);
    EXPECT_EQ(driver.block_request(0).count, 96);
    EXPECT_EQ(driver.block_request(1).address, 1200);
    EXPECT_EQ(driver.block_request(1).count, 48);
    EXPECT_EQ(driver.block_request(0).late_limit, std::chrono::milliseconds{3500});
}

TEST(PanelDriver, unused_slots_between_used_ones_give_no_value) {
    PanelDriver driver(setup_of({{PointNumber{11}, 1, {}}, {PointNumber{13}, 3, {}}},
                                {Quantity::energy_delivered}),
                       *profile_named("metergate-panel-24"));
    ASSERT_EQ(driver.block_count(), 1U);
    EXPECT_EQ(driver.block_request(0).count, 12);
    ASSERT_TRUE(driver.accept_identity(identity_of(1)));
    const auto reading = driver.accept(0, reply_with({0, 0, 0, 10, 0, 0, 0, 20, 0, 0, 0, 30}), {});
    ASSERT_TRUE(reading);
    ASSERT_EQ(reading->values.size(), 2U);
    EXPECT_EQ(reading->values[0].point, PointNumber{11});
    EXPECT_EQ(reading->values[0].value, 10);
    EXPECT_EQ(reading->values[1].point, PointNumber{13});
    EXPECT_EQ(reading->values[1].value, 30);
}

TEST(PanelDriver, currents_of_every_second_channel_are_one_request) {
    std::vector<PanelPoint> points;
    for (std::uint32_t slot = 1; slot <= 24; ++slot) {
        points.push_back({PointNumber{slot}, slot, {}});
    }
    const PanelDriver driver(setup_of(points, {Quantity::current_1}),
                             *profile_named("metergate-panel-24"));
    ASSERT_EQ(driver.block_count(), 1U);
    EXPECT_EQ(driver.block_request(0).address, 1250);
    EXPECT_EQ(driver.block_request(0).count, 47);
}

TEST(PanelDriver, a_reading_carries_panel_identity_and_the_moment_of_asking) {
    PanelDriver driver(setup_of({{PointNumber{11}, 1, {}}}, {Quantity::energy_delivered}),
                       *profile_named("metergate-panel-24"));
    EXPECT_TRUE(driver.identity_needed());
    ASSERT_TRUE(driver.accept_identity(identity_of(4711)));
    EXPECT_FALSE(driver.identity_needed());
    EXPECT_EQ(driver.serial(), "4711");
    const UtcTime at_utc = utc_from_ms(1'700'000'000'123);
    const auto reading = driver.accept(0, reply_with({0, 0, 0, 10}), at_utc);
    ASSERT_TRUE(reading);
    EXPECT_EQ(reading->panel, PanelNumber{3});
    EXPECT_EQ(reading->identity, driver.identity());
    EXPECT_NE(reading->identity, 0U);
    EXPECT_EQ(reading->at, Instant{} + std::chrono::seconds{1});
    EXPECT_EQ(reading->at_utc, at_utc);
}

TEST(PanelDriver, identity_is_the_fnv_1a_hash_of_profile_and_serial_for_ever) {
    PanelDriver driver(setup_of({{PointNumber{11}, 1, {}}}, {Quantity::energy_delivered}),
                       *profile_named("metergate-panel-24"));
    ASSERT_TRUE(driver.accept_identity(identity_of(4711)));
    // FNV-1a, 64 bits, of "metergate-panel-24", a zero byte, "4711".
    std::uint64_t hash = 0xCBF29CE484222325U;
    const std::string text = std::string("metergate-panel-24") + '\0' + "4711";
    for (const char c : text) {
        hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3U;
    }
    EXPECT_EQ(driver.identity(), hash);
}

TEST(PanelDriver, another_kind_of_device_is_refused_with_what_was_expected) {
    PanelDriver driver(setup_of({{PointNumber{11}, 1, {}}}, {Quantity::energy_delivered}),
                       *profile_named("metergate-panel-24"));
    const auto accepted = driver.accept_identity(reply_with({0x4D47, 1, 12, 24, 0, 1}));
    ASSERT_FALSE(accepted);
    EXPECT_EQ(accepted.error().text,
              "register 2 reads 12 (0x000C), but metergate-panel-24 has 24 (0x0018) there: another "
              "kind of device at address 7?");
    EXPECT_TRUE(driver.identity_needed());
}

TEST(PanelDriver, a_serial_number_other_than_expected_is_told_but_values_flow) {
    PanelSetup setup = setup_of({{PointNumber{11}, 1, {}}}, {Quantity::energy_delivered});
    setup.expected_serial = "0004711";
    PanelDriver driver(setup, *profile_named("metergate-panel-24"));
    ASSERT_TRUE(driver.accept_identity(identity_of(4711)));
    EXPECT_TRUE(driver.serial_as_expected());
    ASSERT_TRUE(driver.accept_identity(identity_of(4712)));
    EXPECT_FALSE(driver.serial_as_expected());
    EXPECT_TRUE(driver.accept(0, reply_with({0, 0, 0, 10}), {}));
}

TEST(PanelDriver, a_register_that_goes_backwards_is_not_used_before_the_identity_is_read_again) {
    PanelDriver driver(setup_of({{PointNumber{11}, 1, {}}}, {Quantity::energy_delivered}),
                       *profile_named("metergate-panel-24"));
    ASSERT_TRUE(driver.accept_identity(identity_of(1)));
    ASSERT_TRUE(driver.accept(0, reply_with({0, 0, 0, 10}), {}));
    EXPECT_FALSE(driver.accept(0, reply_with({0, 0, 0, 5}), {}));
    EXPECT_TRUE(driver.identity_needed());
    ASSERT_TRUE(driver.accept_identity(identity_of(2)));
    const auto reading = driver.accept(0, reply_with({0, 0, 0, 5}), {});
    ASSERT_TRUE(reading);
    EXPECT_EQ(reading->identity, driver.identity());
}

TEST(PanelDriver, a_meter_without_serial_registers_is_read_if_its_profile_allows_it) {
    PanelDriver driver(setup_of({{PointNumber{11}, 1, {}}}, {Quantity::energy_delivered}),
                       *profile_named("eastron-sdm630"));
    ASSERT_TRUE(driver.accept_refused_identity());
    EXPECT_FALSE(driver.identity_needed());
    EXPECT_EQ(driver.identity(), 0U);
    driver.doubt();
    ASSERT_TRUE(driver.accept_identity(reply_with({0, 99})));
    driver.doubt();
    EXPECT_FALSE(driver.accept_refused_identity()) << "it had a serial number before";
}

TEST(PanelDriver, integers_of_all_types_and_orders_are_decoded) {
    EXPECT_EQ(only_value(R"({"name": "kw", "address": 0, "type": "u16"})", {0xFFFE}).value, 65534);
    EXPECT_EQ(only_value(R"({"name": "kw", "address": 0, "type": "i16"})", {0xFFFE}).value, -2);
    EXPECT_EQ(only_value(R"({"name": "kw", "address": 0, "type": "u32"})", {1, 2}).value, 65538);
    EXPECT_EQ(only_value(R"({"name": "kw", "address": 0, "type": "i32"})", {0xFFFF, 0xFFFE}).value,
              -2);
    EXPECT_EQ(
        only_value(R"({"name": "kw", "address": 0, "type": "u32", "word_order": "little"})", {2, 1})
            .value,
        65538);
    EXPECT_EQ(only_value(R"({"name": "kwh", "address": 0, "type": "u64", "word_order": "little"})",
                         {4, 3, 2, 0})
                  .value,
              (2LL << 32) + (3LL << 16) + 4);
}

TEST(PanelDriver, floats_are_rounded_to_the_nearest_thousandth) {
    const auto halves = [](float value) {
        const auto bits = std::bit_cast<std::uint32_t>(value);
        return std::vector<std::uint16_t>{static_cast<std::uint16_t>(bits >> 16U),
                                          static_cast<std::uint16_t>(bits & 0xFFFFU)};
    };
    const std::string kwh = R"({"name": "kwh", "address": 0, "type": "f32", "scale": 1000})";
    EXPECT_EQ(only_value(kwh, halves(1234.5678F)).value, 1'234'568);
    EXPECT_EQ(only_value(kwh, halves(0.0004F)).value, 0);
    const std::string watt = R"({"name": "kw", "address": 0, "type": "f32"})";
    EXPECT_EQ(only_value(watt, halves(-12.6F)).value, -13);
    EXPECT_FALSE(only_value(watt, halves(std::numeric_limits<float>::quiet_NaN())).valid);
    EXPECT_FALSE(only_value(watt, halves(std::numeric_limits<float>::infinity())).valid);
    EXPECT_FALSE(only_value(watt, halves(3e38F)).valid);
}

TEST(PanelDriver, a_value_that_is_not_available_is_invalid_and_zero) {
    const Measured value =
        only_value(R"({"name": "kwh", "address": 0, "type": "u32", "not_available": "0xFFFFFFFF"})",
                   {0xFFFF, 0xFFFF});
    EXPECT_FALSE(value.valid);
    EXPECT_EQ(value.value, 0);
    EXPECT_FALSE(only_value(R"({"name": "kwh", "address": 0, "type": "u64"})",
                            {0x7FFF, 0xFFFF, 0xFFFF, 0xFFFF})
                     .valid)
        << "no meter counts that far";
}

TEST(PanelDriver, scales_are_exact_ratios) {
    EXPECT_EQ(only_value(R"({"name": "kwh", "address": 0, "type": "u16", "scale": "1/10"})", {1239})
                  .value,
              123);
    EXPECT_EQ(
        only_value(R"({"name": "a1", "address": 0, "type": "u16", "scale": 10})", {1239}).value,
        12'390);
}

TEST(PanelDriver, secondary_registers_are_multiplied_by_the_transformers_of_their_point) {
    // 200 A : 5 A, the conductor passes twice, 4:1 potential transformers.
    const Transformers transformers{200'000, 5'000, 2, {4, 1}};
    EXPECT_EQ(only_value(R"({"name": "kwh", "address": 0, "type": "u16", "side": "secondary"})",
                         {10}, transformers)
                  .value,
              10 * 20 * 4);
    EXPECT_EQ(only_value(R"({"name": "a1", "address": 0, "type": "u16", "side": "secondary"})",
                         {10}, transformers)
                  .value,
              10 * 20);
    EXPECT_EQ(only_value(R"({"name": "v1", "address": 0, "type": "u16", "side": "secondary"})",
                         {10}, transformers)
                  .value,
              10 * 4);
    EXPECT_EQ(only_value(R"({"name": "hz", "address": 0, "type": "u16", "side": "secondary"})",
                         {10}, transformers)
                  .value,
              10);
    EXPECT_EQ(
        only_value(R"({"name": "kwh", "address": 0, "type": "u16"})", {10}, transformers).value,
        10);
}

TEST(PanelDriver, a_register_too_large_for_its_transformers_is_not_available) {
    const Transformers transformers{5'000'000, 5'000, 1, {120, 1}};
    const std::string map = R"({"name": "kwh", "address": 0, "type": "u64", "side": "secondary"})";
    const Measured fits = only_value(map, {0, 0, 0xFFFF, 0xFFFF}, transformers);
    EXPECT_TRUE(fits.valid);
    EXPECT_EQ(fits.value, 0xFFFFFFFFLL * 120'000);
    const Measured too_large = only_value(map, {0x0003, 0, 0, 0}, transformers);
    EXPECT_FALSE(too_large.valid);
    EXPECT_EQ(too_large.value, 0);
}

TEST(PanelDriver, the_modulus_is_told_in_thousandths_and_multiplied_like_the_register) {
    const PanelDriver driver(setup_of({{PointNumber{11}, 1, {}}}, {Quantity::energy_delivered}),
                             *profile_named("metergate-panel-24"));
    EXPECT_EQ(driver.register_modulus(Quantity::energy_delivered), 100'000'000'000);
    EXPECT_EQ(driver.register_modulus(Quantity::power), std::nullopt);
    const PanelDriver secondary(
        setup_of({{PointNumber{11}, 1, {200'000, 5'000, 1, {}}}}, {Quantity::energy_delivered}),
        profile_of(R"({"name": "kwh", "address": 0, "type": "u32", "scale": 10, "modulus": 1000000,
                       "side": "secondary"})"));
    EXPECT_EQ(secondary.register_modulus(Quantity::energy_delivered), 1'000'000LL * 10 * 40);
}

}  // namespace
}  // namespace metergate::southbound
