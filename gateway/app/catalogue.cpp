#include "gateway/app/catalogue.hpp"

#include <cstdint>
#include <cstdlib>

#include "gateway/app/site.hpp"
#include "gateway/app/version.hpp"
#include "northbound/mqtt/paho_publisher.hpp"
#include "northbound/webhook/webhook_publisher.hpp"
#include "southbound/modbus/libmodbus_transport.hpp"
#include "southbound/modbus/rtu_line.hpp"
#include "southbound/modbus/tcp_line.hpp"

namespace metergate::app {
namespace {

namespace modbus = southbound::modbus;

modbus::SerialParity parity_of(schema::Parity parity) {
    switch (parity) {
        case schema::Parity::none:
            return modbus::SerialParity::none;
        case schema::Parity::even:
            return modbus::SerialParity::even;
        case schema::Parity::odd:
            break;
    }
    return modbus::SerialParity::odd;
}

modbus::Direction direction_of(const schema::Rs485Settings& rs485) {
    using modbus::DirectionControl;
    modbus::Direction direction;
    direction.control = rs485.direction_control == schema::DirectionControl::rts_on_send
                            ? DirectionControl::rts_on_send
                        : rs485.direction_control == schema::DirectionControl::rts_after_send
                            ? DirectionControl::rts_after_send
                            : DirectionControl::off;
    direction.delay_before_send_ms = static_cast<std::uint32_t>(rs485.rts_delay_before_send_ms);
    direction.delay_after_send_ms = static_cast<std::uint32_t>(rs485.rts_delay_after_send_ms);
    return direction;
}

std::unique_ptr<southbound::Line> make_rs485(const schema::LineSettings& line, const Clock& clock) {
    const schema::Rs485Settings& rs485 = *line.rs485;
    const auto baud = static_cast<std::uint32_t>(rs485.baud);
    const auto stop_bits = static_cast<std::uint32_t>(rs485.stop_bits);
    auto port = modbus::LibmodbusTransport::serial(
        {rs485.port, baud, parity_of(rs485.parity), stop_bits, direction_of(rs485)});
    return std::make_unique<modbus::RtuLine>(clock, std::move(port), *wire_format_of(line),
                                             rtu_options_of(line));
}

std::unique_ptr<southbound::Line> make_modbus_tcp(const schema::ModbusTcpSettings& tcp,
                                                  const Clock& clock) {
    auto connection =
        modbus::LibmodbusTransport::tcp({tcp.host, static_cast<std::uint16_t>(tcp.port)});
    return std::make_unique<modbus::TcpLine>(clock, std::move(connection));
}

std::unique_ptr<southbound::Line> make_rtu_over_tcp(const schema::LineSettings& line,
                                                    const Clock& clock) {
    const schema::RtuOverTcpSettings& server = *line.rtu_over_tcp;
    auto connection =
        modbus::LibmodbusTransport::tcp({server.host, static_cast<std::uint16_t>(server.port)});
    return std::make_unique<modbus::RtuLine>(clock, std::move(connection), *wire_format_of(line),
                                             rtu_options_of(line));
}

}  // namespace

std::unique_ptr<southbound::Line> make_line(const schema::LineSettings& line, const Clock& clock) {
    if (line.rs485) {
        return make_rs485(line, clock);
    }
    if (line.rtu_over_tcp) {
        return make_rtu_over_tcp(line, clock);
    }
    if (line.modbus_tcp) {
        return make_modbus_tcp(*line.modbus_tcp, clock);
    }
    std::abort();  // checked settings name exactly one kind
}

std::unique_ptr<northbound::Publisher> make_publisher(
    const schema::DestinationSettings& destination, const Id& gateway, const Clock& clock) {
    if (destination.mqtt) {
        return std::make_unique<northbound::mqtt::PahoPublisher>(*destination.mqtt, gateway,
                                                                 destination.id);
    }
    if (destination.webhook) {
        return std::make_unique<northbound::webhook::WebhookPublisher>(
            clock, *destination.webhook, std::string(program_version));
    }
    std::abort();  // checked settings name exactly one kind
}

}  // namespace metergate::app
