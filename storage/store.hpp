#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gateway/model/clock.hpp"
#include "gateway/record/store.hpp"
#include "storage/day_packer.hpp"
#include "storage/files.hpp"
#include "storage/history.hpp"
#include "storage/installation.hpp"
#include "storage/open.hpp"
#include "storage/purge.hpp"
#include "storage/room.hpp"
#include "storage/schema.hpp"

namespace metergate::storage {

/// Everything measured, in one SQLite file, with the only connection that writes and checkpoints.
/// One object and one thread: the recorder's. Deliveries and people read through SqliteBatchSource
/// and SqliteHistory.
///
/// After an I/O error the connection is closed; the next call opens the file again and checks it. A
/// file found damaged while running stays shut (every call answers `damaged`): only opening a new
/// SqliteStore keeps it aside, since numbers and epoch are new then.
class SqliteStore final : public record::Store {
  public:
    struct Options {
        std::int64_t retention_days = 400;  ///< what every destination has may go after these
        std::int64_t store_max_mb = 2048;   ///< the file never grows beyond, MiB
        std::string zone = "UTC";           ///< of the site: history is packed by its days
        std::optional<Epoch> epoch;         ///< for a new store; random if absent
        std::int64_t log_pages_max = 1000;  ///< a commit is followed by a checkpoint from then on
        Disk disk;                          ///< the machine's, but in tests
        std::optional<Schema> schema;       ///< the program's own if absent
    };

    /// Errors: not_found (the zone), refused (written by a newer program, or durable settings
    /// cannot be had), disconnected, full. A damaged, empty or foreign file is no error: see
    /// open_report().
    [[nodiscard]] static Result<std::unique_ptr<SqliteStore>> open(const std::string& path,
                                                                   const Clock& clock,
                                                                   const Options& options);
    ~SqliteStore() override;
    SqliteStore(const SqliteStore&) = delete;
    SqliteStore& operator=(const SqliteStore&) = delete;

    [[nodiscard]] const OpenReport& open_report() const { return report_; }

    [[nodiscard]] Epoch epoch() const override { return epoch_; }
    [[nodiscard]] Result<record::Numbering> number(
        const record::NumberingRequest& request) override;
    /// All numbers ever given out: the names of what the settings name no more.
    [[nodiscard]] Result<record::Numbering> all_numbers();
    [[nodiscard]] Result<record::Restart> restart_state() override;
    /// Cursors only move forward; a move beyond the newest batch is ignored.
    [[nodiscard]] Result<BatchSeq> commit(const record::Commit& commit) override;
    [[nodiscard]] Result<std::vector<Record>> long_records(PanelNumber panel, UtcSeconds after,
                                                           UtcSeconds through,
                                                           std::size_t count_max) override;
    [[nodiscard]] Result<std::vector<Record>> unread_records(PanelNumber panel, UtcSeconds from,
                                                             UtcSeconds through) override;

    /// How far a destination has got; nothing if it is new.
    [[nodiscard]] Result<std::optional<BatchSeq>> cursor(const Id& destination);
    /// What the receivers of a destination have said, by receiver and panel.
    [[nodiscard]] Result<std::vector<record::Receipt>> receipts(const Id& destination);
    /// Forgets a destination that a person has removed: it holds up no purge any more.
    [[nodiscard]] Result<void> drop_cursor(const Id& destination);

    /// One small step of housekeeping, a few milliseconds: purge, and the reserve on the disk. To
    /// be called every minute or so, again at once while `more`, and after a commit failed with
    /// `full`.
    [[nodiscard]] Result<PurgeReport> upkeep();
    /// How long the room will do. A few reads.
    [[nodiscard]] Result<Room> room();

    /// One small step of packing closed days, a few milliseconds and one transaction; drops blocks
    /// of more than ten years ago. To be called every minute or so, again soon while `more`.
    [[nodiscard]] Result<DayPacker::Step> pack_days();
    /// Looks at blocks that a reader found damaged: packs them again from the rows and tells it by
    /// an event.
    [[nodiscard]] Result<void> repair_days(const std::vector<DayKey>& days);
    /// All days are packed again in the steps to come. For whoever doubts them.
    [[nodiscard]] Result<void> pack_all_again();

    [[nodiscard]] Result<void> change_out(PointNumber point, const ChangeOut& change);
    [[nodiscard]] Result<std::vector<Installation>> installations(PointNumber point);
    [[nodiscard]] Result<RegisterAround> register_at(PointNumber point, SeriesNumber series,
                                                     UtcSeconds time);

  private:
    struct Connection;

    SqliteStore(OpenRequest request, const Clock& clock, const Options& options,
                const metering::IntervalGrid& local_days);
    [[nodiscard]] Result<void> connect(Database database);
    [[nodiscard]] Result<void> ensure_open();
    [[nodiscard]] Result<void> close_broken();
    /// What a failure calls for; returns it.
    [[nodiscard]] Error failed(const Error& error);
    void checkpoint_if_due(bool empty_log);

    OpenRequest request_;
    const Clock& clock_;
    Options options_;
    metering::IntervalGrid local_days_;
    Ballast ballast_;
    OpenReport report_;
    Epoch epoch_{};
    std::unique_ptr<Connection> connection_;
    bool broken_ = false;   ///< the connection has seen an I/O error: close it before anything else
    bool no_room_ = false;  ///< a write has failed with `full` since the last upkeep
    int full_commits_ = 0;  ///< so many commits in a row have failed with `full`
};

}  // namespace metergate::storage
