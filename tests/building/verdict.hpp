#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tests/building/ledger.hpp"
#include "tests/building/received.hpp"

namespace metergate::building {

struct VerdictOptions {
    bool laboratory = false;  ///< every record must carry TEST; else none may
    std::int64_t poll_period_ms = 10'000;
    /// How far the gateway's stamp of a reading may be from when the panel took it.
    std::int64_t stamp_tolerance_ms = 50;
    /// So long after a fault its traces may still appear: back-off, muting, reset on trial.
    std::int64_t reach_s = 120;
    std::int64_t class_permille = 5;  ///< accuracy: 0.5 %
    std::string zone = "UTC";         ///< of the site: its wall clock says where intervals end
    /// Series that every point must have; empty = those that any point of its panel has.
    std::vector<std::string> series;
    /// Slots that must be there: ends in (from, until]. Absent: from the panel's first to its last.
    std::optional<std::int64_t> expect_from_s;
    std::optional<std::int64_t> expect_until_s;
    /// Batch numbers must begin at 1, as from a new store with a destination `from: oldest`.
    bool from_first_batch = false;
};

/// The options that follow from how the gateway was set up.
[[nodiscard]] VerdictOptions options_for(const RunFacts& run);

/// The comparison of what really happened with what the far end got.
struct Verdict {
    std::uint64_t expected = 0;     ///< slots that should have a record
    std::uint64_t received = 0;     ///< of them, those that have one, be it MISSING
    std::uint64_t missing = 0;      ///< of these, the ones flagged MISSING
    std::uint64_t recovered = 0;    ///< the ones flagged RECOVERED, with a value
    std::uint64_t lost = 0;         ///< slots without a record, and batch numbers that never came
    std::uint64_t doubled = 0;      ///< slots told twice, or energy that two records cover
    std::uint64_t redelivered = 0;  ///< equal batches that came again: allowed
    std::int64_t energy_wh = 0;     ///< told by all current records
    std::int64_t energy_difference_wh = 0;  ///< told minus true, over the spans of those records
    std::uint64_t unexplained_flags = 0;    ///< a flag without a fault in reach
    std::uint64_t absent_flags = 0;         ///< a fault that should have left a flag and did not
    std::uint64_t violation_count = 0;
    std::vector<std::string> violations;  ///< one sentence each; the first 50

    [[nodiscard]] bool clean() const {
        return expected > 0 && lost == 0 && doubled == 0 && unexplained_flags == 0 &&
               absent_flags == 0 && violation_count == 0;
    }
    void violate(std::string text);
};

/// Judges in four parts: identities of batches, slots and chains; each published register lies
/// between served ones; energy within class, resolution and what interpolation can be wrong by;
/// flags exactly where a fault explains them. Also fails for what a simulated wire saw its master
/// do wrong, and if nothing was received.
[[nodiscard]] Verdict judge(const Ledger& ledger, const std::vector<ReceivedBatch>& received,
                            const VerdictOptions& options);

/// For people: a table, then the violations, then `clean` or `not clean`.
[[nodiscard]] std::string table_of(const Verdict& verdict);
/// One JSON object on one line.
[[nodiscard]] std::string json_of(const Verdict& verdict);

}  // namespace metergate::building
