#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "gateway/model/time.hpp"
#include "southbound/modbus/heard_frames.hpp"

namespace metergate::southbound::modbus {

/// What a line does while another master asks on its wire.
enum class WhenForeign : std::uint8_t {
    wait,   ///< nothing, until it has been silent for a minute: no reply can then be taken for ours
    share,  ///< asks right after its exchanges, and leaves it room after each of its own
};

/// Notices another master on a serial wire by the frames that are heard while this gateway asks
/// nothing, and says when there is room for an own request. One thread: its line's.
///
/// Only a master sends requests: one of them with the reply to it, or three within a minute, are
/// enough. Noise can look like one. Replies alone may be late ones of our own; eight within a
/// minute that nobody here can have asked for are not (a device server lets each of its clients
/// hear all replies, but no requests).
class ForeignMaster {
  public:
    /// It is thought to be gone when nothing of it was heard for so long.
    static constexpr Duration gone_after = std::chrono::seconds{60};

    /// A frame that is not an echo, nor a reply to anything that this gateway has asked.
    void heard(const HeardFrame& frame, Instant now);
    /// An exchange of our own has ended.
    void own_turn_ended(Instant now);

    /// To be looked at before is_there(): notices that it has gone.
    void look(Instant now);
    [[nodiscard]] bool is_there() const { return there_; }
    /// When it will be thought gone, while it is there.
    [[nodiscard]] Instant gone_at() const { return last_heard_ + gone_after; }
    /// `frame` is the reply to the request that was heard last.
    [[nodiscard]] bool is_answer(const HeardFrame& frame, Instant now) const;
    /// It has asked, and its reply has not been heard.
    [[nodiscard]] bool reply_is_due() const { return reply_is_due_; }
    /// Before this, an own request would meet one of its exchanges.
    [[nodiscard]] Instant free_from() const;
    /// What was heard of it, in words.
    [[nodiscard]] std::string words() const;
    /// Once after each change: true: it was noticed; false: it has gone.
    [[nodiscard]] std::optional<bool> take_news();

  private:
    void begin_window(Instant now);

    bool there_ = false;
    bool told_ = false;
    Instant window_begin_{};
    unsigned requests_ = 0;  ///< within the window
    unsigned replies_ = 0;
    std::uint64_t frames_ = 0;  ///< since it was noticed last
    std::uint8_t unit_ = 0;     ///< of the last frame
    std::uint8_t function_ = 0;
    Instant last_heard_{};
    bool reply_is_due_ = false;              ///< the last frame was a request
    std::optional<Instant> own_turn_ended_;  ///< and nothing of it was heard since
};

}  // namespace metergate::southbound::modbus
