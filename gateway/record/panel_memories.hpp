#pragma once

#include <functional>
#include <vector>

#include "gateway/record/backfill.hpp"
#include "gateway/record/log_intake.hpp"
#include "gateway/record/panel_recorder.hpp"
#include "gateway/record/store.hpp"

namespace metergate::record {

/// What the recorder wants from the logs of all panels that have one. One thread: the recorder's.
class PanelMemories {
  public:
    /// Those of panels that are planned as before go on.
    void arrange(const std::vector<PanelRecorder>& panels);
    /// The panel has answered a poll.
    void heard(PanelNumber panel, Instant now);
    /// Whoever had the orders is gone.
    void order_again();
    /// What came of an order: batches and events to be stored.
    [[nodiscard]] Backfill::Filled take(const LogAnswer& answer, Instant now, UtcTime utc,
                                        PanelRecorder& recorder, Store& store);
    /// What is to be asked of a panel now. `batches`: those on their way into the store.
    [[nodiscard]] std::vector<LogOrder> next_orders(Instant now, UtcTime utc,
                                                    const PanelRecorder& recorder,
                                                    const std::vector<Batch>& batches,
                                                    Store& store);
    /// These batches are stored now.
    void note_stored(const std::vector<Batch>& batches);

  private:
    std::vector<Backfill> backfills_;
    std::vector<LogIntake> intakes_;
};

}  // namespace metergate::record
