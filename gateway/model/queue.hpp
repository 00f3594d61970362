#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <utility>

#include "gateway/model/time.hpp"

namespace metergate {

/// What a queue does with one item too many.
enum class WhenFull {
    /// Drops the oldest item of the same key, else the oldest item. For readings: registers are
    /// cumulative, so the newest of a panel says all the older ones said.
    keep_newest_per_key,
    /// Takes it all the same and counts it as over the limit. For events and receipts, which are
    /// rare and must not be lost.
    never_drop,
};

/// The only way in which values pass from one thread to another. Any thread may call any method.
///
/// Every item carries the moment it was sent and is invisible before it: on a simulated time line,
/// where the sender may be ahead, the receiver cannot see the future.
template <class T>
class Queue {
  public:
    using KeyOf = std::function<std::uint64_t(const T&)>;

    Queue(std::size_t capacity, WhenFull when_full, KeyOf key_of = {})
        : capacity_(capacity), when_full_(when_full), key_of_(std::move(key_of)) {}

    /// `wake` runs after each push into an empty queue, on the pusher's thread, outside the lock:
    /// who is woken takes, or plans for, all that is there. Set before any thread uses the queue.
    void on_push(std::function<void()> wake) { wake_ = std::move(wake); }

    void push(Instant sent, T item) {
        bool was_empty = false;
        {
            const std::scoped_lock lock(mutex_);
            was_empty = items_.empty();
            if (items_.size() >= capacity_) {
                make_room(item);
            }
            items_.emplace_back(sent, std::move(item));
        }
        if (wake_ && was_empty) {
            wake_();
        }
    }

    /// The oldest item sent at or before `now`.
    [[nodiscard]] std::optional<T> pop(Instant now) {
        const std::scoped_lock lock(mutex_);
        if (items_.empty() || items_.front().first > now) {
            return std::nullopt;
        }
        std::optional<T> item(std::move(items_.front().second));
        items_.pop_front();
        return item;
    }

    /// When the next item becomes visible; `never` if the queue is empty.
    [[nodiscard]] Instant next_at() const {
        const std::scoped_lock lock(mutex_);
        return items_.empty() ? never : items_.front().first;
    }

    [[nodiscard]] std::size_t size() const {
        const std::scoped_lock lock(mutex_);
        return items_.size();
    }

    /// Items dropped (keep_newest_per_key) or taken beyond the limit (never_drop) since the start.
    [[nodiscard]] std::uint64_t overflows() const {
        const std::scoped_lock lock(mutex_);
        return overflows_;
    }

  private:
    void make_room(const T& arriving) {
        ++overflows_;
        if (when_full_ == WhenFull::never_drop) {
            return;
        }
        auto victim = items_.begin();
        if (key_of_) {
            const std::uint64_t key = key_of_(arriving);
            while (victim != items_.end() && key_of_(victim->second) != key) {
                ++victim;
            }
            if (victim == items_.end()) {
                victim = items_.begin();
            }
        }
        items_.erase(victim);
    }

    mutable std::mutex mutex_;
    std::deque<std::pair<Instant, T>> items_;
    std::size_t capacity_;
    WhenFull when_full_;
    KeyOf key_of_;
    std::function<void()> wake_;
    std::uint64_t overflows_ = 0;
};

}  // namespace metergate
