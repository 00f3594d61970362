#include "config/schema/webhook_table.hpp"

#include "config/schema/settings.hpp"
#include "config/schema/text_shapes.hpp"

namespace metergate::schema {
namespace {

Field field(std::string key, std::string label, std::string help = "", std::string unit = "") {
    return {.key = std::move(key),
            .label = std::move(label),
            .unit = std::move(unit),
            .help = std::move(help),
            .seal = Seal::logged};
}

void add_place(Table& table) {
    table
        .with<&WebhookSettings::url>(web_address(), {.key = "url",
                                                     .label = "Address",
                                                     .help = "Each batch is posted there",
                                                     .seal = Seal::logged,
                                                     .required = true})
        .with<&WebhookSettings::format>(
            choice<WebhookFormat>(
                {{"native", WebhookFormat::native}, {"influx", WebhookFormat::influx}}),
            field("format", "Format", "native = JSON, influx = InfluxDB's line protocol"))
        .with<&WebhookSettings::ca_file>(
            optional_path(),
            field("ca_file", "Certificates of trusted authorities", "Empty = those of the system"))
        .with<&WebhookSettings::pinned_key>(
            text(128), field("pinned_key", "The server's public key",
                             "sha256// and base64; empty = any with a good certificate"))
        .with<&WebhookSettings::proxy>(optional_web_address(),
                                       field("proxy", "Proxy", "Such as http://10.0.0.1:3128"));
}

void add_rights(Table& table) {
    table
        .with<&WebhookSettings::certificate_file>(
            optional_path(),
            field("certificate_file", "Certificate of this gateway", "Needs private_key_file"))
        .with<&WebhookSettings::private_key_file>(optional_path(),
                                                  field("private_key_file", "Its private key"))
        .with<&WebhookSettings::user>(text(256), field("user", "User", "Needs password_file"))
        .with<&WebhookSettings::password_file>(
            optional_path(), field("password_file", "File with the password",
                                   "Its first line; it never stands in the settings"))
        .with<&WebhookSettings::bearer_file>(optional_path(),
                                             field("bearer_file", "File with the token",
                                                   "Its first line, sent as Authorization: Bearer"))
        .with<&WebhookSettings::token_scheme>(
            choice<std::string>({{"Bearer", "Bearer"}, {"Token", "Token"}}),
            field("token_scheme", "Word before the token", "InfluxDB 2 wants Token"))
        .with<&WebhookSettings::secret_file>(
            optional_path(),
            field("secret_file", "File with the signing secret",
                  "Its first line: base64, with or without whsec_; empty = not signed"));
}

void add_flow(Table& table) {
    table
        .with<&WebhookSettings::expect>(
            text(256), field("expect", "Text of a good answer",
                             "Must stand in it; empty = any answer but a web page"))
        .with<&WebhookSettings::gzip>(flag(), field("gzip", "Compressed"))
        .with<&WebhookSettings::meta>(flag(), field("meta", "Send names, series and wiring"))
        .with<&WebhookSettings::events>(
            flag(), field("events", "Send events at once", "Batches carry them anyway"))
        .with<&WebhookSettings::window>(integer(1, 16), field("window", "Requests at once"))
        .with<&WebhookSettings::timeout_s>(integer(1, 600),
                                           field("timeout_s", "Longest request", "", "s"))
        .with<&WebhookSettings::retry_after_max_s>(
            integer(1, 86'400),
            field("retry_after_max_s", "Longest wait that it may ask for", "By Retry-After", "s"))
        .with<&WebhookSettings::batches_per_s_max>(
            integer(1, 10'000), field("batches_per_s_max", "Batches a second, at most",
                                      "Limits the load while a backlog is sent", "1/s"));
}

}  // namespace

Table webhook_table() {
    Table table = Table::of<WebhookSettings>("HTTPS destination");
    add_place(table);
    add_rights(table);
    add_flow(table);
    return table;
}

}  // namespace metergate::schema
