#include "storage/sqlite.hpp"

#include <fmt/format.h>
#include <sqlite3.h>
#include <charconv>

#include <cassert>
#include <cstring>
#include <limits>
#include <system_error>
#include <utility>

namespace metergate::storage {

/// What a connection and its statements share.
struct Session {
    sqlite3* handle = nullptr;
    std::string path;
    std::shared_ptr<Files> files;
    std::optional<Error> failure;
    std::int64_t wal_pages = 0;
    bool wal_changed = false;
    std::optional<WalMark> good_wal;

    Session() = default;
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;
    ~Session() {
        [[maybe_unused]] const int closed = sqlite3_close(handle);
        assert(closed == SQLITE_OK && "a statement outlived its database");
    }

    /// Keeps the first failure.
    void note(int code);
};

namespace {

constexpr int busy_timeout_ms = 200;

std::string text_of(sqlite3* handle, int code) {
    std::string text = handle != nullptr && sqlite3_extended_errcode(handle) == code
                           ? sqlite3_errmsg(handle)
                           : sqlite3_errstr(code);
    const int system_error = handle != nullptr ? sqlite3_system_errno(handle) : 0;
    const int primary = code & 0xff;
    if (system_error != 0 && (primary == SQLITE_IOERR || primary == SQLITE_CANTOPEN)) {
        text += ", " + std::generic_category().message(system_error);
    }
    return fmt::format("{} (SQLite code {})", text, code);
}

int open_flags(Access access) {
    constexpr int common = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE | SQLITE_OPEN_EXRESCODE;
    switch (access) {
        case Access::read_only:
            return common | SQLITE_OPEN_READONLY;
        case Access::read_write:
            return common | SQLITE_OPEN_READWRITE;
        case Access::create:
            return common | SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
    }
    return common;
}

int note_wal_pages(void* session, sqlite3* /*handle*/, const char* /*schema*/, int pages) {
    auto* target = static_cast<Session*>(session);
    target->wal_pages = pages;
    target->wal_changed = true;
    return SQLITE_OK;
}

}  // namespace

Fault fault_of(int code) {
    switch (code & 0xff) {
        case SQLITE_FULL:
            return Fault::full;
        case SQLITE_CORRUPT:
        case SQLITE_NOTADB:
            return Fault::damaged;
        case SQLITE_BUSY:
        case SQLITE_LOCKED:
        case SQLITE_PROTOCOL:
        case SQLITE_NOMEM:
            return Fault::busy;
        case SQLITE_IOERR:
        case SQLITE_CANTOPEN:
            return Fault::disconnected;
        case SQLITE_PERM:
        case SQLITE_AUTH:
        case SQLITE_READONLY:
            return Fault::refused;
        default:
            return Fault::invalid;
    }
}

void Session::note(int code) {
    if (!failure) {
        failure = Error{fault_of(code), text_of(handle, code)};
    }
}

Statement::Statement(Statement&& other) noexcept
    : session_(std::exchange(other.session_, nullptr)),
      handle_(std::exchange(other.handle_, nullptr)) {}

Statement& Statement::operator=(Statement&& other) noexcept {
    std::swap(session_, other.session_);
    std::swap(handle_, other.handle_);
    return *this;
}

Statement::~Statement() {
    sqlite3_finalize(handle_);
}

void Statement::reset() {
    // Repeats the error of the last step, which next() has noted.
    sqlite3_reset(handle_);
}

bool Statement::next() {
    if (handle_ == nullptr || session_->failure) {
        reset();
        return false;
    }
    const int code = sqlite3_step(handle_);
    if (code == SQLITE_ROW) {
        return true;
    }
    if (code != SQLITE_DONE) {
        session_->note(code);
    }
    reset();
    return false;
}

std::optional<std::int64_t> Statement::number() {
    std::optional<std::int64_t> value;
    if (next()) {
        value = optional_integer(0);
        reset();
    }
    return value;
}

std::int64_t Statement::integer(int column) const {
    return sqlite3_column_int64(handle_, column);
}

std::optional<std::int64_t> Statement::optional_integer(int column) const {
    if (sqlite3_column_type(handle_, column) == SQLITE_NULL) {
        return std::nullopt;
    }
    return integer(column);
}

std::string Statement::text(int column) const {
    const void* bytes = sqlite3_column_blob(handle_, column);
    if (bytes == nullptr) {
        return {};
    }
    const auto size = static_cast<std::size_t>(sqlite3_column_bytes(handle_, column));
    return {static_cast<const char*>(bytes), size};
}

void Statement::bind(int parameter, std::optional<std::int64_t> value) {
    if (handle_ == nullptr) {
        return;
    }
    const int code = value ? sqlite3_bind_int64(handle_, parameter, *value)
                           : sqlite3_bind_null(handle_, parameter);
    if (code != SQLITE_OK) {
        session_->note(code);
    }
}

void Statement::bind(int parameter, std::string_view value) {
    if (handle_ == nullptr) {
        return;
    }
    const char* bytes = value.data() != nullptr ? value.data() : "";
    const int code =
        sqlite3_bind_text64(handle_, parameter, bytes, value.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
    if (code != SQLITE_OK) {
        session_->note(code);
    }
}

void Statement::bind(int parameter, Bytes value) {
    if (handle_ == nullptr) {
        return;
    }
    const char* bytes = value.view.data() != nullptr ? value.view.data() : "";
    const int code =
        sqlite3_bind_blob64(handle_, parameter, bytes, value.view.size(), SQLITE_TRANSIENT);
    if (code != SQLITE_OK) {
        session_->note(code);
    }
}

Database::Database(std::unique_ptr<Session> session) : session_(std::move(session)) {}
Database::Database(Database&&) noexcept = default;
Database& Database::operator=(Database&&) noexcept = default;
Database::~Database() = default;

Result<Database> Database::open(const std::string& path, Access access, const Disk& disk) {
    auto session = std::make_unique<Session>();
    session->path = path;
    session->files = disk.files;
    const int code = sqlite3_open_v2(path.c_str(), &session->handle, open_flags(access),
                                     disk.vfs.empty() ? nullptr : disk.vfs.c_str());
    if (code != SQLITE_OK) {
        return Error{fault_of(code), text_of(session->handle, code)}.within(path + ": open");
    }
    sqlite3* handle = session->handle;
    sqlite3_busy_timeout(handle, busy_timeout_ms);
    sqlite3_db_config(handle, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
    if (access != Access::create) {
        sqlite3_db_config(handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
    }
    // Also takes the place of SQLite's own checkpoints, which would hide their errors.
    sqlite3_wal_hook(handle, note_wal_pages, session.get());
    return Database(std::move(session));
}

const std::string& Database::path() const {
    return session_->path;
}

Files& Database::files() const {
    return *session_->files;
}

Statement Database::prepare(std::string_view sql) {
    sqlite3_stmt* statement = nullptr;
    if (!session_->failure) {
        const int code =
            sqlite3_prepare_v3(session_->handle, sql.data(), static_cast<int>(sql.size()),
                               SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
        if (code != SQLITE_OK) {
            session_->note(code);
        }
    }
    return {session_.get(), statement};
}

void Database::exec(const std::string& sql) {
    if (session_->failure) {
        return;
    }
    const int code = sqlite3_exec(session_->handle, sql.c_str(), nullptr, nullptr, nullptr);
    if (code != SQLITE_OK) {
        session_->note(code);
    }
}

std::string Database::pragma(const std::string& text) {
    Statement statement = prepare("PRAGMA " + text);
    std::string answer;
    if (statement.next()) {
        answer = statement.text(0);
        statement.reset();
    }
    return answer;
}

std::int64_t Database::last_row() const {
    return sqlite3_last_insert_rowid(session_->handle);
}

std::int64_t Database::changes() const {
    return sqlite3_changes64(session_->handle);
}

bool Database::failed() const {
    return session_->failure.has_value();
}

Result<void> Database::outcome(std::string_view operation) {
    if (!session_->failure) {
        return {};
    }
    const Error error = *std::exchange(session_->failure, std::nullopt);
    return error.within(operation).within(session_->path);
}

std::int64_t Database::wal_pages() const {
    return session_->wal_pages;
}

Result<Database::Checkpoint> Database::checkpoint(bool empty_log) {
    int pages = 0;
    int moved = 0;
    const int mode = empty_log ? SQLITE_CHECKPOINT_TRUNCATE : SQLITE_CHECKPOINT_PASSIVE;
    sqlite3_busy_timeout(session_->handle, 0);
    const int code = sqlite3_wal_checkpoint_v2(session_->handle, nullptr, mode, &pages, &moved);
    sqlite3_busy_timeout(session_->handle, busy_timeout_ms);
    if ((code & 0xff) == SQLITE_BUSY) {
        return Checkpoint{.complete = false};
    }
    if (code != SQLITE_OK) {
        session_->note(code);
        return outcome("checkpoint").error();
    }
    session_->wal_pages = pages;
    return Checkpoint{.complete = pages == moved};
}

void Database::mark_wal() {
    // A log that cannot be read now will be cut by nobody; the next commit tells why.
    const Result<WalMark> mark =
        read_wal_mark(*session_->files, session_->path, session_->wal_pages);
    session_->good_wal = mark ? std::optional(*mark) : std::nullopt;
    session_->wal_changed = false;
}

Result<void> Database::cut_failed_commit() {
    if (!session_->good_wal) {
        return {};
    }
    return cut_wal(*session_->files, session_->path, *session_->good_wal);
}

Transaction::Transaction(Database& database, Kind kind, std::string operation)
    : database_(database), operation_(std::move(operation)) {
    database_.session_->failure.reset();
    database_.exec(kind == Kind::write ? "BEGIN IMMEDIATE" : "BEGIN");
}

Transaction::~Transaction() {
    if (open_) {
        rollback();
        database_.session_->failure.reset();
    }
}

Result<void> Transaction::commit() {
    open_ = false;
    database_.exec("COMMIT");
    if (database_.failed()) {
        rollback();
    } else if (database_.session_->wal_changed) {
        database_.mark_wal();
    }
    return database_.outcome(operation_);
}

void Transaction::rollback() {
    // SQLite rolls some failures back by itself.
    sqlite3* handle = database_.session_->handle;
    if (sqlite3_get_autocommit(handle) == 0) {
        sqlite3_exec(handle, "ROLLBACK", nullptr, nullptr, nullptr);
    }
}

std::int64_t number_from(const std::string& text) {
    std::int64_t number = 0;
    std::from_chars(text.data(), text.data() + text.size(), number);
    return number;
}

}  // namespace metergate::storage
