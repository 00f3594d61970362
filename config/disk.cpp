#include "config/disk.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <system_error>

namespace metergate::config {
namespace {

/// Closes a descriptor at the end of its scope.
class Descriptor {
  public:
    explicit Descriptor(int number) : number_(number) {}
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    ~Descriptor() {
        if (number_ >= 0) ::close(number_);
    }
    [[nodiscard]] int get() const { return number_; }
    [[nodiscard]] bool is_open() const { return number_ >= 0; }

  private:
    int number_;
};

Fault fault_of(int error_number) {
    switch (error_number) {
        case ENOENT:
        case ENOTDIR:
            return Fault::not_found;
        case EACCES:
        case EPERM:
        case EROFS:
            return Fault::refused;
        case ENOSPC:
        case EDQUOT:
            return Fault::full;
        default:
            return Fault::damaged;
    }
}

Error system_error(const char* action, const Path& file, int error_number) {
    return {fault_of(error_number), std::string("cannot ") + action + " " + file.string() + ": " +
                                        std::generic_category().message(error_number)};
}

Result<std::string> read_all(const Descriptor& descriptor, const Path& file, std::size_t size_max) {
    std::string bytes;
    std::string chunk(64UL * 1024, '\0');
    for (;;) {
        const ssize_t count = ::read(descriptor.get(), chunk.data(), chunk.size());
        if (count == 0) return bytes;
        if (count < 0) {
            if (errno == EINTR) continue;
            return system_error("read", file, errno);
        }
        bytes.append(chunk, 0, static_cast<std::size_t>(count));
        if (bytes.size() > size_max) {
            return Error{Fault::invalid,
                         file.string() + " has more than " + std::to_string(size_max) + " bytes"};
        }
    }
}

int write_all(int descriptor, std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t count = ::write(descriptor, bytes.data(), bytes.size());
        if (count < 0) {
            if (errno == EINTR) continue;
            return errno;
        }
        bytes.remove_prefix(static_cast<std::size_t>(count));
    }
    return 0;
}

}  // namespace

Result<std::string> SystemDisk::read(const Path& file, std::size_t size_max) {
    // Not blocking: a named pipe put there by mistake must not stop the start.
    const Descriptor descriptor(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    if (!descriptor.is_open()) return system_error("open", file, errno);
    struct stat facts {};
    if (::fstat(descriptor.get(), &facts) != 0) return system_error("look at", file, errno);
    if (!S_ISREG(facts.st_mode)) return Error{Fault::invalid, file.string() + " is no plain file"};
    return read_all(descriptor, file, size_max);
}

Result<void> SystemDisk::write(const Path& file, std::string_view bytes, const Path& like) {
    constexpr mode_t private_mode = 0600;
    constexpr mode_t mode_mask = 0777;
    struct stat facts {};
    const bool known = ::stat(like.c_str(), &facts) == 0;
    const Descriptor descriptor(
        ::open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, private_mode));
    if (!descriptor.is_open()) return system_error("write", file, errno);
    // Only root may give a file away; anyone else keeps it as his own.
    if (known && ::fchown(descriptor.get(), facts.st_uid, facts.st_gid) != 0 && errno != EPERM) {
        return system_error("set the owner of", file, errno);
    }
    if (::fchmod(descriptor.get(), known ? facts.st_mode & mode_mask : private_mode) != 0) {
        return system_error("set the rights of", file, errno);
    }
    if (const int failure = write_all(descriptor.get(), bytes); failure != 0) {
        return system_error("write", file, failure);
    }
    if (::fsync(descriptor.get()) != 0) return system_error("sync", file, errno);
    return {};
}

Result<void> SystemDisk::rename(const Path& from, const Path& to) {
    if (::rename(from.c_str(), to.c_str()) != 0) return system_error("replace", to, errno);
    return {};
}

Result<void> SystemDisk::sync_folder(const Path& folder) {
    const Descriptor descriptor(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!descriptor.is_open()) return system_error("open folder", folder, errno);
    if (::fsync(descriptor.get()) != 0) return system_error("sync folder", folder, errno);
    return {};
}

Result<void> SystemDisk::make_folder(const Path& folder) {
    if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) {
        return system_error("make folder", folder, errno);
    }
    return {};
}

Result<std::vector<std::string>> SystemDisk::names_in(const Path& folder) {
    std::vector<std::string> names;
    std::error_code failure;
    std::filesystem::directory_iterator at(folder, failure);
    if (failure.value() == ENOENT) return names;
    while (!failure && at != std::filesystem::directory_iterator()) {
        names.push_back(at->path().filename().string());
        at.increment(failure);
    }
    if (failure) return system_error("list", folder, failure.value());
    return names;
}

Result<void> save_atomically(Disk& disk, const Path& file, std::string_view text) {
    std::error_code no_link;
    Path target = std::filesystem::canonical(file, no_link);
    if (no_link) target = file;
    Path temporary = target;
    temporary += ".tmp";
    if (auto written = disk.write(temporary, text, target); !written) return written;
    if (auto renamed = disk.rename(temporary, target); !renamed) return renamed;
    return disk.sync_folder(target.has_parent_path() ? target.parent_path() : Path("."));
}

}  // namespace metergate::config
