#include "gateway/app/modbus_worker.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <utility>

namespace metergate::app {
namespace {

using southbound::gateway::LineOutcome;
using southbound::gateway::LineRequest;

/// So often the thread shows that it is alive, and how it is.
constexpr std::chrono::milliseconds turn{500};

}  // namespace

ModbusWorker::ModbusWorker(const Clock& clock, const schema::ModbusGatewaySettings& settings,
                           Reach reach, std::function<void(Event)> report)
    : clock_(&clock),
      io_(std::make_shared<boost::asio::io_context>()),
      doors_(std::move(reach.doors)),
      server_(ModbusServer::make(
          clock, *io_, settings, std::move(reach.routes),
          {[this](const Id& line, LineRequest request) { to_line(line, std::move(request)); },
           std::move(report)})),
      thread_("modbus-gateway", clock,
              {.step = [this] { return step(); },
               .readable_fd = {},
               .finish =
                   [this] {
                       server_->close();
                       io_->restart();
                       io_->poll();  // what was under way learns that its sockets are closed
                   }}) {
    status_.set(server_->status());
}

ModbusWorker::~ModbusWorker() {
    stop();
}

void ModbusWorker::stop() {
    thread_.request_stop();
    io_->stop();
    thread_.join();
}

Instant ModbusWorker::step() {
    if (!std::exchange(opened_, true)) {
        server_->open();
    }
    io_->run_for(turn);
    status_.set(server_->status());
    return clock_->now();
}

/// The line answers on its own thread, perhaps when this worker is gone.
void ModbusWorker::to_line(const Id& line, LineRequest request) const {
    request.answer = [io = io_, answer = std::move(request.answer)](const LineOutcome& outcome) {
        boost::asio::post(*io, [answer, outcome] { answer(outcome); });
    };
    if (const auto door = doors_.find(line); door != doors_.end()) {
        door->second->ask(std::move(request));
    } else {
        request.answer({Error{Fault::not_found, "there is no line " + line}, 0});
    }
}

void ModbusWorker::change_reach(Reach reach) {
    boost::asio::post(*io_, [this, reach = std::move(reach)]() mutable {
        doors_ = std::move(reach.doors);
        server_->change_routes(std::move(reach.routes));
    });
}

}  // namespace metergate::app
