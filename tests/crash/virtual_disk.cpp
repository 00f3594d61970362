#include "tests/crash/virtual_disk.hpp"

#include <algorithm>

namespace metergate::crash {
namespace {

Error io_error(const std::string& path) {
    return {Fault::disconnected, path + ": input or output error"};
}
Error no_room(const std::string& path) {
    return {Fault::full, path + ": no space left on device"};
}
Error no_file(const std::string& path) {
    return {Fault::not_found, path + ": no such file"};
}

bool is_log(const std::string& name) {
    return name.ends_with("-wal");
}

}  // namespace

void VirtualDisk::start(const FileMap& files) {
    names_.clear();
    inodes_ = 0;
    for (const auto& [name, bytes] : files) {
        create(name)->bytes = bytes;
    }
    steps_.clear();
    retries_.clear();
    repair();
}

FileMap VirtualDisk::contents() const {
    FileMap files;
    for (const auto& [name, inode] : names_) {
        files[name] = inode->bytes;
    }
    return files;
}

std::string_view VirtualDisk::bytes_of(const std::string& name) const {
    const InodePtr inode = find(name);
    return inode ? std::string_view(inode->bytes) : std::string_view();
}

void VirtualDisk::fail(int n, DiskFault how, bool lasting) {
    repair();
    calls_left_ = n;
    fault_ = how;
    lasting_ = lasting;
}

void VirtualDisk::fail_sync(int n) {
    fail(n, DiskFault::io_error);
    only_syncs_ = true;
}

void VirtualDisk::repair() {
    calls_left_ = 0;
    failing_ = false;
    only_syncs_ = false;
}

std::optional<DiskFault> VirtualDisk::next(Call call) {
    const bool can_fail =
        only_syncs_ ? call == Call::sync : fault_ == DiskFault::io_error || call == Call::write;
    if (!can_fail || (calls_left_ == 0 && !failing_)) {
        return std::nullopt;
    }
    if (!failing_ && --calls_left_ > 0) {
        return std::nullopt;
    }
    failing_ = lasting_;
    return fault_;
}

VirtualDisk::InodePtr VirtualDisk::find(const std::string& path) const {
    const auto found = names_.find(path);
    return found == names_.end() ? nullptr : found->second;
}

VirtualDisk::InodePtr VirtualDisk::create(const std::string& path) {
    auto inode = std::make_shared<Inode>();
    inode->number = inodes_++;
    inode->name = path;
    if (!path.empty()) {
        names_[path] = inode;
    }
    note({.kind = DiskStep::Kind::create, .file = inode->number, .name = path});
    return inode;
}

bool VirtualDisk::has_room(const Inode& inode, std::size_t end) const {
    if (!capacity_ || end <= inode.bytes.size()) {
        return true;
    }
    std::size_t used = end - inode.bytes.size();
    for (const auto& [name, other] : names_) {
        used += other->bytes.size();
    }
    return static_cast<std::int64_t>(used) <= *capacity_;
}

void VirtualDisk::put(Inode& inode, std::size_t at, std::string_view bytes) {
    if (!is_log(inode.name)) {
        // A write to the store's file is what a postponed sync of its log was waiting for.
        if (const InodePtr log = find(inode.name + "-wal"); log && log->sync_waits) {
            make_durable(*log);
        }
    }
    inode.bytes.resize(std::max(inode.bytes.size(), at + bytes.size()));
    inode.bytes.replace(at, bytes.size(), bytes);
    note({.kind = DiskStep::Kind::write,
          .file = inode.number,
          .name = inode.name,
          .at = at,
          .bytes = std::string(bytes)});
}

void VirtualDisk::cut(Inode& inode, std::size_t size) {
    inode.bytes.resize(size);
    note({.kind = DiskStep::Kind::shorten, .file = inode.number, .name = inode.name, .at = size});
}

void VirtualDisk::make_durable(Inode& inode) {
    inode.sync_waits = false;
    note({.kind = DiskStep::Kind::sync, .file = inode.number, .name = inode.name});
}

void VirtualDisk::erase(const std::string& path) {
    names_.erase(path);
    note({.kind = DiskStep::Kind::remove, .name = path});
}

Result<std::int64_t> VirtualDisk::size(const std::string& path) {
    if (next(Call::other)) {
        return io_error(path);
    }
    const InodePtr inode = find(path);
    return inode ? Result<std::int64_t>(static_cast<std::int64_t>(inode->bytes.size()))
                 : no_file(path);
}

Result<std::string> VirtualDisk::read_start(const std::string& path, std::size_t count) {
    if (next(Call::read)) {
        return io_error(path);
    }
    const InodePtr inode = find(path);
    return inode ? Result<std::string>(inode->bytes.substr(0, count)) : no_file(path);
}

Result<void> VirtualDisk::fill(const std::string& path, std::int64_t bytes) {
    const auto fault = next(Call::write);
    const auto size = static_cast<std::size_t>(bytes);
    const InodePtr inode = find(path) ? find(path) : create(path);
    const bool fits = has_room(*inode, size);
    cut(*inode, 0);
    if (fault == DiskFault::io_error) {
        return io_error(path);
    }
    if (fault || !fits) {
        return no_room(path);
    }
    put(*inode, 0, std::string(size, '\0'));
    return {};
}

Result<void> VirtualDisk::shorten(const std::string& path, std::int64_t bytes) {
    const InodePtr inode = find(path);
    if (!inode) {
        return no_file(path);
    }
    if (next(Call::other)) {
        return io_error(path);
    }
    cut(*inode, static_cast<std::size_t>(bytes));
    return sync(path);
}

Result<void> VirtualDisk::make_private(const std::string& path) {
    if (next(Call::other)) {
        return io_error(path);
    }
    return find(path) ? Result<void>() : no_file(path);
}

Result<void> VirtualDisk::sync(const std::string& path) {
    const InodePtr inode = find(path);
    if (!inode) {
        return no_file(path);
    }
    if (next(Call::sync)) {
        note({.kind = DiskStep::Kind::failed_sync, .file = inode->number, .name = path});
        return io_error(path);
    }
    make_durable(*inode);
    return {};
}

Result<void> VirtualDisk::sync_folder_of(const std::string& path) {
    if (next(Call::sync)) {
        return io_error(path);
    }
    note({.kind = DiskStep::Kind::sync_folder});
    return {};
}

Result<void> VirtualDisk::rename(const std::string& from, const std::string& to) {
    if (next(Call::other)) {
        return io_error(from);
    }
    const InodePtr inode = find(from);
    if (!inode) {
        return no_file(from);
    }
    names_[to] = inode;
    names_.erase(from);
    inode->name = to;
    note({.kind = DiskStep::Kind::rename, .name = from, .to = to});
    return {};
}

Result<void> VirtualDisk::remove(const std::string& path) {
    if (next(Call::other)) {
        return io_error(path);
    }
    if (find(path)) {
        erase(path);
    }
    return {};
}

Result<std::int64_t> VirtualDisk::room_beside(const std::string& path) {
    if (next(Call::other)) {
        return io_error(path);
    }
    std::int64_t used = 0;
    for (const auto& [name, inode] : names_) {
        used += static_cast<std::int64_t>(inode->bytes.size());
    }
    // Without a limit there is room for the store, but none for its reserve, which would be a
    // mebibyte in each state of the disk.
    constexpr std::int64_t little = 8 << 20;
    return capacity_ ? *capacity_ - used : little;
}

}  // namespace metergate::crash
