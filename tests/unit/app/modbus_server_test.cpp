#include "gateway/app/modbus_server.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>

namespace metergate::app {
namespace {

using boost::asio::ip::tcp;
using boost::system::error_code;
using southbound::gateway::LineRequest;
using ::testing::HasSubstr;
using Bytes = std::vector<std::uint8_t>;

const Bytes ask_unit_1{0, 7, 0, 0, 0, 6, 1, 3, 0, 0, 0, 1};
const Bytes ask_unit_9{0, 8, 0, 0, 0, 6, 9, 3, 0, 0, 0, 1};
const Bytes no_unit_9{0, 8, 0, 0, 0, 3, 9, 0x83, 10};
constexpr std::chrono::seconds patience{20};

/// A server on a free port of loopback, and clients, all on the test's thread.
class ModbusServerTest : public testing::Test {
  protected:
    ModbusServerTest() {
        tcp::acceptor probe(io, tcp::endpoint(boost::asio::ip::address_v4::loopback(), 0));
        settings.port = probe.local_endpoint().port();
        settings.cache_ms = 0;
    }
    ~ModbusServerTest() override {
        if (server) {
            server->close();
            io.restart();
            io.poll();
        }
    }
    void open() {
        southbound::gateway::Routes routes;
        routes.emplace(std::uint8_t{1}, southbound::gateway::Route{"riser-1", "east", {}});
        server = ModbusServer::make(
            clock, io, settings, std::move(routes),
            {[this](const Id&, LineRequest request) { asked.push_back(std::move(request)); },
             [this](const Event& event) { events.push_back(event); }});
        server->open();
    }
    tcp::socket connect() {
        tcp::socket socket(io);
        socket.connect(
            {boost::asio::ip::address_v4::loopback(), static_cast<std::uint16_t>(settings.port)});
        return socket;
    }
    /// Runs the server until something is so, or for too long.
    template <class Condition>
    bool until(Condition condition) {
        const Instant end = clock.now() + patience;
        while (!condition() && clock.now() < end) {
            io.restart();
            io.run_one_for(std::chrono::milliseconds{100});
        }
        return condition();
    }
    static void send(tcp::socket& socket, const Bytes& bytes) {
        boost::asio::write(socket, boost::asio::buffer(bytes));
    }
    /// The next bytes of the server; fewer if it hangs up.
    Bytes receive(tcp::socket& socket, std::size_t count) {
        Bytes bytes(count);
        bool done = false;
        std::size_t got = 0;
        boost::asio::async_read(socket, boost::asio::buffer(bytes),
                                [&](const error_code&, std::size_t size) {
                                    got = size;
                                    done = true;
                                });
        EXPECT_TRUE(until([&] { return done; }));
        bytes.resize(got);
        return bytes;
    }

