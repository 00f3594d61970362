#include <gtest/gtest.h>
#include <sqlite3.h>

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <memory_resource>

namespace {

/// SQLite's memory from a pool. SQLite is no code of ours: with sanitizers on, watching each piece
/// of its memory took more than half of the time.
class Pool {
  public:
    static int install() {
        static const sqlite3_mem_methods methods{
            .xMalloc = &take,
            .xFree = &give,
            .xRealloc = &change,
            .xSize = &size_of,
            .xRoundup = [](int size) { return (size + 7) & ~7; },
            .xInit = [](void*) { return SQLITE_OK; },
            .xShutdown = [](void*) {},
            .pAppData = nullptr,
        };
        return sqlite3_config(SQLITE_CONFIG_MALLOC, &methods);
    }

  private:
    static constexpr std::size_t header = alignof(std::max_align_t);

    static std::pmr::memory_resource& memory() {
        static std::pmr::unsynchronized_pool_resource pool;
        return pool;
    }
    static std::byte* start_of(void* memory) { return static_cast<std::byte*>(memory) - header; }
    static int size_of(void* memory) {
        int size = 0;
        std::memcpy(&size, start_of(memory), sizeof size);
        return size;
    }
    static void* take(int size) {
        void* start = memory().allocate(static_cast<std::size_t>(size) + header);
        std::memcpy(start, &size, sizeof size);
        return static_cast<std::byte*>(start) + header;
    }
    static void give(void* old) {
        if (old != nullptr) {
            const auto size = static_cast<std::size_t>(size_of(old));
            memory().deallocate(start_of(old), size + header);
        }
    }
    static void* change(void* old, int size) {
        void* made = take(size);
        std::memcpy(made, old, static_cast<std::size_t>(std::min(size, size_of(old))));
        give(old);
        return made;
    }
};

}  // namespace

int main(int argc, char** argv) {
    if (Pool::install() != SQLITE_OK) {
        return 1;
    }
    ::testing::InitGoogleTest(&argc, argv);
    return RUN_ALL_TESTS();
}
