#pragma once

#include <memory>

#include "gateway/app/control_server.hpp"
#include "gateway/app/gateway.hpp"

namespace metergate::app {

/// What the daemon does for each method of the control socket. Main thread; answers that come from
/// other threads are brought back to it.
class Requests {
  public:
    Requests(Gateway& gateway, boost::asio::io_context& io) : gateway_(&gateway), io_(&io) {}

    void handle(const control::Request& request, std::shared_ptr<Responder> responder);

  private:
    void events(const schema::Json& params, const std::shared_ptr<Responder>& responder);
    void history(const schema::Json& params, const std::shared_ptr<Responder>& responder);
    void read_at(const schema::Json& params, const std::shared_ptr<Responder>& responder);
    [[nodiscard]] Asker asker_for(const std::shared_ptr<Responder>& responder);
    void read(const schema::Json& params, std::shared_ptr<Responder> responder);
    void parameters(const schema::Json& params, std::shared_ptr<Responder> responder);
    void test_destination(const schema::Json& params, std::shared_ptr<Responder> responder);
    void write(const schema::Json& params, std::shared_ptr<Responder> responder);
    void order_parameters(const Id& line, southbound::ParameterOrder order,
                          std::shared_ptr<Responder> responder);
    void apply(const schema::Json& params, std::shared_ptr<Responder> responder);
    void change_out(const schema::Json& params, std::shared_ptr<Responder> responder);
    void answer_later(std::shared_ptr<Responder> responder, Result<schema::Json> result);

    Gateway* gateway_;
    boost::asio::io_context* io_;
};

}  // namespace metergate::app
