#include "config/schema/settings_tables.hpp"

#include "config/schema/field_texts.hpp"
#include "config/schema/text_shapes.hpp"

namespace metergate::schema {
namespace {

ShapeFor<std::int64_t> tcp_port() {
    return integer(1, 65535);
}

ShapeFor<std::int64_t> serial_speed() {
    return integer_of({1'200, 2'400, 4'800, 9'600, 19'200, 38'400, 57'600, 115'200});
}

Field id_field(Seal seal) {
    return {.key = "id",
            .label = "Id",
            .help = "Unique in the gateway, never reused; another id is another thing",
            .seal = seal,
            .required = true};
}

Field name_field() {
    return {.key = "name", .label = "Name", .help = "For people; may change at any time"};
}

// ---- Tables
// --------------------------------------------------------------------------------------

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

void add_point_identity(Table& table) {
    table.with<&PointSettings::id>(id(), id_field(Seal::sealed))
        .with<&PointSettings::name>(name(), name_field())
        .with<&PointSettings::slot>(integer(1, 24), {.key = "slot",
                                                     .label = "Slot",
                                                     .help = "Which point of the panel's map",
                                                     .seal = Seal::sealed,
                                                     .required = true})
        .with<&PointSettings::role>(choice<PointRole>({{"tenant", PointRole::tenant},
                                                       {"common", PointRole::common},
                                                       {"bulk", PointRole::bulk},
                                                       {"check", PointRole::check}}),
                                    {.key = "role", .label = "Role", .seal = Seal::logged})
        .with<&PointSettings::fed_from>(
            optional_id(), {.key = "fed_from",
                            .label = "Fed from",
                            .help = "The point above it in the supply tree; empty = none",
                            .seal = Seal::logged})
        .with<&PointSettings::suite>(name(), {.key = "suite", .label = "Suite"})
        .with<&PointSettings::series>(list(series_code(), 16),
                                      {.key = "series",
                                       .label = "Series",
                                       .help = "Empty = those of recording.series",
                                       .seal = Seal::sealed});
}

ShapeFor<Service> service() {
    std::vector<std::pair<std::string, Service>> choices;
    for (int i = 0; i <= static_cast<int>(Service::four_wire_wye); ++i) {
        choices.emplace_back(name_of(static_cast<Service>(i)), static_cast<Service>(i));
    }
    return choice<Service>(choices);
}

void add_point_wiring(Table& table) {
    table
        .with<&PointSettings::service>(optional(service()),
                                       {.key = "service",
                                        .label = "Service",
                                        .help = "How the suite is connected; needed with channels",
                                        .seal = Seal::sealed})
        .with<&PointSettings::channels>(
            list(integer(1, 48), 3),
            {.key = "channels",
             .label = "Channels",
             .help = "One CT for each element of the service; channel = (cable - 1) x 16 + pair",
             .seal = Seal::sealed})
        .with<&PointSettings::reversed_channels>(list(integer(1, 48), 3),
                                                 {.key = "reversed_channels",
                                                  .label = "Reversed channels",
                                                  .help = "Those whose CT points the other way",
                                                  .seal = Seal::sealed})
        .with<&PointSettings::ct_primary_a>(
            integer(1, 10'000),
            {.key = "ct_primary_a", .label = "CT primary", .unit = "A", .seal = Seal::sealed})
        .with<&PointSettings::ct_secondary_ma>(integer(1, 10'000),
                                               {.key = "ct_secondary_ma",
                                                .label = "CT secondary",
                                                .unit = "mA",
                                                .help = "Usually 80, 1000 or 5000",
                                                .seal = Seal::sealed})
        .with<&PointSettings::ct_turns>(
            integer(1, 100),
            {.key = "ct_turns", .label = "Times the conductor passes the CT", .seal = Seal::sealed})
        .with<&PointSettings::pt_ratio_thousandths>(integer(1, 10'000'000),
                                                    {.key = "pt_ratio_thousandths",
                                                     .label = "Voltage transformer ratio",
                                                     .unit = "1/1000",
                                                     .help = "1000 = no voltage transformer",
                                                     .seal = Seal::sealed})
        .with<&PointSettings::breaker_a>(
            integer(0, 10'000),
            {.key = "breaker_a", .label = "Breaker", .unit = "A", .help = "0 = not stated"});
}

Table point_table() {
    Table table = Table::of<PointSettings>("Point");
    add_point_identity(table);
    add_point_wiring(table);
    return table;
}

Table panel_table() {
    return Table::of<PanelSettings>("Panel")
        .with<&PanelSettings::id>(id(), id_field(Seal::sealed))
        .with<&PanelSettings::name>(name(), name_field())
        .with<&PanelSettings::address>(
            integer(1, 247),
            {.key = "address", .label = "Modbus address", .seal = Seal::sealed, .required = true})
        .with<&PanelSettings::profile>(
            text(64, 1), {.key = "profile",
                          .label = "Profile",
                          .help = "Which kind of panel or meter it is, such as metergate-panel-24",
                          .seal = Seal::sealed,
                          .required = true})
        .with<&PanelSettings::serial>(
            text(64), {.key = "serial",
                       .label = "Serial number",
                       .help = "Another one is reported as a change of meter; empty = any",
                       .seal = Seal::sealed})
        .with<&PanelSettings::poll_period_ms>(
            integer(200, 3'600'000),
            {.key = "poll_period_ms", .label = "Poll period", .unit = "ms", .seal = Seal::logged})
        .with<&PanelSettings::clock>(
            choice<ClockCare>({{"leave", ClockCare::leave},
                               {"watch", ClockCare::watch},
                               {"set", ClockCare::set}}),
            {.key = "clock",
             .label = "The panel's own clock",
             .help = "watch = told when it is more than 5 s wrong; set = also set, where the "
                     "profile says how and the panel's seal allows it: what the panel logs by "
                     "itself can only fill gaps while its clock is right",
             .seal = Seal::sealed})
        .with<&PanelSettings::nominal_mv>(integer(1'000, 1'000'000),
                                          {.key = "nominal_mv",
                                           .label = "Voltage of one element",
                                           .unit = "mV",
                                           .help = "For full load and for judging readings",
                                           .seal = Seal::logged})
        .with<&PanelSettings::points>(list(group<PointSettings>(point_table()), 24),
                                      {.key = "points", .label = "Points"});
}

/// How a line gets on with another master on its wire.
template <class Settings>
void add_sharing(Table& table) {
    table
        .template with<&Settings::foreign_master>(
            choice<ForeignMaster>({{"wait", ForeignMaster::wait}, {"share", ForeignMaster::share}}),
            {.key = "foreign_master",
             .label = "While another master asks on the wire",
             .help = "wait: polling rests until it has been silent for a minute; share: polls take "
                     "turns with it, and a reply to it might be taken for one to the gateway",
             .seal = Seal::logged})
        .template with<&Settings::listen_max_ms>(
            integer(0, 60'000), {.key = "listen_max_ms",
                                 .label = "Listen before the first poll, at most",
                                 .unit = "ms",
                                 .help = "300 ms of silence are enough; 0 = not at all",
                                 .seal = Seal::logged});
}

/// For ports whose driver switches the transceiver.
void add_direction(Table& table) {
    constexpr std::int64_t delay_max_ms = 100;  // of the kernel
    table
        .with<&Rs485Settings::direction_control>(
            choice<DirectionControl>({{"off", DirectionControl::off},
                                      {"rts_on_send", DirectionControl::rts_on_send},
                                      {"rts_after_send", DirectionControl::rts_after_send}}),
            {.key = "direction_control",
             .label = "RS485 direction by the driver",
             .help = "off: the adapter switches by itself, as USB adapters do; else RTS is high "
                     "(rts_on_send) or low (rts_after_send) while sending",
             .seal = Seal::logged})
        .with<&Rs485Settings::rts_delay_before_send_ms>(integer(0, delay_max_ms),
                                                        {.key = "rts_delay_before_send_ms",
                                                         .label = "RTS before the first bit",
                                                         .unit = "ms",
                                                         .help = "Only with direction_control",
                                                         .seal = Seal::logged})
        .with<&Rs485Settings::rts_delay_after_send_ms>(integer(0, delay_max_ms),
                                                       {.key = "rts_delay_after_send_ms",
                                                        .label = "RTS after the last bit",
                                                        .unit = "ms",
                                                        .help = "Only with direction_control",
                                                        .seal = Seal::logged});
}

Table rs485_table() {
    Table table = Table::of<Rs485Settings>("RS485 line");
    table
        .with<&Rs485Settings::port>(
            path(), {.key = "port",
                     .label = "Serial port",
                     .help = "Best as /dev/serial/by-id/..., which survives replugging",
                     .seal = Seal::logged,
                     .required = true})
        .with<&Rs485Settings::baud>(
            serial_speed(), {.key = "baud", .label = "Speed", .unit = "baud", .seal = Seal::logged})
        .with<&Rs485Settings::parity>(
            choice<Parity>({{"none", Parity::none}, {"even", Parity::even}, {"odd", Parity::odd}}),
            {.key = "parity", .label = "Parity", .seal = Seal::logged})
        .with<&Rs485Settings::stop_bits>(
            integer(1, 2), {.key = "stop_bits", .label = "Stop bits", .seal = Seal::logged});
    add_direction(table);
    add_sharing<Rs485Settings>(table);
    return table;
}

Table modbus_tcp_table() {
    return Table::of<ModbusTcpSettings>("Modbus TCP line")
        .with<&ModbusTcpSettings::host>(
            host(), {.key = "host", .label = "Host", .seal = Seal::logged, .required = true})
        .with<&ModbusTcpSettings::port>(tcp_port(),
                                        {.key = "port", .label = "TCP port", .seal = Seal::logged});
}

Table rtu_over_tcp_table() {
    Table table = Table::of<RtuOverTcpSettings>("RTU over TCP line");
    table
        .with<&RtuOverTcpSettings::host>(host(), {.key = "host",
                                                  .label = "Serial device server",
                                                  .seal = Seal::logged,
                                                  .required = true})
        .with<&RtuOverTcpSettings::port>(
            tcp_port(), {.key = "port",
                         .label = "TCP port",
                         .help = "The device server's for this line, in its TCP server mode",
                         .seal = Seal::logged,
                         .required = true})
        .with<&RtuOverTcpSettings::baud>(
            serial_speed(), {.key = "baud",
                             .label = "Speed of the serial line",
                             .unit = "baud",
                             .help = "As set in the device server: silences and loads follow it",
                             .seal = Seal::logged});
    add_sharing<RtuOverTcpSettings>(table);
    return table;
}

Table line_table() {
    return Table::of<LineSettings>("Line")
        .with<&LineSettings::id>(id(), id_field(Seal::sealed))
        .with<&LineSettings::name>(name(), name_field())
        .with<&LineSettings::rs485>(optional(group<Rs485Settings>(rs485_table())),
                                    {.key = "rs485", .label = "RS485"})
        .with<&LineSettings::modbus_tcp>(optional(group<ModbusTcpSettings>(modbus_tcp_table())),
                                         {.key = "modbus_tcp", .label = "Modbus TCP"})
        .with<&LineSettings::rtu_over_tcp>(
            optional(group<RtuOverTcpSettings>(rtu_over_tcp_table())),
            {.key = "rtu_over_tcp", .label = "RTU over TCP"})
        .with<&LineSettings::panels>(list(group<PanelSettings>(panel_table()), 247),
                                     {.key = "panels", .label = "Panels"})
        .exactly_one_of({"rs485", "modbus_tcp", "rtu_over_tcp"});
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
        .exactly_one_of({"mqtt"});
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
