#include "storage/reader.hpp"

#include <algorithm>
#include <utility>

#include "storage/batch_numbers.hpp"
#include "storage/rows.hpp"
#include "storage/schema.hpp"

namespace metergate::storage {

Result<Database> open_reader(const std::string& path, const std::string& vfs) {
    Result<Database> database = Database::open(path, Access::read_only, {.vfs = vfs});
    if (!database) {
        return database.error();
    }
    if (const Result<void> set = configure_reader(*database); !set) {
        return set.error();
    }
    return database;
}

bool breaks_connection(const Error& error) {
    return error.fault == Fault::disconnected || error.fault == Fault::damaged;
}

struct SqliteBatchSource::Connection {
    Connection(Database opened, Epoch epoch)
        : database(std::move(opened)),
          numbers(database, epoch),
          batches(database.prepare(R"(SELECT seq, panel, number, "end", revision FROM batch
              WHERE seq > ? AND epoch = ? AND purged = 0 ORDER BY seq LIMIT ?)")),
          numbered(database.prepare(R"(SELECT seq, panel, number, "end", revision FROM batch
              WHERE number = ? AND panel = ? AND epoch = ? AND purged = 0)")),
          records(database.prepare("SELECT " + std::string(record_columns) +
                                   R"( FROM record WHERE "end" = ? AND point BETWEEN ? AND ?
              AND revision = ? ORDER BY point, series)")),
          events(database.prepare("SELECT " + std::string(event_columns) +
                                  " FROM event WHERE batch = ? ORDER BY seq")),
          newest(database.prepare("SELECT max(seq) FROM batch")),
          purged_through(database.prepare("SELECT value FROM meta WHERE key = 'purged_through'")) {}

    record::BatchPage page_after(BatchSeq cursor, std::size_t count_max) {
        record::BatchPage page;
        // The purged batches are the oldest ones: they are passed by in one go.
        page.through = std::max(cursor, BatchSeq{purged_through.with().number().value_or(0)});
        batches.with(raw(page.through), raw(numbers.epoch()), count_max);
        while (batches.next()) {
            page.batches.push_back(batch_at(batches));
            page.through = page.batches.back().seq;
        }
        return page;
    }

    NumberedPage page_of(const NumberRange& range, std::size_t count_max) {
        const std::uint64_t newest_number = numbers.newest(range.panel);
        const std::uint64_t to = std::min(range.to, newest_number);
        const std::uint64_t kept = numbers.oldest_kept(range.panel, newest_number);
        NumberedPage page;
        page.purged_through = range.from < kept && range.from <= to ? std::min(kept - 1, to) : 0;
        page.through = std::max(range.from, kept) - 1;
        while (page.through < to && page.batches.size() < count_max) {
            ++page.through;
            numbered.with(page.through, raw(range.panel), raw(numbers.epoch()));
            if (numbered.next()) {
                page.batches.push_back(batch_at(numbered));
            }
            numbered.reset();
        }
        page.complete = page.through >= to;
        return page;
    }

    std::vector<std::uint64_t> numbers_of(PanelNumber panel, UtcSeconds from, UtcSeconds to,
                                          std::size_t count_max) {
        Statement row = database.prepare(
            R"(SELECT number FROM batch WHERE "end" BETWEEN ? AND ? AND panel = ? AND epoch = ?
            LIMIT ?)");
        row.with(epoch_s(from), epoch_s(to), raw(panel), raw(numbers.epoch()), count_max);
        std::vector<std::uint64_t> found;
        while (row.next()) {
            found.push_back(static_cast<std::uint64_t>(row.integer(0)));
        }
        std::sort(found.begin(), found.end());
        return found;
    }

    Batch batch_at(const Statement& row) {
        Batch batch;
        batch.seq = BatchSeq{row.integer(0)};
        batch.panel = PanelNumber{static_cast<std::uint32_t>(row.integer(1))};
        batch.number = static_cast<std::uint64_t>(row.integer(2));
        batch.end = utc_from_s(row.integer(3));
        batch.revision = static_cast<std::uint32_t>(row.integer(4));
        fill(batch);
        return batch;
    }

    void fill(Batch& batch) {
        const auto first = raw(point_number(batch.panel, 0));
        records.with(epoch_s(batch.end), first, first + points_per_panel_max - 1, batch.revision);
        while (records.next()) {
            batch.records.push_back(record_of(records));
        }
        events.with(raw(batch.seq));
        while (events.next()) {
            batch.events.push_back(event_of(events));
        }
    }

    std::vector<PanelSpan> spans() {
        Statement panel = database.prepare("SELECT number FROM panel ORDER BY number");
        std::vector<PanelSpan> spans;
        while (panel.next()) {
            PanelSpan span;
            span.panel = PanelNumber{static_cast<std::uint32_t>(panel.integer(0))};
            span.newest = numbers.newest(span.panel);
            if (span.newest > 0) {
                span.oldest_kept = numbers.oldest_kept(span.panel, span.newest);
                spans.push_back(span);
            }
        }
        return spans;
    }

    Database database;
    BatchNumbers numbers;
    Statement batches;
    Statement numbered;
    Statement records;
    Statement events;
    Statement newest;
    Statement purged_through;
};

SqliteBatchSource::SqliteBatchSource(std::string path, std::string vfs)
    : path_(std::move(path)), vfs_(std::move(vfs)) {}

SqliteBatchSource::~SqliteBatchSource() = default;

Result<std::unique_ptr<SqliteBatchSource>> SqliteBatchSource::open(const std::string& path,
                                                                   const std::string& vfs) {
    auto source = std::unique_ptr<SqliteBatchSource>(new SqliteBatchSource(path, vfs));
    if (const Result<void> opened = source->ensure_open(); !opened) {
        return opened.error();
    }
    return source;
}

Result<void> SqliteBatchSource::ensure_open() {
    if (connection_) {
        return {};
    }
    Result<Database> database = open_reader(path_, vfs_);
    if (!database) {
        return database.error();
    }
    const Result<Epoch> epoch = read_epoch(*database);
    if (!epoch) {
        return epoch.error();
    }
    if (epoch_ != Epoch{} && *epoch != epoch_) {
        return Error{Fault::damaged, path_ + ": the store was replaced by another one"};
    }
    epoch_ = *epoch;
    auto connection = std::make_unique<Connection>(std::move(*database), epoch_);
    if (const Result<void> ready = connection->database.outcome("prepare"); !ready) {
        return ready.error();
    }
    connection_ = std::move(connection);
    return {};
}

Error SqliteBatchSource::failed(const Error& error) {
    if (breaks_connection(error)) {
        connection_.reset();
    }
    return error;
}

Result<record::BatchPage> SqliteBatchSource::after(BatchSeq cursor, std::size_t count_max) {
    if (const Result<void> ready = ensure_open(); !ready) {
        return ready.error();
    }
    Transaction transaction(connection_->database, Transaction::Kind::read, "read batches");
    record::BatchPage page = connection_->page_after(cursor, count_max);
    if (const Result<void> done = transaction.commit(); !done) {
        return failed(done.error());
    }
    return page;
}

Result<BatchSeq> SqliteBatchSource::newest() {
    if (const Result<void> ready = ensure_open(); !ready) {
        return ready.error();
    }
    const BatchSeq newest{connection_->newest.with().number().value_or(0)};
    if (const Result<void> done = connection_->database.outcome("read newest batch"); !done) {
        return failed(done.error());
    }
    return newest;
}

Result<record::BatchSource::NumberedPage> SqliteBatchSource::by_number(const NumberRange& range,
                                                                       std::size_t count_max) {
    if (const Result<void> ready = ensure_open(); !ready) {
        return ready.error();
    }
    Transaction transaction(connection_->database, Transaction::Kind::read, "read batches");
    NumberedPage page = connection_->page_of(range, count_max);
    if (const Result<void> done = transaction.commit(); !done) {
        return failed(done.error());
    }
    return page;
}

Result<std::vector<std::uint64_t>> SqliteBatchSource::numbers_by_end(PanelNumber panel,
                                                                     UtcSeconds from, UtcSeconds to,
                                                                     std::size_t count_max) {
    if (const Result<void> ready = ensure_open(); !ready) {
        return ready.error();
    }
    Transaction transaction(connection_->database, Transaction::Kind::read, "read batch numbers");
    std::vector<std::uint64_t> found = connection_->numbers_of(panel, from, to, count_max + 1);
    if (const Result<void> done = transaction.commit(); !done) {
        return failed(done.error());
    }
    if (found.size() > count_max) {
        return Error{Fault::refused, "more than " + std::to_string(count_max) + " batches"};
    }
    return found;
}

Result<std::vector<record::BatchSource::PanelSpan>> SqliteBatchSource::spans() {
    if (const Result<void> ready = ensure_open(); !ready) {
        return ready.error();
    }
    Transaction transaction(connection_->database, Transaction::Kind::read, "read batch numbers");
    std::vector<PanelSpan> spans = connection_->spans();
    if (const Result<void> done = transaction.commit(); !done) {
        return failed(done.error());
    }
    return spans;
}

}  // namespace metergate::storage
