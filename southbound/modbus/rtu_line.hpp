#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "gateway/model/clock.hpp"
#include "southbound/modbus/echo_watch.hpp"
#include "southbound/modbus/foreign_master.hpp"
#include "southbound/modbus/heard_frames.hpp"
#include "southbound/modbus/port_line.hpp"

namespace metergate::southbound::modbus {

/// How long characters take on a serial wire.
struct WireFormat {
    std::uint32_t baud = 19'200;
    /// Start bit, 8 data bits, parity bit if any, stop bits: 11, or 10 with no parity and one stop
    /// bit.
    std::uint32_t bits_per_character = 11;

    /// One character; rounded to nanoseconds, because at 115200 baud it is 95.5 microseconds.
    [[nodiscard]] constexpr std::chrono::nanoseconds character() const {
        return std::chrono::nanoseconds{(bits_per_character * 1'000'000'000ULL + baud / 2) / baud};
    }
    /// Rounded up to microseconds.
    [[nodiscard]] constexpr Duration characters(std::size_t count) const {
        return bits(count * bits_per_character);
    }
    /// The silence that parts two frames: 3.5 characters (MODBUS over Serial Line V1.02, 2.5.1.1).
    /// The fixed 1.75 ms of fast lines is left to panels that need it (Request::gap_min).
    [[nodiscard]] constexpr Duration silence() const {
        return Duration{(bits(std::size_t{7} * bits_per_character).count() + 1) / 2};
    }

  private:
    [[nodiscard]] constexpr Duration bits(std::size_t count) const {
        return Duration{static_cast<Duration::rep>((count * 1'000'000 + baud - 1) / baud)};
    }
};

/// What differs between wires, and between a serial port and one behind a device server.
struct RtuOptions {
    /// After noise the wire counts as quiet only when nothing came for longer than this: USB
    /// adapters hand bytes on in lumps up to 16 ms apart.
    Duration lump_gap = std::chrono::milliseconds{20};
    /// So many damaged replies without a good one between them, from any unit, and the wire is
    /// opened anew; 0 = never. A serial port has nothing to be out of step with, a connection has.
    unsigned damaged_max = 0;
    /// Before the first request the wire is listened to until nothing came for 300 ms, at most so
    /// long; 0 = not at all.
    Duration listen_max{};
    WhenForeign when_foreign = WhenForeign::wait;

    /// Device servers gather bytes, and networks delay them.
    [[nodiscard]] static constexpr RtuOptions over_tcp() {
        RtuOptions options;
        options.lump_gap = std::chrono::milliseconds{100};
        options.damaged_max = 3;
        return options;
    }
};

/// Modbus RTU on one serial wire, at a serial port or behind a device server that passes its bytes
/// on over TCP. One thread.
///
/// An RTU reply says nothing about which request it answers, only its unit, function and length. So
/// a late reply must never be there when the next request to the same unit is waiting: after a
/// timeout or a bad frame the unit is muted until its late limit, and a longest frame, have passed
/// since the request. Other units go on at once; frames of the muted one are known by their unit
/// and discarded.
///
/// While nothing is asked, the line listens for another master, whose replies could be taken for
/// ours: it then is down until that has gone, or takes turns with it (RtuOptions::when_foreign).
class RtuLine final : public PortLine {
  public:
    RtuLine(const Clock& clock, std::unique_ptr<Transport> transport, WireFormat wire,
            RtuOptions options = {});

    [[nodiscard]] bool ready() const override;
    [[nodiscard]] Instant muted_until(std::uint8_t unit) const override;
    [[nodiscard]] const std::optional<Error>& fault() const override;
    [[nodiscard]] WireState wire_state() const override;
    [[nodiscard]] std::optional<WireNews> take_news() override;
    void start(const Request& request) override;
    Instant step() override;

  private:
    enum class State : std::uint8_t {
        idle,      ///< nothing asked (or the wire is closed)
        silence,   ///< a request waits for 3.5 quiet characters
        reply,     ///< sent, waiting for the reply
        quieting,  ///< the reply was bad: waiting until the wire is quiet
    };

    [[nodiscard]] bool idle() const override { return state_ == State::idle; }
    void opened();
    void vanished(const Error& error);
    [[nodiscard]] bool read_available();
    void discard_unsolicited();
    Instant send_when_quiet();
    void set_deadlines();
    Instant judge();
    void strip_echo();
    [[nodiscard]] bool may_be_echo() const;
    [[nodiscard]] Instant idle_until() const;
    void hear_others();
    void hear_foreign_requests();
    [[nodiscard]] bool may_be_ours(const HeardFrame& frame) const;
    void watch_others();
    void accept(const Parsed& parsed);
    void begin_quieting(std::string why);
    Instant wait_for_quiet();
    void finish(Result<Reply> outcome);
    void mute();
    void doubt_wire(const std::string& why);
    void drop_front(std::size_t count);
    [[nodiscard]] std::span<const std::uint8_t> received() const {
        return {buffer_.data(), received_};
    }

    WireFormat wire_;
    RtuOptions options_;
    unsigned damaged_ = 0;  ///< replies since the last good one
    State state_ = State::idle;
    RequestFrame frame_;
    EchoWatch echo_;
    HeardFrames heard_;  ///< while nothing of ours is awaited
    ForeignMaster foreign_;
    std::optional<Error> foreign_fault_;  ///< set: the line waits until the other master has gone
    Instant listen_until_{};              ///< no request is taken before
    Instant listen_end_{};
    Instant started_{};        ///< when the request under way was handed in
    Instant asked_{};          ///< when its last byte had left
    Instant deadline_{};       ///< the whole reply, or the beginning of an open one, must be here
    Instant whole_by_{};       ///< the deadline once a reply has begun
    Instant last_activity_{};  ///< last byte seen on the wire, either way
    Instant quiet_from_{};     ///< after noise: not to send before
    Instant quieting_until_{};
    std::string bad_why_;
    std::array<std::uint8_t, 2 * rtu_frame_max> buffer_{};
    std::size_t received_ = 0;
    std::array<Instant, 256> muted_until_{};
    std::array<Instant, 256> replies_until_{};  ///< until then replies of a unit may be to us
};

}  // namespace metergate::southbound::modbus
