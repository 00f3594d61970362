#include "storage/schema.hpp"

#include <fmt/format.h>

#include <array>
#include <string>
#include <string_view>

namespace metergate::storage {
namespace {

// Times: `end`, `start` of records and batches, chain and installation times in UTC seconds; times
// of events and last readings in UTC milliseconds. No index of `batch` begins with epoch or panel:
// appending would then touch a page per panel instead of one page.
constexpr std::string_view version_1 = R"sql(
CREATE TABLE meta(key TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;

CREATE TABLE panel(number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE) STRICT;
CREATE TABLE point(number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE,
    panel INTEGER NOT NULL REFERENCES panel(number), CHECK(number / 256 = panel)) STRICT;
CREATE TABLE series(number INTEGER PRIMARY KEY, quantity INTEGER NOT NULL, rate INTEGER NOT NULL,
    length_s INTEGER NOT NULL, time_base INTEGER NOT NULL, source INTEGER NOT NULL,
    UNIQUE(quantity, rate, length_s, time_base, source)) STRICT;

CREATE TABLE record("end" INTEGER NOT NULL, point INTEGER NOT NULL REFERENCES point(number),
    series INTEGER NOT NULL REFERENCES series(number), revision INTEGER NOT NULL,
    start INTEGER NOT NULL, value INTEGER, register INTEGER, flags INTEGER NOT NULL,
    origin INTEGER NOT NULL, uncertainty INTEGER NOT NULL,
    PRIMARY KEY("end", point, series, revision),
    CHECK(start <= "end"), CHECK((value IS NULL) = ((flags & 4) <> 0)), CHECK(uncertainty >= 0)
    ) STRICT, WITHOUT ROWID;
CREATE VIEW current_record AS SELECT * FROM record AS one WHERE revision =
    (SELECT max(revision) FROM record AS other WHERE other."end" = one."end"
     AND other.point = one.point AND other.series = one.series);

CREATE TABLE batch(seq INTEGER PRIMARY KEY, epoch INTEGER NOT NULL,
    panel INTEGER NOT NULL REFERENCES panel(number), number INTEGER NOT NULL,
    "end" INTEGER NOT NULL, revision INTEGER NOT NULL, stored INTEGER NOT NULL,
    purged INTEGER NOT NULL DEFAULT 0) STRICT;
CREATE UNIQUE INDEX batch_by_number ON batch(number, panel, epoch);
CREATE UNIQUE INDEX batch_by_end ON batch("end", panel, revision);

CREATE TABLE event(seq INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL,
    clock_ok INTEGER NOT NULL, panel INTEGER NOT NULL REFERENCES panel(number),
    source TEXT NOT NULL, kind INTEGER NOT NULL, phase TEXT NOT NULL, occurrence INTEGER NOT NULL,
    start INTEGER NOT NULL, "end" INTEGER, old_value TEXT NOT NULL, new_value TEXT NOT NULL,
    text TEXT NOT NULL, batch INTEGER REFERENCES batch(seq)) STRICT;
CREATE INDEX event_by_batch ON event(batch, panel);
CREATE TABLE event_count(source TEXT NOT NULL, kind INTEGER NOT NULL, count INTEGER NOT NULL,
    PRIMARY KEY(source, kind)) STRICT, WITHOUT ROWID;

CREATE TABLE chain(point INTEGER NOT NULL REFERENCES point(number),
    series INTEGER NOT NULL REFERENCES series(number), identity INTEGER NOT NULL,
    opened INTEGER NOT NULL, opened_register INTEGER NOT NULL, edge INTEGER NOT NULL,
    edge_register INTEGER NOT NULL, closed_through INTEGER NOT NULL,
    PRIMARY KEY(point, series)) STRICT, WITHOUT ROWID;
CREATE TABLE cursor(destination TEXT PRIMARY KEY, through INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE last_reading(point INTEGER NOT NULL, quantity INTEGER NOT NULL, at INTEGER NOT NULL,
    register INTEGER NOT NULL, PRIMARY KEY(point, quantity)) STRICT, WITHOUT ROWID;

CREATE TABLE installation(point INTEGER NOT NULL REFERENCES point(number),
    valid_from INTEGER NOT NULL, valid_to INTEGER, serial TEXT NOT NULL,
    multiplier_num INTEGER NOT NULL, multiplier_den INTEGER NOT NULL, first_read INTEGER,
    last_read INTEGER, reason TEXT NOT NULL, who TEXT NOT NULL,
    PRIMARY KEY(point, valid_from), CHECK(valid_to IS NULL OR valid_to > valid_from)
    ) STRICT, WITHOUT ROWID;

CREATE TRIGGER record_is_never_changed BEFORE UPDATE ON record
BEGIN SELECT RAISE(ABORT, 'records are never changed: a correction is a new revision'); END;
CREATE TRIGGER record_goes_with_its_batch BEFORE DELETE ON record
WHEN NOT EXISTS (SELECT 1 FROM batch WHERE "end" = OLD."end" AND panel = OLD.point / 256
                 AND revision = OLD.revision AND purged = 1)
BEGIN SELECT RAISE(ABORT, 'records are removed only by the purge of their batch'); END;
CREATE TRIGGER batch_only_turns_purged BEFORE UPDATE ON batch
WHEN NEW.seq <> OLD.seq OR NEW.epoch <> OLD.epoch OR NEW.panel <> OLD.panel
     OR NEW.number <> OLD.number OR NEW."end" <> OLD."end" OR NEW.revision <> OLD.revision
     OR NEW.stored <> OLD.stored OR NEW.purged < OLD.purged
BEGIN SELECT RAISE(ABORT, 'batches are never changed'); END;
CREATE TRIGGER batch_stays BEFORE DELETE ON batch
BEGIN SELECT RAISE(ABORT, 'batches are never removed'); END;
CREATE TRIGGER event_only_gets_its_batch BEFORE UPDATE ON event
WHEN OLD.batch IS NOT NULL OR NEW.seq <> OLD.seq OR NEW.at <> OLD.at
     OR NEW.clock_ok <> OLD.clock_ok OR NEW.panel <> OLD.panel OR NEW.source <> OLD.source
     OR NEW.kind <> OLD.kind OR NEW.phase <> OLD.phase OR NEW.occurrence <> OLD.occurrence
     OR NEW.start <> OLD.start OR NEW."end" IS NOT OLD."end" OR NEW.old_value <> OLD.old_value
     OR NEW.new_value <> OLD.new_value OR NEW.text <> OLD.text
BEGIN SELECT RAISE(ABORT, 'events are never changed'); END;
CREATE TRIGGER event_goes_with_its_batch BEFORE DELETE ON event
WHEN NOT EXISTS (SELECT 1 FROM batch WHERE seq = OLD.batch AND purged = 1)
BEGIN SELECT RAISE(ABORT, 'events are removed only by the purge of their batch'); END;
CREATE TRIGGER panel_is_permanent BEFORE UPDATE ON panel
BEGIN SELECT RAISE(ABORT, 'panel numbers are permanent'); END;
CREATE TRIGGER panel_stays BEFORE DELETE ON panel
BEGIN SELECT RAISE(ABORT, 'panel numbers are permanent'); END;
CREATE TRIGGER point_is_permanent BEFORE UPDATE ON point
BEGIN SELECT RAISE(ABORT, 'point numbers are permanent'); END;
CREATE TRIGGER point_stays BEFORE DELETE ON point
BEGIN SELECT RAISE(ABORT, 'point numbers are permanent'); END;
CREATE TRIGGER series_is_permanent BEFORE UPDATE ON series
BEGIN SELECT RAISE(ABORT, 'series numbers are permanent'); END;
CREATE TRIGGER series_stays BEFORE DELETE ON series
BEGIN SELECT RAISE(ABORT, 'series numbers are permanent'); END;
CREATE TRIGGER installation_is_only_closed BEFORE UPDATE ON installation
WHEN OLD.valid_to IS NOT NULL OR NEW.valid_to IS NULL OR NEW.point <> OLD.point
     OR NEW.valid_from <> OLD.valid_from OR NEW.serial <> OLD.serial
     OR NEW.multiplier_num <> OLD.multiplier_num OR NEW.multiplier_den <> OLD.multiplier_den
     OR NEW.first_read IS NOT OLD.first_read OR NEW.reason <> OLD.reason OR NEW.who <> OLD.who
BEGIN SELECT RAISE(ABORT, 'an installation is only closed, never changed'); END;
CREATE TRIGGER installation_stays BEFORE DELETE ON installation
BEGIN SELECT RAISE(ABORT, 'installations are never removed'); END;

INSERT INTO panel VALUES(0, '');
INSERT INTO meta VALUES('clean', 0), ('purged_through', 0);
)sql";

// How far receivers behind a destination's broker say they have got: `through` is a batch number of
// the panel, `heard` is when the receipt came, in UTC seconds.
constexpr std::string_view version_2 = R"sql(
CREATE TABLE receipt(destination TEXT NOT NULL, receiver TEXT NOT NULL,
    panel INTEGER NOT NULL REFERENCES panel(number), epoch INTEGER NOT NULL,
    through INTEGER NOT NULL, heard INTEGER NOT NULL,
    PRIMARY KEY(destination, receiver, panel), CHECK(through >= 0)) STRICT, WITHOUT ROWID;
)sql";

// Closed local days, packed: one block for each point and series (day_block.hpp). Derived from
// `record`, which stays the original. A day covers records with start < end <= "end", in UTC
// seconds; days never overlap. Points from `unpacked_from` on are still to be packed, NULL = none.
// Keys begin with the day, so that packing one appends.
constexpr std::string_view version_3 = R"sql(
CREATE TABLE closed_day("end" INTEGER PRIMARY KEY, start INTEGER NOT NULL, unpacked_from INTEGER,
    CHECK(start < "end")) STRICT;
CREATE INDEX closed_day_unpacked ON closed_day("end") WHERE unpacked_from IS NOT NULL;
CREATE TABLE packed_day(day INTEGER NOT NULL REFERENCES closed_day("end"),
    point INTEGER NOT NULL REFERENCES point(number),
    series INTEGER NOT NULL REFERENCES series(number), block BLOB NOT NULL,
    PRIMARY KEY(day, point, series)) STRICT;
)sql";

// Flags of the record that will begin at a chain's edge: why it was opened there, a clock that was
// set. They must outlive a restart.
constexpr std::string_view version_4 = R"sql(
ALTER TABLE chain ADD COLUMN open_flags INTEGER NOT NULL DEFAULT 0;
)sql";

