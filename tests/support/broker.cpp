#include "tests/support/broker.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>

namespace metergate::support {
namespace {

constexpr int tries = 500;
constexpr int try_ms = 20;

[[noreturn]] void give_up(const std::string& what) {
    std::fprintf(stderr, "test support: %s\n", what.c_str());
    std::abort();
}

sockaddr_in loopback(std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

/// Binds to any free port and returns it.
std::uint16_t bind_anywhere(int fd) {
    sockaddr_in address = loopback(0);
    socklen_t size = sizeof address;
    if (bind(fd, reinterpret_cast<const sockaddr*>(&address), size) != 0 ||
        getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
        give_up("no free port");
    }
    return ntohs(address.sin_port);
}

bool becomes_readable(int fd) {
    pollfd waits{fd, POLLIN, 0};
    return poll(&waits, 1, tries * try_ms) == 1;
}

bool accepts_connections(std::uint16_t port) {
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const sockaddr_in address = loopback(port);
    const bool connected =
        connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
    close(fd);
    return connected;
}

std::string text_of(const std::filesystem::path& path) {
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

TempFolder::TempFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "metergate-test-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) {
        give_up("no temporary folder: " + name);
    }
    path_ = name;
}

TempFolder::~TempFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
}

std::string TempFolder::write(const std::string& name, const std::string& text) const {
    const std::filesystem::path file = path_ / name;
    std::ofstream(file) << text;
    chmod(file.c_str(), S_IRUSR | S_IWUSR);
    return file.string();
}

std::uint16_t free_port() {
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const std::uint16_t port = bind_anywhere(fd);
    close(fd);
    return port;
}

DumbServer::DumbServer() : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    port_ = bind_anywhere(fd_);
    if (listen(fd_, 4) != 0) {
        give_up("cannot listen");
    }
}

DumbServer::~DumbServer() {
    close(fd_);
}

void DumbServer::answer_once(const std::string& bytes) {
    const int connection =
        becomes_readable(fd_) ? accept4(fd_, nullptr, nullptr, SOCK_CLOEXEC) : -1;
    if (connection < 0 || !becomes_readable(connection)) {
        give_up("nobody connected");
    }
    std::array<char, 4096> ignored{};
    (void)recv(connection, ignored.data(), ignored.size(), 0);
    (void)send(connection, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    close(connection);
}

Broker::Broker(const std::string& settings, std::uint16_t port)
    : port_(port != 0 ? port : free_port()) {
    const std::string file =
        folder_.write("mosquitto.conf", "user root\nlistener " + std::to_string(port_) +
                                            " 127.0.0.1\n" + settings + "\n");
    const std::string log = (folder_.path() / "log").string();
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 1, log.c_str(), O_CREAT | O_WRONLY, 0600);
    posix_spawn_file_actions_adddup2(&actions, 1, 2);
    std::string program = "mosquitto";
    std::string flag = "-c";
    std::string path = file;
    std::array<char*, 4> arguments{program.data(), flag.data(), path.data(), nullptr};
    // Debian installs it where the search path of ordinary users does not look.
    std::string search = "PATH=/usr/sbin:/usr/bin:/sbin:/bin";
    std::array<char*, 2> environment{search.data(), nullptr};
    const char* const where =
        access("/usr/sbin/mosquitto", X_OK) == 0 ? "/usr/sbin/mosquitto" : "/usr/bin/mosquitto";
    const int fault =
        posix_spawn(&pid_, where, &actions, nullptr, arguments.data(), environment.data());
    posix_spawn_file_actions_destroy(&actions);
    if (fault != 0) {
        give_up("mosquitto cannot be started (apt install mosquitto): " +
                std::string(std::strerror(fault)));
    }
    for (int i = 0; i < tries; ++i) {
        if (accepts_connections(port_)) {
            return;
        }
        if (waitpid(pid_, nullptr, WNOHANG) == pid_) {
            pid_ = -1;
            break;
        }
        poll(nullptr, 0, try_ms);
    }
    const std::string said = text_of(log);
    kill();
    give_up("mosquitto does not accept connections: " + said);
}

Broker::~Broker() {
    kill();
}

void Broker::kill() {
    if (pid_ > 0) {
        ::kill(pid_, SIGKILL);
        waitpid(pid_, nullptr, 0);
        pid_ = -1;
    }
}

}  // namespace metergate::support
