#pragma once

#include <cstdint>
#include <map>

#include "gateway/model/ids.hpp"
#include "storage/sqlite.hpp"

namespace metergate::storage {

/// Finds a panel's newest and oldest kept batch number. Numbers of a panel run from 1 without gaps
/// and purged batches are the oldest ones, so both are found by halving, however many batches there
/// are; neither ever goes back, so that asked again, the search begins where the last one ended.
class BatchNumbers {
  public:
    BatchNumbers(Database& database, Epoch epoch);

    [[nodiscard]] Epoch epoch() const { return epoch_; }
    /// 0 if the panel has no batch yet.
    [[nodiscard]] std::uint64_t newest(PanelNumber panel);
    /// The first not purged; newest + 1 if all are.
    [[nodiscard]] std::uint64_t oldest_kept(PanelNumber panel, std::uint64_t newest);

  private:
    struct Found {
        std::uint64_t newest = 0;
        std::uint64_t oldest_kept = 1;
    };

    Epoch epoch_;
    Statement find_;
    std::map<PanelNumber, Found> found_;
};

}  // namespace metergate::storage