// The few records that stand for gaps, to be found among very many.
constexpr std::string_view version_5 = R"sql(
CREATE INDEX record_long ON record("end", point, series) WHERE (flags & 2) <> 0;
)sql";

// How far the event log of a panel's present meter was taken over, by its own numbers.
constexpr std::string_view version_6 = R"sql(
CREATE TABLE panel_mark(panel INTEGER PRIMARY KEY REFERENCES panel(number),
    identity INTEGER NOT NULL, through INTEGER NOT NULL, CHECK(through >= 0)) STRICT;
)sql";

constexpr std::array<std::string_view, 6> steps_of_this_program{version_1, version_2, version_3,
                                                                version_4, version_5, version_6};

constexpr std::int64_t wal_bytes_max = 8 * 1024 * 1024;

struct Required {
    std::string_view pragma;
    std::string_view value;
};

constexpr std::array<Required, 9> required_settings{{
    {"journal_mode", "wal"},
    {"synchronous", "2"},
    {"page_size", "4096"},
    {"foreign_keys", "1"},
    {"trusted_schema", "0"},
    {"cell_size_check", "1"},
    {"recursive_triggers", "1"},
    {"wal_autocheckpoint", "0"},
    {"auto_vacuum", "0"},
}};

/// All definitions as one text.
std::string tables_of(Database& database) {
    Statement row = database.prepare(
        "SELECT type || ' ' || name || ' ' || coalesce(sql, '') FROM sqlite_schema "
        "WHERE name NOT LIKE 'sqlite_stat%' ORDER BY type, name");
    std::string text;
    while (row.next()) {
        text += row.text(0) + '\n';
    }
    return text;
}

