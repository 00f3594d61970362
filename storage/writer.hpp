#pragma once

#include <cstdint>
#include <unordered_map>
#include <vector>

#include "gateway/record/store.hpp"
#include "storage/batch_numbers.hpp"
#include "storage/day_packer.hpp"
#include "storage/sqlite.hpp"

namespace metergate::storage {

/// Whether a commit keeps the rules of record.hpp and store.hpp: each record within its batch's end
/// and panel, no value exactly when missing, no events inside batches. Error: invalid, naming the
/// record.
[[nodiscard]] Result<void> check_commit(const record::Commit& commit);

/// The statements of a commit, prepared once. Its `put_` functions work inside a transaction that
/// the caller has begun; errors show when that commits.
class Writer {
  public:
    /// `local_days`: the grid of 24 h of the site's zone.
    Writer(Database& database, Epoch epoch, const metering::IntervalGrid& local_days);

    /// Everything of one commit, and the batches that carry the gateway's own events.
    void put(const record::Commit& commit, UtcTime now);
    /// Events outside a commit; those of the gateway get their batch at once.
    void put_events(const std::vector<Event>& events, UtcTime now);

    /// Keeps the packed days true; works in the same transactions.
    [[nodiscard]] DayPacker& packer() { return packer_; }
    /// Stores what the packer found damaged.
    void put_packer_events(UtcTime now) { put_events(packer_.take_events(now), now); }

    [[nodiscard]] BatchSeq newest();
    /// To be called after a transaction failed.
    void forget() { newest_number_.clear(); }

  private:
    void put_event(const Event& event);
    /// Numbers the batch, and gives it the events that waited for it.
    void put_batch(const Batch& batch, UtcTime now);
    struct BatchRow {
        std::int64_t seq = 0;
        std::int64_t revision = 0;
    };
    BatchRow put_batch_row(PanelNumber panel, std::int64_t end_s, UtcTime now);
    void put_records(const Batch& batch, std::int64_t revision);
    void put_gateway_batches(UtcTime now);
    void put_chain(const record::ChainState& chain);
    void put_receipt(const record::Receipt& receipt, UtcTime now);
    void put_clean_stop(const record::Commit& commit);
    [[nodiscard]] std::uint64_t& newest_number(PanelNumber panel);

    Database& database_;
    Epoch epoch_;
    BatchNumbers numbers_;
    DayPacker packer_;
    std::unordered_map<std::uint32_t, std::uint64_t> newest_number_;  ///< per panel

    Statement newest_seq_;
    Statement next_revision_;
    Statement add_batch_;
    Statement add_record_;
    Statement count_event_;
    Statement add_event_;
    Statement attach_events_;
    Statement gateway_seconds_;
    Statement attach_gateway_events_;
    Statement put_chain_;
    Statement move_cursor_;
    Statement keep_receipt_;
    Statement keep_panel_mark_;
    Statement set_clean_;
    Statement clear_last_readings_;
    Statement add_last_reading_;
};

}  // namespace metergate::storage
