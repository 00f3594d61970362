#pragma once

#include <cstdint>

#include "gateway/model/ids.hpp"
#include "storage/sqlite.hpp"

namespace metergate::storage {

/// Finds a panel's newest and oldest kept batch number. Numbers of a panel run from 1 without gaps
/// and purged batches are the oldest ones, so both are found by halving, however many batches there
/// are.
class BatchNumbers {
  public:
    BatchNumbers(Database& database, Epoch epoch);

    [[nodiscard]] Epoch epoch() const { return epoch_; }
    /// 0 if the panel has no batch yet.
    [[nodiscard]] std::uint64_t newest(PanelNumber panel);
    /// The first not purged; newest + 1 if all are.
    [[nodiscard]] std::uint64_t oldest_kept(PanelNumber panel, std::uint64_t newest);

  private:
    Epoch epoch_;
    Statement find_;
};

}  // namespace metergate::storage