/// A page that could not be read just now ("unable to get the page. error code=266") is told like
/// damage, but the store may be sound.
Fault fault_of_check(const std::string& answer) {
    constexpr std::string_view mark = "error code=";
    const std::size_t at = answer.find(mark);
    if (at == std::string::npos) {
        return Fault::damaged;
    }
    const auto code = static_cast<int>(number_from(answer.substr(at + mark.size())));
    return fault_of(code) == Fault::disconnected ? Fault::disconnected : Fault::damaged;
}

}  // namespace

std::span<const std::string_view> migrations() {
    return steps_of_this_program;
}

Result<void> migrate(Database& database, std::span<const std::string_view> steps) {
    const auto from = static_cast<std::size_t>(number_from(database.pragma("user_version")));
    if (const Result<void> read = database.outcome("read version"); !read) {
        return read.error();
    }
    if (from == steps.size()) {
        return {};
    }
    if (from > 0) {
        const std::string copy = fmt::format("{}.before-{}", database.path(), steps.size());
        // One of an attempt that was cut short may stand there.
        if (const Result<void> removed = database.files().remove(copy); !removed) {
            return removed.error();
        }
        database.prepare("VACUUM INTO ?").with(copy).run();
        if (const Result<void> copied = database.outcome("copy to " + copy); !copied) {
            return copied.error();
        }
        if (const Result<void> synced = database.files().sync(copy); !synced) {
            return synced.error();
        }
        if (const Result<void> synced = database.files().sync_folder_of(copy); !synced) {
            return synced.error();
        }
    }
    Transaction transaction(database, Transaction::Kind::write,
                            fmt::format("change from version {} to {}", from, steps.size()));
    for (const std::string_view step : steps.subspan(from)) {
        database.exec(std::string(step));
    }
    database.exec(fmt::format("PRAGMA user_version={}", steps.size()));
    return transaction.commit();
}

