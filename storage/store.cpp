#include "storage/store.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include "storage/gaps.hpp"
#include "storage/numbering.hpp"
#include "storage/reader.hpp"
#include "storage/restart.hpp"
#include "storage/writer.hpp"

namespace metergate::storage {
namespace {

std::int64_t pages_of_mb(std::int64_t mb) {
    return std::max<std::int64_t>(mb, 1) * 1024 * 1024 / page_size;
}

}  // namespace

struct SqliteStore::Connection {
    Connection(Database opened, Epoch epoch, const metering::IntervalGrid& local_days)
        : database(std::move(opened)), writer(database, epoch, local_days) {}

    Database database;
    Writer writer;
};

SqliteStore::SqliteStore(OpenRequest request, const Clock& clock, const Options& options,
                         const metering::IntervalGrid& local_days)
    : request_(std::move(request)),
      clock_(clock),
      options_(options),
      local_days_(local_days),
      ballast_(*request_.disk.files, request_.path) {}

SqliteStore::~SqliteStore() {
    // If this fails, the next start finds the log as a power cut would leave it.
    [[maybe_unused]] const Result<void> closed = close_broken();
}

Result<std::unique_ptr<SqliteStore>> SqliteStore::open(const std::string& path, const Clock& clock,
                                                       const Options& options) {
    const auto days =
        metering::IntervalGrid::make(options.zone, std::chrono::days{1}, TimeBase::local);
    if (!days) {
        return days.error();
    }
    Result<Schema> schema = options.schema ? *options.schema : schema_of(migrations());
    if (!schema) {
        return schema.error();
    }
    const OpenRequest request{.path = path,
                              .now = clock.utc(),
                              .pages_max = pages_of_mb(options.store_max_mb),
                              .epoch = options.epoch,
                              .disk = options.disk,
                              .schema = std::move(*schema)};
    Result<OpenedStore> opened = open_or_create(request);
    if (!opened) {
        return opened.error();
    }
    auto store = std::unique_ptr<SqliteStore>(new SqliteStore(request, clock, options, *days));
    store->report_ = std::move(opened->report);
    if (const Result<void> connected = store->connect(std::move(opened->database)); !connected) {
        return connected.error();
    }
    return store;
}

Result<void> SqliteStore::connect(Database database) {
    const Result<Epoch> epoch = read_epoch(database);
    if (!epoch) {
        return epoch.error();
    }
    if (epoch_ != Epoch{} && *epoch != epoch_) {
        return Error{Fault::damaged, request_.path + ": the store was replaced by another one"};
    }
    auto connection = std::make_unique<Connection>(std::move(database), *epoch, local_days_);
    if (const Result<void> ready = connection->database.outcome("prepare"); !ready) {
        return ready.error();
    }
    epoch_ = *epoch;
    connection_ = std::move(connection);
    return {};
}

Result<void> SqliteStore::close_broken() {
    if (!broken_) {
        return {};
    }
    if (const Result<void> cut = connection_->database.cut_failed_commit(); !cut) {
        return cut.error();
    }
    connection_.reset();
    broken_ = false;
    return {};
}

Result<void> SqliteStore::ensure_open() {
    if (const Result<void> closed = close_broken(); !closed) {
        return closed.error();
    }
    if (connection_) {
        return {};
    }
    Result<Database> database = open_existing(request_);
    if (!database) {
        return database.error();
    }
    return connect(std::move(*database));
}

Error SqliteStore::failed(const Error& error) {
    connection_->writer.forget();
    if (error.fault == Fault::full) {
        no_room_ = true;
        ballast_.release();
    }
    if (breaks_connection(error)) {
        broken_ = true;
        // If it does not succeed now, every later call tries it again before anything else.
        [[maybe_unused]] const Result<void> closed = close_broken();
    }
    return error;
}

void SqliteStore::checkpoint_if_due(bool empty_log) {
    if (!empty_log && connection_->database.wal_pages() < options_.log_pages_max) {
        return;
    }
    // What was committed is safe in the log in any case; a failure only means to open anew.
    const auto done = connection_->database.checkpoint(empty_log);
    if (!done) {
        [[maybe_unused]] const Error error = failed(done.error());
        return;
    }
    connection_->database.mark_wal();
}

Result<record::Numbering> SqliteStore::number(const record::NumberingRequest& request) {
    if (const Result<void> ready = ensure_open(); !ready) {
        return ready.error();
    }
    Result<record::Numbering> numbering = give_numbers(connection_->database, request);
    if (!numbering) {
        return failed(numbering.error());
    }
    return numbering;
}

Result<record::Numbering> SqliteStore::all_numbers() {
    if (const Result<void> ready = ensure_open(); !ready) {
        return ready.error();
    }
    Result<record::Numbering> numbering = read_numbers(connection_->database);
    if (!numbering) {
        return failed(numbering.error());
    }
    return numbering;
}

Result<record::Restart> SqliteStore::restart_state() {
    if (const Result<void> ready = ensure_open(); !ready) {
        return ready.error();
    }
    Result<record::Restart> restart = read_restart(connection_->database);
    if (!restart) {
        return failed(restart.error());
    }
    restart->new_store = report_.created;
    return restart;
}

Result<BatchSeq> SqliteStore::commit(const record::Commit& commit) {
    if (const Result<void> kept = check_commit(commit); !kept) {
        return kept.error();
    }
    if (const Result<void> ready = ensure_open(); !ready) {
        return ready.error();
    }
    Database& database = connection_->database;
    const auto kind = commit.empty() ? Transaction::Kind::read : Transaction::Kind::write;
    Transaction transaction(database, kind, "commit");
    if (!commit.empty()) {
        connection_->writer.put(commit, clock_.utc());
    }
    const BatchSeq newest = connection_->writer.newest();
    if (const Result<void> done = transaction.commit(); !done) {
        full_commits_ += done.error().fault == Fault::full ? 1 : 0;
        return failed(done.error());
    }
    no_room_ = false;
    full_commits_ = 0;
    checkpoint_if_due(commit.clean_stop);
    return newest;
}

Result<std::vector<Record>> SqliteStore::long_records(PanelNumber panel, UtcSeconds after,
                                                      UtcSeconds through, std::size_t count_max) {
    if (const Result<void> ready = ensure_open(); !ready) {
        return ready.error();
    }
    auto found = read_long_records(connection_->database, panel, after, through, count_max);
    if (!found) {
        return failed(found.error());
    }
    return found;
}

Result<std::vector<Record>> SqliteStore::unread_records(PanelNumber panel, UtcSeconds from,
                                                        UtcSeconds through) {
    if (const Result<void> ready = ensure_open(); !ready) {
        return ready.error();
    }
    auto found = read_unread_records(connection_->database, panel, from, through);
    if (!found) {
        return failed(found.error());
    }
    return found;
}

Result<std::optional<BatchSeq>> SqliteStore::cursor(const Id& destination) {
    if (const Result<void> ready = ensure_open(); !ready) {
        return ready.error();
    }
    Database& database = connection_->database;
    const auto through = database.prepare("SELECT through FROM cursor WHERE destination = ?")
                             .with(destination)
                             .number();
    if (const Result<void> done = database.outcome("read cursor"); !done) {
        return failed(done.error());
    }
    return through ? std::optional(BatchSeq{*through}) : std::nullopt;
}

Result<std::vector<record::Receipt>> SqliteStore::receipts(const Id& destination) {
    if (const Result<void> ready = ensure_open(); !ready) {
        return ready.error();
    }
    Database& database = connection_->database;
    std::vector<record::Receipt> found;
    Statement row = database.prepare(
        "SELECT receiver, panel, epoch, through, heard FROM receipt WHERE destination = ?");
    row.with(destination);
    while (row.next()) {
        found.push_back({destination, row.text(0),
                         PanelNumber{static_cast<std::uint32_t>(row.integer(1))},
                         Epoch{static_cast<std::uint64_t>(row.integer(2))},
                         static_cast<std::uint64_t>(row.integer(3)), utc_from_s(row.integer(4))});
    }
    if (const Result<void> done = database.outcome("read receipts"); !done) {
        return failed(done.error());
    }
    return found;
}

Result<void> SqliteStore::drop_cursor(const Id& destination) {
    if (const Result<void> ready = ensure_open(); !ready) {
        return ready.error();
    }
    Database& database = connection_->database;
    Transaction transaction(database, Transaction::Kind::write, "drop cursor");
    database.prepare("DELETE FROM cursor WHERE destination = ?").with(destination).run();
    database.prepare("DELETE FROM receipt WHERE destination = ?").with(destination).run();
    if (const Result<void> done = transaction.commit(); !done) {
        return failed(done.error());
    }
    return {};
}

Result<PurgeReport> SqliteStore::upkeep() {
    if (const Result<void> ready = ensure_open(); !ready) {
        return ready.error();
    }
    const UtcTime now = clock_.utc();
    const PurgeLimits limits{
        .sent_before = std::chrono::floor<std::chrono::seconds>(now) -
                       std::chrono::days{options_.retention_days},
        .pages_max = request_.pages_max,
        .silent_before =
            std::chrono::floor<std::chrono::seconds>(now) - record::receiver_silence_max,
        .no_room = no_room_,
        // Once may be for a moment: the ballast and what was sent go first.
        .still_no_room = no_room_ && full_commits_ > 1,
    };
    Result<PurgeReport> report =
        purge_step(connection_->database, connection_->writer, limits, now);
    if (!report) {
        return failed(report.error());
    }
    if (!no_room_ && !ballast_.present()) {
        ballast_.restore();
    }
    // The next commit shows whether it was enough.
    no_room_ = false;
    checkpoint_if_due(false);
    return report;
}

Result<Room> SqliteStore::room() {
    if (const Result<void> ready = ensure_open(); !ready) {
        return ready.error();
    }
    Result<Room> room = measure_room(connection_->database, request_.pages_max, clock_.utc());
    if (!room) {
        return failed(room.error());
    }
    return room;
}

Result<DayPacker::Step> SqliteStore::pack_days() {
    if (const Result<void> ready = ensure_open(); !ready) {
        return ready.error();
    }
    const UtcTime now = clock_.utc();
    Transaction transaction(connection_->database, Transaction::Kind::write, "pack days");
    const DayPacker::Step step = connection_->writer.packer().step(now);
    connection_->writer.put_packer_events(now);
    if (const Result<void> done = transaction.commit(); !done) {
        return failed(done.error());
    }
    checkpoint_if_due(false);
    return step;
}

Result<void> SqliteStore::repair_days(const std::vector<DayKey>& days) {
    if (const Result<void> ready = ensure_open(); !ready) {
        return ready.error();
    }
    Transaction transaction(connection_->database, Transaction::Kind::write, "repair days");
    for (const DayKey& day : days) {
        connection_->writer.packer().repair(day);
    }
    connection_->writer.put_packer_events(clock_.utc());
    if (const Result<void> done = transaction.commit(); !done) {
        return failed(done.error());
    }
    return {};
}

Result<void> SqliteStore::pack_all_again() {
    if (const Result<void> ready = ensure_open(); !ready) {
        return ready.error();
    }
    Transaction transaction(connection_->database, Transaction::Kind::write, "pack all days again");
    connection_->writer.packer().pack_all_again();
    if (const Result<void> done = transaction.commit(); !done) {
        return failed(done.error());
    }
    return {};
}

Result<void> SqliteStore::change_out(PointNumber point, const ChangeOut& change) {
    if (const Result<void> ready = ensure_open(); !ready) {
        return ready.error();
    }
    const Result<void> done =
        record_change_out(connection_->database, connection_->writer, point, change, clock_.utc());
    if (!done) {
        return failed(done.error());
    }
    return {};
}

Result<std::vector<Installation>> SqliteStore::installations(PointNumber point) {
    if (const Result<void> ready = ensure_open(); !ready) {
        return ready.error();
    }
    Result<std::vector<Installation>> found = read_installations(connection_->database, point);
    if (!found) {
        return failed(found.error());
    }
    return found;
}

Result<RegisterAround> SqliteStore::register_at(PointNumber point, SeriesNumber series,
                                                UtcSeconds time) {
    if (const Result<void> ready = ensure_open(); !ready) {
        return ready.error();
    }
    Result<RegisterAround> found = read_register_at(connection_->database, point, series, time);
    if (!found) {
        return failed(found.error());
    }
    return found;
}

}  // namespace metergate::storage
