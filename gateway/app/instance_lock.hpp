#pragma once

#include <string>

#include "gateway/model/result.hpp"

namespace metergate::app {

/// Makes sure that one program at most writes in a data folder or file. Held until destruction; the
/// kernel lets go of it when the process dies, however it dies.
class InstanceLock {
  public:
    /// Errors: busy (another process holds it; the text names its process), refused (no
    /// permission).
    [[nodiscard]] static Result<InstanceLock> take(const std::string& path);

    InstanceLock(const InstanceLock&) = delete;
    InstanceLock& operator=(const InstanceLock&) = delete;
    InstanceLock(InstanceLock&& other) noexcept;
    InstanceLock& operator=(InstanceLock&& other) noexcept;
    ~InstanceLock();

  private:
    explicit InstanceLock(int fd) : fd_(fd) {}
    int fd_ = -1;
};

}  // namespace metergate::app
