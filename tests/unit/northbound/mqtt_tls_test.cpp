#include <gtest/gtest.h>
#include <poll.h>

#include <cstdlib>

#include "northbound/mqtt/paho_publisher.hpp"
#include "tests/support/broker.hpp"

namespace metergate::northbound::mqtt {
namespace {

using support::Broker;
using support::TempFolder;

/// A folder with an authority `ca.pem` and what it has signed.
class Certificates {
  public:
    Certificates() {
        run("openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout ca.key "
            "-out ca.pem -days 2 -subj '/CN=Test authority'");
    }
    [[nodiscard]] std::string path(const std::string& name) const {
        return (folder.path() / name).string();
    }
    /// Makes `<name>.pem` and `<name>.key`, signed by the authority, valid for `days`.
    void sign(const std::string& name, const std::string& alternative_name, int days) const {
        folder.write(name + ".ext", "subjectAltName=" + alternative_name + "\n");
        run("openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout " + name +
            ".key -out " + name + ".csr -subj '/CN=" + name + "'");
        run("openssl x509 -req -in " + name +
            ".csr -CA ca.pem -CAkey ca.key -CAcreateserial -out " + name + ".pem -days " +
            std::to_string(days) + " -extfile " + name + ".ext");
    }
    [[nodiscard]] std::string broker_settings(const std::string& name) const {
        return "allow_anonymous true\ncertfile " + path(name + ".pem") + "\nkeyfile " +
               path(name + ".key");
    }

    TempFolder folder;

  private:
    void run(const std::string& command) const {
        const std::string line = "cd " + folder.path().string() + " && " + command + " 2>/dev/null";
        ASSERT_EQ(std::system(line.c_str()), 0) << command;
    }
};

class MqttTls : public testing::Test {
  protected:
    static void SetUpTestSuite() {
        certificates = std::make_unique<Certificates>();
        certificates->sign("good", "DNS:localhost,IP:127.0.0.1", 2);
        certificates->sign("elsewhere", "DNS:broker.example.org", 2);
        certificates->sign("expired", "DNS:localhost", -1);
        certificates->sign("client", "DNS:gateway", 2);
    }
    static void TearDownTestSuite() { certificates.reset(); }

    static schema::MqttSettings settings_for(const Broker& broker) {
        schema::MqttSettings settings;
        settings.host = "localhost";
        settings.port = broker.port();
        settings.tls.ca_file = certificates->path("ca.pem");
        return settings;
    }
    /// The error text of a connection attempt; empty if it came about.
    static std::string attempt(const schema::MqttSettings& settings) {
        PahoPublisher publisher(settings, "tower-1", "bms");
        publisher.connect({"metergate/tower-1/status", "{}", true, {}});
        for (int i = 0; i < 1000 && publisher.state() == LinkState::connecting; ++i) {
            poll(nullptr, 0, 10);
        }
        const auto fault = publisher.take_fault();
        EXPECT_EQ(publisher.state() == LinkState::open, !fault);
        return fault ? fault->text : "";
    }

    static std::unique_ptr<Certificates> certificates;
};
std::unique_ptr<Certificates> MqttTls::certificates;

TEST_F(MqttTls, a_broker_with_a_trusted_certificate_is_accepted) {
    const Broker broker(certificates->broker_settings("good"));
    EXPECT_EQ(attempt(settings_for(broker)), "");
}

TEST_F(MqttTls, a_broker_that_speaks_only_tls_1_3_is_accepted) {
    const Broker broker(certificates->broker_settings("good") + "\ntls_version tlsv1.3");
    EXPECT_EQ(attempt(settings_for(broker)), "");
}

TEST_F(MqttTls, a_certificate_for_another_host_is_refused) {
    const Broker broker(certificates->broker_settings("elsewhere"));
    EXPECT_NE(attempt(settings_for(broker)).find("is for another host name"), std::string::npos);
}

TEST_F(MqttTls, an_expired_certificate_is_refused) {
    const Broker broker(certificates->broker_settings("expired"));
    EXPECT_NE(attempt(settings_for(broker)).find("its certificate has expired"), std::string::npos);
}

TEST_F(MqttTls, a_certificate_of_an_unknown_authority_is_refused) {
    const Broker broker(certificates->broker_settings("good"));
    auto settings = settings_for(broker);
    settings.tls.ca_file.clear();
    EXPECT_NE(attempt(settings).find("not signed by a trusted authority"), std::string::npos);
}

TEST_F(MqttTls, a_client_certificate_opens_a_broker_that_asks_for_one) {
    const Broker broker(certificates->broker_settings("good") +
                        "\nrequire_certificate true\ncafile " + certificates->path("ca.pem"));
    auto settings = settings_for(broker);
    EXPECT_NE(attempt(settings), "");
    settings.tls.certificate_file = certificates->path("client.pem");
    settings.tls.private_key_file = certificates->path("client.key");
    EXPECT_EQ(attempt(settings), "");
}

TEST_F(MqttTls, a_broker_without_tls_is_refused) {
    const Broker broker;
    EXPECT_NE(attempt(settings_for(broker)), "");
}

TEST_F(MqttTls, a_missing_certificate_file_is_named) {
    schema::MqttSettings settings;
    settings.host = "localhost";
    settings.tls.ca_file = "/nowhere/ca.pem";
    EXPECT_EQ(attempt(settings),
              "certificates of trusted authorities /nowhere/ca.pem: No such file or directory");
}

}  // namespace
}  // namespace metergate::northbound::mqtt
