#include "storage/files.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <system_error>
#include <vector>

namespace metergate::storage {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t wal_header_bytes = 32;
constexpr std::int64_t wal_page_header_bytes = 24;
constexpr std::int64_t ballast_bytes = 1 << 20;
constexpr std::int64_t ample_room_bytes = 16 << 20;

Error system_failure(const std::string& path, std::string_view operation, int number) {
    Fault fault = Fault::disconnected;
    if (number == ENOSPC || number == EDQUOT) {
        fault = Fault::full;
    } else if (number == EACCES || number == EPERM || number == EROFS) {
        fault = Fault::refused;
    } else if (number == ENOENT) {
        fault = Fault::not_found;
    }
    return {fault,
            fmt::format("{}: {}: {}", path, operation, std::generic_category().message(number))};
}

class File {
  public:
    File(const std::string& path, int flags)
        : descriptor_(::open(path.c_str(), flags | O_CLOEXEC)) {}
    File(const File&) = delete;
    File& operator=(const File&) = delete;
    ~File() {
        if (descriptor_ >= 0) {
            ::close(descriptor_);
        }
    }
    [[nodiscard]] bool is_open() const { return descriptor_ >= 0; }
    [[nodiscard]] int descriptor() const { return descriptor_; }

  private:
    int descriptor_;
};

Result<void> sync_path(const std::string& path, int flags) {
    const File file(path, flags);
    if (!file.is_open()) {
        return system_failure(path, "open", errno);
    }
    if (::fsync(file.descriptor()) != 0) {
        return system_failure(path, "sync", errno);
    }
    return {};
}

/// The salts in the header of a log, or 0 if it has none yet.
Result<std::uint64_t> salt_of(Files& files, const std::string& path) {
    const Result<std::string> header = files.read_start(path, wal_header_bytes);
    if (!header) {
        return header.error();
    }
    std::uint64_t salt = 0;
    if (header->size() == wal_header_bytes) {
        for (const char byte : header->substr(16, 8)) {
            salt = salt << 8U | static_cast<unsigned char>(byte);
        }
    }
    return salt;
}

std::string stamp(UtcTime now) {
    const auto day = std::chrono::floor<std::chrono::days>(now);
    const std::chrono::year_month_day date{day};
    const std::chrono::hh_mm_ss time{std::chrono::floor<std::chrono::seconds>(now - day)};
    return fmt::format("{:04}{:02}{:02}T{:02}{:02}{:02}Z", static_cast<int>(date.year()),
                       static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                       time.hours().count(), time.minutes().count(), time.seconds().count());
}

std::string folder_of(const std::string& path) {
    const fs::path folder = fs::path(path).parent_path();
    return folder.empty() ? "." : folder.string();
}

}  // namespace

Result<std::int64_t> SystemFiles::size(const std::string& path) {
    struct stat facts {};
    if (::stat(path.c_str(), &facts) != 0) {
        return system_failure(path, "look at", errno);
    }
    if (!S_ISREG(facts.st_mode)) {
        return Error{Fault::invalid, path + ": is not a file"};
    }
    return facts.st_size;
}

Result<std::string> SystemFiles::read_start(const std::string& path, std::size_t count) {
    const File file(path, O_RDONLY);
    if (!file.is_open()) {
        return system_failure(path, "open", errno);
    }
    std::string bytes(count, '\0');
    const ssize_t got = ::pread(file.descriptor(), bytes.data(), bytes.size(), 0);
    if (got < 0) {
        return system_failure(path, "read", errno);
    }
    bytes.resize(static_cast<std::size_t>(got));
    return bytes;
}

Result<void> SystemFiles::fill(const std::string& path, std::int64_t bytes) {
    const std::vector<char> zeros(static_cast<std::size_t>(bytes), '\0');
    std::ofstream file(path, std::ios::binary | std::ios::trunc);
    file.write(zeros.data(), static_cast<std::streamsize>(zeros.size()));
    file.close();
    if (!file) {
        return system_failure(path, "write", errno);
    }
    return {};
}

Result<void> SystemFiles::shorten(const std::string& path, std::int64_t bytes) {
    const File file(path, O_RDWR);
    if (!file.is_open()) {
        return system_failure(path, "open", errno);
    }
    if (::ftruncate(file.descriptor(), bytes) != 0) {
        return system_failure(path, "shorten", errno);
    }
    if (::fsync(file.descriptor()) != 0) {
        return system_failure(path, "sync", errno);
    }
    return {};
}

