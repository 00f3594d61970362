#include "tests/building/tenant.hpp"

#include <gtest/gtest.h>

namespace metergate::building {
namespace {

constexpr UtcTime start{std::chrono::milliseconds{1'772'427'600'000}};  // a Monday, 05:00 UTC

Tenant tenant_of(TenantKind kind, std::uint64_t seed) {
    return Tenant({.kind = kind, .seed = seed}, start, std::chrono::seconds{-5 * 3600});
}

TEST(Tenant, energy_is_the_sum_of_power_times_length_of_its_segments) {
    Tenant tenant = tenant_of(TenantKind::home, 42);
    std::int64_t sum_uj = 0;
    for (int minute = 0; minute < 24 * 60; ++minute) {
        const UtcTime begin = start + std::chrono::minutes{minute};
        EXPECT_EQ(tenant.energy_uj(begin), sum_uj);
        EXPECT_EQ(tenant.energy_uj(begin + std::chrono::milliseconds{7'300}),
                  sum_uj + tenant.power_mw(begin) * 7'300);
        sum_uj += tenant.power_mw(begin) * 60'000;
    }
}

TEST(Tenant, energy_never_falls_and_is_the_same_in_any_order_of_asking) {
    Tenant forwards = tenant_of(TenantKind::shop, 7);
    Tenant backwards = tenant_of(TenantKind::shop, 7);
    std::vector<std::int64_t> seen;
    for (int step = 0; step <= 2000; ++step) {
        seen.push_back(forwards.energy_uj(start + std::chrono::seconds{step * 37}));
        const std::size_t before = seen.size() < 2 ? 0 : seen.size() - 2;
        EXPECT_GE(seen.back(), seen[before]);
    }
    for (int step = 2000; step >= 0; --step) {
        EXPECT_EQ(backwards.energy_uj(start + std::chrono::seconds{step * 37}),
                  seen[static_cast<std::size_t>(step)]);
    }
}

TEST(Tenant, a_home_uses_a_believable_amount_a_day) {
    for (std::uint64_t seed = 1; seed < 50; ++seed) {
        Tenant tenant = tenant_of(TenantKind::home, seed * 7919);
        const std::int64_t day_wh = tenant.energy_uj(start + std::chrono::hours{24}) / uj_per_wh;
        EXPECT_GT(day_wh, 4'000) << seed;
        EXPECT_LT(day_wh, 40'000) << seed;
    }
}

TEST(Tenant, a_constant_tenant_draws_what_the_plan_says) {
    Tenant tenant({.kind = TenantKind::constant, .constant_w = 1500}, start, {});
    EXPECT_EQ(tenant.power_mw(start + std::chrono::hours{3}), 1'500'000);
    EXPECT_EQ(tenant.energy_uj(start + std::chrono::hours{2}), 3000 * uj_per_wh);
}

TEST(Tenant, another_seed_is_another_curve) {
    Tenant one = tenant_of(TenantKind::home, 1);
    Tenant other = tenant_of(TenantKind::home, 2);
    EXPECT_NE(one.energy_uj(start + std::chrono::hours{5}),
              other.energy_uj(start + std::chrono::hours{5}));
}

TEST(Tenant, an_office_rests_on_sunday) {
    Tenant tenant = tenant_of(TenantKind::office, 11);
    const UtcTime monday_noon = start + std::chrono::hours{12};
    const UtcTime sunday_noon = monday_noon + std::chrono::hours{6 * 24};
    EXPECT_GT(tenant.power_mw(monday_noon), 4 * tenant.power_mw(sunday_noon));
}

}  // namespace
}  // namespace metergate::building