Result<void> prepare_new_file(Database& database) {
    database.exec(
        fmt::format("PRAGMA page_size={}; PRAGMA auto_vacuum=NONE;"
                    "PRAGMA application_id={}; PRAGMA journal_mode=WAL;"
                    "PRAGMA synchronous=FULL;",
                    page_size, application_id));
    return database.outcome("prepare a new store");
}

Result<void> configure_writer(Database& database, std::int64_t pages_max) {
    database.exec(
        fmt::format("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;"
                    "PRAGMA trusted_schema=OFF; PRAGMA cell_size_check=ON;"
                    "PRAGMA recursive_triggers=ON; PRAGMA temp_store=MEMORY;"
                    "PRAGMA cache_size=-4096; PRAGMA mmap_size=0; PRAGMA journal_size_limit={};"
                    "PRAGMA max_page_count={};",
                    wal_bytes_max, pages_max));
    if (const Result<void> set = database.outcome("set up"); !set) {
        return set.error();
    }
    return verify_settings(database);
}

Result<void> configure_reader(Database& database) {
    database.exec(
        "PRAGMA query_only=ON; PRAGMA trusted_schema=OFF; PRAGMA cell_size_check=ON;"
        "PRAGMA temp_store=MEMORY; PRAGMA cache_size=-256; PRAGMA mmap_size=0;");
    return database.outcome("set up");
}

Result<void> verify_settings(Database& database) {
    for (const Required& required : required_settings) {
        const std::string found = database.pragma(std::string(required.pragma));
        if (const Result<void> read = database.outcome("read settings"); !read) {
            return read.error();
        }
        if (found != required.value) {
            return Error{
                Fault::refused,
                fmt::format("{}: {} is {}, but {} is needed for records to survive a power "
                            "cut: the store is not used",
                            database.path(), required.pragma, found, required.value)};
        }
    }
    return {};
}

Result<void> quick_check(Database& database) {
    const std::string answer = database.pragma("quick_check(1)");
    if (const Result<void> done = database.outcome("check"); !done) {
        return done.error();
    }
    if (answer != "ok") {
        return Error{fault_of_check(answer), database.path() + ": check: " + answer};
    }
    return {};
}

Result<Schema> schema_of(std::span<const std::string_view> steps) {
    Result<Database> model = Database::open(":memory:", Access::create);
    if (!model) {
        return model.error();
    }
    for (const std::string_view step : steps) {
        model->exec(std::string(step));
    }
    Schema schema{steps, tables_of(*model)};
    if (const Result<void> made = model->outcome("make tables"); !made) {
        return made.error();
    }
    return schema;
}

Result<void> verify_tables(Database& database, const Schema& schema) {
    const std::string found = tables_of(database);
    if (const Result<void> read = database.outcome("read tables"); !read) {
        return read.error();
    }
    if (found != schema.tables) {
        return Error{Fault::damaged, database.path() + ": its tables are not those of a store"};
    }
    return {};
}

std::int64_t read_meta(Database& database, std::string_view key) {
    return database.prepare("SELECT value FROM meta WHERE key = ?").with(key).number().value_or(0);
}

Result<Epoch> read_epoch(Database& database) {
    const std::int64_t epoch = read_meta(database, "epoch");
    if (const Result<void> read = database.outcome("read epoch"); !read) {
        return read.error();
    }
    if (epoch <= 0) {
        return Error{Fault::damaged, database.path() + ": the store has no epoch"};
    }
    return Epoch{static_cast<std::uint64_t>(epoch)};
}

}  // namespace metergate::storage
