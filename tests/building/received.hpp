#pragma once

#include <cstdint>
#include <iosfwd>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/model/flags.hpp"
#include "gateway/model/ids.hpp"
#include "gateway/model/result.hpp"

namespace metergate::building {

/// A record as the far end got it. Energies in Wh, times in epoch seconds of UTC.
struct ReceivedRecord {
    Id point;
    std::string series;  ///< code: `kwh-15min`
    std::int64_t start_s = 0;
    std::int64_t end_s = 0;
    std::uint32_t revision = 0;
    std::optional<std::int64_t> value;
    std::optional<std::int64_t> reg;
    Flags flags;
    std::string origin = "gateway";
    std::int64_t uncertainty = 0;

    bool operator==(const ReceivedRecord&) const = default;
};

struct ReceivedBatch {
    std::string epoch;
    Id panel;
    std::uint64_t number = 0;
    std::int64_t end_s = 0;
    std::uint32_t revision = 0;
    std::vector<ReceivedRecord> records;
    std::string payload;  ///< as it came; empty if the batch was made by hand

    bool operator==(const ReceivedBatch&) const = default;
};

/// Reads the native payload of a batch topic. Error: damaged, naming the member.
[[nodiscard]] Result<ReceivedBatch> parse_batch(std::string_view payload);

/// Reads lines of `topic payload` as `mosquitto_sub -v` prints them; lines of other topics than
/// `metergate/<gateway>/batch/<panel>` are passed over. Error: damaged, naming the line.
[[nodiscard]] Result<std::vector<ReceivedBatch>> read_received(std::istream& in);

/// The interval length in a series code, in seconds; 0 if there is none.
[[nodiscard]] std::int64_t length_of_series(std::string_view code);

}  // namespace metergate::building
