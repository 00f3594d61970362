#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "gateway/model/clock.hpp"
#include "southbound/line.hpp"
#include "southbound/modbus/frame.hpp"
#include "southbound/modbus/port_keeper.hpp"

namespace metergate::southbound::modbus {

/// What every line over a port has in common: the port, the request under way and its outcome.
class PortLine : public Line {
  public:
    [[nodiscard]] bool ready() const override { return port_.is_open() && idle() && !outcome_; }
    [[nodiscard]] std::optional<Result<Reply>> take_outcome() override;
    [[nodiscard]] std::uint8_t exception_code() const override { return taken_exception_; }
    [[nodiscard]] const std::optional<Error>& fault() const override { return port_.fault(); }
    [[nodiscard]] const LineCounters& counters() const override { return counters_; }
    [[nodiscard]] int readable_fd() const override;

  protected:
    PortLine(const Clock& clock, std::unique_ptr<Transport> transport)
        : clock_(clock), port_(clock, std::move(transport)) {}

    /// No request is under way.
    [[nodiscard]] virtual bool idle() const = 0;

    /// What a reply or exception says of the request under way; counted.
    [[nodiscard]] Result<Reply> outcome_of(const Parsed& parsed, Instant asked, Instant answered);
    /// Takes over what the driver has counted; at the end of each exchange.
    void count_characters();
    /// The port was opened: perhaps the driver is another, and begins to count anew.
    void begin_counting();
    /// No reply came in time; counted.
    [[nodiscard]] Error timed_out();

    const Clock& clock_;
    PortKeeper port_;
    Request request_;
    std::optional<Result<Reply>> outcome_;
    LineCounters counters_;

  private:
    CharacterErrors errors_before_;     ///< of earlier openings
    std::uint8_t exception_ = 0;        ///< of outcome_
    std::uint8_t taken_exception_ = 0;  ///< of the outcome taken last
};

}  // namespace metergate::southbound::modbus
