#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "gateway/model/clock.hpp"
#include "southbound/modbus/transport.hpp"
#include "tests/support/modbus_frames.hpp"

namespace metergate::southbound {

/// A wire on a virtual time line that does what a test says. The test keeps it; the line under test
/// owns a ScriptedTransport that looks at it. One thread.
class ScriptedWire {
  public:
    struct Sent {
        Instant at;
        Bytes bytes;
    };
    struct Arrival {
        Instant at;
        Bytes bytes;
    };

    explicit ScriptedWire(VirtualClock& clock) : clock_(clock) {}

    /// Called for each frame sent; usually answers with arrive().
    std::function<void(std::span<const std::uint8_t>)> on_sent;
    /// Set: opening fails with it.
    std::optional<Error> open_error;
    /// Set: receiving and sending fail with it (once the wire was open).
    std::optional<Error> vanished;

    /// What the serial driver has counted since opening.
    std::optional<CharacterErrors> character_errors;

    /// `bytes` become readable at `at`, all at once.
    void arrive(Instant at, Bytes bytes) {
        const auto later = std::upper_bound(
            arrivals_.begin(), arrivals_.end(), at,
            [](Instant instant, const Arrival& arrival) { return instant < arrival.at; });
        arrivals_.insert(later, {at, std::move(bytes)});
    }

    [[nodiscard]] const std::vector<Sent>& sent() const { return sent_; }
    [[nodiscard]] unsigned opened() const { return opened_; }
    [[nodiscard]] bool is_open() const { return open_; }
    /// True while bytes wait to be read or to arrive.
    [[nodiscard]] bool pending() const { return !arrivals_.empty(); }

  private:
    friend class ScriptedTransport;

    VirtualClock& clock_;
    std::deque<Arrival> arrivals_;
    std::vector<Sent> sent_;
    unsigned opened_ = 0;
    bool open_ = false;
};

class ScriptedTransport final : public modbus::Transport {
  public:
    explicit ScriptedTransport(ScriptedWire& wire) : wire_(wire) {}

    Result<void> open() override {
        if (wire_.open_error) {
            return *wire_.open_error;
        }
        wire_.open_ = true;
        ++wire_.opened_;
        return {};
    }
    void close() override {
        wire_.open_ = false;
        wire_.arrivals_.clear();
    }
    Result<void> send(std::span<const std::uint8_t> frame) override {
        if (wire_.vanished) {
            return *wire_.vanished;
        }
        wire_.sent_.push_back({wire_.clock_.now(), Bytes(frame.begin(), frame.end())});
        if (wire_.on_sent) {
            wire_.on_sent(frame);
        }
        return {};
    }
    Result<std::size_t> receive(std::span<std::uint8_t> buffer) override {
        if (wire_.vanished) {
            return *wire_.vanished;
        }
        if (wire_.arrivals_.empty() || wire_.arrivals_.front().at > wire_.clock_.now()) {
            return std::size_t{0};
        }
        Bytes& bytes = wire_.arrivals_.front().bytes;
        const std::size_t count = std::min(buffer.size(), bytes.size());
        std::copy_n(bytes.begin(), count, buffer.begin());
        bytes.erase(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(count));
        if (bytes.empty()) {
            wire_.arrivals_.pop_front();
        }
        return count;
    }
    std::optional<CharacterErrors> character_errors() override { return wire_.character_errors; }
    Instant wake_by(Instant deadline) override {
        return wire_.arrivals_.empty() ? deadline : std::min(deadline, wire_.arrivals_.front().at);
    }

  private:
    ScriptedWire& wire_;
};

}  // namespace metergate::southbound
