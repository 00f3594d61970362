#pragma once

#include <functional>
#include <string>

#include "config/schema/json.hpp"
#include "gateway/control/protocol.hpp"
#include "gateway/model/result.hpp"

namespace metergate::control {

/// The asking side, for the command line: one connection, one request at a time. It blocks; one
/// thread.
class Client {
  public:
    /// Errors: not_found (nobody listens there: no daemon), refused (no permission).
    [[nodiscard]] static Result<Client> connect(const std::string& socket_path);

    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;
    Client(Client&& other) noexcept;
    Client& operator=(Client&& other) noexcept;
    ~Client();

    using OnProgress = std::function<void(const schema::Json&)>;

    /// Waits at most `timeout_ms` for each answer line. Errors: timeout, disconnected, damaged, or
    /// what the daemon answered.
    [[nodiscard]] Result<schema::Json> call(const std::string& method, const schema::Json& params,
                                            int timeout_ms, const OnProgress& on_progress = {});

  private:
    explicit Client(int socket) : socket_(socket) {}
    [[nodiscard]] Result<void> send_all(const std::string& text) const;
    [[nodiscard]] Result<std::string> receive_line(int timeout_ms);

    int socket_ = -1;
    std::string received_;
};

}  // namespace metergate::control
