#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "tests/building/live_line.hpp"
#include "tests/building/loopback.hpp"

namespace metergate::building {
namespace {

constexpr std::size_t header_length = 6;
/// As many connections as common devices allow.
constexpr std::size_t connections_max = 4;
/// More than the longest frame: what talks like this is no Modbus client.
constexpr std::size_t heard_max = 600;

}  // namespace

TcpDevice::TcpDevice(Bus& bus) : bus_(bus) {
    facts_.line = bus.plan().id;
}

TcpDevice::~TcpDevice() {
    hang_up();
}

Result<std::uint16_t> TcpDevice::listen() {
    const auto listening = listen_on_loopback(port_, id());
    if (!listening) {
        return listening.error();
    }
    listener_ = *listening;
    return port_;
}

void TcpDevice::hang_up() {
    if (listener_ >= 0) {
        close(listener_);
        listener_ = -1;
    }
    for (const Connection& connection : connections_) {
        close(connection.descriptor);
        for (const Reply& reply : connection.outgoing) {
            bus_.doubt(reply);
        }
    }
    connections_.clear();
}

void TcpDevice::watch(std::vector<pollfd>& descriptors) const {
    if (listener_ >= 0) {
        descriptors.push_back({listener_, POLLIN, 0});
    }
    for (const Connection& connection : connections_) {
        descriptors.push_back({connection.descriptor, POLLIN, 0});
    }
}

void TcpDevice::accept_all() {
    for (;;) {
        const int descriptor = accept_on(listener_);
        if (descriptor < 0) {
            return;
        }
        if (connections_.size() >= connections_max) {
            close(descriptor);
            continue;
        }
        connections_.push_back({descriptor, {}, {}});
    }
}

Result<Instant> TcpDevice::step(Instant now) {
    Instant next = now + std::chrono::milliseconds{100};
    if (bus_.port_missing(now)) {
        hang_up();
        return next;
    }
    if (listener_ < 0) {
        if (auto listening = listen(); !listening) {
            return listening.error();
        }
    }
    accept_all();
    for (auto place = connections_.begin(); place != connections_.end();) {
        if (serve(*place, now)) {
            for (const Reply& reply : place->outgoing) {
                next = std::min(next, reply.begin);
            }
            ++place;
            continue;
        }
        close(place->descriptor);
        for (const Reply& reply : place->outgoing) {
            bus_.doubt(reply);
        }
        place = connections_.erase(place);
    }
    return next;
}

bool TcpDevice::serve(Connection& connection, Instant now) {
    std::array<std::uint8_t, 512> buffer{};
    for (;;) {
        const ssize_t count = recv(connection.descriptor, buffer.data(), buffer.size(), 0);
        if (count == 0 || (count < 0 && errno != EAGAIN && errno != EINTR)) {
            return false;
        }
        if (count < 0) {
            break;
        }
        connection.heard.insert(connection.heard.end(), buffer.begin(), buffer.begin() + count);
    }
    Bytes& heard = connection.heard;
    while (heard.size() > header_length && heard.size() >= header_length + u16_at(heard, 4)) {
        const auto length = static_cast<std::ptrdiff_t>(header_length + u16_at(heard, 4));
        const Bytes frame(heard.begin(), heard.begin() + length);
        heard.erase(heard.begin(), heard.begin() + length);
        ++facts_.requests;
        if (std::optional<Reply> reply = bus_.tcp_reply(frame, now)) {
            connection.outgoing.push_back(std::move(*reply));
        }
    }
    while (!connection.outgoing.empty() && connection.outgoing.front().begin <= now) {
        const Reply& reply = connection.outgoing.front();
        const ssize_t sent =
            send(connection.descriptor, reply.bytes.data(), reply.bytes.size(), MSG_NOSIGNAL);
        if (sent != static_cast<ssize_t>(reply.bytes.size())) {
            return false;
        }
        connection.outgoing.pop_front();
    }
    return heard.size() <= heard_max;
}

}  // namespace metergate::building
