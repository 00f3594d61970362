#include "config/schema/line_table.hpp"

#include "config/schema/common_fields.hpp"
#include "config/schema/settings.hpp"
#include "config/schema/text_shapes.hpp"

namespace metergate::schema {
namespace {

ShapeFor<std::int64_t> serial_speed() {
    return integer_of({1'200, 2'400, 4'800, 9'600, 19'200, 38'400, 57'600, 115'200});
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

}  // namespace

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

}  // namespace metergate::schema
