#include "tests/building/loopback.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <bit>
#include <cerrno>
#include <cstring>

namespace metergate::building {
namespace {

constexpr int waiting_max = 4;

}  // namespace

Result<int> listen_on_loopback(std::uint16_t& port, const std::string& line) {
    const int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    const int yes = 1;
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    socklen_t length = sizeof address;
    if (listener < 0 || bind(listener, std::bit_cast<sockaddr*>(&address), length) != 0 ||
        ::listen(listener, waiting_max) != 0 ||
        getsockname(listener, std::bit_cast<sockaddr*>(&address), &length) != 0) {
        const Error error{Fault::refused, "no TCP port for line " + line + ": " +
                                              std::string(std::strerror(errno))};
        close(listener);
        return error;
    }
    port = ntohs(address.sin_port);
    return listener;
}

int accept_on(int listener) {
    const int descriptor = accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (descriptor >= 0) {
        const int yes = 1;
        setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    }
    return descriptor;
}

}  // namespace metergate::building
