#pragma once

#include <cstdint>
#include <deque>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "gateway/model/result.hpp"
#include "tests/building/bus.hpp"
#include "tests/building/request_log.hpp"

struct pollfd;

namespace metergate::building {

/// A line of the building on real descriptors, in real time. Stepped from one poll() loop.
class LiveLine {
  public:
    virtual ~LiveLine() = default;

    /// Adds the descriptors that may have something to read.
    virtual void watch(std::vector<pollfd>& descriptors) const = 0;
    /// Reads, answers, writes what is due. Returns when it wants to be called next at the latest.
    [[nodiscard]] virtual Result<Instant> step(Instant now) = 0;
    [[nodiscard]] virtual const WireFacts& facts() const = 0;
    [[nodiscard]] virtual const Id& id() const = 0;
};

/// An RS485 line whose replies are paced at the baud rate, whatever the master's bytes come
/// through. While its port is missing, that is gone.
class PacedLine : public LiveLine {
  public:
    ~PacedLine() override = default;
    PacedLine(const PacedLine&) = delete;
    PacedLine& operator=(const PacedLine&) = delete;

    /// From now on each request is noted in `log`, which outlives the line.
    void note_requests(RequestLog& log) { log_ = &log; }

    void watch(std::vector<pollfd>& descriptors) const override;
    [[nodiscard]] Result<Instant> step(Instant now) override;
    [[nodiscard]] const WireFacts& facts() const override { return facts_; }
    [[nodiscard]] const Id& id() const override { return bus_.plan().id; }

  protected:
    explicit PacedLine(Bus& bus);

    /// Makes whatever is missing of the way to the master; called at each step.
    [[nodiscard]] virtual Result<void> plug_in() = 0;
    /// Takes it away, if it is there.
    virtual void pull_out() = 0;
    /// The master closed the descriptor.
    virtual void hung_up() {}

    int master_ = -1;  ///< descriptor of the bytes to and from the master; -1 = there is none

  private:
    struct Outgoing {
        Reply reply;
        std::size_t sent = 0;
        std::optional<RequestRow> request;  ///< that it answers; none of an echo
    };

    void forget_frames();
    void read_requests(Instant now);
    void take_requests(Instant now);
    void answer(Bytes frame, Instant now);
    void write_due(Instant now);
    void let_others_speak(Instant now);
    [[nodiscard]] Instant next_write(Instant now) const;
    [[nodiscard]] Duration time_of(std::size_t count) const {
        return characters(static_cast<std::int64_t>(count), bus_.plan().baud);
    }
    [[nodiscard]] Duration silence_at(Instant now) const;
    void note(const RequestRow& row);

    Bus& bus_;
    Bytes heard_;
    Instant heard_since_;
    Instant heard_last_;
    Instant quiet_since_;  ///< end of the last byte either way
    std::deque<Outgoing> outgoing_;
    WireFacts facts_;
    RequestLog* log_ = nullptr;
};

/// As a pseudo-terminal behind a symbolic link.
class PtyLine final : public PacedLine {
  public:
    /// `link` is created, replacing an old link of that name.
    PtyLine(Bus& bus, std::string link) : PacedLine(bus), link_(std::move(link)) {}
    ~PtyLine() override { take_away(); }
    PtyLine(const PtyLine&) = delete;
    PtyLine& operator=(const PtyLine&) = delete;

  private:
    [[nodiscard]] Result<void> plug_in() override;
    void pull_out() override { take_away(); }
    void take_away();

    std::string link_;
    int slave_ = -1;  ///< kept open, so that the line does not hang up while nobody uses it
};

/// Behind a serial device server on a free port of the loopback interface, which passes bytes on
/// as they are. One connection; the next one waits until it has ended.
class DeviceServer final : public PacedLine {
  public:
    explicit DeviceServer(Bus& bus) : PacedLine(bus) {}
    ~DeviceServer() override { take_away(); }
    DeviceServer(const DeviceServer&) = delete;
    DeviceServer& operator=(const DeviceServer&) = delete;

    /// Chooses the port. Error: refused.
    [[nodiscard]] Result<std::uint16_t> listen();

    void watch(std::vector<pollfd>& descriptors) const override;

  private:
    [[nodiscard]] Result<void> plug_in() override;
    void pull_out() override { take_away(); }
    void hung_up() override;
    void take_away();

    std::uint16_t port_ = 0;
    int listener_ = -1;
};

/// A Modbus TCP device on a free port of the loopback interface.
class TcpDevice final : public LiveLine {
  public:
    explicit TcpDevice(Bus& bus);
    ~TcpDevice() override;
    TcpDevice(const TcpDevice&) = delete;
    TcpDevice& operator=(const TcpDevice&) = delete;

    /// Chooses the port. Error: refused.
    [[nodiscard]] Result<std::uint16_t> listen();

    void watch(std::vector<pollfd>& descriptors) const override;
    [[nodiscard]] Result<Instant> step(Instant now) override;
    [[nodiscard]] const WireFacts& facts() const override { return facts_; }
    [[nodiscard]] const Id& id() const override { return bus_.plan().id; }

  private:
    struct Connection {
        int descriptor = -1;
        Bytes heard;
        std::deque<Reply> outgoing;
    };

    void accept_all();
    void hang_up();
    /// False: the connection has ended.
    [[nodiscard]] bool serve(Connection& connection, Instant now);

    Bus& bus_;
    std::uint16_t port_ = 0;
    int listener_ = -1;
    std::list<Connection> connections_;
    WireFacts facts_;
};

}  // namespace metergate::building
