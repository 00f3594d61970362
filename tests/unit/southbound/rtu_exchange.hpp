#pragma once

#include "southbound/modbus/rtu_line.hpp"

#include <gtest/gtest.h>

#include <deque>
#include <memory>
#include <utility>

#include "tests/support/scripted_transport.hpp"

namespace metergate::southbound::modbus {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

inline constexpr WireFormat wire_format{19'200, 11};

inline RegisterRequest request_to(std::uint8_t unit, std::uint16_t address = 100,
                                  std::uint16_t count = 2) {
    RegisterRequest request;
    request.unit = unit;
    request.address = address;
    request.count = count;
    return request;
}

/// Single exchanges on a scripted wire of 19200 baud.
class RtuExchange : public ::testing::Test {
  protected:
    explicit RtuExchange(RtuOptions options = {})
        : line_(clock_, std::make_unique<ScriptedTransport>(wire_), wire_format, options) {
        wire_.on_sent = [this](auto frame) { on_sent(frame); };
    }

    /// The next request is answered with `bytes`, whole at `after` past its last bit.
    void answer(Bytes bytes, Duration after = milliseconds{20}) {
        answers_.emplace_back(after, std::move(bytes));
    }

    void run_until(Instant until) {
        while (clock_.now() < until) {
            clock_.advance_to(std::min(line_.step(), until));
        }
        line_.step();
    }

    void open() {
        line_.step();
        ASSERT_TRUE(line_.ready());
    }

    /// Asks, and steps until the outcome is there.
    Result<RegisterReply> ask(const Request& request) {
        if (!line_.ready()) {
            line_.step();
        }
        line_.start(request);
        for (int i = 0; i < 10'000; ++i) {
            const Instant next = line_.step();
            if (auto outcome = line_.take_outcome()) {
                return registers_of(*outcome);
            }
            clock_.advance_to(next);
        }
        ADD_FAILURE() << "no outcome";
        return Error{};
    }

    VirtualClock clock_{utc_from_s(1'700'000'000)};
    ScriptedWire wire_{clock_};
    RtuLine line_;

  private:
    void on_sent(std::span<const std::uint8_t> frame) {
        if (!answers_.empty()) {
            const Instant end = clock_.now() + wire_format.characters(frame.size());
            wire_.arrive(end + answers_.front().first, answers_.front().second);
            answers_.pop_front();
        }
    }
    std::deque<std::pair<Duration, Bytes>> answers_;
};

}  // namespace metergate::southbound::modbus
