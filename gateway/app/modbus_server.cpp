#include "gateway/app/modbus_server.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <map>
#include <set>
#include <utility>

#include "config/schema/address_prefix.hpp"
#include "southbound/gateway/session.hpp"

namespace metergate::app {
namespace {

using boost::asio::ip::tcp;
using boost::system::error_code;
using southbound::gateway::LineOutcome;
using southbound::gateway::LineRequest;
using southbound::gateway::Relay;
using southbound::gateway::Route;
using southbound::gateway::Routes;
using southbound::gateway::Session;

constexpr std::chrono::milliseconds tick{100};
constexpr Duration listen_again_after = std::chrono::seconds{5};
/// What the kernel may hold for a client that does not listen.
constexpr int send_buffer_bytes = 16 * 1024;

/// One client's socket. Lives as long as it is connected.
class Connection : public std::enable_shared_from_this<Connection> {
  public:
    using Ended = std::function<void(const std::shared_ptr<Connection>&)>;

    Connection(tcp::socket socket, std::shared_ptr<Session> session, Ended ended)
        : socket_(std::move(socket)), session_(std::move(session)), ended_(std::move(ended)) {}

    void begin() {
        session_->on_output([weak = weak_from_this()] {
            if (const auto self = weak.lock()) {
                self->write_next();
            }
        });
        read_next();
    }
    void step() {
        session_->step();
        go_on();
    }
    void close() {
        if (std::exchange(open_, false)) {
            error_code ignored;
            socket_.close(ignored);
            ended_(shared_from_this());
        }
    }
    [[nodiscard]] const Session& session() const { return *session_; }

  private:
    void go_on() {
        write_next();
        if (session_->ended()) {
            close();
        } else {
            read_next();
        }
    }

    void read_next() {
        const std::size_t room = std::min(session_->room(), received_.size());
        if (!open_ || reading_ || room == 0) {
            return;
        }
        reading_ = true;
        socket_.async_read_some(
            boost::asio::buffer(received_.data(), room),
            [self = shared_from_this()](const error_code& error, std::size_t size) {
                self->on_received(error, size);
            });
    }

    void on_received(const error_code& error, std::size_t size) {
        if (error) {
            close();
            return;
        }
        session_->receive({received_.data(), size});
        reading_ = false;
        go_on();
    }

    void write_next() {
        if (!open_ || writing_) {
            return;
        }
        sending_ = session_->take_output();
        if (sending_.empty()) {
            return;
        }
        writing_ = true;
        boost::asio::async_write(socket_, boost::asio::buffer(sending_),
                                 [self = shared_from_this()](const error_code& error, std::size_t) {
                                     self->on_written(error);
                                 });
    }

    void on_written(const error_code& error) {
        if (error) {
            close();
            return;
        }
        writing_ = false;
        session_->written();
        go_on();
    }

    tcp::socket socket_;
    std::shared_ptr<Session> session_;
    Ended ended_;
    std::array<std::uint8_t, Session::received_max> received_{};
    std::vector<std::uint8_t> sending_;
    bool reading_ = false;
    bool writing_ = false;
    bool open_ = true;
};

boost::asio::ip::address plain(const boost::asio::ip::address& address) {
    const bool is_mapped = address.is_v6() && address.to_v6().is_v4_mapped();
    return is_mapped ? boost::asio::ip::make_address_v4(boost::asio::ip::v4_mapped, address.to_v6())
                     : address;
}

std::string_view hint_for(const error_code& error) {
    if (error == boost::asio::error::address_in_use) {
        return ": another program listens there";
    }
    if (error == boost::asio::error::access_denied) {
        return ": ports below 1024 need the right CAP_NET_BIND_SERVICE";
    }
    if (error == boost::system::errc::address_not_available) {
        return ": this machine has no such address now";
    }
    return "";
}

class SocketModbusServer final : public ModbusServer {
  public:
    SocketModbusServer(const Clock& clock, boost::asio::io_context& io,
                       schema::ModbusGatewaySettings settings, Relay::Rules rules, Hooks hooks)
        : clock_(&clock),
          acceptor_(io),
          tick_(io),
          settings_(std::move(settings)),
          hooks_(std::move(hooks)),
          relay_(std::make_shared<Relay>(clock, std::move(rules), relay_hooks())) {
        for (const std::string& client : settings_.clients) {
            prefixes_.push_back(schema::address_prefix_from(client).value());
        }
    }

