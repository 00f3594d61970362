#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "tests/building/random.hpp"

/// What a power cut leaves of a disk.
namespace metergate::crash {

/// The files of a disk by name.
using FileMap = std::map<std::string, std::string>;

/// One thing that was done to a disk.
struct DiskStep {
    enum class Kind {
        create,       ///< `name` is a new, empty file
        write,        ///< `bytes` at `at`
        shorten,      ///< to `at` bytes, or zeros up to there
        sync,         ///< what was written to the file is durable
        failed_sync,  ///< what was written may be gone, whatever a later sync says
        rename,       ///< `name` to `to`
        remove,       ///< `name`
        sync_folder,  ///< all names are durable
    };
    Kind kind{};
    std::size_t file = 0;  ///< of create, write, shorten and syncs: counted in order of creation
    std::string name{};
    std::string to{};
    std::size_t at = 0;
    std::string bytes{};
};

/// A disk as a sequence of steps leaves it, with what of it is durable. Contents are durable after
/// a sync of their file, names after a sync of the folder; one does not imply the other.
class DiskImage {
  public:
    /// All of `files` is durable. Files are counted in their order.
    explicit DiskImage(const FileMap& files);

    void apply(const DiskStep& step);

    /// Everything that was done reached the disk.
    [[nodiscard]] FileMap everything() const;
    /// Only what was synced reached the disk.
    [[nodiscard]] FileMap only_synced() const;
    /// A random part of what was not synced reached it, writes torn at 512 bytes.
    [[nodiscard]] FileMap torn(std::uint64_t seed) const;

  private:
    struct File {
        std::string now;
        std::string durable;
        std::vector<DiskStep> waiting;  ///< writes and shortenings that no sync has covered
    };
    using Names = std::map<std::string, std::size_t>;

    static void change_names(Names& names, const DiskStep& step);
    static void change(std::string& bytes, const DiskStep& step);
    static void change_partly(std::string& bytes, const DiskStep& step, std::uint64_t part,
                              building::Random& random);

    std::vector<File> files_;
    Names names_;
    Names durable_names_;
    std::vector<DiskStep> waiting_names_;
};

/// A number for the contents of a disk.
[[nodiscard]] std::size_t hash_of(const FileMap& files);

}  // namespace metergate::crash
