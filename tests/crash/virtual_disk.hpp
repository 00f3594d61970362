#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "storage/files.hpp"
#include "tests/crash/disk_image.hpp"

namespace metergate::crash {

/// How a call to the disk fails.
enum class DiskFault {
    io_error,     ///< any call; half of a write arrives, and what a failed sync covers is in doubt
    full,         ///< what needs room finds none
    short_write,  ///< a write stores only its first half, then the disk is full
};

/// A disk in memory: SQLite's file layer and the store's other files. It writes down every step, so
/// that DiskImage can say what a power cut would leave, and fails where a test wants it to.
///
/// One thread. Connections must be closed before it ends or is given other files.
class VirtualDisk final : public storage::Files {
  public:
    VirtualDisk();
    VirtualDisk(const VirtualDisk&) = delete;
    VirtualDisk& operator=(const VirtualDisk&) = delete;
    ~VirtualDisk() override;

    /// For SqliteStore and Database; valid as long as this.
    [[nodiscard]] storage::Disk as_disk();

    /// The disk holds these files and nothing was done to it yet.
    void start(const FileMap& files);
    [[nodiscard]] FileMap contents() const;
    /// Empty if there is no such file.
    [[nodiscard]] std::string_view bytes_of(const std::string& name) const;
    [[nodiscard]] const std::vector<DiskStep>& steps() const { return steps_; }

    /// As with synchronous=NORMAL: a sync of the write-ahead log does nothing until the store's
    /// file is written next.
    void postpone_log_syncs() { postpone_log_syncs_ = true; }

    /// From now on the n-th call (from 1) that can fail in this way fails, once or until repair().
    void fail(int n, DiskFault how, bool lasting = false);
    /// Only syncs count and fail.
    void fail_sync(int n);
    /// Whether the fault has not come yet.
    [[nodiscard]] bool is_armed() const { return calls_left_ > 0; }
    void repair();
    /// Room for so many bytes in all files together.
    void set_capacity(std::int64_t bytes) { capacity_ = bytes; }
    /// What was written or synced again through a handle whose sync had failed.
    [[nodiscard]] const std::vector<std::string>& retries() const { return retries_; }

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

  private:
    friend struct VirtualHandle;

    static constexpr std::size_t shared_locks = 8;
    /// The memory that connections to one file share.
    struct SharedMemory {
        std::vector<std::unique_ptr<std::array<char, 32 * 1024>>> regions;
        std::array<int, shared_locks> holders{};  ///< -1: one, exclusively
        int users = 0;
    };
    struct Inode {
        std::size_t number = 0;
        std::string name;  ///< under which it was opened last
        std::string bytes;
        std::vector<struct VirtualHandle*> handles;
        SharedMemory shared;
        bool sync_waits = false;
    };
    using InodePtr = std::shared_ptr<Inode>;

    enum class Call { read, write, sync, other };
    /// Counts a call; the fault it meets, if any.
    [[nodiscard]] std::optional<DiskFault> next(Call call);
    [[nodiscard]] InodePtr find(const std::string& path) const;
    InodePtr create(const std::string& path);
    [[nodiscard]] bool has_room(const Inode& inode, std::size_t end) const;
    void put(Inode& inode, std::size_t at, std::string_view bytes);
    void cut(Inode& inode, std::size_t size);
    void make_durable(Inode& inode);
    void erase(const std::string& path);
    void note(DiskStep step) { steps_.push_back(std::move(step)); }

    struct Vfs;
    std::unique_ptr<Vfs> vfs_;
    std::map<std::string, InodePtr> names_;
    std::size_t inodes_ = 0;
    std::vector<DiskStep> steps_;
    bool postpone_log_syncs_ = false;
    int calls_left_ = 0;
    DiskFault fault_{};
    bool lasting_ = false;
    bool failing_ = false;
    bool only_syncs_ = false;
    std::optional<std::int64_t> capacity_;
    std::vector<std::string> retries_;
};

}  // namespace metergate::crash
