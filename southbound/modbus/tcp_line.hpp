#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "gateway/model/clock.hpp"
#include "southbound/modbus/port_line.hpp"

namespace metergate::southbound::modbus {

/// Modbus TCP: one connection, one request at a time. One thread.
///
/// Every request has its own transaction number, so late replies are known by theirs and discarded;
/// no unit is ever muted. A stream that is out of step, or a closed connection, is opened anew.
class TcpLine final : public PortLine {
  public:
    TcpLine(const Clock& clock, std::unique_ptr<Transport> transport);

    [[nodiscard]] Instant muted_until(std::uint8_t unit) const override;
    void start(const Request& request) override;
    Instant step() override;

  private:
    enum class State : std::uint8_t {
        idle,
        gap,    ///< a request waits until its panel may be asked again
        reply,  ///< sent, waiting for the reply
    };

    [[nodiscard]] bool idle() const override { return state_ == State::idle; }
    void opened();
    void vanished(const Error& error);
    [[nodiscard]] bool read_available();
    Instant send_when_due();
    Instant judge();
    void accept(const Parsed& parsed);
    void out_of_step(std::string_view why);
    void drop_front(std::size_t count);
    void finish(Result<Reply> outcome);

    State state_ = State::idle;
    std::uint16_t transaction_ = 0;
    Instant asked_{};
    Instant deadline_{};
    Instant last_activity_{};
    std::array<std::uint8_t, 4 * tcp_frame_max> buffer_{};
    std::size_t received_ = 0;
};

}  // namespace metergate::southbound::modbus
