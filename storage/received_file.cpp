#include "storage/received_file.hpp"

#include <fmt/format.h>

#include <charconv>
#include <utility>

#include "storage/sqlite.hpp"

namespace metergate::storage {
namespace {

/// "MGRC": what a receiver of Metergate keeps.
constexpr std::int64_t received_application_id = 0x4D475243;
constexpr std::int64_t received_version = 1;
/// Pages in the log from which on a commit is followed by a checkpoint: 4 MiB.
constexpr std::int64_t checkpoint_pages = 1000;

constexpr std::string_view tables = R"sql(
CREATE TABLE batch(id INTEGER PRIMARY KEY, panel TEXT NOT NULL, epoch TEXT NOT NULL,
    number INTEGER NOT NULL, "end" INTEGER NOT NULL, revision INTEGER NOT NULL,
    received INTEGER NOT NULL, payload TEXT NOT NULL, UNIQUE(panel, epoch, number)) STRICT;
CREATE TABLE record("end" INTEGER NOT NULL, point TEXT NOT NULL, series TEXT NOT NULL,
    revision INTEGER NOT NULL, epoch TEXT NOT NULL, start INTEGER NOT NULL, value INTEGER,
    register INTEGER, flags TEXT NOT NULL, origin TEXT NOT NULL, uncertainty INTEGER NOT NULL,
    PRIMARY KEY("end", point, series, revision, epoch)) STRICT, WITHOUT ROWID;
CREATE TABLE changed_batch(id INTEGER PRIMARY KEY, panel TEXT NOT NULL, epoch TEXT NOT NULL,
    number INTEGER NOT NULL, received INTEGER NOT NULL, payload TEXT NOT NULL) STRICT;
CREATE TABLE purged(panel TEXT NOT NULL, epoch TEXT NOT NULL, through INTEGER NOT NULL,
    PRIMARY KEY(panel, epoch)) STRICT, WITHOUT ROWID;
CREATE TABLE message(topic TEXT PRIMARY KEY, received INTEGER NOT NULL,
    payload TEXT NOT NULL) STRICT, WITHOUT ROWID;
)sql";

std::string text_of(Epoch epoch) {
    return fmt::format("{:016x}", raw(epoch));
}

Epoch epoch_of(const std::string& text) {
    std::uint64_t value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value, 16);
    return Epoch{value};
}

Result<void> make_tables(Database& database, const Id& gateway) {
    Transaction transaction(database, Transaction::Kind::write, "make tables");
    database.exec(std::string(tables));
    database.exec(fmt::format("PRAGMA application_id={}; PRAGMA user_version={}",
                              received_application_id, received_version));
    database.prepare("INSERT INTO message VALUES('gateway', 0, ?)").with(gateway).run();
    return transaction.commit();
}

Result<void> check_identity(Database& database, const Id& gateway) {
    const std::int64_t application = number_from(database.pragma("application_id"));
    const std::int64_t version = number_from(database.pragma("user_version"));
    if (const Result<void> read = database.outcome("read header"); !read) {
        return read.error();
    }
    if (application != received_application_id) {
        return Error{Fault::refused, database.path() + ": is another program's file"};
    }
    if (version != received_version) {
        return Error{Fault::refused, database.path() + ": was made by a newer metergate"};
    }
    std::string owner;
    Statement row = database.prepare("SELECT payload FROM message WHERE topic = 'gateway'");
    if (row.next()) {
        owner = row.text(0);
        row.reset();
    }
    if (const Result<void> read = database.outcome("read gateway"); !read) {
        return read.error();
    }
    if (owner != gateway) {
        return Error{Fault::refused,
                     database.path() + ": belongs to gateway \"" + owner + "\", not " + gateway};
    }
    return {};
}

Result<Database> open_database(const std::string& path, const Id& gateway) {
    Result<Database> database = Database::open(path, Access::create);
    if (!database) {
        return database.error();
    }
    const bool is_new =
        database->prepare("SELECT count(*) FROM sqlite_schema").number().value_or(0) == 0;
    if (const Result<void> read = database->outcome("read tables"); !read) {
        return read.error();
    }
    if (is_new) {
        database->exec("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL");
        if (const Result<void> made = make_tables(*database, gateway); !made) {
            return made.error();
        }
    }
    if (const Result<void> ours = check_identity(*database, gateway); !ours) {
        return ours.error();
    }
    database->exec(
        "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA trusted_schema=OFF;"
        "PRAGMA cell_size_check=ON; PRAGMA temp_store=MEMORY; PRAGMA mmap_size=0;");
    if (database->pragma("journal_mode") != "wal" || database->pragma("synchronous") != "2") {
        return Error{Fault::refused, path + ": this file system does not keep a write-ahead log"};
    }
    if (const Result<void> set = database->outcome("set up"); !set) {
        return set.error();
    }
    return database;
}

}  // namespace

