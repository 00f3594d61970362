#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "gateway/model/ids.hpp"
#include "gateway/model/multiplier.hpp"
#include "gateway/model/series.hpp"
#include "gateway/model/wiring.hpp"

/// The settings as values. What each field is called in the file, its unit, range, default, help
/// and seal class stand once, in the field tables of settings_tables.cpp; the initialisers below
/// are those defaults.
namespace metergate::schema {

struct GatewaySettings {
    Id id;
    std::string name;
    std::string zone = "UTC";  ///< IANA time zone of the site
    bool laboratory = false;   ///< allows interval lengths of seconds; every record is flagged TEST
};

struct RecordingSettings {
    std::vector<std::string> series{"kwh-15min"};  ///< for points that name none themselves
    std::int64_t close_wait_s = 30;     ///< how long after an edge a slot waits for its reading
    std::int64_t commit_wait_s = 5;     ///< how long the first closed panel waits for the others
    std::int64_t retention_days = 400;  ///< sent records older than this may be purged
    std::int64_t store_max_mb = 2048;   ///< the store never grows beyond
};

enum class PointRole : std::uint8_t { tenant, common, bulk, check };

struct PointSettings {
    Id id;
    std::string name;
    std::int64_t slot = 1;  ///< which point of the panel's map, 1..24
    PointRole role = PointRole::tenant;
    Id fed_from;  ///< id of the point above it in the supply tree; empty = the root
    std::optional<Service> service;
    std::vector<std::int64_t> channels;  ///< one per element of the service
    std::vector<std::int64_t> reversed_channels;
    std::int64_t ct_primary_a = 200;
    std::int64_t ct_secondary_ma = 80;
    std::int64_t ct_turns = 1;
    std::int64_t pt_ratio_thousandths = 1000;  ///< 1000 = no potential transformer
    std::int64_t breaker_a = 0;                ///< 0 = not stated
    std::string suite;
    std::vector<std::string> series;  ///< empty = those of `recording`
};

/// What is done about a panel's own clock, which stamps what it logs.
enum class ClockCare : std::uint8_t { leave, watch, set };

struct PanelSettings {
    Id id;
    std::string name;
    std::int64_t address = 1;  ///< Modbus unit, 1..247
    std::string profile;       ///< name of a panel profile: metergate-panel-24, ...
    std::string serial;        ///< expected serial number; empty = any
    std::int64_t poll_period_ms = 10'000;
    ClockCare clock = ClockCare::watch;
    std::int64_t nominal_mv = 120'000;  ///< volts of one element, for full load and plausibility
    std::vector<PointSettings> points;
};

enum class Parity : std::uint8_t { none, even, odd };

/// Who switches the transceiver between sending and receiving: nobody of ours (the adapter by
/// itself), or the driver by RTS, at logical 1 (on_send) or 0 (after_send) while sending.
enum class DirectionControl : std::uint8_t { off, rts_on_send, rts_after_send };

/// What a line does while another master asks on its wire.
enum class ForeignMaster : std::uint8_t { wait, share };

struct Rs485Settings {
    std::string port;  ///< /dev/serial/by-id/... or /dev/ttyUSB0
    std::int64_t baud = 19'200;
    Parity parity = Parity::even;
    std::int64_t stop_bits = 1;
    DirectionControl direction_control = DirectionControl::off;
    std::int64_t rts_delay_before_send_ms = 0;  ///< of direction control
    std::int64_t rts_delay_after_send_ms = 0;   ///< of direction control
    ForeignMaster foreign_master = ForeignMaster::wait;
    std::int64_t listen_max_ms = 2000;  ///< before the first poll; 0 = not at all
};

struct ModbusTcpSettings {
    std::string host;
    std::int64_t port = 502;
};

/// A serial line behind a device server, which passes RTU frames on over TCP as they are.
struct RtuOverTcpSettings {
    std::string host;
    std::int64_t port = 4001;    ///< the server's for this line; there is no usual one
    std::int64_t baud = 19'200;  ///< as set in the server
    ForeignMaster foreign_master = ForeignMaster::wait;
    std::int64_t listen_max_ms = 2000;  ///< before the first poll; 0 = not at all
};

/// Exactly one of the wire kinds is present.
struct LineSettings {
    Id id;
    std::string name;
    std::optional<Rs485Settings> rs485;
    std::optional<ModbusTcpSettings> modbus_tcp;
    std::optional<RtuOverTcpSettings> rtu_over_tcp;
    std::vector<PanelSettings> panels;
};

struct TlsSettings {
    bool enabled = true;
    std::string ca_file;           ///< empty = the system's certificates
    std::string certificate_file;  ///< client certificate, with private_key_file
    std::string private_key_file;
};

enum class MqttVersion : std::uint8_t { v5, v3_1_1 };

struct MqttSettings {
    std::string host;
    std::int64_t port = 8883;
    MqttVersion version = MqttVersion::v5;
    TlsSettings tls;
    std::string user;
    std::string
        password_file;      ///< its first line is the password; never in the settings themselves
    std::string client_id;  ///< empty = metergate-<gateway id>-<destination id>
    std::int64_t keep_alive_s = 30;
    std::int64_t window = 50;              ///< batches in flight, 20..100
    std::int64_t ack_timeout_s = 30;       ///< an older unanswered batch means: connect anew
    std::int64_t batches_per_s_max = 200;  ///< limit while a backlog drains
    std::int64_t live_heartbeat_s = 60;    ///< an unchanged live value is repeated after
    bool live_values = true;
    bool requests = true;  ///< receivers may ask for batches again and confirm what they have
    std::int64_t requests_per_min_max = 30;
    std::int64_t request_batches_max = 10'000;  ///< of one request
};

enum class WebhookFormat : std::uint8_t {
    native,  ///< JSON, as over MQTT
    influx,  ///< InfluxDB's line protocol
};

/// Records are posted to a URL, a batch in each request.
struct WebhookSettings {
    std::string url;
    WebhookFormat format = WebhookFormat::native;
    std::string ca_file;           ///< empty = the system's certificates
    std::string certificate_file;  ///< client certificate, with private_key_file
    std::string private_key_file;
    std::string pinned_key;  ///< `sha256//` and base64 of the server's public key; empty = any
    std::string user;        ///< basic authentication, with password_file
    std::string password_file;
    std::string bearer_file;              ///< its first line is the token
    std::string token_scheme = "Bearer";  ///< the word before the token
    std::string secret_file;  ///< its first line signs requests: base64, perhaps behind whsec_
    std::string proxy;        ///< empty = none
    std::string expect;       ///< text in the answer that means it was taken; empty = no web page
    bool gzip = true;
    bool meta = true;                       ///< send names, series and wiring
    bool events = true;                     ///< send events at once; they are in batches anyway
    std::int64_t window = 4;                ///< requests at once, 1..16
    std::int64_t timeout_s = 30;            ///< of a request
    std::int64_t retry_after_max_s = 3600;  ///< however long the receiver asks to wait
    std::int64_t batches_per_s_max = 50;    ///< limit while a backlog drains
};

/// Exactly one of the destination kinds is present.
struct DestinationSettings {
    Id id;
    std::string name;
    std::string from = "now";         ///< where it starts: now, oldest or a UTC time
    std::vector<Id> panels;           ///< empty = all
    std::vector<std::string> series;  ///< empty = all
    std::optional<MqttSettings> mqtt;
    std::optional<WebhookSettings> webhook;
};

struct ModbusUnitSettings {
    std::int64_t unit = 1;  ///< by which clients name the panel, 1..247
    Id panel;
};

/// Other masters, such as a building management system, talk to the panels through the gateway.
struct ModbusGatewaySettings {
    bool enabled = false;
    std::string address = "127.0.0.1";      ///< of this machine, on which it listens
    std::int64_t port = 502;                ///< TCP
    std::vector<ModbusUnitSettings> units;  ///< empty = each panel at its own address
    std::vector<std::string> clients;       ///< addresses and prefixes; empty = all
    bool allow_writes = false;
    std::int64_t cache_ms = 1'000;      ///< a reply may be that old; 0 = always asked anew
    std::int64_t idle_timeout_s = 120;  ///< who asks for nothing so long is disconnected
};

struct Settings {
    std::int64_t schema = 1;
    GatewaySettings gateway;
    RecordingSettings recording;
    std::vector<LineSettings> lines;
    std::vector<DestinationSettings> destinations;
    ModbusGatewaySettings modbus_gateway;
};

}  // namespace metergate::schema
