#include "storage/files.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
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

constexpr std::int64_t wal_header_bytes = 32;
constexpr std::int64_t wal_page_header_bytes = 24;
constexpr std::size_t ballast_bytes = 1U << 20U;
constexpr std::uintmax_t ample_room_bytes = 16U << 20U;

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

/// The salts of an open log, or 0 if it has no header yet.
Result<std::uint64_t> salt_of(const File& wal, const std::string& path) {
    std::array<unsigned char, wal_header_bytes> header{};
    const ssize_t count = ::pread(wal.descriptor(), header.data(), header.size(), 0);
    if (count < 0) {
        return system_failure(path, "read", errno);
    }
    if (count < wal_header_bytes) {
        return std::uint64_t{0};
    }
    std::uint64_t salt = 0;
    for (std::size_t i = 16; i < 24; ++i) {
        salt = salt << 8U | header.at(i);
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

bool any_exists(const std::string& path) {
    std::error_code ignored;
    return fs::exists(path, ignored) || fs::exists(path + "-wal", ignored);
}

}  // namespace

Result<void> sync_file(const std::string& path) {
    return sync_path(path, O_RDONLY);
}

Result<void> sync_folder_of(const std::string& path) {
    const fs::path folder = fs::path(path).parent_path();
    return sync_path(folder.empty() ? "." : folder.string(), O_RDONLY | O_DIRECTORY);
}

Result<void> rename_file(const std::string& from, const std::string& to) {
    if (std::rename(from.c_str(), to.c_str()) != 0) {
        return system_failure(from, "rename to " + to, errno);
    }
    return {};
}

Result<std::string> keep_aside(const std::string& path, UtcTime now) {
    const std::string base = path + ".damaged-" + stamp(now) + "-";
    int n = 1;
    while (any_exists(base + std::to_string(n))) {
        ++n;
    }
    const std::string target = base + std::to_string(n);
    // The file first: a file without its log would look sound and miss its newest commits.
    for (const char* suffix : {"", "-wal", "-journal"}) {
        const Result<void> moved = rename_file(path + suffix, target + suffix);
        if (!moved && moved.error().fault != Fault::not_found) {
            return moved.error();
        }
    }
    std::error_code ignored;
    fs::remove(path + "-shm", ignored);
    if (const Result<void> synced = sync_folder_of(path); !synced) {
        return synced.error();
    }
    return target;
}

Result<WalMark> read_wal_mark(const std::string& store_path, std::int64_t pages) {
    const std::string path = store_path + "-wal";
    const File wal(path, O_RDONLY);
    if (!wal.is_open()) {
        if (errno == ENOENT) {
            return WalMark{};
        }
        return system_failure(path, "open", errno);
    }
    const Result<std::uint64_t> salt = salt_of(wal, path);
    if (!salt) {
        return salt.error();
    }
    return WalMark{*salt, *salt == 0 ? 0 : pages};
}

Result<void> cut_wal(const std::string& store_path, const WalMark& mark) {
    const std::string path = store_path + "-wal";
    const File wal(path, O_RDWR);
    if (!wal.is_open()) {
        if (errno == ENOENT) {
            return {};
        }
        return system_failure(path, "open", errno);
    }
    const Result<std::uint64_t> salt = salt_of(wal, path);
    if (!salt) {
        return salt.error();
    }
    struct stat status {};
    if (::fstat(wal.descriptor(), &status) != 0) {
        return system_failure(path, "read size", errno);
    }
    const std::int64_t keep =
        *salt == mark.salt && mark.salt != 0
            ? wal_header_bytes + mark.pages * (wal_page_header_bytes + page_size)
            : 0;
    if (status.st_size <= keep) {
        return {};
    }
    if (::ftruncate(wal.descriptor(), keep) != 0) {
        return system_failure(path, "shorten", errno);
    }
    if (::fsync(wal.descriptor()) != 0) {
        return system_failure(path, "sync", errno);
    }
    return {};
}

bool Ballast::present() const {
    std::error_code failed;
    return fs::file_size(path_, failed) == ballast_bytes && !failed;
}

void Ballast::release() {
    std::error_code ignored;
    fs::remove(path_, ignored);
}

void Ballast::restore() {
    std::error_code failed;
    const fs::path folder = fs::path(path_).parent_path();
    const fs::space_info room = fs::space(folder.empty() ? fs::path(".") : folder, failed);
    if (failed || room.available < ample_room_bytes) {
        return;
    }
    const std::vector<char> bytes(ballast_bytes, '\0');
    std::ofstream file(path_, std::ios::binary | std::ios::trunc);
    file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    file.close();
    if (!file) {
        release();
    }
}

}  // namespace metergate::storage
