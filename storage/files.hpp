#pragma once

#include <cstdint>
#include <string>

#include "gateway/model/result.hpp"
#include "gateway/model/time.hpp"

/// What the store does with files beside SQLite. The store's own file is never opened here while a
/// connection is open: closing it would drop SQLite's locks on it (POSIX locks belong to the
/// process).
namespace metergate::storage {

inline constexpr std::int64_t page_size = 4096;

/// Makes the contents of a file durable.
[[nodiscard]] Result<void> sync_file(const std::string& path);
/// Makes creations and renames in the folder of `path` durable.
[[nodiscard]] Result<void> sync_folder_of(const std::string& path);
[[nodiscard]] Result<void> rename_file(const std::string& from, const std::string& to);

/// Renames a store that is not to be used any more, with its log, to `<path>.damaged-<utc>-<n>`
/// (never over an existing file) and returns that name. Needs no open connection to it.
[[nodiscard]] Result<std::string> keep_aside(const std::string& path, UtcTime now);

/// A state of the write-ahead log: which generation and how long.
struct WalMark {
    std::uint64_t salt =
        0;  ///< of the log's header, new whenever SQLite begins it anew; 0 = no log
    std::int64_t pages = 0;
};

/// The mark of a log whose first `pages` pages are committed. Layout of the header: "WAL-mode File
/// Format" in SQLite's file format page: 32 bytes, salts at 16..23; each page takes 24 bytes more.
[[nodiscard]] Result<WalMark> read_wal_mark(const std::string& store_path, std::int64_t pages);

/// Removes what was appended to the log after `mark`. A log of another generation is emptied:
/// SQLite begins anew only when all of the old one is safe in the store's file.
[[nodiscard]] Result<void> cut_wal(const std::string& store_path, const WalMark& mark);

/// Room kept for the day on which the disk is full: a file to be deleted then.
class Ballast {
  public:
    explicit Ballast(const std::string& store_path) : path_(store_path + ".ballast") {}

    [[nodiscard]] bool present() const;
    void release();
    /// Makes the file if the disk has ample room. A failure leaves it missing.
    void restore();

  private:
    std::string path_;
};

}  // namespace metergate::storage
