#include "tests/unit/config/check_fixture.hpp"

namespace metergate::config {
namespace {

TEST_F(Check, filters_of_a_destination_name_what_exists) {
    auto& destination = add_destination("office");
    destination.panels = {"east", "est"};
    destination.series = {"kwh-15min", "kwh-1h"};
    EXPECT_THAT(errors(), ElementsAre("destinations[0].panels[1]: there is no panel \"est\"; did "
                                      "you mean \"east\"?",
                                      "destinations[0].series[1]: there is no series \"kwh-1h\""));
}

TEST_F(Check, certificate_and_key_come_together) {
    add_destination("a").mqtt->tls.certificate_file = "/c";
    add_destination("b").mqtt->tls.private_key_file = "/k";
    EXPECT_THAT(errors(), ElementsAre("destinations[0].mqtt.tls.private_key_file: is needed with "
                                      "certificate_file",
                                      "destinations[1].mqtt.tls.certificate_file: is needed with "
                                      "private_key_file"));
}

TEST_F(Check, a_password_needs_a_user) {
    add_destination("a").mqtt->password_file = "/p";
    EXPECT_THAT(errors(), ElementsAre("destinations[0].mqtt.user: is needed with password_file"));
}

TEST_F(Check, tls_off_is_warned_of_unless_on_loopback) {
    auto& mqtt = *add_destination("a").mqtt;
    mqtt.tls.enabled = false;
    mqtt.port = 1883;
    EXPECT_THAT(warnings(), ElementsAre("destinations[0].mqtt.tls.enabled: TLS is off: anyone on "
                                        "the way to broker.example can read and change what is "
                                        "sent"));
    for (const char* host : {"localhost", "127.0.0.1", "::1"}) {
        mqtt.host = host;
        EXPECT_THAT(warnings(), IsEmpty()) << host;
    }
}

TEST_F(Check, a_port_that_does_not_fit_tls_is_warned_of) {
    auto& mqtt = *add_destination("a").mqtt;
    mqtt.port = 1883;
    EXPECT_THAT(warnings(), ElementsAre("destinations[0].mqtt.port: 1883 is the port without TLS, "
                                        "and TLS is on"));
    mqtt.host = "localhost";
    mqtt.port = 8883;
    mqtt.tls.enabled = false;
    EXPECT_THAT(warnings(), ElementsAre("destinations[0].mqtt.port: 8883 is the port for TLS, and "
                                        "TLS is off"));
}

TEST_F(Check, two_destinations_with_one_client_id_at_a_broker_are_refused) {
    add_destination("a").mqtt->client_id = "x";
    add_destination("b").mqtt->client_id = "x";
    EXPECT_THAT(errors(), ElementsAre("destinations[1].mqtt.client_id: \"x\" is already used by "
                                      "destination \"a\" at the same broker"));
}

TEST_F(Check, a_webhook_says_once_and_completely_who_the_gateway_is) {
    auto& webhook = add_destination("a").webhook.emplace();
    settings.destinations[0].mqtt.reset();
    webhook.url = "https://billing.example/in";
    EXPECT_THAT(errors(), IsEmpty());
    EXPECT_THAT(warnings(), IsEmpty());
    webhook.certificate_file = "/c";
    webhook.user = "u";
    webhook.bearer_file = "/b";
    webhook.pinned_key = "0123";
    EXPECT_THAT(errors(),
                ElementsAre("destinations[0].webhook.private_key_file: is needed with "
                            "certificate_file",
                            "destinations[0].webhook.password_file: is needed with user",
                            "destinations[0].webhook.bearer_file: stands beside user: only one is "
                            "sent",
                            "destinations[0].webhook.pinned_key: must begin with sha256//"));
}

TEST_F(Check, lines_of_influx_need_their_precision_in_the_address) {
    auto& webhook = add_destination("a").webhook.emplace();
    settings.destinations[0].mqtt.reset();
    webhook.format = schema::WebhookFormat::influx;
    webhook.url = "https://db.example/write";
    EXPECT_THAT(errors(), ElementsAre("destinations[0].webhook.url: must say precision=s: lines "
                                      "have times in seconds, which the database would take for "
                                      "others"));
    webhook.url += "?db=metering&precision=s";
    EXPECT_THAT(errors(), IsEmpty());
}

TEST_F(Check, a_webhook_without_tls_is_warned_of_unless_on_loopback) {
    auto& webhook = add_destination("a").webhook.emplace();
    settings.destinations[0].mqtt.reset();
    webhook.url = "http://billing.example:80/in";
    EXPECT_THAT(warnings(), ElementsAre("destinations[0].webhook.url: it is not https: anyone on "
                                        "the way to billing.example can read and change what is "
                                        "sent"));
    for (const char* url : {"http://localhost/x", "http://127.0.0.1:8080", "http://[::1]:80/x"}) {
        webhook.url = url;
        EXPECT_THAT(warnings(), IsEmpty()) << url;
    }
}

}  // namespace
}  // namespace metergate::config
