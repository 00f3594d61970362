#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <string>

namespace metergate::support {

/// A folder of its own that goes when the object goes.
class TempFolder {
  public:
    TempFolder();
    ~TempFolder();
    TempFolder(const TempFolder&) = delete;
    TempFolder& operator=(const TempFolder&) = delete;

    [[nodiscard]] const std::filesystem::path& path() const { return path_; }
    /// Writes a file of mode 0600 and returns its path.
    std::string write(const std::string& name, const std::string& text) const;

  private:
    std::filesystem::path path_;
};

/// A TCP port of the loopback interface that nothing listened on a moment ago.
[[nodiscard]] std::uint16_t free_port();

/// A loopback port that takes connections and says only what it is told.
class DumbServer {
  public:
    DumbServer();
    ~DumbServer();
    DumbServer(const DumbServer&) = delete;
    DumbServer& operator=(const DumbServer&) = delete;

    [[nodiscard]] std::uint16_t port() const { return port_; }
    /// Waits for a connection and its first bytes, at most 10 s, answers them and hangs up.
    void answer_once(const std::string& bytes);

  private:
    int fd_;
    std::uint16_t port_ = 0;
};

/// A real mosquitto on a loopback port, with a folder of its own; ended with the object.
class Broker {
  public:
    /// `settings` are lines of mosquitto.conf after `listener <port> 127.0.0.1`. Without any,
    /// anonymous clients may do everything. Returns when the broker accepts connections; aborts if
    /// it does not within 10 s.
    explicit Broker(const std::string& settings = "allow_anonymous true", std::uint16_t port = 0);
    ~Broker();
    Broker(const Broker&) = delete;
    Broker& operator=(const Broker&) = delete;

    [[nodiscard]] std::uint16_t port() const { return port_; }
    void kill();

  private:
    TempFolder folder_;
    std::uint16_t port_;
    pid_t pid_ = -1;
};

}  // namespace metergate::support
