#include "southbound/sunspec_walk.hpp"

#include <gtest/gtest.h>

#include <map>

#include "southbound/panel_driver.hpp"
#include "tests/support/sunspec_device.hpp"

namespace metergate::southbound {
namespace {

/// Registers by address; a run with a missing one is refused.
using Device = std::map<unsigned, std::uint16_t>;

unsigned put(Device& device, unsigned address, const Registers& registers) {
    for (const std::uint16_t value : registers) {
        device[address++] = value;
    }
    return address;
}

std::optional<Registers> read(const Device& device, unsigned address, unsigned count) {
    Registers registers;
    for (unsigned i = 0; i < count; ++i) {
        const auto found = device.find(address + i);
        if (found == device.end()) {
            return std::nullopt;
        }
        registers.push_back(found->second);
    }
    return registers;
}

struct Outcome {
    std::optional<SunspecMeter> meter;
    std::string error;
    std::vector<std::uint16_t> asked{};
};

Outcome walk_through(SunspecWalk& walk, const Device& device) {
    Outcome outcome;
    while (!outcome.meter && outcome.error.empty()) {
        const RegisterSpan next = walk.next();
        outcome.asked.push_back(next.address);
        if (const auto registers = read(device, next.address, next.count)) {
            const auto taken = walk.take(*registers);
            outcome.meter = taken ? *taken : std::nullopt;
            outcome.error = taken ? "" : taken.error().text;
        } else if (!walk.take_refusal()) {
            outcome.error = "refused";
        }
    }
    walk.restart();
    return outcome;
}

SunspecWalk new_walk() {
    return SunspecWalk({{40000, 0, 50000}, {{203, 105}, {213, 124}}});
}

Device device_at(unsigned base) {
    Device device;
    put(device, put(device, base, sunspec_head("A1")), sunspec_model_203({.import_counts = 5}));
    return device;
}

TEST(SunspecWalk, finds_the_chain_at_each_base_and_begins_there_the_next_time) {
    for (const unsigned base : {40000U, 0U, 50000U}) {
        SunspecWalk walk = new_walk();
        const Device device = device_at(base);
        const Outcome first = walk_through(walk, device);
        ASSERT_TRUE(first.meter) << first.error;
        EXPECT_EQ(*first.meter, (SunspecMeter{static_cast<std::uint16_t>(base),
                                              static_cast<std::uint16_t>(base + 70), 203, "Example",
                                              "EM-3", "A1"}));
        EXPECT_EQ(
            walk_through(walk, device).asked,
            (std::vector<std::uint16_t>{
                static_cast<std::uint16_t>(base), static_cast<std::uint16_t>(base + 2),
                static_cast<std::uint16_t>(base + 4), static_cast<std::uint16_t>(base + 70)}));
    }
}

TEST(SunspecWalk, a_meter_exchanged_for_one_with_another_base_is_found) {
    SunspecWalk walk = new_walk();
    ASSERT_TRUE(walk_through(walk, device_at(50000)).meter);
    const Outcome second = walk_through(walk, device_at(0));
    ASSERT_TRUE(second.meter) << second.error;
    EXPECT_EQ(second.meter->base, 0);
}

TEST(SunspecWalk, takes_the_first_meter_of_the_chain) {
    Device device;
    unsigned at = put(device, 40000, sunspec_head("A1"));
    at = put(device, at, {160, 3, 0, 0, 0});
    const unsigned first = at;
    at = put(device, at, sunspec_model_203({}));
    put(device, at, sunspec_model_203({}));
    SunspecWalk walk = new_walk();
    const Outcome outcome = walk_through(walk, device);
    ASSERT_TRUE(outcome.meter) << outcome.error;
    EXPECT_EQ(outcome.meter->address, first);
}

TEST(SunspecWalk, a_chain_that_never_ends_is_given_up) {
    Device device;
    for (unsigned at = put(device, 40000, sunspec_head("A1")); at < 65536; at += 2) {
        put(device, at, {0, 0});
    }
    SunspecWalk walk = new_walk();
    const Outcome outcome = walk_through(walk, device);
    EXPECT_EQ(outcome.error, "the model chain from register 40000 has no end after 64 models");
    EXPECT_EQ(outcome.asked.size(), SunspecWalk::headers_max + 2U);
}

TEST(SunspecWalk, a_length_never_leads_beyond_the_last_register) {
    const auto error_at = [](std::uint16_t id, std::uint16_t length) {
        Device device;
        const unsigned at = put(device, 50000, sunspec_head("A1"));
        EXPECT_EQ(at, 50070U);
        put(device, at, {id, length});
        SunspecWalk walk = new_walk();
        return walk_through(walk, device).error;
    };
    const std::string beyond = " registers long: beyond register 65535";
    EXPECT_EQ(error_at(160, 65535), "model 160 at register 50070 is 65535" + beyond);
    EXPECT_EQ(error_at(203, 65535), "model 203 at register 50070 is 65535" + beyond);
    EXPECT_EQ(error_at(1, 65535), "model 1 at register 50070 is 65535" + beyond);
    // 50070 + 2 + 15462 = 65534: the last place where a header fits.
    EXPECT_EQ(error_at(160, 15462), "refused");
    EXPECT_EQ(error_at(160, 15463), "model 160 at register 50070 is 15463" + beyond);
}

TEST(SunspecWalk, a_device_that_keeps_silent_is_asked_at_another_base_until_it_was_found) {
    SunspecWalk walk = new_walk();
    std::vector<std::uint16_t> asked;
    for (int i = 0; i < 4; ++i) {
        asked.push_back(walk.next().address);
        walk.take_silence();
        walk.restart();
    }
    EXPECT_EQ(asked, (std::vector<std::uint16_t>{40000, 0, 50000, 40000}));
    ASSERT_TRUE(walk_through(walk, device_at(0)).meter);
    walk.take_silence();
    walk.restart();
    EXPECT_EQ(walk.next().address, 0) << "a meter that was found is only away";
}

// ---- The driver of such a device ----

PanelDriver new_driver() {
    PanelSetup setup;
    setup.points = {{PointNumber{11}, 1, {}}};
    setup.every_poll = {Quantity::energy_delivered, Quantity::power};
    return {setup, *profile_named("sunspec-meter")};
}

/// Answers what the driver asks until it knows the device.
void identify(PanelDriver& driver, const Device& device) {
    for (int i = 0; driver.identity_needed() && i < 10; ++i) {
        const RegisterRequest& request = driver.identity_request();
        if (const auto registers = read(device, request.address, request.count)) {
            ASSERT_TRUE(driver.accept_identity({*registers, Instant{}, Instant{}}));
        } else {
            ASSERT_TRUE(driver.accept_refused_identity());
        }
    }
    ASSERT_FALSE(driver.identity_needed());
}

std::optional<Reading> poll(PanelDriver& driver, const Device& device) {
    EXPECT_EQ(driver.block_count(), 1U);
    const RegisterRequest& request = driver.block_request(0);
    return driver.accept(
        0, {read(device, request.address, request.count).value(), Instant{}, Instant{}}, UtcTime{});
}

Device meter_showing(SunspecEnergy energy, std::string_view serial = "A1") {
    Device device;
    put(device, put(device, 40000, sunspec_head(serial)), sunspec_model_203(energy, 740));
    return device;
}

Measured energy_of(const Reading& reading) {
    EXPECT_EQ(reading.values.front().quantity, Quantity::energy_delivered);
    return reading.values.front();
}

TEST(SunspecDriver, has_work_before_it_knows_where) {
    const PanelDriver driver = new_driver();
    EXPECT_TRUE(driver.has_work());
    EXPECT_TRUE(driver.identity_needed());
    EXPECT_EQ(driver.block_count(), 0U);
}

TEST(SunspecDriver, reads_value_and_scale_factor_in_one_request) {
    PanelDriver driver = new_driver();
    const Device device = meter_showing({.import_counts = 1234, .scale_factor = 2});
    identify(driver, device);
    EXPECT_EQ(driver.block_request(0).address, 40070 + 18);
    EXPECT_EQ(driver.block_request(0).count, 54 - 18 + 1);
    const auto reading = poll(driver, device);
    ASSERT_TRUE(reading);
    EXPECT_EQ(energy_of(*reading).value, 123400);
    EXPECT_EQ(reading->values.back().value, 740);
}

TEST(SunspecDriver, energy_with_another_scale_factor_than_before_is_used_after_a_new_walk_only) {
    PanelDriver driver = new_driver();
    identify(driver, meter_showing({.import_counts = 1234, .scale_factor = 0}));
    ASSERT_TRUE(poll(driver, meter_showing({.import_counts = 1234, .scale_factor = 0})));
    const std::uint64_t identity = driver.identity();
    const Device changed = meter_showing({.import_counts = 12345, .scale_factor = -1});
    EXPECT_FALSE(poll(driver, changed));
    EXPECT_TRUE(driver.identity_needed());
    identify(driver, changed);
    const auto reading = poll(driver, changed);
    ASSERT_TRUE(reading);
    EXPECT_EQ(energy_of(*reading).value, 1234);
    EXPECT_EQ(driver.identity(), identity);
    EXPECT_TRUE(poll(driver, changed));
}

TEST(SunspecDriver, energy_without_a_scale_factor_is_not_a_reading) {
    PanelDriver driver = new_driver();
    const Device device = meter_showing({.import_counts = 1234, .scale_factor = -32768});
    identify(driver, device);
    EXPECT_FALSE(energy_of(*poll(driver, device)).valid);
}

TEST(SunspecDriver, accumulators_that_do_not_accumulate_are_not_a_reading) {
    PanelDriver driver = new_driver();
    identify(driver, meter_showing({}));
    for (const std::uint32_t absent : {0U, 0x80000000U, 0xFFFFFFFFU}) {
        EXPECT_FALSE(energy_of(*poll(driver, meter_showing({.import_counts = absent}))).valid);
    }
    EXPECT_TRUE(energy_of(*poll(driver, meter_showing({.import_counts = 1}))).valid);
}

TEST(SunspecDriver, the_modulus_comes_with_the_value_in_its_scale) {
    PanelDriver driver = new_driver();
    EXPECT_FALSE(driver.register_modulus(Quantity::energy_delivered));
    const Device device = meter_showing({.import_counts = 1234, .scale_factor = -3});
    identify(driver, device);
    EXPECT_EQ(energy_of(*poll(driver, device)).modulus, 4'294'967);
}

TEST(SunspecDriver, another_serial_number_is_another_meter_and_the_device_is_told) {
    PanelDriver driver = new_driver();
    identify(driver, meter_showing({}));
    EXPECT_EQ(driver.device(), "Example EM-3, SunSpec model 203 at register 40070, base 40000");
    const std::uint64_t before = driver.identity();
    driver.doubt();
    identify(driver, meter_showing({}));
    EXPECT_EQ(driver.identity(), before);
    driver.doubt();
    identify(driver, meter_showing({}, "B2"));
    EXPECT_NE(driver.identity(), before);
    EXPECT_EQ(driver.serial(), "B2");
}

TEST(SunspecDriver, a_model_that_moved_is_read_where_it_is_now) {
    PanelDriver driver = new_driver();
    identify(driver, meter_showing({}));
    driver.doubt();
    Device device;
    unsigned at = put(device, 40000, sunspec_head("A1"));
    at = put(device, at, {160, 3, 0, 0, 0});
    put(device, at, sunspec_model_203({.import_counts = 77}));
    identify(driver, device);
    EXPECT_EQ(driver.block_request(0).address, 40075 + 18);
    EXPECT_EQ(energy_of(*poll(driver, device)).value, 77);
}

}  // namespace
}  // namespace metergate::southbound
