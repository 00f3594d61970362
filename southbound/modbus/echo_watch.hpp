#pragma once

#include <cstdint>
#include <optional>
#include <span>

namespace metergate::southbound::modbus {

/// Finds out whether a wire hears itself: some two-wire adapters receive what they send, so that
/// each reply follows an exact copy of its request. One thread: its line's.
///
/// A reply to a single write (functions 5 and 6) is a copy of its request by design (MODBUS
/// Application Protocol V1.1b3, 6.5 and 6.6). So only other requests teach anything, and a single
/// write is believed only while it is known for sure whether the wire echoes.
class EchoWatch {
  public:
    /// The wire was opened: perhaps with another adapter.
    void opened();
    /// `frame` was sent; it stays as it is until the outcome.
    void sent(std::span<const std::uint8_t> frame);

    enum class Look : std::uint8_t {
        no_echo,  ///< what has come is none, or is not to be taken for one
        perhaps,  ///< so far it is the beginning of one
        echo,     ///< it begins with one: as long as the frame
    };
    /// What `received` begins with. Echo is said until stripped() is called.
    [[nodiscard]] Look look(std::span<const std::uint8_t> received) const;
    void stripped() { stripped_ = true; }

    /// A reply or exception came. False: it may be nothing but the echo of a single write.
    [[nodiscard]] bool answered();
    /// Time ran out, and nothing came except what was stripped.
    void silent();

    [[nodiscard]] bool hears_itself() const { return wire_ == Wire::echoes; }
    /// Once after each change that lasts: true: the wire hears itself; false: no longer.
    [[nodiscard]] std::optional<bool> take_news();

  private:
    enum class Wire : std::uint8_t { unknown, quiet, echoes };

    [[nodiscard]] bool reply_is_copy() const;
    [[nodiscard]] bool expected() const;
    void saw(bool echo);

    std::span<const std::uint8_t> frame_;
    bool stripped_ = false;
    Wire wire_ = Wire::unknown;
    unsigned against_ = 0;  ///< observations in a row that speak against `wire_`
    bool told_ = false;     ///< what was last told
};

}  // namespace metergate::southbound::modbus
