#include "gateway/model/queue.hpp"

#include <gtest/gtest.h>

#include <set>
#include <thread>
#include <vector>

namespace metergate {
namespace {

using namespace std::chrono_literals;

struct Item {
    std::uint64_t key;
    int value;
};

Queue<Item> keyed(std::size_t capacity) {
    return {capacity, WhenFull::keep_newest_per_key, [](const Item& item) { return item.key; }};
}

TEST(Queue, gives_items_out_in_order) {
    Queue<int> queue(4, WhenFull::never_drop);
    queue.push(Instant{}, 1);
    queue.push(Instant{}, 2);
    EXPECT_EQ(queue.pop(Instant{}), 1);
    EXPECT_EQ(queue.pop(Instant{}), 2);
    EXPECT_FALSE(queue.pop(Instant{}));
}

TEST(Queue, an_item_is_invisible_before_it_was_sent) {
    Queue<int> queue(4, WhenFull::never_drop);
    EXPECT_EQ(queue.next_at(), never);
    queue.push(Instant{5s}, 1);
    EXPECT_EQ(queue.next_at(), Instant{5s});
    EXPECT_FALSE(queue.pop(Instant{5s} - 1us));
    EXPECT_EQ(queue.pop(Instant{5s}), 1);
}

TEST(Queue, when_full_the_oldest_of_the_same_key_makes_room) {
    auto queue = keyed(3);
    queue.push(Instant{}, {1, 10});
    queue.push(Instant{}, {2, 20});
    queue.push(Instant{}, {2, 21});
    queue.push(Instant{}, {2, 22});
    EXPECT_EQ(queue.size(), 3U);
    EXPECT_EQ(queue.overflows(), 1U);
    EXPECT_EQ(queue.pop(Instant{})->value, 10);
    EXPECT_EQ(queue.pop(Instant{})->value, 21);
    EXPECT_EQ(queue.pop(Instant{})->value, 22);
}

TEST(Queue, when_full_of_others_the_oldest_makes_room) {
    auto queue = keyed(2);
    queue.push(Instant{}, {1, 10});
    queue.push(Instant{}, {2, 20});
    queue.push(Instant{}, {3, 30});
    EXPECT_EQ(queue.pop(Instant{})->value, 20);
    EXPECT_EQ(queue.pop(Instant{})->value, 30);
}

TEST(Queue, one_that_never_drops_counts_what_is_too_many) {
    Queue<int> queue(2, WhenFull::never_drop);
    for (int i = 0; i < 5; ++i) {
        queue.push(Instant{}, i);
    }
    EXPECT_EQ(queue.size(), 5U);
    EXPECT_EQ(queue.overflows(), 3U);
}

TEST(Queue, wakes_the_receiver_outside_its_lock_when_it_was_empty) {
    Queue<int> queue(2, WhenFull::never_drop);
    std::vector<std::size_t> seen;
    queue.on_push([&] { seen.push_back(queue.size()); });
    queue.push(Instant{}, 1);
    queue.push(Instant{}, 2);
    ASSERT_TRUE(queue.pop(Instant{}) && queue.pop(Instant{}));
    queue.push(Instant{}, 3);
    EXPECT_EQ(seen, (std::vector<std::size_t>{1, 1}));
}

TEST(Queue, passes_everything_between_threads_once) {
    constexpr int count = 5'000;
    Queue<int> queue(16, WhenFull::never_drop);
    std::vector<std::jthread> senders;
    for (int sender = 0; sender < 2; ++sender) {
        senders.emplace_back([&queue, sender] {
            for (int i = 0; i < count; ++i) {
                queue.push(Instant{}, sender * count + i);
            }
        });
    }
    std::set<int> received;
    while (received.size() < 2 * count) {
        if (const auto item = queue.pop(Instant{})) {
            ASSERT_TRUE(received.insert(*item).second);
        } else {
            std::this_thread::yield();
        }
    }
    EXPECT_EQ(queue.size(), 0U);
}

}  // namespace
}  // namespace metergate
