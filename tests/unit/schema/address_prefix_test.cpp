#include "config/schema/address_prefix.hpp"

#include <gtest/gtest.h>

namespace metergate::schema {
namespace {

bool holds(const std::string& prefix, const std::string& address) {
    const auto group = address_prefix_from(prefix);
    const auto one = ip_address_from(address);
    EXPECT_TRUE(group) << prefix;
    EXPECT_TRUE(one) << address;
    return group && one && group->contains(*one);
}

TEST(AddressPrefix, holds_the_addresses_whose_first_bits_are_its_own) {
    EXPECT_TRUE(holds("10.1.0.0/16", "10.1.255.7"));
    EXPECT_FALSE(holds("10.1.0.0/16", "10.2.0.7"));
    EXPECT_TRUE(holds("10.1.0.0/15", "10.0.3.3"));
    EXPECT_FALSE(holds("10.1.0.0/15", "10.2.3.3"));
    EXPECT_TRUE(holds("192.168.1.20/31", "192.168.1.21"));
    EXPECT_FALSE(holds("192.168.1.20/31", "192.168.1.22"));
    EXPECT_TRUE(holds("0.0.0.0/0", "203.0.113.9"));
    EXPECT_TRUE(holds("fd00::/8", "fd12::1"));
    EXPECT_FALSE(holds("fd00::/8", "fe80::1"));
}

TEST(AddressPrefix, without_a_length_is_one_address) {
    EXPECT_TRUE(holds("10.1.0.7", "10.1.0.7"));
    EXPECT_FALSE(holds("10.1.0.7", "10.1.0.6"));
    EXPECT_TRUE(holds("fd00::7", "fd00:0::0:7"));
}

TEST(AddressPrefix, of_ipv4_holds_clients_that_come_over_an_ipv6_socket_and_no_ipv6) {
    EXPECT_TRUE(holds("10.1.0.0/16", "::ffff:10.1.0.7"));
    EXPECT_FALSE(holds("0.0.0.0/0", "fd00::7"));
    EXPECT_TRUE(holds("::/0", "10.1.0.7"));
}

TEST(AddressPrefix, of_another_form_is_none) {
    for (const char* text :
         {"", "/", "/8", "10.1.0.0/", "10.1.0.0/33", "10.1.0.0/-1", "10.1.0.0/8x", "10.1.0",
          "10.1.0.256", "10.1.0.7 ", "::1/129", "bms", "::g", "1.2.3.4/8/8"}) {
        EXPECT_FALSE(address_prefix_from(text)) << text;
    }
    EXPECT_FALSE(address_prefix_from(std::string("10.1.0.7\0x", 10)));
}

}  // namespace
}  // namespace metergate::schema
