#pragma once

#include <cstdint>
#include <deque>
#include <list>
#include <memory>
#include <optional>
#include <string>
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

/// An RS485 line as a pseudo-terminal behind a symbolic link, its replies paced at the baud rate.
/// While its port is missing, link and terminal are gone.
class PtyLine final : public LiveLine {
  public:
    /// `link` is created, replacing an old link of that name.
    PtyLine(Bus& bus, std::string link);
    ~PtyLine() override;
    PtyLine(const PtyLine&) = delete;
    PtyLine& operator=(const PtyLine&) = delete;

    /// From now on each request is noted in `log`, which outlives the line.
    void note_requests(RequestLog& log) { log_ = &log; }

    void watch(std::vector<pollfd>& descriptors) const override;
    [[nodiscard]] Result<Instant> step(Instant now) override;
    [[nodiscard]] const WireFacts& facts() const override { return facts_; }
    [[nodiscard]] const Id& id() const override { return bus_.plan().id; }

  private:
    struct Outgoing {
        Reply reply;
        std::size_t sent = 0;
        std::optional<RequestRow> request;  ///< that it answers; none of an echo
    };

    [[nodiscard]] Result<void> plug_in();
    void pull_out();
    void read_requests(Instant now);
    void take_requests(Instant now);
    void answer(Bytes frame, Instant now);
    void write_due(Instant now);
    [[nodiscard]] Instant next_write(Instant now) const;
    [[nodiscard]] Duration time_of(std::size_t count) const {
        return characters(static_cast<std::int64_t>(count), bus_.plan().baud);
    }
    [[nodiscard]] Duration silence_at(Instant now) const;
    void note(const RequestRow& row);

    Bus& bus_;
    std::string link_;
    int master_ = -1;
    int slave_ = -1;  ///< kept open, so that the line does not hang up while nobody uses it
    Bytes heard_;
    Instant heard_since_;
    Instant heard_last_;
    Instant quiet_since_;  ///< end of the last byte either way
    std::deque<Outgoing> outgoing_;
    WireFacts facts_;
    RequestLog* log_ = nullptr;
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
