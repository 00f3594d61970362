#include "gateway/app/daemon_answer.hpp"

#include "gateway/app/console.hpp"
#include "gateway/control/client.hpp"

namespace metergate::app {

Exit ask_and_show(const Paths& paths, const std::string& method, const schema::Json& params,
                  int timeout_ms, const std::function<void(const schema::Json&)>& show) {
    auto client = control::Client::connect(paths.socket);
    if (!client) {
        return complain_of_connection(client.error());
    }
    const auto answer = client->call(method, params, timeout_ms);
    if (!answer) {
        return complain(answer.error());
    }
    show(*answer);
    return Exit::ok;
}

}  // namespace metergate::app
