#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/model/record.hpp"

/// The packed form of one day of one point and series: what stands in `packed_day.block`.
///
/// A byte with the number of the form (1), the number of records, the records in order of their
/// end, and 8 bytes of hash. A record is one byte that says which of its fields follow; the others
/// are as the record before lets expect: the same step from end to end, the same length, flags,
/// revision, origin and uncertainty, and a register that has gone up by the value. A quarter-hour
/// of an even load takes 3 to 5 bytes. Numbers are in sevens of bits, lowest first, the eighth bit
/// saying that more follow; signed ones zigzag.
///
/// The hash is the first 64 bits of SHA-256 over the key and the bytes before it: a flipped bit,
/// or a block under another key, passes once in 10^19 times. Who can write to the file could also
/// make a fitting hash of any length; against them it is no protection, and is not meant to be.
namespace metergate::storage {

/// The records of one point and series with start < end <= end_of_day.
struct DayKey {
    UtcSeconds start;
    UtcSeconds end;
    PointNumber point{};
    SeriesNumber series{};

    bool operator==(const DayKey&) const = default;
};

/// `records` are all of the key's point and series, in order of `end`, each end once.
[[nodiscard]] std::string pack_day(const DayKey& key, std::span<const Record> records);

/// Nothing if the bytes are not those that pack_day made for this key.
[[nodiscard]] std::optional<std::vector<Record>> unpack_day(const DayKey& key,
                                                            std::string_view block);

}  // namespace metergate::storage
