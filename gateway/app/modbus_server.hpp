#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "config/schema/settings.hpp"
#include "gateway/model/clock.hpp"
#include "gateway/model/event.hpp"
#include "southbound/gateway/relay.hpp"

namespace boost::asio {
class io_context;
}

namespace metergate::app {

struct ModbusClientStatus {
    Id client;  ///< its IP address
    std::size_t connections = 0;
    std::uint64_t requests = 0;  ///< over the connections that it has now
};

struct ModbusStatus {
    std::string address;
    std::int64_t port = 0;
    std::optional<Error> fault;  ///< why nobody can connect
    std::vector<ModbusClientStatus> clients;
    southbound::gateway::Counters counters;
    std::uint64_t turned_away = 0;  ///< connections: not on the list, or too many
    std::string last_problem;  ///< the last client that was turned away or disconnected, and why
};

/// The sockets of the Modbus gateway: listens, and lends each client a Session. Lives on one
/// io_context, whose thread calls everything.
class ModbusServer {
  public:
    static constexpr std::size_t connections_max = 32;
    static constexpr std::size_t connections_of_address_max = 8;

    struct Hooks {
        /// As of Relay::Hooks; the answer may come after the server has ended.
        std::function<void(const Id& line, southbound::gateway::LineRequest)> to_line;
        std::function<void(Event)> report;
    };

    /// Of checked settings.
    [[nodiscard]] static std::unique_ptr<ModbusServer> make(
        const Clock& clock, boost::asio::io_context& io,
        const schema::ModbusGatewaySettings& settings, southbound::gateway::Routes routes,
        Hooks hooks);

    virtual ~ModbusServer() = default;
    /// Listens from now on, or tries to again every 5 s; tells of each change by an event.
    virtual void open() = 0;
    virtual void change_routes(southbound::gateway::Routes routes) = 0;
    [[nodiscard]] virtual ModbusStatus status() const = 0;
    /// Disconnects everybody.
    virtual void close() = 0;
};

}  // namespace metergate::app
