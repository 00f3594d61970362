#include <malloc.h>
#include <systemd/sd-daemon.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <csignal>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <utility>

#include "gateway/app/commands.hpp"
#include "gateway/app/control_server.hpp"
#include "gateway/app/gateway.hpp"
#include "gateway/app/log.hpp"
#include "gateway/app/requests.hpp"
#include "gateway/app/settings_source.hpp"
#include "gateway/model/clock.hpp"

namespace metergate::app {
namespace {

constexpr std::chrono::seconds watchdog_period{2};

Exit exit_for(const Error& error) {
    return error.fault == Fault::invalid || error.fault == Fault::not_found ? Exit::bad_settings
                                                                            : Exit::failed;
}

/// The main thread: signals, control socket, watchdog.
class Daemon {
  public:
    Daemon(Gateway& gateway, const Log& log, boost::asio::io_context& io)
        : gateway_(&gateway),
          log_(&log),
          io_(io),
          signals_(io_, SIGTERM, SIGINT),
          watchdog_(io_),
          requests_(gateway, io_) {}

    Result<void> listen(const std::string& socket) {
        std::error_code ignored;
        std::filesystem::create_directories(std::filesystem::path(socket).parent_path(), ignored);
        auto server = ControlServer::listen(
            io_, socket,
            [this](const control::Request& request, std::shared_ptr<Responder> responder) {
                requests_.handle(request, std::move(responder));
            });
        if (!server) {
            return server.error();
        }
        server_ = std::move(*server);
        return {};
    }

    void run() {
        signals_.async_wait([this](const boost::system::error_code& error, int) {
            if (!error) {
                log_->info("asked to stop");
                io_.stop();
            }
        });
        feed_watchdog();
        sd_notify(0, "READY=1");
        io_.run();
        sd_notify(0, "STOPPING=1");
        server_->close();
    }

  private:
    /// Feeds the service manager's watchdog only while every thread moves.
    void feed_watchdog() {
        const auto stuck = gateway_->stuck_thread();
        if (!stuck) {
            sd_notify(0, "WATCHDOG=1");
        } else if (stuck != stuck_) {
            log_->error("thread " + *stuck + " does not move; the watchdog is not fed");
        }
        stuck_ = stuck;
        watchdog_.expires_after(watchdog_period);
        watchdog_.async_wait([this](const boost::system::error_code& error) {
            if (!error) {
                feed_watchdog();
            }
        });
    }

    Gateway* gateway_;
    const Log* log_;
    boost::asio::io_context& io_;
    boost::asio::signal_set signals_;
    boost::asio::steady_timer watchdog_;
    Requests requests_;
    std::unique_ptr<ControlServer> server_;
    std::optional<std::string> stuck_;
};

/// Threads rest most of the time: a heap of its own for each would only keep memory from the
/// others.
void share_heaps() {
    constexpr int heaps = 2;
    mallopt(M_ARENA_MAX, heaps);
}

}  // namespace

Exit run_daemon(const Paths& paths) {
    share_heaps();
    const Log log;
    const SystemClock clock;
    auto loaded = load_for_run(paths, log);
    if (!loaded) {
        log.error(loaded.error().text);
        return Exit::bad_settings;
    }
    boost::asio::io_context io;
    const auto on_main = [&io](std::function<void()> work) {
        boost::asio::post(io, std::move(work));
    };
    auto gateway = Gateway::start({.settings = loaded->settings,
                                   .paths = paths,
                                   .settings_note = loaded->note,
                                   .last_run = settings_of_last_run(paths),
                                   .on_main = on_main},
                                  clock, log);
    if (!gateway) {
        log.error("cannot start: " + gateway.error().text);
        return exit_for(gateway.error());
    }
    keep_as_last_good(paths, loaded->settings, log);
    Daemon daemon(**gateway, log, io);
    if (const auto listening = daemon.listen(paths.socket); !listening) {
        log.error("cannot start: " + listening.error().text);
        return Exit::failed;
    }
    daemon.run();
    (*gateway)->stop();
    log.info("stopped");
    return Exit::ok;
}

}  // namespace metergate::app
