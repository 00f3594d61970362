#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "config/schema/json.hpp"
#include "gateway/control/protocol.hpp"
#include "gateway/model/result.hpp"

namespace boost::asio {
class io_context;
}

namespace metergate::app {

/// Answers one request: progress any number of times, then a result or an error, once. May be kept
/// and used later, on the main thread; after the caller has gone it does nothing.
class Responder {
  public:
    virtual ~Responder() = default;
    virtual void progress(const schema::Json& progress) = 0;
    virtual void result(const schema::Json& result) = 0;
    /// The same with JSON text, for answers that were written elsewhere.
    virtual void result_text(std::string_view json) = 0;
    virtual void error(const Error& error) = 0;
    /// False once the caller closed the connection. Any thread.
    [[nodiscard]] virtual bool wanted() const = 0;
};

/// The daemon's end of the control socket. Lives on the main thread's io_context. Who may ask what
/// is decided by the peer's credentials: root and the daemon's own user are admins, everybody else
/// who can open the socket (mode 0660: its group) may look.
class ControlServer {
  public:
    using Handler = std::function<void(const control::Request&, std::shared_ptr<Responder>)>;

    /// Errors: refused or not_found, naming the path and the reason. A dead socket of an earlier
    /// run is replaced.
    [[nodiscard]] static Result<std::unique_ptr<ControlServer>> listen(boost::asio::io_context& io,
                                                                       const std::string& path,
                                                                       Handler handler);

    virtual ~ControlServer() = default;
    /// Closes the socket and all connections, and removes the path.
    virtual void close() = 0;
};

}  // namespace metergate::app
