#include "gateway/app/control_server.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <cstring>
#include <memory>
#include <string>
#include <thread>

#include "gateway/control/client.hpp"
#include "tests/support/temp_dir.hpp"

namespace metergate::app {
namespace {

using control::Client;
using schema::Json;

/// A server that answers `status` with its params, after one progress line, on a thread of its own.
class ControlServerTest : public testing::Test {
  protected:
    void SetUp() override {
        auto listening = ControlServer::listen(
            io, path(), [](const control::Request& request, std::shared_ptr<Responder> responder) {
                responder->progress(Json::of(1));
                if (request.method == "status") {
                    responder->result(request.params);
                } else {
                    responder->error({Fault::busy, "not now"});
                }
            });
        ASSERT_TRUE(listening) << listening.error().text;
        server = std::move(*listening);
        thread = std::thread([this] { io.run(); });
    }
    void TearDown() override {
        io.stop();
        thread.join();
        server->close();
    }
    [[nodiscard]] std::string path() const { return folder.file("control.sock"); }
    [[nodiscard]] Client connected() const {
        auto client = Client::connect(path());
        EXPECT_TRUE(client) << client.error().text;
        return std::move(*client);
    }

    support::TempDir folder;
    boost::asio::io_context io;
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work{
        io.get_executor()};
    std::unique_ptr<ControlServer> server;
    std::thread thread;
};

TEST_F(ControlServerTest, a_caller_gets_progress_and_then_the_result) {
    auto client = connected();
    int progress = 0;
    const Json params = Json::object().set("a", 1);
    for (int round = 0; round < 3; ++round) {
        const auto answer = client.call("status", params, 5000, [&](const Json&) { ++progress; });
        ASSERT_TRUE(answer) << answer.error().text;
        EXPECT_EQ(*answer, params);
    }
    EXPECT_EQ(progress, 3);
}

TEST_F(ControlServerTest, an_error_arrives_as_the_daemon_meant_it) {
    const auto answer = connected().call("read", Json::object(), 5000);
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error(), (Error{Fault::busy, "not now"}));
}

TEST_F(ControlServerTest, an_unknown_method_is_named) {
    const auto answer = connected().call("selfdestruct", Json::object(), 5000);
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().fault, Fault::not_found);
    EXPECT_NE(answer.error().text.find("selfdestruct"), std::string::npos);
}

/// A caller that does not keep to the protocol.
class RawCaller {
  public:
    explicit RawCaller(const std::string& path) : socket_(::socket(AF_UNIX, SOCK_STREAM, 0)) {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
        EXPECT_EQ(::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    }
    RawCaller(const RawCaller&) = delete;
    RawCaller& operator=(const RawCaller&) = delete;
    ~RawCaller() { ::close(socket_); }

    void send(const std::string& text) {
        std::size_t sent = 0;
        while (sent < text.size()) {
            const auto count =
                ::send(socket_, text.data() + sent, text.size() - sent, MSG_NOSIGNAL);
            if (count < 0) {
                return;  // the server has hung up
            }
            sent += static_cast<std::size_t>(count);
        }
    }
    /// Up to the line feed, or what came before the server hung up.
    [[nodiscard]] std::string line() {
        std::string text;
        char byte = 0;
        while (::recv(socket_, &byte, 1, 0) == 1 && byte != '\n') {
            text += byte;
        }
        return text;
    }

  private:
    int socket_;
};

TEST_F(ControlServerTest, garbage_is_answered_with_an_error_and_the_connection_goes_on) {
    RawCaller caller(path());
    caller.send("garbage\n");
    EXPECT_NE(caller.line().find("\"error\""), std::string::npos);
    caller.send("{\"v\":1,\"id\":2,\"method\":\"status\"}\n");
    EXPECT_EQ(caller.line(), "{\"id\":2,\"progress\":1}");
    EXPECT_EQ(caller.line(), "{\"id\":2,\"result\":{}}");
}

TEST_F(ControlServerTest, a_line_without_end_is_cut_off_and_others_are_served) {
    RawCaller endless(path());
    endless.send(std::string(control::line_size_max + 100, 'x'));
    EXPECT_EQ(endless.line(), "");
    EXPECT_TRUE(connected().call("status", Json::object(), 5000));
}

TEST_F(ControlServerTest, a_caller_that_asks_and_does_not_listen_cannot_fill_the_memory) {
    RawCaller greedy(path());
    const std::string request =
        R"({"v":1,"id":1,"method":"status","params":{"a":")" + std::string(500'000, 'x') + "\"}}\n";
    for (int i = 0; i < 60; ++i) {
        greedy.send(request);
    }
    int answers = 0;
    while (!greedy.line().empty()) {
        ++answers;
    }
    EXPECT_LT(answers, 2 * 40);  // progress and result each
    EXPECT_TRUE(connected().call("status", Json::object(), 5000));
}

TEST(ControlClient, without_a_daemon_it_says_so) {
    const support::TempDir folder;
    const auto client = Client::connect(folder.file("nobody.sock"));
    ASSERT_FALSE(client);
    EXPECT_EQ(client.error().fault, Fault::not_found);
}

TEST(ControlServerPath, that_cannot_be_made_is_named) {
    boost::asio::io_context io;
    const auto server = ControlServer::listen(io, "/proc/nowhere/control.sock", {});
    ASSERT_FALSE(server);
    EXPECT_NE(server.error().text.find("/proc/nowhere/control.sock"), std::string::npos);
}

}  // namespace
}  // namespace metergate::app
