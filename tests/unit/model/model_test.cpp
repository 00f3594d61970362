#include <gtest/gtest.h>

#include <set>
#include <string>

#include "gateway/model/clock.hpp"
#include "gateway/model/event.hpp"
#include "gateway/model/flags.hpp"
#include "gateway/model/ids.hpp"
#include "gateway/model/multiplier.hpp"
#include "gateway/model/quantity.hpp"
#include "gateway/model/result.hpp"
#include "gateway/model/series.hpp"
#include "gateway/model/wiring.hpp"

namespace metergate {
namespace {

using namespace std::chrono_literals;

TEST(Ids, are_short_lower_case_words) {
    for (const char* good : {"a", "7", "riser-1", "a-", "0123456789abcdef0123456789abcdef"}) {
        EXPECT_TRUE(is_valid_id(good)) << good;
    }
    for (const char* bad :
         {"", "-a", "A", "a b", "a_b", "\xc3\xa9", "0123456789abcdef0123456789abcdef0"}) {
        EXPECT_FALSE(is_valid_id(bad)) << bad;
    }
}

TEST(Ids, a_point_number_tells_its_panel) {
    const PointNumber point = point_number(PanelNumber{3}, 255);
    EXPECT_EQ(raw(point), 3U * 256U + 255U);
    EXPECT_EQ(panel_of(point), PanelNumber{3});
    EXPECT_EQ(index_in_panel(point), 255U);
}

TEST(Events, every_kind_has_a_name_of_its_own_that_leads_back) {
    std::set<std::string_view> names;
    for (std::size_t i = 0; i < event_kind_count; ++i) {
        const auto kind = static_cast<EventKind>(i);
        EXPECT_TRUE(names.insert(name_of(kind)).second);
        EXPECT_FALSE(name_of(kind).empty());
        EXPECT_EQ(event_kind_named(name_of(kind)), kind);
    }
    EXPECT_EQ(name_of(EventKind::line_lost), "line-lost");
    EXPECT_EQ(name_of(EventKind::gap_not_recorded), "gap-not-recorded");
    EXPECT_EQ(name_of(EventKind::programming), "programming");
    EXPECT_FALSE(event_kind_named("lost"));
}

TEST(Quantities, every_one_has_a_name_of_its_own_that_leads_back) {
    std::set<std::string_view> names;
    for (std::size_t i = 0; i < quantity_count; ++i) {
        const auto quantity = static_cast<Quantity>(i);
        EXPECT_TRUE(names.insert(facts_of(quantity).name).second);
        EXPECT_EQ(quantity_named(facts_of(quantity).name), quantity);
    }
    EXPECT_EQ(facts_of(Quantity::frequency).unit, "Hz");
    EXPECT_EQ(facts_of(Quantity::voltage_3).name, "v3");
    EXPECT_TRUE(facts_of(Quantity::apparent_energy_vector).is_register);
    EXPECT_FALSE(facts_of(Quantity::power).is_register);
    EXPECT_FALSE(quantity_named("KWH"));
}

TEST(Flags, the_bits_and_words_are_those_published) {
    EXPECT_EQ(Flags(Flag::edited).bits(), 1U << 15U);
    EXPECT_EQ(names_of(Flag::short_interval | Flag::missing | Flag::edited),
              (std::vector<std::string>{"SHORT", "MISSING", "EDITED"}));
    EXPECT_EQ(names_of(Flags(Flag::register_reset)), std::vector<std::string>{"REGISTER_RESET"});
    EXPECT_TRUE(names_of({}).empty());
    const Flags both = Flag::test | Flag::rollover;
    EXPECT_TRUE(both.has(Flag::test));
    EXPECT_FALSE(both.without(Flag::test).has(Flag::test));
    EXPECT_TRUE(both.without(Flag::test).without(Flag::rollover).none());
    EXPECT_EQ(Flags::from_bits(both.bits()), both);
}

TEST(Result, an_error_grows_on_the_way_up) {
    const Error error{Fault::timeout, "no reply in 500 ms"};
    EXPECT_EQ(error.within("panel east").within("line riser-1"),
              (Error{Fault::timeout, "line riser-1: panel east: no reply in 500 ms"}));
}

TEST(ResultDeathTest, the_value_of_an_error_ends_the_process_with_its_text) {
    const Result<int> failed = Error{Fault::damaged, "bytes are wrong"};
    EXPECT_DEATH(static_cast<void>(failed.value()), "bytes are wrong");
}

TEST(SeriesCode, leads_there_and_back_for_every_series) {
    for (std::size_t i = 0; i < quantity_count; ++i) {
        const auto quantity = static_cast<Quantity>(i);
        if (!facts_of(quantity).is_register) {
            continue;
        }
        for (const std::uint8_t rate : {std::uint8_t{0}, std::uint8_t{1}, std::uint8_t{4}}) {
            for (const std::chrono::seconds length : {10s, 60s, 900s, 3'600s, 86'400s}) {
                for (const TimeBase base : {TimeBase::local, TimeBase::standard}) {
                    for (const BillingSource source :
                         {BillingSource::gateway_difference, BillingSource::panel_log}) {
                        const Series series{quantity, rate, length, base, source};
                        const auto back = series_from_code(code_of(series));
                        ASSERT_TRUE(back) << code_of(series);
                        EXPECT_EQ(*back, series) << code_of(series);
                    }
                }
            }
        }
    }
    EXPECT_EQ(code_of({}), "kwh-15min");
    EXPECT_EQ(code_of({Quantity::reactive_energy_q1, 2, 1h, TimeBase::standard,
                       BillingSource::panel_log}),
              "kvarh-q1-r2-1h-std-log");
}

TEST(SeriesCode, what_is_not_understood_is_named) {
    for (const std::string code : {"", "kwh", "15min", "kwh-15", "kwh-min", "kwh-0min", "kwh--5min",
                                   "kw-15min", "kwh-r5-15min", "kwh-r0-15min", "kwh-15min-utc",
                                   "kwh-15min-log-std", "kwh-1.5h", "kwh-99999999999999999999s"}) {
        const auto series = series_from_code(code);
        ASSERT_FALSE(series) << code;
        EXPECT_EQ(series.error().fault, Fault::invalid);
        EXPECT_NE(series.error().text.find("\"" + code + "\""), std::string::npos);
    }
    EXPECT_NE(series_from_code("kw-15min").error().text.find("\"kw\" is no register quantity"),
              std::string::npos);
}

TEST(SeriesLength, thirteen_are_for_billing_and_five_for_the_laboratory) {
    int billing = 0;
    int laboratory = 0;
    for (int s = -1; s <= 100'000; ++s) {
        billing += is_billing_length(std::chrono::seconds{s}) ? 1 : 0;
        laboratory += is_laboratory_length(std::chrono::seconds{s}) ? 1 : 0;
    }
    EXPECT_EQ(billing, 13);
    EXPECT_EQ(laboratory, 5);
    EXPECT_TRUE(is_billing_length(20min));
    EXPECT_TRUE(is_laboratory_length(60s));
    EXPECT_FALSE(is_billing_length(60s));
}

TEST(Multiplier, is_the_ratio_of_the_transformers_in_lowest_terms) {
    EXPECT_EQ(billing_multiplier(RegisterSide::secondary, {200'000, 80, 1, {}}), (Ratio{2'500, 1}));
    EXPECT_EQ(billing_multiplier(RegisterSide::secondary, {200'000, 5'000, 1, {}}), (Ratio{40, 1}));
    EXPECT_EQ(billing_multiplier(RegisterSide::secondary, {200'000, 5'000, 3, {}}), (Ratio{40, 3}));
    EXPECT_EQ(billing_multiplier(RegisterSide::secondary, {200'000, 5'000, 1, {600, 120}}),
              (Ratio{200, 1}));
    EXPECT_EQ(billing_multiplier(RegisterSide::primary, {200'000, 5'000, 3, {600, 120}}), Ratio{});
}

TEST(Multiplier, rounds_down_so_that_differences_telescope) {
    const Ratio ratio{40, 3};
    Milli sum = 0;
    for (Milli reg = 0; reg < 1'000; ++reg) {
        const Milli step = multiplied(reg + 1, ratio) - multiplied(reg, ratio);
        EXPECT_GE(step, 13);
        EXPECT_LE(step, 14);
        sum += step;
    }
    EXPECT_EQ(sum, multiplied(1'000, ratio));
    EXPECT_EQ(multiplied(-1, {1, 2}), -1);
    EXPECT_EQ(multiplied(-2, {1, 2}), -1);
    EXPECT_EQ(multiplied(1LL << 51U, {2'500, 1}), (1LL << 51U) * 2'500);
    EXPECT_EQ(multiplied(1LL << 61U, {2'500, 2'499}), 2306765715499893909LL);
}

TEST(Multiplier, a_product_beyond_the_limit_is_nothing_and_never_wraps) {
    EXPECT_EQ(multiplied_within(100, 25, {4, 1}), 100);
    EXPECT_EQ(multiplied_within(100, -25, {4, 1}), -100);
    EXPECT_EQ(multiplied_within(100, 101, {1, 1}), std::nullopt);
    EXPECT_EQ(multiplied_within(100, -101, {1, 1}), std::nullopt);
    constexpr Milli large = 1LL << 62U;
    EXPECT_EQ(multiplied_within(large, large, {2'500, 2'500}), large);
    EXPECT_EQ(multiplied_within(large, large, {120'000, 1}), std::nullopt);
}

TEST(Multiplier, full_load_is_what_the_transformers_carry) {
    EXPECT_EQ(full_load_w({200'000, 80, 1, {}}, 120'000, 2), 48'000);
    EXPECT_EQ(full_load_w({200'000, 80, 2, {}}, 120'000, 1), 12'000);
    EXPECT_EQ(full_load_w({5'000'000, 5'000, 1, {}}, 347'000, 3), 5'205'000);
}

TEST(Wiring, channels_stand_for_cable_and_pair) {
    for (unsigned channel = 1; channel <= channels_max; ++channel) {
        EXPECT_EQ(channel_at(cable_of(channel), pair_of(channel)), channel);
    }
    EXPECT_EQ(cable_of(16), 1U);
    EXPECT_EQ(cable_of(17), 2U);
    EXPECT_EQ(pair_of(48), 16U);
}

TEST(Wiring, every_service_has_a_name_and_its_phases) {
    for (int i = 0; i < 8; ++i) {
        const auto service = static_cast<Service>(i);
        EXPECT_EQ(service_named(name_of(service)), service);
    }
    EXPECT_EQ(phases_of(Service::two_wire_120_b), std::vector{Phase::b});
    EXPECT_EQ(phases_of(Service::network_ca), (std::vector{Phase::c, Phase::a}));
    EXPECT_EQ(phases_of(Service::four_wire_wye), (std::vector{Phase::a, Phase::b, Phase::c}));
    EXPECT_FALSE(service_named("3-wire-b"));
    EXPECT_EQ(phase_named("C"), Phase::c);
    EXPECT_FALSE(phase_named("c"));
}

TEST(VirtualClock, moves_only_when_told_and_never_back) {
    VirtualClock clock(utc_from_ms(1'000));
    EXPECT_EQ(clock.utc(), utc_from_ms(1'000));
    clock.advance(2s);
    clock.advance_to(Instant{1s});
    EXPECT_EQ(clock.now(), Instant{2s});
    EXPECT_EQ(clock.utc(), utc_from_ms(3'000));
    clock.step_utc(-500ms);
    EXPECT_EQ(clock.now(), Instant{2s});
    EXPECT_EQ(clock.utc(), utc_from_ms(2'500));
}

TEST(SystemClock, runs_forward_in_this_century) {
    const SystemClock clock;
    const Instant first = clock.now();
    EXPECT_GE(clock.now(), first);
    EXPECT_GT(clock.utc(), utc_from_ms(1'600'000'000'000));
}

}  // namespace
}  // namespace metergate
