#pragma once

#include <concepts>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "gateway/model/result.hpp"
#include "storage/files.hpp"

struct sqlite3_stmt;

/// The one place that speaks SQLite's C interface. Errors do not interrupt: the first one of a
/// transaction is kept, every later statement then does nothing, and Transaction::commit or
/// Database::outcome returns it. All objects of one Database belong to one thread.
namespace metergate::storage {

enum class Access {
    read_only,   ///< never writes, not even a checkpoint when closing
    read_write,  ///< an existing file; leaves the write-ahead log alone when closing
    create,      ///< makes the file; folds the write-ahead log into it when closing
};

struct Session;

/// A value for a BLOB column; a bare text is bound as TEXT.
struct Bytes {
    std::string_view view;
};

/// A prepared statement. Must end before its Database.
class Statement {
  public:
    Statement() = default;
    Statement(Session* session, sqlite3_stmt* handle) : session_(session), handle_(handle) {}
    Statement(Statement&& other) noexcept;
    Statement& operator=(Statement&& other) noexcept;
    Statement(const Statement&) = delete;
    Statement& operator=(const Statement&) = delete;
    ~Statement();

    /// Starts anew with these values for the parameters 1, 2, ...
    template <class... Values>
    Statement& with(const Values&... values) {
        reset();
        int parameter = 0;
        (bind(++parameter, values), ...);
        return *this;
    }

    /// True: a row stands ready. False: no more rows, or the transaction has failed; the statement
    /// is then finished and holds no lock.
    bool next();
    /// For statements without rows.
    void run() {
        next();
        reset();
    }
    /// First column of the first row, then finished. Nothing if there is no row or it is NULL.
    [[nodiscard]] std::optional<std::int64_t> number();
    /// To be called where a loop ends before next() returned false.
    void reset();

    [[nodiscard]] std::int64_t integer(int column) const;
    [[nodiscard]] std::optional<std::int64_t> optional_integer(int column) const;
    /// Of a BLOB: its bytes.
    [[nodiscard]] std::string text(int column) const;

  private:
    void bind(int parameter, std::optional<std::int64_t> value);
    void bind(int parameter, std::string_view value);
    void bind(int parameter, Bytes value);
    template <std::integral Integer>
    void bind(int parameter, Integer value) {
        bind(parameter, std::optional<std::int64_t>(static_cast<std::int64_t>(value)));
    }

    Session* session_ = nullptr;
    sqlite3_stmt* handle_ = nullptr;
};

/// One connection.
class Database {
  public:
    /// Tests give a disk that fails or loses power.
    [[nodiscard]] static Result<Database> open(const std::string& path, Access access,
                                               const Disk& disk = {});
    Database(Database&&) noexcept;
    Database& operator=(Database&&) noexcept;
    Database(const Database&) = delete;
    Database& operator=(const Database&) = delete;
    ~Database();

    [[nodiscard]] const std::string& path() const;
    [[nodiscard]] Files& files() const;
    [[nodiscard]] Statement prepare(std::string_view sql);
    /// One or several statements without parameters.
    void exec(const std::string& sql);
    /// What `PRAGMA text` answers; empty after a failure.
    [[nodiscard]] std::string pragma(const std::string& text);
    [[nodiscard]] std::int64_t last_row() const;
    /// Rows changed by the last statement.
    [[nodiscard]] std::int64_t changes() const;

    [[nodiscard]] bool failed() const;
    /// The first failure since the last call, or success; forgets it. Faults: full, damaged, busy,
    /// disconnected (I/O), refused (access rights), invalid (a rule of the schema was broken).
    [[nodiscard]] Result<void> outcome(std::string_view operation);

    /// Pages in the write-ahead log after the last commit.
    [[nodiscard]] std::int64_t wal_pages() const;
    struct Checkpoint {
        bool complete = false;  ///< false: readers still need older pages; a later one goes on
    };
    /// Moves committed pages from the log to the file; never waits for readers. `empty_log` also
    /// shortens the log to nothing if no reader is in the way.
    [[nodiscard]] Result<Checkpoint> checkpoint(bool empty_log);

    /// Remembers the log as it is now as the last known good state.
    void mark_wal();
    /// After a commit that failed in the disk: its pages may stand in the log all the same, and
    /// whoever opens the store next would find them committed. Takes them out. The connection is to
    /// be closed after it: after a failed sync nothing it says can be trusted.
    [[nodiscard]] Result<void> cut_failed_commit();

  private:
    friend class Transaction;
    explicit Database(std::unique_ptr<Session> session);
    std::unique_ptr<Session> session_;
};

/// Rolls back when it ends without commit.
class Transaction {
  public:
    enum class Kind { read, write };
    /// `operation` names the work in error texts.
    Transaction(Database& database, Kind kind, std::string operation);
    Transaction(const Transaction&) = delete;
    Transaction& operator=(const Transaction&) = delete;
    ~Transaction();

    /// All or nothing. After an error nothing of the transaction is kept.
    [[nodiscard]] Result<void> commit();

  private:
    void rollback();

    Database& database_;
    std::string operation_;
    bool open_ = true;
};

/// What can be done about one of SQLite's result codes.
[[nodiscard]] Fault fault_of(int code);

/// The whole number that a PRAGMA answered; 0 if the text is none.
[[nodiscard]] std::int64_t number_from(const std::string& text);

}  // namespace metergate::storage
