#include "gateway/app/instance_lock.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

namespace metergate::app {
namespace {

std::string holder_of(int fd) {
    std::array<char, 32> text{};
    const ssize_t size = ::pread(fd, text.data(), text.size() - 1, 0);
    return size > 0 ? " (process " + std::string(text.data(), static_cast<std::size_t>(size)) + ")"
                    : "";
}

}  // namespace

Result<InstanceLock> InstanceLock::take(const std::string& path) {
    InstanceLock lock(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    if (lock.fd_ < 0) {
        return Error{Fault::refused, path + ": " + std::strerror(errno)};
    }
    if (::flock(lock.fd_, LOCK_EX | LOCK_NB) != 0) {
        return Error{Fault::busy, "another metergate works here" + holder_of(lock.fd_) + "; " +
                                      path + " is locked"};
    }
    const std::string pid = std::to_string(::getpid());
    if (::ftruncate(lock.fd_, 0) != 0 ||
        ::pwrite(lock.fd_, pid.data(), pid.size(), 0) != static_cast<ssize_t>(pid.size())) {
        return Error{Fault::full, path + ": " + std::strerror(errno)};
    }
    return lock;
}

InstanceLock::InstanceLock(InstanceLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

InstanceLock& InstanceLock::operator=(InstanceLock&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
}

InstanceLock::~InstanceLock() {
    if (fd_ >= 0) {
        ::close(fd_);
    }
}

}  // namespace metergate::app
