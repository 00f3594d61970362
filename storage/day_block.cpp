#include "storage/day_block.hpp"

#include <openssl/evp.h>

#include <array>
#include <chrono>
#include <cstdlib>

namespace metergate::storage {
namespace {

constexpr char form = 1;
constexpr std::size_t hash_size = 8;
/// A record takes at least its one byte.
constexpr std::size_t least_record_size = 1;

/// Which fields of a record are written out.
enum Written : std::uint8_t {
    step = 1U << 0,    ///< from the end before to this one
    length = 1U << 1,  ///< from start to end
    value_absent = 1U << 2,
    reg_absent = 1U << 3,
    reg = 1U << 4,  ///< as the difference to the register before plus the value
    flags = 1U << 5,
    batch = 1U << 6,  ///< revision and origin
    uncertainty = 1U << 7,
};

constexpr std::uint64_t zigzag(std::int64_t value) {
    const auto bits = static_cast<std::uint64_t>(value);
    return (bits << 1U) ^ (value < 0 ? ~std::uint64_t{0} : 0);
}

constexpr std::int64_t unzigzag(std::uint64_t bits) {
    return static_cast<std::int64_t>((bits >> 1U) ^ (0 - (bits & 1U)));
}

/// Adds and subtracts as the machine does: a damaged or extreme register must not be undefined.
constexpr std::int64_t wrapping_sum(std::int64_t a, std::int64_t b) {
    return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) + static_cast<std::uint64_t>(b));
}
constexpr std::int64_t wrapping_difference(std::int64_t a, std::int64_t b) {
    return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) - static_cast<std::uint64_t>(b));
}

/// What the next record is expected to look like; the same on both sides.
struct Expected {
    std::int64_t end_s = 0;
    std::int64_t step_s = 0;
    std::int64_t length_s = 0;
    std::int64_t reg = 0;
    std::uint32_t flags = 0;
    std::uint32_t revision = 0;
    std::uint8_t origin = 0;
    Milli uncertainty = 0;

    explicit Expected(const DayKey& key) : end_s(epoch_s(key.start)) {}

    void follow(const Record& record) {
        step_s = epoch_s(record.end) - end_s;
        end_s = epoch_s(record.end);
        length_s = end_s - epoch_s(record.start);
        reg = record.reg.value_or(reg);
        flags = record.flags.bits();
        revision = record.revision;
        origin = raw(record.origin);
        uncertainty = record.uncertainty;
    }
};

void put_number(std::string& bytes, std::uint64_t number) {
    while (number >= 0x80U) {
        bytes += static_cast<char>((number & 0x7FU) | 0x80U);
        number >>= 7U;
    }
    bytes += static_cast<char>(number);
}

void put_signed(std::string& bytes, std::int64_t number) {
    put_number(bytes, zigzag(number));
}

std::uint8_t fields_to_write(const Record& record, const Expected& expected) {
    const std::int64_t end_s = epoch_s(record.end);
    unsigned fields = 0;
    const auto write_if = [&fields](bool differs, Written field) {
        fields |= differs ? static_cast<unsigned>(field) : 0U;
    };
    write_if(end_s - expected.end_s != expected.step_s, step);
    write_if(end_s - epoch_s(record.start) != expected.length_s, length);
    write_if(!record.value, value_absent);
    write_if(!record.reg, reg_absent);
    write_if(record.reg && *record.reg != wrapping_sum(expected.reg, record.value.value_or(0)),
             reg);
    write_if(record.flags.bits() != expected.flags, flags);
    write_if(record.revision != expected.revision || raw(record.origin) != expected.origin, batch);
    write_if(record.uncertainty != expected.uncertainty, uncertainty);
    return static_cast<std::uint8_t>(fields);
}

void put_record(std::string& bytes, const Record& record, const Expected& expected) {
    const std::uint8_t fields = fields_to_write(record, expected);
    bytes += static_cast<char>(fields);
    if ((fields & step) != 0) {
        put_signed(bytes, epoch_s(record.end) - expected.end_s);
    }
    if ((fields & length) != 0) {
        put_signed(bytes, epoch_s(record.end) - epoch_s(record.start));
    }
    if (record.value) {
        put_signed(bytes, *record.value);
    }
    if ((fields & reg) != 0) {
        put_signed(bytes, wrapping_difference(
                              *record.reg, wrapping_sum(expected.reg, record.value.value_or(0))));
    }
    if ((fields & flags) != 0) {
        put_number(bytes, record.flags.bits());
    }
    if ((fields & batch) != 0) {
        put_number(bytes, record.revision);
        bytes += static_cast<char>(raw(record.origin));
    }
    if ((fields & uncertainty) != 0) {
        put_signed(bytes, record.uncertainty);
    }
}

