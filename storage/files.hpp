#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "gateway/model/result.hpp"
#include "gateway/model/time.hpp"

/// What the store does with files beside SQLite. The store's own file is never opened here while a
/// connection is open: closing it would drop SQLite's locks on it (POSIX locks belong to the
/// process).
namespace metergate::storage {

inline constexpr std::int64_t page_size = 4096;

/// The few steps with files that SQLite does not do, so that a test can cut the power or fail
/// between any two of them. Errors name the file and the system's reason. Faults: not_found,
/// refused (access rights), full, disconnected (input or output error), invalid (no plain file).
class Files {
  public:
    virtual ~Files() = default;

    /// In bytes.
    [[nodiscard]] virtual Result<std::int64_t> size(const std::string& path) = 0;
    /// The first bytes of a file, at most `count`.
    [[nodiscard]] virtual Result<std::string> read_start(const std::string& path,
                                                         std::size_t count) = 0;
    /// Creates or overwrites a file with `bytes` zeros, without waiting for the disk.
    [[nodiscard]] virtual Result<void> fill(const std::string& path, std::int64_t bytes) = 0;
    /// Cuts a file off after `bytes` and makes that durable.
    [[nodiscard]] virtual Result<void> shorten(const std::string& path, std::int64_t bytes) = 0;
    /// Nobody but the owner may read or write the file.
    [[nodiscard]] virtual Result<void> make_private(const std::string& path) = 0;
    /// Makes the contents of a file durable.
    [[nodiscard]] virtual Result<void> sync(const std::string& path) = 0;
    /// Makes creations, renames and removals in the folder of `path` durable.
    [[nodiscard]] virtual Result<void> sync_folder_of(const std::string& path) = 0;
    /// Replaces `to` in one step.
    [[nodiscard]] virtual Result<void> rename(const std::string& from, const std::string& to) = 0;
    /// Success if there is no such file.
    [[nodiscard]] virtual Result<void> remove(const std::string& path) = 0;
    /// Bytes that this program may still write to the disk that `path` is on.
    [[nodiscard]] virtual Result<std::int64_t> room_beside(const std::string& path) = 0;
};

/// The file system of the machine.
class SystemFiles final : public Files {
  public:
    [[nodiscard]] Result<std::int64_t> size(const std::string& path) override;
    [[nodiscard]] Result<std::string> read_start(const std::string& path,
                                                 std::size_t count) override;
    [[nodiscard]] Result<void> fill(const std::string& path, std::int64_t bytes) override;
    [[nodiscard]] Result<void> shorten(const std::string& path, std::int64_t bytes) override;
    [[nodiscard]] Result<void> make_private(const std::string& path) override;
    [[nodiscard]] Result<void> sync(const std::string& path) override;
    [[nodiscard]] Result<void> sync_folder_of(const std::string& path) override;
    [[nodiscard]] Result<void> rename(const std::string& from, const std::string& to) override;
    [[nodiscard]] Result<void> remove(const std::string& path) override;
    [[nodiscard]] Result<std::int64_t> room_beside(const std::string& path) override;
};

/// What a store stands on.
struct Disk {
    std::string vfs;  ///< name of SQLite's file layer; empty = the system's
    std::shared_ptr<Files> files = std::make_shared<SystemFiles>();
};

/// Whether there is anything under this name. Error: it could not be found out.
[[nodiscard]] Result<bool> file_exists(Files& files, const std::string& path);

/// Renames a store that is not to be used any more, with its log, to `<path>.damaged-<utc>-<n>`
/// (never over an existing file) and returns that name. Needs no open connection to it.
[[nodiscard]] Result<std::string> keep_aside(Files& files, const std::string& path, UtcTime now);

/// A state of the write-ahead log: which generation and how long.
struct WalMark {
    std::uint64_t salt =
        0;  ///< of the log's header, new whenever SQLite begins it anew; 0 = no log
    std::int64_t pages = 0;
};

/// The mark of a log whose first `pages` pages are committed. Layout of the header: "WAL-mode File
/// Format" in SQLite's file format page: 32 bytes, salts at 16..23; each page takes 24 bytes more.
[[nodiscard]] Result<WalMark> read_wal_mark(Files& files, const std::string& store_path,
                                            std::int64_t pages);

/// Removes what was appended to the log after `mark`. A log of another generation is emptied:
/// SQLite begins anew only when all of the old one is safe in the store's file.
[[nodiscard]] Result<void> cut_wal(Files& files, const std::string& store_path,
                                   const WalMark& mark);

/// Room kept for the day on which the disk is full: a file to be deleted then.
class Ballast {
  public:
    Ballast(Files& files, const std::string& store_path)
        : files_(&files), path_(store_path + ".ballast") {}

    [[nodiscard]] bool present() const;
    void release();
    /// Makes the file if the disk has ample room. A failure leaves it missing.
    void restore();

  private:
    Files* files_;
    std::string path_;
};

}  // namespace metergate::storage
