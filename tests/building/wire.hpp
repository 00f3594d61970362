#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <span>
#include <string>
#include <vector>

#include "gateway/model/clock.hpp"
#include "southbound/modbus/transport.hpp"
#include "tests/building/bus.hpp"
#include "tests/building/ledger.hpp"

namespace metergate::building {

/// A wire in virtual time: bytes take their true time, replies come when they would, and the master
/// is watched. Serves one southbound line. One thread.
class VirtualWire : public southbound::modbus::Transport {
  public:
    VirtualWire(const Clock& clock, Bus& bus) : clock_(clock), bus_(bus) {
        facts_.line = bus.plan().id;
        facts_.transcript = fnv_start;
    }

    /// What the master did so far.
    [[nodiscard]] const WireFacts& facts() const { return facts_; }
    /// From now on each request is kept as text: time in microseconds, bytes in hexadecimal.
    void keep_text() { keeps_text_ = true; }
    [[nodiscard]] const std::vector<std::string>& text() const { return text_; }

  protected:
    void note_request(std::span<const std::uint8_t> frame);
    void note_short_silence() { ++facts_.short_silences; }
    void note_overlap() { ++facts_.overlaps; }
    [[nodiscard]] Error gone() const;
    [[nodiscard]] Instant now() const { return clock_.now(); }
    [[nodiscard]] Bus& bus() const { return bus_; }
    [[nodiscard]] bool is_open() const { return open_; }
    void set_open(bool open) { open_ = open; }

  private:
    const Clock& clock_;
    Bus& bus_;
    WireFacts facts_;
    bool open_ = false;
    bool keeps_text_ = false;
    std::vector<std::string> text_;
};

/// An RS485 line. Frames that overlap in time spoil each other; another master listens before it
/// asks.
class VirtualRtuWire final : public VirtualWire {
  public:
    using VirtualWire::VirtualWire;

    [[nodiscard]] Result<void> open() override;
    void close() override { set_open(false); }
    [[nodiscard]] Result<void> send(std::span<const std::uint8_t> frame) override;
    [[nodiscard]] Result<std::size_t> receive(std::span<std::uint8_t> buffer) override;
    /// The end of the next frame that arrives: its bytes are then all there.
    [[nodiscard]] Instant wake_by(Instant deadline) override;

  private:
    struct Incoming {
        Reply reply;
        std::size_t taken = 0;
    };

    [[nodiscard]] Instant end_of(const Incoming& frame) const {
        return frame.reply.begin + characters_of(frame.reply.bytes.size());
    }
    [[nodiscard]] Duration characters_of(std::size_t count) const {
        return characters(static_cast<std::int64_t>(count), bus().plan().baud);
    }
    [[nodiscard]] std::size_t arrived(const Incoming& frame, Instant now) const;
    void watch_silence(Instant now);
    [[nodiscard]] bool collide(Instant begin, Instant end);
    void expect(Reply reply);
    void lose_connection();
    void let_others_speak(Instant now);

    std::deque<Incoming> incoming_;  ///< in order of `begin`; a handful at most
    Instant sent_until_ = Instant::min();
    Instant heard_until_ = Instant::min();  ///< end of the last byte that has arrived
};

/// A connection to a Modbus TCP device. Frames never collide; a message takes 500 us each way.
class VirtualTcpWire final : public VirtualWire {
  public:
    using VirtualWire::VirtualWire;

    [[nodiscard]] Result<void> open() override;
    void close() override;
    [[nodiscard]] Result<void> send(std::span<const std::uint8_t> frame) override;
    [[nodiscard]] Result<std::size_t> receive(std::span<std::uint8_t> buffer) override;
    [[nodiscard]] Instant wake_by(Instant deadline) override;

  private:
    std::deque<Reply> incoming_;  ///< in order of `begin`, which is when the message is here
    std::size_t taken_ = 0;       ///< bytes of the front one
};

}  // namespace metergate::building
