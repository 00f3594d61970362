#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/model/result.hpp"

namespace metergate::config {

using Path = std::filesystem::path;

/// The few steps in which files are read and replaced, so that a test can cut between any two of
/// them. Errors name the file and the system's reason. Faults: not_found, refused (permission),
/// full, damaged (input or output error), invalid (too large, no plain file).
class Disk {
  public:
    virtual ~Disk() = default;

    /// The whole file; more than `size_max` bytes are refused.
    [[nodiscard]] virtual Result<std::string> read(const Path& file, std::size_t size_max) = 0;
    /// Creates or overwrites `file` with the rights (and, if possible, the owner) that `like` has;
    /// 0600 if `like` does not exist. The bytes are on the disk when it returns.
    [[nodiscard]] virtual Result<void> write(const Path& file, std::string_view bytes,
                                             const Path& like) = 0;
    /// Replaces `to` in one step.
    [[nodiscard]] virtual Result<void> rename(const Path& from, const Path& to) = 0;
    /// Makes what was renamed or created in the folder outlive a power cut.
    [[nodiscard]] virtual Result<void> sync_folder(const Path& folder) = 0;
    /// Makes a folder (0700) unless it is there.
    [[nodiscard]] virtual Result<void> make_folder(const Path& folder) = 0;
    /// The names in a folder, in no order; none if there is no such folder.
    [[nodiscard]] virtual Result<std::vector<std::string>> names_in(const Path& folder) = 0;
};

/// The file system of the machine. Any thread, one at a time for one file.
class SystemDisk final : public Disk {
  public:
    [[nodiscard]] Result<std::string> read(const Path& file, std::size_t size_max) override;
    [[nodiscard]] Result<void> write(const Path& file, std::string_view bytes,
                                     const Path& like) override;
    [[nodiscard]] Result<void> rename(const Path& from, const Path& to) override;
    [[nodiscard]] Result<void> sync_folder(const Path& folder) override;
    [[nodiscard]] Result<void> make_folder(const Path& folder) override;
    [[nodiscard]] Result<std::vector<std::string>> names_in(const Path& folder) override;
};

/// Replaces a file so that after a power cut at any moment either the old or the new text is there,
/// whole: `file.tmp` in the same folder is written and synced, renamed, and the folder synced. A
/// link is followed, not replaced.
[[nodiscard]] Result<void> save_atomically(Disk& disk, const Path& file, std::string_view text);

}  // namespace metergate::config
