#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "gateway/model/event.hpp"
#include "gateway/model/result.hpp"
#include "gateway/model/time.hpp"
#include "southbound/request.hpp"
#include "southbound/serial_port.hpp"

namespace metergate::southbound {

/// Counted since the line was opened.
struct LineCounters {
    std::uint64_t requests = 0;
    std::uint64_t replies = 0;
    std::uint64_t timeouts = 0;
    std::uint64_t bad_frames = 0;  ///< CRC, length or function wrong
    std::uint64_t foreign_frames =
        0;  ///< well formed, but of another unit or transaction: discarded
    std::uint64_t exceptions = 0;
    std::uint64_t reopened = 0;
    std::uint64_t unsolicited =
        0;                     ///< bursts of bytes while nothing was asked: late replies, noise
    std::uint64_t echoes = 0;  ///< requests that came back as their own echo: stripped
    /// Nothing: the driver does not count, or this is no serial port. Over all openings.
    std::optional<CharacterErrors> character_errors{};
};

/// What is known of a wire beside its counters.
struct WireState {
    std::optional<SerialPortFacts> serial_port{};  ///< nothing on a network
    bool echoes = false;           ///< it hears itself: what was sent is taken out of each reply
    std::string foreign_master{};  ///< what was heard of another master; empty = none is there
};

/// Something about a wire that people are told once.
struct WireNews {
    EventKind kind{};
    std::string text;  ///< goes on after "line riser-1 ": "hears itself: ..."
};

/// A wire or network with one owner, on which one request is under way at a time. Stepped; lives on
/// its line's thread.
///
/// A unit whose request timed out or came back garbled is muted: no request to it is accepted until
/// no late reply can come any more, and frames of it that arrive meanwhile are discarded.
class Line {
  public:
    virtual ~Line() = default;

    /// True if a request may be started: none under way and the wire open.
    [[nodiscard]] virtual bool ready() const = 0;
    /// Not before this may `unit` be asked again.
    [[nodiscard]] virtual Instant muted_until(std::uint8_t unit) const = 0;
    /// Only when ready() and the unit is not muted.
    virtual void start(const Request& request) = 0;
    /// Moves on: opens the wire, keeps silence, sends, reads. Returns when it wants to be called
    /// next.
    virtual Instant step() = 0;
    /// The outcome of the request under way, once. Errors: timeout (no reply), damaged (garbled),
    /// refused (a Modbus exception, named in the text), disconnected (the wire went).
    [[nodiscard]] virtual std::optional<Result<Reply>> take_outcome() = 0;
    /// Code of the Modbus exception that the last outcome was; 0 if it was none.
    [[nodiscard]] virtual std::uint8_t exception_code() const = 0;

    /// The wire's own state: open, or why not (port missing, host unreachable).
    [[nodiscard]] virtual const std::optional<Error>& fault() const = 0;
    [[nodiscard]] virtual const LineCounters& counters() const = 0;
    [[nodiscard]] virtual WireState wire_state() const { return {}; }
    /// Each piece of news once.
    [[nodiscard]] virtual std::optional<WireNews> take_news() { return std::nullopt; }
    /// Descriptor that becomes readable when step() has something to read earlier than it said; -1
    /// if there is none now. Ask again after each step: it changes when the wire is opened anew.
    [[nodiscard]] virtual int readable_fd() const { return -1; }
};

}  // namespace metergate::southbound
