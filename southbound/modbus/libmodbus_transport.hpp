#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "southbound/modbus/serial_driver.hpp"
#include "southbound/modbus/transport.hpp"

struct _modbus;

namespace metergate::southbound::modbus {

enum class SerialParity : std::uint8_t { none, even, odd };

struct SerialPort {
    std::string path;  ///< /dev/serial/by-id/... or /dev/ttyUSB0
    std::uint32_t baud = 19'200;
    SerialParity parity = SerialParity::even;
    unsigned stop_bits = 1;
    Direction direction{};
};

struct TcpEndpoint {
    std::string host;  ///< name, IPv4 or IPv6 address
    std::uint16_t port = 502;
};

/// A real port or connection: libmodbus opens it and sends, read() takes what has arrived. One
/// thread: its line's.
class LibmodbusTransport final : public Transport {
  public:
    LibmodbusTransport(SerialPort port, std::unique_ptr<SerialDriver> driver);
    explicit LibmodbusTransport(TcpEndpoint endpoint);
    /// `driver` is what the port's driver offers beyond termios.
    [[nodiscard]] static std::unique_ptr<LibmodbusTransport> serial(
        SerialPort port,
        std::unique_ptr<SerialDriver> driver = std::make_unique<LinuxSerialDriver>());
    [[nodiscard]] static std::unique_ptr<LibmodbusTransport> tcp(TcpEndpoint endpoint);
    ~LibmodbusTransport() override;
    LibmodbusTransport(const LibmodbusTransport&) = delete;
    LibmodbusTransport& operator=(const LibmodbusTransport&) = delete;

    [[nodiscard]] Result<void> open() override;
    void close() override;
    [[nodiscard]] Result<void> send(std::span<const std::uint8_t> frame) override;
    [[nodiscard]] Result<std::size_t> receive(std::span<std::uint8_t> buffer) override;
    [[nodiscard]] std::optional<CharacterErrors> character_errors() override;
    [[nodiscard]] std::optional<SerialPortFacts> serial_facts() const override;
    [[nodiscard]] int readable_fd() const override { return fd_; }

  private:
    struct Freer {
        void operator()(_modbus* context) const;
    };

    [[nodiscard]] Result<void> connect(SerialParity parity);
    [[nodiscard]] Error connect_error(int error) const;
    [[nodiscard]] Result<void> claim_port();
    [[nodiscard]] Result<void> prepare_port();

    bool is_serial_ = true;
    SerialPort port_;
    std::unique_ptr<SerialDriver> driver_;
    SerialPortFacts facts_;
    std::optional<DriverCounts> counts_at_open_;
    TcpEndpoint endpoint_;
    std::string name_;  ///< of port or host, for error texts
    std::unique_ptr<_modbus, Freer> context_;
    int fd_ = -1;
};

}  // namespace metergate::southbound::modbus
