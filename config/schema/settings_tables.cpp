#include "config/schema/settings_tables.hpp"

#include "config/schema/common_fields.hpp"
#include "config/schema/field_texts.hpp"
#include "config/schema/line_table.hpp"
#include "config/schema/text_shapes.hpp"
#include "config/schema/webhook_table.hpp"

namespace metergate::schema {
namespace {

Table gateway_table() {
    return Table::of<GatewaySettings>("Gateway")
        .with<&GatewaySettings::id>(id(), id_field(Seal::sealed))
        .with<&GatewaySettings::name>(name(), name_field())
        .with<&GatewaySettings::zone>(
            text(64, 1), {.key = "zone",
                          .label = "Time zone",
                          .help = "IANA name, such as America/Toronto: interval edges follow it",
                          .seal = Seal::sealed})
        .with<&GatewaySettings::laboratory>(
            flag(), {.key = "laboratory",
                     .label = "Laboratory",
                     .help = "Allows interval lengths of 5 s to 1 min; every record is marked TEST",
                     .seal = Seal::sealed});
}

Table recording_table() {
    return Table::of<RecordingSettings>("Recording")
        .with<&RecordingSettings::series>(
            list(series_code(), 16),
            {.key = "series",
             .label = "Series",
             .help = "What is recorded of points that name none themselves",
             .seal = Seal::sealed})
        .with<&RecordingSettings::close_wait_s>(
            integer(1, 600), {.key = "close_wait_s",
                              .label = "Wait for the reading after an edge",
                              .unit = "s",
                              .help = "An interval without its reading by then is recorded MISSING",
                              .seal = Seal::logged})
        .with<&RecordingSettings::commit_wait_s>(
            integer(0, 60), {.key = "commit_wait_s",
                             .label = "Wait for the other panels before writing",
                             .unit = "s",
                             .seal = Seal::logged})
        .with<&RecordingSettings::retention_days>(integer(1, 36'500),
                                                  {.key = "retention_days",
                                                   .label = "Keep sent records for",
                                                   .unit = "days",
                                                   .seal = Seal::logged})
        .with<&RecordingSettings::store_max_mb>(
            integer(16, 1'000'000), {.key = "store_max_mb",
                                     .label = "Largest size of the store",
                                     .unit = "MB",
                                     .help = "The oldest sent records go first when it is reached",
                                     .seal = Seal::logged});
}

Table tls_table() {
    return Table::of<TlsSettings>("TLS")
        .with<&TlsSettings::enabled>(
            flag(), {.key = "enabled",
                     .label = "Encrypted",
                     .help = "Without it anyone on the way can read and change what is sent",
                     .seal = Seal::logged})
        .with<&TlsSettings::ca_file>(optional_path(),
                                     {.key = "ca_file",
                                      .label = "Certificates of trusted authorities",
                                      .help = "Empty = those of the system",
                                      .seal = Seal::logged})
        .with<&TlsSettings::certificate_file>(optional_path(),
                                              {.key = "certificate_file",
                                               .label = "Certificate of this gateway",
                                               .help = "Needs private_key_file",
                                               .seal = Seal::logged})
        .with<&TlsSettings::private_key_file>(
            optional_path(),
            {.key = "private_key_file", .label = "Its private key", .seal = Seal::logged});
}

void add_mqtt_access(Table& table) {
    table
        .with<&MqttSettings::host>(
            host(), {.key = "host", .label = "Broker", .seal = Seal::logged, .required = true})
        .with<&MqttSettings::port>(tcp_port(),
                                   {.key = "port", .label = "TCP port", .seal = Seal::logged})
        .with<&MqttSettings::version>(
            choice<MqttVersion>({{"5", MqttVersion::v5}, {"3.1.1", MqttVersion::v3_1_1}}),
            {.key = "version",
             .label = "MQTT version",
             .help = "Never falls back to another by itself",
             .seal = Seal::logged})
        .with<&MqttSettings::tls>(group<TlsSettings>(tls_table()), {.key = "tls", .label = "TLS"})
        .with<&MqttSettings::user>(text(256),
                                   {.key = "user", .label = "User", .seal = Seal::logged})
        .with<&MqttSettings::password_file>(
            optional_path(), {.key = "password_file",
                              .label = "File with the password",
                              .help = "Its first line; the password never stands in the settings",
                              .seal = Seal::logged})
        .with<&MqttSettings::client_id>(text(128),
                                        {.key = "client_id",
                                         .label = "Client id",
                                         .help = "Empty = metergate-<gateway id>-<destination id>",
                                         .seal = Seal::logged});
}

void add_mqtt_flow(Table& table) {
    table
        .with<&MqttSettings::keep_alive_s>(
            integer(5, 3'600),
            {.key = "keep_alive_s", .label = "Keep alive", .unit = "s", .seal = Seal::logged})
        .with<&MqttSettings::window>(
            integer(20, 100), {.key = "window", .label = "Batches in flight", .seal = Seal::logged})
        .with<&MqttSettings::ack_timeout_s>(integer(5, 600),
                                            {.key = "ack_timeout_s",
                                             .label = "Longest wait for an acknowledgement",
                                             .unit = "s",
                                             .help = "Then the connection is made anew",
                                             .seal = Seal::logged})
        .with<&MqttSettings::batches_per_s_max>(integer(1, 10'000),
                                                {.key = "batches_per_s_max",
                                                 .label = "Batches a second, at most",
                                                 .unit = "1/s",
                                                 .help = "Limits the load while a backlog is sent",
                                                 .seal = Seal::logged})
        .with<&MqttSettings::live_heartbeat_s>(integer(1, 86'400),
                                               {.key = "live_heartbeat_s",
                                                .label = "Repeat unchanged live values after",
                                                .unit = "s",
                                                .seal = Seal::logged})
        .with<&MqttSettings::live_values>(
            flag(), {.key = "live_values", .label = "Live values", .seal = Seal::logged});
}

void add_mqtt_requests(Table& table) {
    table
        .with<&MqttSettings::requests>(
            flag(), {.key = "requests",
                     .label = "Hear receivers",
                     .help = "They may ask for batches once more and confirm what they have",
                     .seal = Seal::logged})
        .with<&MqttSettings::requests_per_min_max>(integer(1, 600),
                                                   {.key = "requests_per_min_max",
                                                    .label = "Requests a minute, at most",
                                                    .unit = "1/min",
                                                    .seal = Seal::logged})
        .with<&MqttSettings::request_batches_max>(integer(1, 100'000),
                                                  {.key = "request_batches_max",
                                                   .label = "Batches of one request, at most",
                                                   .seal = Seal::logged});
}

Table mqtt_table() {
    Table table = Table::of<MqttSettings>("MQTT destination");
    add_mqtt_access(table);
    add_mqtt_flow(table);
    add_mqtt_requests(table);
    return table;
}

Table destination_table() {
    return Table::of<DestinationSettings>("Destination")
        .with<&DestinationSettings::id>(id(), id_field(Seal::logged))
        .with<&DestinationSettings::name>(name(), name_field())
        .with<&DestinationSettings::from>(begins_at(),
                                          {.key = "from",
                                           .label = "Begins at",
                                           .help = "Which records a new destination gets first",
                                           .seal = Seal::logged})
        .with<&DestinationSettings::panels>(
            list(id(), 1'024),
            {.key = "panels", .label = "Panels", .help = "Empty = all", .seal = Seal::logged})
        .with<&DestinationSettings::series>(
            list(series_code(), 64),
            {.key = "series", .label = "Series", .help = "Empty = all", .seal = Seal::logged})
        .with<&DestinationSettings::mqtt>(optional(group<MqttSettings>(mqtt_table())),
                                          {.key = "mqtt", .label = "MQTT"})
        .with<&DestinationSettings::webhook>(optional(group<WebhookSettings>(webhook_table())),
                                             {.key = "webhook", .label = "HTTPS"})
        .exactly_one_of({"mqtt", "webhook"});
}

Table modbus_unit_table() {
    return Table::of<ModbusUnitSettings>("Unit")
        .with<&ModbusUnitSettings::unit>(integer(1, 247),
                                         {.key = "unit",
                                          .label = "Unit",
                                          .help = "The number by which clients name the panel",
                                          .seal = Seal::logged,
                                          .required = true})
        .with<&ModbusUnitSettings::panel>(
            id(), {.key = "panel", .label = "Panel", .seal = Seal::logged, .required = true});
}

void add_modbus_gateway_access(Table& table) {
    table
        .with<&ModbusGatewaySettings::enabled>(
            flag(), {.key = "enabled",
                     .label = "Other masters may talk to the panels",
                     .help = "By Modbus TCP; metering always comes first",
                     .seal = Seal::logged})
        .with<&ModbusGatewaySettings::address>(
            address(), {.key = "address",
                        .label = "Listens on",
                        .help = "One of this machine's addresses, 0.0.0.0 for all, :: for all "
                                "and IPv6; 127.0.0.1 is reached from this machine only",
                        .seal = Seal::logged})
        .with<&ModbusGatewaySettings::port>(
            tcp_port(), {.key = "port", .label = "TCP port", .seal = Seal::logged})
        .with<&ModbusGatewaySettings::units>(
            list(group<ModbusUnitSettings>(modbus_unit_table()), 247),
            {.key = "units", .label = "Units", .help = "Empty = each panel at its own address"})
        .with<&ModbusGatewaySettings::clients>(
            list(address_prefix(), 64),
            {.key = "clients",
             .label = "Clients",
             .help = "Addresses such as 10.1.0.7 and 10.1.0.0/16; empty = whoever reaches it",
             .seal = Seal::logged});
}

Table modbus_gateway_table() {
    Table table = Table::of<ModbusGatewaySettings>("Modbus gateway");
    add_modbus_gateway_access(table);
    return table
        .with<&ModbusGatewaySettings::allow_writes>(
            flag(), {.key = "allow_writes",
                     .label = "Clients may write to panels",
                     .help = "Functions 5, 6, 15 and 16: a write may change what is billed",
                     .seal = Seal::sealed})
        .with<&ModbusGatewaySettings::cache_ms>(
            integer(0, 60'000),
            {.key = "cache_ms",
             .label = "Replies are given again for",
             .unit = "ms",
             .help = "Spares the wire; 0 = always asked anew. Register N of unit 255 tells how "
                     "old the last values of unit N are",
             .seal = Seal::logged})
        .with<&ModbusGatewaySettings::idle_timeout_s>(
            integer(10, 86'400), {.key = "idle_timeout_s",
                                  .label = "Clients that ask for nothing are disconnected after",
                                  .unit = "s",
                                  .seal = Seal::logged});
}

}  // namespace

Table settings_table() {
    return Table::of<Settings>("Settings")
        .with<&Settings::schema>(integer_of({settings_schema}),
                                 {.key = "schema",
                                  .label = "Version of this document",
                                  .seal = Seal::logged,
                                  .required = true})
        .with<&Settings::gateway>(group<GatewaySettings>(gateway_table()),
                                  {.key = "gateway", .label = "Gateway", .required = true})
        .with<&Settings::recording>(group<RecordingSettings>(recording_table()),
                                    {.key = "recording", .label = "Recording"})
        .with<&Settings::lines>(list(group<LineSettings>(line_table()), 32),
                                {.key = "lines", .label = "Lines"})
        .with<&Settings::destinations>(list(group<DestinationSettings>(destination_table()), 32),
                                       {.key = "destinations", .label = "Destinations"})
        .with<&Settings::modbus_gateway>(group<ModbusGatewaySettings>(modbus_gateway_table()),
                                         {.key = "modbus_gateway", .label = "Modbus gateway"});
}

ReadSettings read_settings(const Json& document) {
    ReadSettings result;
    settings_table().read(document, &result.settings, "", result.problems);
    return result;
}

Json settings_to_json(const Settings& settings, const WriteOptions& options) {
    return settings_table().write(&settings, options);
}

Json settings_json_schema() {
    Json schema =
        Json::object({{"$schema", Json::of("https://json-schema.org/draft/2020-12/schema"), {}}});
    const Json body = json_schema(settings_table());
    for (const Json::Member& member : *body.as_object())
        schema.set(member.key, member.value);
    return schema;
}

}  // namespace metergate::schema