Result<void> SystemFiles::make_private(const std::string& path) {
    if (::chmod(path.c_str(), S_IRUSR | S_IWUSR) != 0) {
        return system_failure(path, "set access rights", errno);
    }
    return {};
}

Result<void> SystemFiles::sync(const std::string& path) {
    return sync_path(path, O_RDONLY);
}

Result<void> SystemFiles::sync_folder_of(const std::string& path) {
    return sync_path(folder_of(path), O_RDONLY | O_DIRECTORY);
}

Result<void> SystemFiles::rename(const std::string& from, const std::string& to) {
    if (std::rename(from.c_str(), to.c_str()) != 0) {
        return system_failure(from, "rename to " + to, errno);
    }
    return {};
}

Result<void> SystemFiles::remove(const std::string& path) {
    if (::unlink(path.c_str()) != 0 && errno != ENOENT) {
        return system_failure(path, "remove", errno);
    }
    return {};
}

Result<std::int64_t> SystemFiles::room_beside(const std::string& path) {
    struct statvfs facts {};
    if (::statvfs(folder_of(path).c_str(), &facts) != 0) {
        return system_failure(path, "look at the disk", errno);
    }
    return static_cast<std::int64_t>(facts.f_bavail * facts.f_frsize);
}

Result<bool> file_exists(Files& files, const std::string& path) {
    const Result<std::int64_t> size = files.size(path);
    if (size || size.error().fault == Fault::invalid) {
        return true;
    }
    if (size.error().fault == Fault::not_found) {
        return false;
    }
    return size.error();
}

namespace {

Result<bool> any_exists(Files& files, const std::string& path) {
    for (const char* suffix : {"", "-wal", "-journal"}) {
        Result<bool> exists = file_exists(files, path + suffix);
        if (!exists || *exists) {
            return exists;
        }
    }
    return false;
}

Result<std::string> free_name(Files& files, const std::string& base) {
    for (int n = 1;; ++n) {
        std::string name = base + std::to_string(n);
        const Result<bool> taken = any_exists(files, name);
        if (!taken) {
            return taken.error();
        }
        if (!*taken) {
            return name;
        }
    }
}

}  // namespace

Result<std::string> keep_aside(Files& files, const std::string& path, UtcTime now) {
    Result<std::string> target = free_name(files, path + ".damaged-" + stamp(now) + "-");
    if (!target) {
        return target;
    }
    // The file first: a file without its log would look sound and miss its newest commits.
    for (const char* suffix : {"", "-wal", "-journal"}) {
        const Result<void> moved = files.rename(path + suffix, *target + suffix);
        if (!moved && moved.error().fault != Fault::not_found) {
            return moved.error();
        }
    }
    if (const Result<void> removed = files.remove(path + "-shm"); !removed) {
        return removed.error();
    }
    if (const Result<void> synced = files.sync_folder_of(path); !synced) {
        return synced.error();
    }
    return target;
}

Result<WalMark> read_wal_mark(Files& files, const std::string& store_path, std::int64_t pages) {
    const Result<std::uint64_t> salt = salt_of(files, store_path + "-wal");
    if (!salt && salt.error().fault == Fault::not_found) {
        return WalMark{};
    }
    if (!salt) {
        return salt.error();
    }
    return WalMark{*salt, *salt == 0 ? 0 : pages};
}

Result<void> cut_wal(Files& files, const std::string& store_path, const WalMark& mark) {
    const std::string path = store_path + "-wal";
    const Result<std::int64_t> size = files.size(path);
    if (!size && size.error().fault == Fault::not_found) {
        return {};
    }
    const Result<std::uint64_t> salt = salt_of(files, path);
    if (!size || !salt) {
        return size ? salt.error() : size.error();
    }
    const std::int64_t keep = *salt == mark.salt && mark.salt != 0
                                  ? static_cast<std::int64_t>(wal_header_bytes) +
                                        mark.pages * (wal_page_header_bytes + page_size)
                                  : 0;
    if (*size <= keep) {
        return {};
    }
    return files.shorten(path, keep);
}

bool Ballast::present() const {
    const Result<std::int64_t> size = files_->size(path_);
    return size && *size == ballast_bytes;
}

void Ballast::release() {
    // Where it cannot be removed, the next full commit tries again.
    [[maybe_unused]] const Result<void> removed = files_->remove(path_);
}

void Ballast::restore() {
    const Result<std::int64_t> room = files_->room_beside(path_);
    if (!room || *room < ample_room_bytes) {
        return;
    }
    if (const Result<void> filled = files_->fill(path_, ballast_bytes); !filled) {
        release();
    }
}

}  // namespace metergate::storage
