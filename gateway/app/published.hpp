#pragma once

#include <mutex>
#include <utility>

namespace metergate::app {

/// A value that one thread writes whole and others read whole: how status leaves a thread.
template <class T>
class Published {
  public:
    void set(T value) {
        const std::scoped_lock lock(mutex_);
        value_ = std::move(value);
    }
    [[nodiscard]] T get() const {
        const std::scoped_lock lock(mutex_);
        return value_;
    }

  private:
    mutable std::mutex mutex_;
    T value_{};
};

}  // namespace metergate::app