    SystemClock clock;
    boost::asio::io_context io;
    schema::ModbusGatewaySettings settings;
    std::vector<LineRequest> asked;
    std::vector<Event> events;
    std::unique_ptr<ModbusServer> server;
};

TEST_F(ModbusServerTest, brings_requests_to_lines_and_answers_to_clients) {
    open();
    auto client = connect();
    send(client, ask_unit_1);
    ASSERT_TRUE(until([&] { return !asked.empty(); }));
    EXPECT_EQ(asked[0].client, "127.0.0.1");
    asked[0].answer({southbound::Reply{{3, 2, 0x4D, 0x47}, clock.now(), clock.now()}, 0});
    EXPECT_EQ(receive(client, 11), (Bytes{0, 7, 0, 0, 0, 5, 1, 3, 2, 0x4D, 0x47}));
    const ModbusStatus status = server->status();
    ASSERT_EQ(status.clients.size(), 1U);
    EXPECT_EQ(status.clients[0].client, "127.0.0.1");
    EXPECT_EQ(status.clients[0].requests, 1U);
    EXPECT_EQ(status.counters.answered, 1U);
}

TEST_F(ModbusServerTest, an_answer_that_comes_after_its_end_is_dropped) {
    open();
    auto client = connect();
    send(client, ask_unit_1);
    ASSERT_TRUE(until([&] { return !asked.empty(); }));
    server->close();
    io.restart();
    io.poll();
    server.reset();
    asked[0].answer({Error{Fault::busy, "late"}, 0});
}

TEST_F(ModbusServerTest, turns_away_who_is_not_on_the_list) {
    settings.clients = {"10.0.0.0/8", "fd00::/8"};
    open();
    auto client = connect();
    EXPECT_TRUE(receive(client, 1).empty());
    EXPECT_EQ(server->status().turned_away, 1U);
    EXPECT_EQ(server->status().last_problem, "127.0.0.1 is not in modbus_gateway.clients");
}

TEST_F(ModbusServerTest, serves_8_connections_of_an_address_and_one_more_when_one_has_gone) {
    open();
    std::vector<tcp::socket> clients;
    for (std::size_t i = 0; i < ModbusServer::connections_of_address_max; ++i) {
        clients.push_back(connect());
        send(clients.back(), ask_unit_9);
        EXPECT_EQ(receive(clients.back(), no_unit_9.size()), no_unit_9);
    }
    auto ninth = connect();
    EXPECT_TRUE(receive(ninth, 1).empty());
    EXPECT_EQ(server->status().last_problem, "127.0.0.1 has 8 connections already");
    clients.pop_back();
    ASSERT_TRUE(until([&] { return server->status().clients.at(0).connections == 7; }));
    auto tenth = connect();
    send(tenth, ask_unit_9);
    EXPECT_EQ(receive(tenth, no_unit_9.size()), no_unit_9);
}

TEST_F(ModbusServerTest, disconnects_who_speaks_something_else_and_says_so) {
    open();
    auto client = connect();
    const std::string http = "GET / HTTP/1.1\r\n\r\n";
    send(client, Bytes(http.begin(), http.end()));
    EXPECT_TRUE(receive(client, 1).empty());
    EXPECT_EQ(server->status().last_problem,
              "127.0.0.1 was disconnected: it does not speak Modbus TCP: the protocol number is "
              "not 0");
    EXPECT_TRUE(server->status().clients.empty());
}

TEST_F(ModbusServerTest, that_cannot_listen_says_why_and_listens_when_it_can) {
    {
        tcp::acceptor other(io, tcp::endpoint(boost::asio::ip::address_v4::loopback(),
                                              static_cast<std::uint16_t>(settings.port)));
        open();
        ASSERT_EQ(events.size(), 1U);
        EXPECT_EQ(events[0].kind, EventKind::server_lost);
        EXPECT_THAT(events[0].text, HasSubstr("another program listens there"));
        EXPECT_THAT(server->status().fault->text, HasSubstr(std::to_string(settings.port)));
    }
    ASSERT_TRUE(until([&] { return events.size() > 1; }));
    EXPECT_EQ(events[1].kind, EventKind::server_back);
    EXPECT_FALSE(server->status().fault);
    auto client = connect();
    send(client, ask_unit_9);
    EXPECT_EQ(receive(client, no_unit_9.size()), no_unit_9);
}

TEST_F(ModbusServerTest, on_an_address_of_another_machine_says_so) {
    settings.address = "203.0.113.9";
    open();
    ASSERT_EQ(events.size(), 1U);
    EXPECT_THAT(events[0].text, HasSubstr("this machine has no such address now"));
}

TEST_F(ModbusServerTest, tells_of_a_client_that_writes) {
    settings.allow_writes = true;
    open();
    auto client = connect();
    send(client, {0, 1, 0, 0, 0, 6, 1, 6, 0, 10, 0, 1});
    ASSERT_TRUE(until([&] { return !asked.empty(); }));
    ASSERT_EQ(events.size(), 1U);
    EXPECT_EQ(events[0].kind, EventKind::panel_written);
    EXPECT_EQ(events[0].source, "east");
    EXPECT_THAT(events[0].text,
                HasSubstr("127.0.0.1 writes to panel east (function 6, address 10)"));
}

}  // namespace
}  // namespace metergate::app
