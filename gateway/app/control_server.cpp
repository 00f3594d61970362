#include "gateway/app/control_server.hpp"

#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>
#include <deque>
#include <set>
#include <utility>

namespace metergate::app {
namespace {

using boost::asio::local::stream_protocol;
using boost::system::error_code;

constexpr std::size_t connections_max = 32;
constexpr std::size_t unsent_lines_max = 256;
/// A caller may have several long answers under way, but not fill the memory with them.
constexpr std::size_t unsent_bytes_max = 8 * control::line_size_max;

bool is_admin(stream_protocol::socket& socket) {
    ucred peer{};
    socklen_t size = sizeof peer;
    if (getsockopt(socket.native_handle(), SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) {
        return false;
    }
    return peer.uid == 0 || peer.uid == geteuid();
}

/// One caller. Lives as long as it is connected.
class Connection : public std::enable_shared_from_this<Connection> {
  public:
    using Ended = std::function<void(const std::shared_ptr<Connection>&)>;

    Connection(stream_protocol::socket socket, ControlServer::Handler handler, Ended ended)
        : socket_(std::move(socket)),
          handler_(std::move(handler)),
          ended_(std::move(ended)),
          admin_(is_admin(socket_)) {}

    void read_next() {
        boost::asio::async_read_until(
            socket_, boost::asio::dynamic_buffer(received_, control::line_size_max), '\n',
            [self = shared_from_this()](const error_code& error, std::size_t size) {
                self->on_line(error, size);
            });
    }

    void send(std::string line) {
        if (!*open_) {
            return;
        }
        unsent_bytes_ += line.size();
        if (unsent_.size() >= unsent_lines_max || unsent_bytes_ > unsent_bytes_max) {
            close();  // it asks and does not listen
            return;
        }
        unsent_.push_back(std::move(line));
        if (unsent_.size() == 1) {
            write_next();
        }
    }

    void close() {
        if (open_->exchange(false)) {
            error_code ignored;
            socket_.close(ignored);
            ended_(shared_from_this());
        }
    }

    /// Whether the caller still listens. Outlives the connection; any thread may read it.
    using Open = std::shared_ptr<const std::atomic<bool>>;
    [[nodiscard]] Open open() const { return open_; }

  private:
    void on_line(const error_code& error, std::size_t size);
    void answer(const control::Request& request);

    void write_next() {
        boost::asio::async_write(socket_, boost::asio::buffer(unsent_.front()),
                                 [self = shared_from_this()](const error_code& error, std::size_t) {
                                     if (error) {
                                         self->close();
                                         return;
                                     }
                                     self->unsent_bytes_ -= self->unsent_.front().size();
                                     self->unsent_.pop_front();
                                     if (!self->unsent_.empty()) {
                                         self->write_next();
                                     }
                                 });
    }

    stream_protocol::socket socket_;
    ControlServer::Handler handler_;
    Ended ended_;
    bool admin_;
    std::shared_ptr<std::atomic<bool>> open_ = std::make_shared<std::atomic<bool>>(true);
    std::string received_;
    std::deque<std::string> unsent_;
    std::size_t unsent_bytes_ = 0;
};

class ConnectionResponder final : public Responder {
  public:
    ConnectionResponder(Connection& connection, schema::Json id)
        : connection_(connection.weak_from_this()), open_(connection.open()), id_(std::move(id)) {}

    void progress(const schema::Json& progress) override {
        send(control::progress_line(id_, progress));
    }
    void result(const schema::Json& result) override { send(control::result_line(id_, result)); }
    void result_text(std::string_view json) override { send(control::result_line(id_, json)); }
    void error(const Error& error) override { send(control::error_line(id_, error)); }
    [[nodiscard]] bool wanted() const override { return *open_; }

  private:
    void send(std::string line) {
        if (const auto connection = connection_.lock()) {
            connection->send(std::move(line));
        }
    }

    std::weak_ptr<Connection> connection_;
    Connection::Open open_;
    schema::Json id_;
};

void Connection::on_line(const error_code& error, std::size_t size) {
    if (error) {
        close();
        return;
    }
    const std::string line = received_.substr(0, size - 1);
    received_.erase(0, size);
    const auto request = control::parse_request(line);
    if (request) {
        answer(*request);
    } else {
        send(control::error_line({}, request.error()));
    }
    if (*open_) {
        read_next();
    }
}

void Connection::answer(const control::Request& request) {
    const control::Method* method = control::find_method(request.method);
    if (method == nullptr) {
        send(control::error_line(request.id,
                                 {Fault::not_found, "unknown method \"" + request.method + "\""}));
    } else if (method->role == control::Role::admin && !admin_) {
        send(control::error_line(
            request.id, {Fault::refused, "\"" + request.method + "\" needs an administrator"}));
    } else {
        handler_(request, std::make_shared<ConnectionResponder>(*this, request.id));
    }
}

class SocketServer final : public ControlServer {
  public:
    SocketServer(boost::asio::io_context& io, std::string path, Handler handler)
        : acceptor_(io), path_(std::move(path)), handler_(std::move(handler)) {}
    SocketServer(const SocketServer&) = delete;
    SocketServer& operator=(const SocketServer&) = delete;
    ~SocketServer() override { close(); }

    Result<void> open() {
        error_code error;
        ::unlink(path_.c_str());
        acceptor_.open(stream_protocol(), error);
        if (!error) {
            const mode_t old_mask = umask(0117);
            acceptor_.bind(stream_protocol::endpoint(path_), error);
            umask(old_mask);
        }
        if (!error) {
            acceptor_.listen(boost::asio::socket_base::max_listen_connections, error);
        }
        if (error) {
            return Error{Fault::refused, "control socket " + path_ + ": " + error.message()};
        }
        accept_next();
        return {};
    }

    void close() override {
        if (!acceptor_.is_open()) {
            return;
        }
        error_code ignored;
        acceptor_.close(ignored);
        for (const auto& connection : std::exchange(connections_, {})) {
            connection->close();
        }
        ::unlink(path_.c_str());
    }

  private:
    void accept_next() {
        acceptor_.async_accept([this](const error_code& error, stream_protocol::socket socket) {
            if (error == boost::asio::error::operation_aborted) {
                return;
            }
            if (!error && connections_.size() < connections_max) {
                const auto connection = std::make_shared<Connection>(
                    std::move(socket), handler_, [this](const std::shared_ptr<Connection>& ended) {
                        connections_.erase(ended);
                    });
                connections_.insert(connection);
                connection->read_next();
            }
            accept_next();
        });
    }

    stream_protocol::acceptor acceptor_;
    std::string path_;
    Handler handler_;
    std::set<std::shared_ptr<Connection>> connections_;
};

}  // namespace

Result<std::unique_ptr<ControlServer>> ControlServer::listen(boost::asio::io_context& io,
                                                             const std::string& path,
                                                             Handler handler) {
    auto server = std::make_unique<SocketServer>(io, path, std::move(handler));
    if (auto opened = server->open(); !opened) {
        return opened.error();
    }
    return std::unique_ptr<ControlServer>(std::move(server));
}

}  // namespace metergate::app
