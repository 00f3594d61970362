#include <fmt/format.h>
#include <sqlite3.h>

#include <algorithm>
#include <cstring>

#include "tests/crash/virtual_disk.hpp"

/// The virtual disk as a file layer of SQLite. What SQLite's own layer for this system promises is
/// promised here: 4096-byte sectors, power-safe overwrite, and that the first sync of a journal or
/// log also syncs its folder.
namespace metergate::crash {

/// An open file. SQLite gives the memory and copies nothing of it, but knows no constructors:
/// `more` holds what needs one.
struct VirtualHandle {
    struct State {
        VirtualDisk* disk = nullptr;
        VirtualDisk::InodePtr inode;
        int lock = SQLITE_LOCK_NONE;
        bool syncs_folder = false;
        bool sync_failed = false;
        bool uses_shared = false;
        std::array<bool, VirtualDisk::shared_locks> shared{};
        std::array<bool, VirtualDisk::shared_locks> exclusive{};
    };
    sqlite3_file base;
    State* more;

    static State& state(sqlite3_file* file) {
        return *reinterpret_cast<VirtualHandle*>(file)->more;
    }
    static void watch(State& state, const char* what) {
        if (state.sync_failed) {
            state.disk->retries_.push_back(state.inode->name + ": " + what);
        }
    }
    static int open(sqlite3_vfs* vfs, sqlite3_filename path, sqlite3_file* file, int flags,
                    int* out);
    static int remove(sqlite3_vfs* vfs, const char* path, int sync_folder);
    static int access(sqlite3_vfs* vfs, const char* path, int what, int* out);
    static int full_name(sqlite3_vfs* vfs, const char* path, int size, char* out);