/// Takes numbers off the front; after the end everything is 0 and `short_of_bytes` is set.
class Taker {
  public:
    explicit Taker(std::string_view bytes) : bytes_(bytes) {}

    std::uint8_t byte() {
        if (at_ >= bytes_.size()) {
            short_of_bytes_ = true;
            return 0;
        }
        return static_cast<std::uint8_t>(bytes_[at_++]);
    }
    std::uint64_t number() {
        std::uint64_t value = 0;
        for (unsigned shift = 0; shift < 64; shift += 7) {
            const std::uint8_t part = byte();
            value |= std::uint64_t{part & 0x7FU} << shift;
            if ((part & 0x80U) == 0) {
                break;
            }
        }
        return value;
    }
    std::int64_t signed_number() { return unzigzag(number()); }

    [[nodiscard]] std::size_t left() const { return bytes_.size() - at_; }
    [[nodiscard]] bool used_up_exactly() const { return !short_of_bytes_ && left() == 0; }

  private:
    std::string_view bytes_;
    std::size_t at_ = 0;
    bool short_of_bytes_ = false;
};

Record take_record(Taker& taker, const DayKey& key, const Expected& expected) {
    Record record;
    record.point = key.point;
    record.series = key.series;
    const std::uint8_t fields = taker.byte();
    record.end = utc_from_s(wrapping_sum(
        expected.end_s, (fields & step) != 0 ? taker.signed_number() : expected.step_s));
    record.start = utc_from_s(wrapping_difference(
        epoch_s(record.end), (fields & length) != 0 ? taker.signed_number() : expected.length_s));
    if ((fields & value_absent) == 0) {
        record.value = taker.signed_number();
    }
    if ((fields & reg_absent) == 0) {
        const std::int64_t predicted = wrapping_sum(expected.reg, record.value.value_or(0));
        record.reg =
            (fields & reg) != 0 ? wrapping_sum(predicted, taker.signed_number()) : predicted;
    }
    record.flags = Flags::from_bits(
        (fields & flags) != 0 ? static_cast<std::uint32_t>(taker.number()) : expected.flags);
    record.revision = expected.revision;
    record.origin = static_cast<Origin>(expected.origin);
    if ((fields & batch) != 0) {
        record.revision = static_cast<std::uint32_t>(taker.number());
        record.origin = static_cast<Origin>(taker.byte());
    }
    record.uncertainty = (fields & uncertainty) != 0 ? taker.signed_number() : expected.uncertainty;
    return record;
}

/// Over the key too, so that a block does not pass as another one's.
std::string hash_of(const DayKey& key, std::string_view content) {
    std::string bytes;
    bytes.reserve(content.size() + 32);
    put_signed(bytes, epoch_s(key.start));
    put_signed(bytes, epoch_s(key.end));
    put_number(bytes, raw(key.point));
    put_number(bytes, raw(key.series));
    bytes += content;
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    if (EVP_Digest(bytes.data(), bytes.size(), digest.data(), nullptr, EVP_sha256(), nullptr) !=
        1) {
        std::abort();  // fails only without memory or without the algorithm
    }
    return {digest.begin(), digest.begin() + hash_size};
}

}  // namespace

std::string pack_day(const DayKey& key, std::span<const Record> records) {
    std::string block(1, form);
    put_number(block, records.size());
    Expected expected(key);
    for (const Record& record : records) {
        put_record(block, record, expected);
        expected.follow(record);
    }
    return block + hash_of(key, block);
}

std::optional<std::vector<Record>> unpack_day(const DayKey& key, std::string_view block) {
    if (block.size() <= hash_size) {
        return std::nullopt;
    }
    const std::string_view content = block.substr(0, block.size() - hash_size);
    if (hash_of(key, content) != block.substr(content.size()) || content.front() != form) {
        return std::nullopt;
    }
    Taker taker(content.substr(1));
    const std::uint64_t count = taker.number();
    if (count > taker.left() / least_record_size) {
        return std::nullopt;
    }
    std::vector<Record> records;
    records.reserve(count);
    Expected expected(key);
    for (std::uint64_t i = 0; i < count; ++i) {
        records.push_back(take_record(taker, key, expected));
        expected.follow(records.back());
    }
    return taker.used_up_exactly() ? std::optional(std::move(records)) : std::nullopt;
}

}  // namespace metergate::storage
