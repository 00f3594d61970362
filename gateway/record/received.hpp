#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "gateway/model/ids.hpp"
#include "gateway/model/quantity.hpp"
#include "gateway/model/result.hpp"
#include "gateway/model/time.hpp"

/// What a receiver of published batches needs from a store: the far end's counterpart of store.hpp.
namespace metergate::record {

/// A record under the names it was published with.
struct ReceivedRecord {
    std::string point;
    std::string series;
    UtcSeconds start;
    std::optional<Milli> value;
    std::optional<Milli> reg;
    std::string flags;  ///< words with a blank between them; empty if none
    std::string origin;
    Milli uncertainty = 0;
};

struct ReceivedBatch {
    Epoch epoch{};
    std::string panel;
    std::uint64_t number = 0;
    UtcSeconds end;
    std::uint32_t revision = 0;
    std::vector<ReceivedRecord> records;
    std::string payload;  ///< as it came; equal batches have equal bytes
};

/// A run of batch numbers that are kept, both included.
struct HeldRun {
    Epoch epoch{};
    std::string panel;
    std::uint64_t from = 0;
    std::uint64_t to = 0;
};

/// What the gateway had purged before it was received: numbers up to `through` that are not kept.
struct PurgedRun {
    Epoch epoch{};
    std::string panel;
    std::uint64_t through = 0;

    bool operator==(const PurgedRun&) const = default;
};

/// What became of a received batch.
enum class Reception : std::uint8_t {
    added,
    repeated,  ///< it is kept already, with the same bytes
    changed,   ///< it is kept already, with other bytes; the new ones are put aside
};

/// All that one transaction writes.
struct Arrivals {
    std::vector<ReceivedBatch> batches;
    std::vector<PurgedRun> purged;
    std::optional<std::string> meta;    ///< newest payload of the topic `meta`
    std::optional<std::string> status;  ///< newest payload of the topic `status`

    [[nodiscard]] bool empty() const {
        return batches.empty() && purged.empty() && !meta && !status;
    }
};

/// Where a receiver keeps what it got. One thread. Errors: full, damaged, disconnected (I/O);
/// nothing of a failed call is kept.
class ReceivedStore {
  public:
    virtual ~ReceivedStore() = default;

    [[nodiscard]] virtual Result<std::vector<HeldRun>> held() = 0;
    [[nodiscard]] virtual Result<std::vector<PurgedRun>> purged() = 0;
    /// One transaction, durable when it returns. One answer for each batch.
    [[nodiscard]] virtual Result<std::vector<Reception>> put(const Arrivals& arrivals) = 0;
};

}  // namespace metergate::record
