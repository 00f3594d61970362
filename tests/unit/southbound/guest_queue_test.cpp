#include "southbound/guest_queue.hpp"

#include <gtest/gtest.h>

namespace metergate::southbound {
namespace {

GuestRequest guest_of(const Id& client, std::uint8_t function = 3) {
    return {client, {.unit = 1, .pdu = {function}}, [](const auto&) {}};
}

TEST(GuestQueue, serves_clients_in_turn_whatever_each_has_waiting) {
    GuestQueue queue;
    for (std::uint8_t i = 1; i <= 3; ++i) {
        queue.push(Instant{}, guest_of("a", i));
    }
    queue.push(Instant{}, guest_of("b", 4));
    queue.push(Instant{}, guest_of("c", 5));
    std::vector<std::uint8_t> order;
    while (!queue.empty()) {
        order.push_back(queue.take().request.pdu.front());
    }
    EXPECT_EQ(order, (std::vector<std::uint8_t>{1, 4, 5, 2, 3}));
}

TEST(GuestQueue, holds_eight_of_a_client_and_of_32_clients) {
    GuestQueue queue;
    for (std::size_t i = 0; i < GuestQueue::waiting_max; ++i) {
        ASSERT_TRUE(queue.has_room_for("a"));
        queue.push(Instant{}, guest_of("a"));
    }
    EXPECT_FALSE(queue.has_room_for("a"));
    for (std::size_t i = 1; i < GuestQueue::clients_max; ++i) {
        queue.push(Instant{}, guest_of("client-" + std::to_string(i)));
    }
    EXPECT_FALSE(queue.has_room_for("b"));
    EXPECT_TRUE(queue.has_room_for("client-1"));
    (void)queue.take();
    EXPECT_TRUE(queue.has_room_for("a"));
}

TEST(GuestQueue, remembers_since_when_the_next_one_waits) {
    GuestQueue queue;
    queue.push(Instant{} + std::chrono::seconds{1}, guest_of("a"));
    queue.push(Instant{} + std::chrono::seconds{2}, guest_of("b"));
    (void)queue.take();
    EXPECT_EQ(queue.next().client, "b");
    EXPECT_EQ(queue.next_since(), Instant{} + std::chrono::seconds{2});
}

}  // namespace
}  // namespace metergate::southbound