struct ReceivedFile::Parts {
    Parts(Database opened, const Clock& its_clock)
        : clock(its_clock),
          database(std::move(opened)),
          known(database.prepare(
              "SELECT payload FROM batch WHERE panel = ? AND epoch = ? AND number = ?")),
          add_batch(database.prepare(
              "INSERT INTO batch(panel, epoch, number, \"end\", revision, received, payload) "
              "VALUES(?, ?, ?, ?, ?, ?, ?)")),
          add_record(database.prepare(
              "INSERT INTO record VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING")),
          add_changed(
              database.prepare("INSERT INTO changed_batch(panel, epoch, number, received, payload) "
                               "VALUES(?, ?, ?, ?, ?)")),
          put_purged(
              database.prepare("INSERT INTO purged VALUES(?, ?, ?) ON CONFLICT DO UPDATE SET "
                               "through = max(through, excluded.through)")),
          put_message(
              database.prepare("INSERT INTO message VALUES(?, ?, ?) ON CONFLICT DO UPDATE SET "
                               "received = excluded.received, payload = excluded.payload")) {}

    record::Reception put(const record::ReceivedBatch& batch, std::int64_t now_s) {
        const std::string epoch = text_of(batch.epoch);
        known.with(batch.panel, epoch, batch.number);
        if (known.next()) {
            const bool same = known.text(0) == batch.payload;
            known.reset();
            if (!same) {
                add_changed.with(batch.panel, epoch, batch.number, now_s, batch.payload).run();
            }
            return same ? record::Reception::repeated : record::Reception::changed;
        }
        add_batch
            .with(batch.panel, epoch, batch.number, epoch_s(batch.end), batch.revision, now_s,
                  batch.payload)
            .run();
        for (const record::ReceivedRecord& row : batch.records) {
            add_record
                .with(epoch_s(batch.end), row.point, row.series, batch.revision, epoch,
                      epoch_s(row.start), row.value, row.reg, row.flags, row.origin,
                      row.uncertainty)
                .run();
        }
        return record::Reception::added;
    }

    const Clock& clock;
    Database database;
    Statement known;
    Statement add_batch;
    Statement add_record;
    Statement add_changed;
    Statement put_purged;
    Statement put_message;
};

ReceivedFile::ReceivedFile(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

ReceivedFile::~ReceivedFile() = default;

Result<std::unique_ptr<ReceivedFile>> ReceivedFile::open(const std::string& path, const Id& gateway,
                                                         const Clock& clock) {
    Result<Database> database = open_database(path, gateway);
    if (!database) {
        return database.error();
    }
    auto parts = std::make_unique<Parts>(std::move(*database), clock);
    if (const Result<void> ready = parts->database.outcome("prepare"); !ready) {
        return ready.error();
    }
    return std::unique_ptr<ReceivedFile>(new ReceivedFile(std::move(parts)));
}

Result<std::vector<record::HeldRun>> ReceivedFile::held() {
    std::vector<record::HeldRun> runs;
    Statement row = parts_->database.prepare(
        "SELECT epoch, panel, number FROM batch ORDER BY panel, epoch, number");
    while (row.next()) {
        const Epoch epoch = epoch_of(row.text(0));
        const auto number = static_cast<std::uint64_t>(row.integer(2));
        std::string panel = row.text(1);
        if (!runs.empty() && runs.back().epoch == epoch && runs.back().panel == panel &&
            runs.back().to + 1 == number) {
            runs.back().to = number;
        } else {
            runs.push_back({epoch, std::move(panel), number, number});
        }
    }
    if (const Result<void> done = parts_->database.outcome("read batches"); !done) {
        return done.error();
    }
    return runs;
}

Result<std::vector<record::PurgedRun>> ReceivedFile::purged() {
    std::vector<record::PurgedRun> runs;
    Statement row = parts_->database.prepare("SELECT epoch, panel, through FROM purged");
    while (row.next()) {
        runs.push_back(
            {epoch_of(row.text(0)), row.text(1), static_cast<std::uint64_t>(row.integer(2))});
    }
    if (const Result<void> done = parts_->database.outcome("read purged"); !done) {
        return done.error();
    }
    return runs;
}

Result<std::vector<record::Reception>> ReceivedFile::put(const record::Arrivals& arrivals) {
    const std::int64_t now_s =
        epoch_s(std::chrono::floor<std::chrono::seconds>(parts_->clock.utc()));
    Transaction transaction(parts_->database, Transaction::Kind::write, "keep what was received");
    std::vector<record::Reception> answers;
    answers.reserve(arrivals.batches.size());
    for (const record::ReceivedBatch& batch : arrivals.batches) {
        answers.push_back(parts_->put(batch, now_s));
    }
    for (const record::PurgedRun& run : arrivals.purged) {
        parts_->put_purged.with(run.panel, text_of(run.epoch), run.through).run();
    }
    for (const auto& [topic, payload] :
         {std::pair{"meta", &arrivals.meta}, std::pair{"status", &arrivals.status}}) {
        if (*payload) {
            parts_->put_message.with(topic, now_s, **payload).run();
        }
    }
    if (const Result<void> done = transaction.commit(); !done) {
        return done.error();
    }
    if (parts_->database.wal_pages() >= checkpoint_pages) {
        // What was committed is safe in the log; the next commit tries again.
        [[maybe_unused]] const auto done = parts_->database.checkpoint(false);
    }
    return answers;
}

}  // namespace metergate::storage
