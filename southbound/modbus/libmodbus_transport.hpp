#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "southbound/modbus/transport.hpp"

struct _modbus;

namespace metergate::southbound::modbus {

enum class SerialParity : std::uint8_t { none, even, odd };

struct SerialPort {
    std::string path;  ///< /dev/serial/by-id/... or /dev/ttyUSB0
    std::uint32_t baud = 19'200;
    SerialParity parity = SerialParity::even;
    unsigned stop_bits = 1;
};

struct TcpEndpoint {
    std::string host;  ///< name, IPv4 or IPv6 address
    std::uint16_t port = 502;
};

/// A real port or connection: libmodbus opens it and sends, read() takes what has arrived. One
/// thread: its line's.
class LibmodbusTransport final : public Transport {
  public:
    explicit LibmodbusTransport(SerialPort port);
    explicit LibmodbusTransport(TcpEndpoint endpoint);
    [[nodiscard]] static std::unique_ptr<LibmodbusTransport> serial(SerialPort port);
    [[nodiscard]] static std::unique_ptr<LibmodbusTransport> tcp(TcpEndpoint endpoint);
    ~LibmodbusTransport() override;
    LibmodbusTransport(const LibmodbusTransport&) = delete;
    LibmodbusTransport& operator=(const LibmodbusTransport&) = delete;

    [[nodiscard]] Result<void> open() override;
    void close() override;
    [[nodiscard]] Result<void> send(std::span<const std::uint8_t> frame) override;
    [[nodiscard]] Result<std::size_t> receive(std::span<std::uint8_t> buffer) override;
    [[nodiscard]] int readable_fd() const override { return fd_; }

  private:
    struct Freer {
        void operator()(_modbus* context) const;
    };

    [[nodiscard]] Result<void> connect(SerialParity parity);
    [[nodiscard]] Error connect_error(int error) const;
    [[nodiscard]] Result<void> claim_port();

    bool is_serial_ = true;
    SerialPort port_;
    TcpEndpoint endpoint_;
    std::string name_;  ///< of port or host, for error texts
    std::unique_ptr<_modbus, Freer> context_;
    int fd_ = -1;
};

}  // namespace metergate::southbound::modbus
