#include "gateway/control/client.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

namespace metergate::control {
namespace {

Error connect_error(const std::string& path, int code) {
    if (code == ENOENT || code == ECONNREFUSED) {
        return {Fault::not_found, "no gateway is running at " + path};
    }
    return {Fault::refused, "cannot connect to " + path + ": " + std::strerror(code)};
}

}  // namespace

Result<Client> Client::connect(const std::string& socket_path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (socket_path.size() >= sizeof address.sun_path) {
        return Error{Fault::invalid, "socket path too long: " + socket_path};
    }
    std::memcpy(address.sun_path, socket_path.c_str(), socket_path.size() + 1);
    Client client(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    // The one cast that the socket interface demands.
    const auto* generic = reinterpret_cast<const sockaddr*>(&address);
    if (client.socket_ < 0 || ::connect(client.socket_, generic, sizeof address) != 0) {
        return connect_error(socket_path, errno);
    }
    return client;
}

Client::Client(Client&& other) noexcept
    : socket_(std::exchange(other.socket_, -1)), received_(std::move(other.received_)) {}

Client& Client::operator=(Client&& other) noexcept {
    std::swap(socket_, other.socket_);
    std::swap(received_, other.received_);
    return *this;
}

Client::~Client() {
    if (socket_ >= 0) {
        ::close(socket_);
    }
}

Result<schema::Json> Client::call(const std::string& method, const schema::Json& params,
                                  int timeout_ms, const OnProgress& on_progress) {
    if (auto sent = send_all(request_line({schema::Json::of(1), method, params})); !sent) {
        return sent.error();
    }
    while (true) {
        const auto line = receive_line(timeout_ms);
        if (!line) {
            return line.error();
        }
        auto answer = parse_answer(*line);
        if (!answer) {
            return answer.error();
        }
        if (answer->error) {
            return *answer->error;
        }
        if (answer->result) {
            return *answer->result;
        }
        if (on_progress) {
            on_progress(*answer->progress);
        }
    }
}

Result<void> Client::send_all(const std::string& text) const {
    std::size_t sent = 0;
    while (sent < text.size()) {
        const ssize_t count = ::send(socket_, text.data() + sent, text.size() - sent, MSG_NOSIGNAL);
        if (count < 0 && errno != EINTR) {
            return Error{Fault::disconnected, "the gateway closed the connection"};
        }
        sent += count > 0 ? static_cast<std::size_t>(count) : 0;
    }
    return {};
}

Result<std::string> Client::receive_line(int timeout_ms) {
    while (true) {
        if (const auto end = received_.find('\n'); end != std::string::npos) {
            std::string line = received_.substr(0, end);
            received_.erase(0, end + 1);
            return line;
        }
        pollfd waiting{socket_, POLLIN, 0};
        const int ready = ::poll(&waiting, 1, timeout_ms);
        if (ready == 0) {
            return Error{Fault::timeout, "no answer from the gateway within " +
                                             std::to_string(timeout_ms / 1000) + " s"};
        }
        std::array<char, 4096> buffer{};
        const ssize_t count = ::recv(socket_, buffer.data(), buffer.size(), 0);
        if (count == 0 || (count < 0 && errno != EINTR)) {
            return Error{Fault::disconnected, "the gateway closed the connection"};
        }
        if (count > 0) {
            received_.append(buffer.data(), static_cast<std::size_t>(count));
        }
        if (received_.size() > line_size_max) {
            return Error{Fault::damaged, "the answer is longer than 1 MiB"};
        }
    }
}

}  // namespace metergate::control
