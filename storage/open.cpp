#include "storage/open.hpp"

#include <fmt/format.h>

#include <iterator>
#include <random>

#include "storage/files.hpp"

namespace metergate::storage {
namespace {

/// 53 bits, so that readers who keep numbers as doubles hold it exactly.
Epoch random_epoch() {
    std::random_device device;
    const std::uint64_t bits = std::uint64_t{device()} << 32U | device();
    return Epoch{(bits >> 11U) | 1U};
}

Result<void> remove_with_logs(Files& files, const std::string& path) {
    for (const char* suffix : {"", "-wal", "-shm", "-journal"}) {
        if (const Result<void> removed = files.remove(path + suffix); !removed) {
            return removed.error();
        }
    }
    return {};
}

Result<void> write_new_store(const std::string& path, const OpenRequest& request) {
    Result<Database> database = Database::open(path, Access::create, request.disk);
    if (!database) {
        return database.error();
    }
    if (const Result<void> prepared = prepare_new_file(*database); !prepared) {
        return prepared.error();
    }
    if (const Result<void> migrated = migrate(*database, request.schema.steps); !migrated) {
        return migrated.error();
    }
    Transaction transaction(*database, Transaction::Kind::write, "begin a new epoch");
    database->prepare("INSERT INTO meta VALUES('epoch', ?)")
        .with(raw(request.epoch.value_or(random_epoch())))
        .run();
    if (const Result<void> done = transaction.commit(); !done) {
        return done.error();
    }
    const Result<Database::Checkpoint> folded = database->checkpoint(true);
    if (!folded) {
        return folded.error();
    }
    return {};
}

/// Under another name first: the store's own name never stands for half a store.
Result<void> create(const OpenRequest& request) {
    const std::string path = request.path + ".new";
    Files& files = *request.disk.files;
    if (const Result<void> removed = remove_with_logs(files, path); !removed) {
        return removed.error();
    }
    if (const Result<void> written = write_new_store(path, request); !written) {
        return written.error().within("make a new store");
    }
    if (const Result<void> made = files.make_private(path); !made) {
        return made.error();
    }
    if (const Result<void> synced = files.sync(path); !synced) {
        return synced.error();
    }
    if (const Result<void> renamed = files.rename(path, request.path); !renamed) {
        return renamed.error();
    }
    return files.sync_folder_of(request.path);
}

/// Only reads: nothing of a foreign or newer file is changed.
Result<void> check_identity(Database& database, std::int64_t newest_version) {
    const std::string application = database.pragma("application_id");
    const std::string version_text = database.pragma("user_version");
    if (const Result<void> read = database.outcome("read header"); !read) {
        return read.error();
    }
    if (application != std::to_string(application_id)) {
        return Error{Fault::damaged, fmt::format("{}: is not a Metergate store (application id {})",
                                                 database.path(), application)};
    }
    const std::int64_t version = number_from(version_text);
    if (version > newest_version) {
        return Error{Fault::refused,
                     fmt::format("{}: was written by a newer Metergate (store version {}, this "
                                 "program knows up to {}): install the newer program again, or "
                                 "start with another data folder",
                                 database.path(), version, newest_version)};
    }
    if (version < 1) {
        return Error{Fault::damaged, fmt::format("{}: has no tables", database.path())};
    }
    return {};
}

Result<OpenedStore> create_and_open(const OpenRequest& request, OpenReport report) {
    report.created = true;
    if (const Result<void> created = create(request); !created) {
        return created.error();
    }
    Result<Database> database = open_existing(request);
    if (!database) {
        return database.error();
    }
    return OpenedStore{std::move(*database), std::move(report)};
}

Result<OpenedStore> replace(const OpenRequest& request, const std::string& reason) {
    const Result<std::string> kept = keep_aside(*request.disk.files, request.path, request.now);
    if (!kept) {
        return kept.error().within("keep the damaged store aside");
    }
    return create_and_open(request, {.replaced = true, .kept_aside_as = *kept, .reason = reason});
}

}  // namespace

Result<Database> open_existing(const OpenRequest& request) {
    const Result<std::int64_t> size = request.disk.files->size(request.path);
    if (size && *size == 0) {
        return Error{Fault::damaged, request.path + ": the file is empty"};
    }
    Result<Database> opened = Database::open(request.path, Access::read_write, request.disk);
    if (!opened) {
        return opened.error();
    }
    Database& database = *opened;
    if (const Result<void> known = check_identity(database, std::ssize(request.schema.steps));
        !known) {
        return known.error();
    }
    if (const Result<void> sound = quick_check(database); !sound) {
        return sound.error();
    }
    if (const Result<void> set = configure_writer(database, request.pages_max); !set) {
        return set.error();
    }
    if (const Result<void> migrated = migrate(database, request.schema.steps); !migrated) {
        return migrated.error();
    }
    if (const Result<void> complete = verify_tables(database, request.schema); !complete) {
        return complete.error();
    }
    if (const Result<Epoch> epoch = read_epoch(database); !epoch) {
        return epoch.error();
    }
    // Tells how long the log is that a cut or kill left behind, and shortens it.
    if (const Result<Database::Checkpoint> done = database.checkpoint(true); !done) {
        return done.error();
    }
    if (const Result<Database::Checkpoint> counted = database.checkpoint(false); !counted) {
        return counted.error();
    }
    database.mark_wal();
    return opened;
}

Result<OpenedStore> open_or_create(const OpenRequest& request) {
    const Result<std::int64_t> size = request.disk.files->size(request.path);
    if (!size && size.error().fault != Fault::not_found) {
        // Making a new store here would put it in the place of one that cannot be seen just now.
        return size.error();
    }
    if (!size) {
        const Result<bool> has_log = file_exists(*request.disk.files, request.path + "-wal");
        if (!has_log) {
            return has_log.error();
        }
        if (*has_log) {
            return replace(request, request.path + ": the file is missing, only its log is there");
        }
        return create_and_open(request, {});
    }
    Result<Database> database = open_existing(request);
    if (database) {
        return OpenedStore{std::move(*database), {}};
    }
    if (database.error().fault == Fault::damaged) {
        return replace(request, database.error().text);
    }
    return database.error();
}

}  // namespace metergate::storage
