#include "storage/day_block.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <random>
#include <string>
#include <vector>

namespace metergate::storage {
namespace {

using std::chrono::days;
using std::chrono::minutes;
using std::chrono::seconds;

/// A day with everything a record can have, also what no meter would say.
std::vector<Record> wild_records(const DayKey& key, std::uint64_t seed) {
    std::mt19937_64 random(seed);
    const auto any = [&random] { return static_cast<std::int64_t>(random()); };
    std::vector<Record> records;
    for (UtcSeconds end = key.start + seconds{1}; end <= key.end;
         end += seconds{1 + random() % 2000}) {
        Record record;
        record.end = end;
        record.start = end - seconds{random() % 5 == 0 ? random() % 9000 : 900};
        record.point = key.point;
        record.series = key.series;
        record.flags = Flags::from_bits(random() % 3 == 0 ? random() & 0xFFFBU : 0);
        if (random() % 7 == 0) {
            record.flags |= Flag::missing;
        } else {
            record.value = random() % 50 == 0 ? any() : any() % 1000;
        }
        if (random() % 5 != 0) {
            record.reg = random() % 9 == 0 ? any() : static_cast<std::int64_t>(records.size());
        }
        record.origin = static_cast<Origin>(random() % 3);
        record.revision = static_cast<std::uint32_t>(random() % 11 == 0 ? random() : 0);
        record.uncertainty = random() % 4 == 0 ? static_cast<Milli>(random() >> 1U) : 1;
        records.push_back(record);
    }
    return records;
}

const DayKey some_key{utc_from_s(1'760'000'400), utc_from_s(1'760'000'400) + days{1},
                      PointNumber{257}, SeriesNumber{3}};

TEST(DayBlock, gives_back_every_field_of_every_record) {
    for (std::uint64_t seed = 0; seed < 200; ++seed) {
        const auto records = wild_records(some_key, seed);
        const auto unpacked = unpack_day(some_key, pack_day(some_key, records));
        ASSERT_TRUE(unpacked) << "seed " << seed;
        EXPECT_EQ(*unpacked, records) << "seed " << seed;
    }
}

TEST(DayBlock, any_flipped_bit_is_noticed) {
    const std::string block = pack_day(some_key, wild_records(some_key, 7));
    for (std::size_t bit = 0; bit < block.size() * 8; ++bit) {
        std::string damaged = block;
        damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << (bit % 8)));
        ASSERT_FALSE(unpack_day(some_key, damaged)) << "bit " << bit;
    }
}

TEST(DayBlock, a_cut_or_foreign_block_is_noticed) {
    const std::string block = pack_day(some_key, wild_records(some_key, 8));
    for (std::size_t size = 0; size < block.size(); ++size) {
        ASSERT_FALSE(unpack_day(some_key, std::string_view(block).substr(0, size))) << size;
    }
    DayKey other = some_key;
    other.point = PointNumber{258};
    EXPECT_FALSE(unpack_day(other, block));
    other = some_key;
    other.end += days{1};
    EXPECT_FALSE(unpack_day(other, block));
}

TEST(DayBlock, an_even_quarter_hour_takes_four_bytes) {
    std::vector<Record> records;
    for (int slot = 1; slot <= 96; ++slot) {
        Record record;
        record.end = some_key.start + minutes{15} * slot;
        record.start = record.end - minutes{15};
        record.point = some_key.point;
        record.series = some_key.series;
        record.value = 300 + slot;
        record.reg = (slot == 1 ? 7'000'000 : *records.back().reg) + *record.value;
        record.flags = Flag::interpolated;
        record.uncertainty = 2 + slot % 2;
        records.push_back(record);
    }
    EXPECT_LE(pack_day(some_key, records).size(), 96U * 4U + 32U);
}

}  // namespace
}  // namespace metergate::storage
