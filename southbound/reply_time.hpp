#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "gateway/model/time.hpp"

namespace metergate::southbound {

/// What one panel has been taking to answer: from the end of a request until its reply begins.
struct ReplySpread {
    Duration median{};
    Duration p99{};      ///< 99 of 100 replies began by then
    Duration slowest{};  ///< of those remembered
};

/// Learns from a panel's replies how long to wait for the next one. Pure; one thread.
///
/// A wait that is too long costs the line a little; one that is too short makes a good panel fail.
/// So nothing is learned from a few replies, no reply that is remembered would have been cut off,
/// and a timeout is answered with patience: the ceiling, until a whole poll has been answered.
class ReplyTime {
  public:
    /// At a poll of two requests every 10 s that is three quarters of an hour.
    static constexpr std::size_t remembered_max = 512;
    static constexpr std::size_t replies_to_learn = 32;

    /// Never waits shorter than `floor` or longer than `ceiling`; a floor above it counts as it.
    ReplyTime(Duration floor, Duration ceiling);

    /// A reply began `taken` after the end of its request; below 0 counts as 0.
    void answered(Duration taken);
    /// No reply in time: the panel may have become slower.
    void timed_out() { patient_ = true; }
    /// A whole poll was answered.
    void poll_answered() { patient_ = false; }

    /// How long to wait for the beginning of the next reply. Grows at once, shrinks within 32
    /// replies.
    [[nodiscard]] Duration timeout() const;
    /// Over the last replies; nothing before the first.
    [[nodiscard]] std::optional<ReplySpread> spread() const;

  private:
    void learn();

    Duration floor_;
    Duration ceiling_;
    Duration learned_{};
    std::array<std::uint32_t, remembered_max> taken_us_{};  ///< a ring
    std::size_t count_ = 0;
    std::size_t next_ = 0;
    bool patient_ = false;
};

}  // namespace metergate::southbound