    void open() override {
        try_to_listen();
        wait_for_tick();
    }
    void change_routes(Routes routes) override { relay_->change_routes(std::move(routes)); }
    [[nodiscard]] ModbusStatus status() const override;
    void close() override;

  private:
    Relay::Hooks relay_hooks();
    [[nodiscard]] std::string where() const;
    void report(EventKind kind, const Id& source, std::string text);
    [[nodiscard]] error_code listen();
    void try_to_listen();
    void wait_for_tick();
    void on_tick();
    void accept_next();
    void take_in(tcp::socket socket);
    [[nodiscard]] std::string_view complaint_of(const Id& client) const;
    void has_ended(const std::shared_ptr<Connection>& connection);

    const Clock* clock_;
    tcp::acceptor acceptor_;
    boost::asio::steady_timer tick_;
    schema::ModbusGatewaySettings settings_;
    std::vector<schema::AddressPrefix> prefixes_;
    Hooks hooks_;
    std::shared_ptr<Relay> relay_;
    std::set<std::shared_ptr<Connection>> connections_;
    std::optional<Error> fault_;
    Instant listen_at_{};
    bool accepting_ = false;
    std::uint64_t turned_away_ = 0;
    std::string last_problem_;
};

Relay::Hooks SocketModbusServer::relay_hooks() {
    return {[this](const Id& line, LineRequest request) {
                request.answer = [relay = std::weak_ptr(relay_),
                                  answer = std::move(request.answer)](const LineOutcome& outcome) {
                    if (const auto alive = relay.lock()) {
                        answer(outcome);
                    }
                };
                hooks_.to_line(line, std::move(request));
            },
            [this](const Id& client, const Route& route, const southbound::Pdu& pdu) {
                report(EventKind::panel_written, route.panel,
                       fmt::format("Modbus client {} writes to panel {} (function {}, address {}); "
                                   "told once an hour of each client and panel",
                                   client, route.panel, pdu.at(0), pdu.at(1) * 256 + pdu.at(2)));
            }};
}

std::string SocketModbusServer::where() const {
    const bool is_ipv6 = settings_.address.find(':') != std::string::npos;
    return (is_ipv6 ? "[" + settings_.address + "]" : settings_.address) + ":" +
           std::to_string(settings_.port);
}

void SocketModbusServer::report(EventKind kind, const Id& source, std::string text) {
    Event event;
    event.at = clock_->utc();
    event.start = event.at;
    event.panel = gateway_panel;
    event.source = source;
    event.kind = kind;
    event.text = std::move(text);
    hooks_.report(std::move(event));
}

error_code SocketModbusServer::listen() {
    error_code error;
    const auto address = boost::asio::ip::make_address(settings_.address, error);
    const tcp::endpoint endpoint(address, static_cast<std::uint16_t>(settings_.port));
    if (!error) {
        acceptor_.open(endpoint.protocol(), error);
    }
    if (!error) {
        acceptor_.set_option(tcp::acceptor::reuse_address(true), error);
    }
    if (!error) {
        acceptor_.bind(endpoint, error);
    }
    if (!error) {
        acceptor_.listen(connections_max, error);
    }
    if (error) {
        error_code ignored;
        acceptor_.close(ignored);
    }
    return error;
}

void SocketModbusServer::try_to_listen() {
    listen_at_ = clock_->now() + listen_again_after;
    const error_code error = listen();
    if (!error) {
        if (std::exchange(fault_, std::nullopt)) {
            report(EventKind::server_back, "gateway", "the Modbus gateway listens on " + where());
        }
        accept_next();
        return;
    }
    const bool is_news = !fault_.has_value();
    fault_ = Error{Fault::refused, fmt::format("cannot listen on {}: {}{}", where(),
                                               error.message(), hint_for(error))};
    if (is_news) {
        report(EventKind::server_lost, "gateway",
               "the Modbus gateway " + fault_->text + "; tried again every 5 s");
    }
}

void SocketModbusServer::wait_for_tick() {
    tick_.expires_after(tick);
    tick_.async_wait([this](const error_code& error) {
        if (!error) {
            on_tick();
            wait_for_tick();
        }
    });
}

void SocketModbusServer::on_tick() {
    relay_->step();
    for (const auto& connection : std::set(connections_)) {
        connection->step();
    }
    if (fault_ && clock_->now() >= listen_at_) {
        try_to_listen();
    } else if (!fault_ && !accepting_) {
        accept_next();
    }
}

/// After an error (no descriptors are left) the next try is the next tick's.
void SocketModbusServer::accept_next() {
    accepting_ = true;
    acceptor_.async_accept([this](const error_code& error, tcp::socket socket) {
        accepting_ = false;
        if (!error) {
            take_in(std::move(socket));
            accept_next();
        }
    });
}

/// Empty: it is welcome.
std::string_view SocketModbusServer::complaint_of(const Id& client) const {
    const auto address = schema::ip_address_from(client);
    const bool is_known =
        prefixes_.empty() ||
        (address && std::any_of(prefixes_.begin(), prefixes_.end(),
                                [&](const auto& prefix) { return prefix.contains(*address); }));
    if (!is_known) {
        return "is not in modbus_gateway.clients";
    }
    if (connections_.size() >= connections_max) {
        return "came when 32 others were connected";
    }
    const auto own = std::count_if(connections_.begin(), connections_.end(), [&](const auto& one) {
        return one->session().client() == client;
    });
    return static_cast<std::size_t>(own) >= connections_of_address_max ? "has 8 connections already"
                                                                       : "";
}

void SocketModbusServer::take_in(tcp::socket socket) {
    error_code error;
    const auto peer = socket.remote_endpoint(error);
    if (error) {
        return;  // it has gone again
    }
    const Id client = plain(peer.address()).to_string();
    if (const auto complaint = complaint_of(client); !complaint.empty()) {
        ++turned_away_;
        last_problem_ = fmt::format("{} {}", client, complaint);
        return;
    }
    socket.set_option(tcp::no_delay(true), error);
    socket.set_option(boost::asio::socket_base::send_buffer_size(send_buffer_bytes), error);
    auto session = std::make_shared<Session>(*clock_, *relay_, client,
                                             std::chrono::seconds{settings_.idle_timeout_s});
    const auto connection = std::make_shared<Connection>(
        std::move(socket), std::move(session),
        [this](const std::shared_ptr<Connection>& ended) { has_ended(ended); });
    connections_.insert(connection);
    connection->begin();
}

void SocketModbusServer::has_ended(const std::shared_ptr<Connection>& connection) {
    const Session& session = connection->session();
    if (session.ended()) {
        last_problem_ = fmt::format("{} was disconnected: {}", session.client(), *session.ended());
    }
    connections_.erase(connection);
}

ModbusStatus SocketModbusServer::status() const {
    std::map<Id, ModbusClientStatus> clients;
    for (const auto& connection : connections_) {
        const Session& session = connection->session();
        ModbusClientStatus& client = clients[session.client()];
        client.client = session.client();
        ++client.connections;
        client.requests += session.requests();
    }
    ModbusStatus status{settings_.address,  settings_.port, fault_,       {},
                        relay_->counters(), turned_away_,   last_problem_};
    for (auto& [id, client] : clients) {
        status.clients.push_back(std::move(client));
    }
    return status;
}

void SocketModbusServer::close() {
    error_code ignored;
    tick_.cancel();
    acceptor_.close(ignored);
    for (const auto& connection : std::exchange(connections_, {})) {
        connection->close();
    }
}

}  // namespace

std::unique_ptr<ModbusServer> ModbusServer::make(const Clock& clock, boost::asio::io_context& io,
                                                 const schema::ModbusGatewaySettings& settings,
                                                 Routes routes, Hooks hooks) {
    Relay::Rules rules{std::move(routes), settings.allow_writes,
                       std::chrono::milliseconds{settings.cache_ms}};
    return std::make_unique<SocketModbusServer>(clock, io, settings, std::move(rules),
                                                std::move(hooks));
}

}  // namespace metergate::app