    static int close(sqlite3_file* file);
    static int read(sqlite3_file* file, void* to, int count, sqlite3_int64 at);
    static int write(sqlite3_file* file, const void* from, int count, sqlite3_int64 at);
    static int shorten(sqlite3_file* file, sqlite3_int64 size);
    static int sync(sqlite3_file* file, int flags);
    static int size(sqlite3_file* file, sqlite3_int64* out);
    static int lock(sqlite3_file* file, int level);
    static int unlock(sqlite3_file* file, int level);
    static int check_reserved(sqlite3_file* file, int* out);
    static int map_shared(sqlite3_file* file, int region, int size, int extend,
                          void volatile** out);
    static int lock_shared(sqlite3_file* file, int offset, int count, int flags);
    static int unmap_shared(sqlite3_file* file, int remove_it);
    static const sqlite3_io_methods* methods();
};

struct VirtualDisk::Vfs {
    sqlite3_vfs table{};
    std::string name;
};

namespace {

VirtualDisk* disk_of(sqlite3_vfs* vfs) {
    return static_cast<VirtualDisk*>(vfs->pAppData);
}

}  // namespace

VirtualDisk::VirtualDisk() : vfs_(std::make_unique<Vfs>()) {
    vfs_->name = fmt::format("virtual-disk-{}", static_cast<const void*>(this));
    vfs_->table = *sqlite3_vfs_find(nullptr);
    sqlite3_vfs& table = vfs_->table;
    table.szOsFile = sizeof(VirtualHandle);
    table.zName = vfs_->name.c_str();
    table.pNext = nullptr;
    table.pAppData = this;
    table.xOpen = &VirtualHandle::open;
    table.xDelete = &VirtualHandle::remove;
    table.xAccess = &VirtualHandle::access;
    table.xFullPathname = &VirtualHandle::full_name;
    sqlite3_vfs_register(&table, 0);
}

VirtualDisk::~VirtualDisk() {
    sqlite3_vfs_unregister(&vfs_->table);
}

storage::Disk VirtualDisk::as_disk() {
    // Not owned: the disk outlives what stands on it.
    return {.vfs = vfs_->name,
            .files = std::shared_ptr<storage::Files>(std::shared_ptr<void>(), this)};
}

int VirtualHandle::open(sqlite3_vfs* vfs, sqlite3_filename path, sqlite3_file* file, int flags,
                        int* out) {
    VirtualDisk* disk = disk_of(vfs);
    file->pMethods = nullptr;
    const std::string name = path == nullptr ? "" : path;
    VirtualDisk::InodePtr inode = disk->find(name);
    const bool creates = !inode && (flags & SQLITE_OPEN_CREATE) != 0;
    if (disk->next(creates ? VirtualDisk::Call::write : VirtualDisk::Call::other) ||
        (!inode && !creates)) {
        return SQLITE_CANTOPEN;
    }
    if (creates) {
        inode = disk->create(name);
    }
    auto state = std::make_unique<State>();
    state->disk = disk;
    state->inode = inode;
    constexpr int logs = SQLITE_OPEN_WAL | SQLITE_OPEN_MAIN_JOURNAL | SQLITE_OPEN_SUPER_JOURNAL;
    state->syncs_folder = (flags & SQLITE_OPEN_CREATE) != 0 && (flags & logs) != 0;
    auto* handle = reinterpret_cast<VirtualHandle*>(file);
    inode->handles.push_back(handle);
    handle->more = state.release();
    file->pMethods = methods();
    if (out != nullptr) {
        *out = flags;
    }
    return SQLITE_OK;
}

int VirtualHandle::remove(sqlite3_vfs* vfs, const char* path, int sync_folder) {
    VirtualDisk* disk = disk_of(vfs);
    if (disk->next(VirtualDisk::Call::other)) {
        return SQLITE_IOERR_DELETE;
    }
    if (!disk->find(path)) {
        return SQLITE_IOERR_DELETE_NOENT;
    }
    disk->erase(path);
    if (sync_folder != 0) {
        disk->note({.kind = DiskStep::Kind::sync_folder});
    }
    return SQLITE_OK;
}

int VirtualHandle::access(sqlite3_vfs* vfs, const char* path, int what, int* out) {
    VirtualDisk* disk = disk_of(vfs);
    if (disk->next(VirtualDisk::Call::other)) {
        return SQLITE_IOERR_ACCESS;
    }
    const VirtualDisk::InodePtr inode = disk->find(path);
    *out = inode && (what != SQLITE_ACCESS_EXISTS || !inode->bytes.empty()) ? 1 : 0;
    return SQLITE_OK;
}

int VirtualHandle::full_name(sqlite3_vfs* /*vfs*/, const char* path, int size, char* out) {
    sqlite3_snprintf(size, out, "%s", path);
    return SQLITE_OK;
}

int VirtualHandle::close(sqlite3_file* file) {
    unmap_shared(file, 0);
    const std::unique_ptr<State> ended(&state(file));
    std::erase(ended->inode->handles, reinterpret_cast<VirtualHandle*>(file));
    file->pMethods = nullptr;
    return SQLITE_OK;
}

int VirtualHandle::read(sqlite3_file* file, void* to, int count, sqlite3_int64 at) {
    const State& my = state(file);
    if (my.disk->next(VirtualDisk::Call::read)) {
        return SQLITE_IOERR_READ;
    }
    const std::string& bytes = my.inode->bytes;
    const std::size_t begin = std::min(static_cast<std::size_t>(at), bytes.size());
    const std::size_t wanted = static_cast<std::size_t>(count);
    const std::size_t got = std::min(wanted, bytes.size() - begin);
    std::memcpy(to, bytes.data() + begin, got);
    std::memset(static_cast<char*>(to) + got, 0, wanted - got);
    return got == wanted ? SQLITE_OK : SQLITE_IOERR_SHORT_READ;
}

int VirtualHandle::write(sqlite3_file* file, const void* from, int count, sqlite3_int64 at) {
    State& my = state(file);
    watch(my, "write");
    std::string_view bytes(static_cast<const char*>(from), static_cast<std::size_t>(count));
    const auto begin = static_cast<std::size_t>(at);
    const auto fault = my.disk->next(VirtualDisk::Call::write);
    if (fault == DiskFault::full || !my.disk->has_room(*my.inode, begin + bytes.size())) {
        return SQLITE_FULL;
    }
    if (fault) {
        my.disk->put(*my.inode, begin, bytes.substr(0, bytes.size() / 2));
        return fault == DiskFault::io_error ? SQLITE_IOERR_WRITE : SQLITE_FULL;
    }
    my.disk->put(*my.inode, begin, bytes);
    return SQLITE_OK;
}

int VirtualHandle::shorten(sqlite3_file* file, sqlite3_int64 size) {
    State& my = state(file);
    watch(my, "shorten");
    if (my.disk->next(VirtualDisk::Call::other)) {
        return SQLITE_IOERR_TRUNCATE;
    }
    my.disk->cut(*my.inode, static_cast<std::size_t>(size));
    return SQLITE_OK;
}

int VirtualHandle::sync(sqlite3_file* file, int /*flags*/) {
    State& my = state(file);
    watch(my, "sync");
    if (my.disk->next(VirtualDisk::Call::sync)) {
        my.sync_failed = true;
        my.disk->note({.kind = DiskStep::Kind::failed_sync,
                       .file = my.inode->number,
                       .name = my.inode->name});
        return SQLITE_IOERR_FSYNC;
    }
    if (my.disk->postpone_log_syncs_ && my.inode->name.ends_with("-wal")) {
        my.inode->sync_waits = true;
    } else {
        my.disk->make_durable(*my.inode);
    }
    if (my.syncs_folder) {
        my.syncs_folder = false;
        my.disk->note({.kind = DiskStep::Kind::sync_folder});
    }
    return SQLITE_OK;
}

int VirtualHandle::size(sqlite3_file* file, sqlite3_int64* out) {
    const State& my = state(file);
    if (my.disk->next(VirtualDisk::Call::other)) {
        return SQLITE_IOERR_FSTAT;
    }
    *out = static_cast<sqlite3_int64>(my.inode->bytes.size());
    return SQLITE_OK;
}

int VirtualHandle::lock(sqlite3_file* file, int level) {
    State& my = state(file);
    for (const VirtualHandle* other : my.inode->handles) {
        if (other->more == &my) {
            continue;
        }
        const int theirs = other->more->lock;
        const bool in_the_way = level == SQLITE_LOCK_SHARED      ? theirs >= SQLITE_LOCK_PENDING
                                : level == SQLITE_LOCK_EXCLUSIVE ? theirs >= SQLITE_LOCK_SHARED
                                                                 : theirs >= SQLITE_LOCK_RESERVED;
        if (in_the_way) {
            return SQLITE_BUSY;
        }
    }
    my.lock = std::max(my.lock, level);
    return SQLITE_OK;
}

int VirtualHandle::unlock(sqlite3_file* file, int level) {
    state(file).lock = std::min(state(file).lock, level);
    return SQLITE_OK;
}

int VirtualHandle::check_reserved(sqlite3_file* file, int* out) {
    const auto& handles = state(file).inode->handles;
    *out = std::ranges::any_of(handles, [](const VirtualHandle* handle) {
        return handle->more->lock >= SQLITE_LOCK_RESERVED;
    });
    return SQLITE_OK;
}

int VirtualHandle::map_shared(sqlite3_file* file, int region, int size, int extend,
                              void volatile** out) {
    State& my = state(file);
    VirtualDisk::SharedMemory& memory = my.inode->shared;
    if (!my.uses_shared) {
        my.uses_shared = true;
        ++memory.users;
    }
    const auto index = static_cast<std::size_t>(region);
    *out = nullptr;
    if (size != 32 * 1024) {
        return SQLITE_IOERR_SHMMAP;
    }
    while (extend != 0 && memory.regions.size() <= index) {
        memory.regions.push_back(std::make_unique<std::array<char, 32 * 1024>>());
    }
    if (index < memory.regions.size()) {
        *out = memory.regions[index]->data();
    }
    return SQLITE_OK;
}

int VirtualHandle::lock_shared(sqlite3_file* file, int offset, int count, int flags) {
    State& my = state(file);
    auto& holders = my.inode->shared.holders;
    const bool exclusive = (flags & SQLITE_SHM_EXCLUSIVE) != 0;
    const auto first = static_cast<std::size_t>(offset);
    const auto last = first + static_cast<std::size_t>(count);
    if ((flags & SQLITE_SHM_LOCK) != 0) {
        for (std::size_t i = first; i < last; ++i) {
            const int others = my.shared.at(i) ? holders.at(i) - 1 : holders.at(i);
            if (exclusive ? others != 0 && !my.exclusive.at(i) : holders.at(i) < 0) {
                return SQLITE_BUSY;
            }
        }
    }
    for (std::size_t i = first; i < last; ++i) {
        if (my.shared.at(i)) {
            --holders.at(i);
        } else if (my.exclusive.at(i)) {
            holders.at(i) = 0;
        }
        my.shared.at(i) = (flags & SQLITE_SHM_LOCK) != 0 && !exclusive;
        my.exclusive.at(i) = (flags & SQLITE_SHM_LOCK) != 0 && exclusive;
        if (my.shared.at(i)) {
            ++holders.at(i);
        } else if (my.exclusive.at(i)) {
            holders.at(i) = -1;
        }
    }
    return SQLITE_OK;
}

int VirtualHandle::unmap_shared(sqlite3_file* file, int /*remove_it*/) {
    State& my = state(file);
    if (!my.uses_shared) {
        return SQLITE_OK;
    }
    lock_shared(file, 0, static_cast<int>(VirtualDisk::shared_locks),
                SQLITE_SHM_UNLOCK | SQLITE_SHM_SHARED);
    my.uses_shared = false;
    VirtualDisk::SharedMemory& memory = my.inode->shared;
    if (--memory.users == 0) {
        memory.regions.clear();
    }
    return SQLITE_OK;
}

const sqlite3_io_methods* VirtualHandle::methods() {
    static const sqlite3_io_methods table = [] {
        sqlite3_io_methods m{};
        m.iVersion = 2;
        m.xClose = &close;
        m.xRead = &read;
        m.xWrite = &write;
        m.xTruncate = &shorten;
        m.xSync = &sync;
        m.xFileSize = &size;
        m.xLock = &lock;
        m.xUnlock = &unlock;
        m.xCheckReservedLock = &check_reserved;
        m.xFileControl = [](sqlite3_file*, int, void*) { return SQLITE_NOTFOUND; };
        m.xSectorSize = [](sqlite3_file*) { return 4096; };
        m.xDeviceCharacteristics = [](sqlite3_file*) { return SQLITE_IOCAP_POWERSAFE_OVERWRITE; };
        m.xShmMap = &map_shared;
        m.xShmLock = &lock_shared;
        m.xShmBarrier = [](sqlite3_file*) {};
        m.xShmUnmap = &unmap_shared;
        return m;
    }();
    return &table;
}

}  // namespace metergate::crash
