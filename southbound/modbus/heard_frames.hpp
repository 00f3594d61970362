#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "gateway/model/time.hpp"
#include "southbound/modbus/frame.hpp"

namespace metergate::southbound::modbus {

/// A whole, intact frame heard on a serial wire.
struct HeardFrame {
    std::uint8_t unit = 0;
    std::uint8_t function = 0;
    /// Only a master can have sent it. Replies to single writes look like their requests: false.
    bool is_request = false;
    std::span<const std::uint8_t> bytes;  ///< with CRC; until the next call

    [[nodiscard]] bool is_exception() const { return (function & 0x80U) != 0; }
};

/// Finds frames in what is heard on a wire without knowing who speaks. Known are requests and
/// responses of functions 1 to 6, 15, 16, 17 and 43/14, and exceptions; only the CRC decides. One
/// thread: its line's.
class HeardFrames {
  public:
    /// `bytes` have come at `now`. A pause longer than `gap` before them parts them from what came
    /// before.
    void hear(std::span<const std::uint8_t> bytes, Instant now, Duration gap);
    /// The next frame in what was heard; nothing: there is none, or it is not whole yet.
    [[nodiscard]] std::optional<HeardFrame> next();
    void clear() { size_ = begin_ = 0; }
    /// Nothing is left that might be the beginning of a frame.
    [[nodiscard]] bool is_empty() const { return begin_ == size_; }

  private:
    void compact();

    std::array<std::uint8_t, 2 * rtu_frame_max> buffer_{};
    std::size_t begin_ = 0;
    std::size_t size_ = 0;  ///< end of what was heard
    Instant last_{};
};

}  // namespace metergate::southbound::modbus
