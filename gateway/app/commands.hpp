#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "gateway/app/paths.hpp"

/// The commands of the program. Each prints to standard output, complains on standard error, and
/// returns the exit code.
namespace metergate::app {

[[nodiscard]] Exit run_daemon(const Paths& paths);

/// Checks the settings and prints what follows from them for each point.
[[nodiscard]] Exit check_settings(const Paths& paths);
/// The JSON Schema of the settings file, or the manual of all fields as Markdown.
[[nodiscard]] Exit print_schema(bool as_manual);
/// The wiring of one panel as CSV.
[[nodiscard]] Exit print_wiring(const Paths& paths, const std::string& panel);
/// Takes the wiring of one panel from a CSV file into the settings file.
[[nodiscard]] Exit import_wiring(const Paths& paths, const std::string& panel,
                                 const std::string& csv_file);

struct ApplyOptions {
    std::string file;
    bool dry_run = false;
    std::vector<std::string> drop_cursors;
};
/// Takes a settings file into use: through the running daemon, else for its next start.
[[nodiscard]] Exit apply_settings(const Paths& paths, const ApplyOptions& options);

[[nodiscard]] Exit print_status(const Paths& paths, bool as_json);
[[nodiscard]] Exit print_events(const Paths& paths, std::size_t count, bool as_json);
/// Asks the running daemon; if there is none, opens the line itself.
[[nodiscard]] Exit read_panel(const Paths& paths, const std::string& line, const std::string& panel,
                              bool as_json);

/// Proves the way to a destination with a message marked as a test.
[[nodiscard]] Exit test_destination(const Paths& paths, const std::string& destination);

struct ParameterRequest {
    std::string line;
    std::string panel;
    std::string parameter;  ///< of a write
    std::string point;      ///< empty: of the panel as a whole
    std::int64_t value = 0;
    std::string who;
    std::string reason;
};
/// What a panel itself is set to, as it says now.
[[nodiscard]] Exit print_parameters(const Paths& paths, const ParameterRequest& request,
                                    bool as_json);
/// Sets a parameter of a panel and reads it back.
[[nodiscard]] Exit write_parameter(const Paths& paths, const ParameterRequest& request);

enum class HistoryForm { text, csv, json };

struct HistoryRequest {
    std::string point;
    std::string series;  ///< empty: the first of the point's
    std::string from;    ///< empty: a day before `to`
    std::string to;      ///< empty: now
    HistoryForm form = HistoryForm::text;
};
/// What was recorded of a point, slot by slot, as it comes.
[[nodiscard]] Exit print_history(const Paths& paths, const HistoryRequest& request);

struct ExportRequest {
    std::string format;               ///< one of northbound::formats::format_names()
    std::vector<std::string> points;  ///< empty: all of the settings
    std::vector<std::string> series;  ///< codes; empty: all of each point
    std::string from;                 ///< empty: a day before `to`
    std::string to;                   ///< empty: now
    std::string receiver;             ///< who it is for, in formats that say so
    std::string output;               ///< file; empty: standard output
};
/// What was recorded of many points, in a format that others read. A file appears under its name
/// when it is complete.
[[nodiscard]] Exit export_history(const Paths& paths, const ExportRequest& request);

enum class ScanForm { text, json, fragment };

struct ScanRequest {
    // One of the three.
    std::string line;  ///< id of a line in the settings
    std::string port;
    std::string host;                 ///< HOST or HOST:PORT
    bool rtu_over_tcp = false;        ///< `host` is a serial device server
    std::string bauds;                ///< comma-separated; empty: the line's own, or all
    std::string parities;             ///< the same
    std::string addresses = "1-247";  ///< like 1-32,40
    bool all_formats = false;         ///< go on with other speeds after devices were found
    std::string expected_file;        ///< CSV; empty: nothing is compared
    ScanForm form = ScanForm::text;
};
/// Looks for devices on a wire that no running gateway has. Fails if it could not come to its end,
/// or if what was found differs from what was expected.
[[nodiscard]] Exit scan(const Paths& paths, const ScanRequest& request);

struct ChangeOutRequest {
    std::string point;
    std::string new_serial;
    std::string last_read_kwh;
    std::string first_read_kwh;
    std::string reason;
    std::string who;
};
[[nodiscard]] Exit change_out(const Paths& paths, const ChangeOutRequest& request);
struct ReceiveRequest {
    std::string broker;  ///< HOST:PORT
    bool plain = false;  ///< without TLS
    std::string ca_file;
    std::string certificate_file;
    std::string private_key_file;
    std::string user;
    std::string password_file;
    bool mqtt_3_1_1 = false;
    std::string gateway;
    std::string file;
    std::string name = "receiver";
    std::int64_t seconds = 0;  ///< 0 = until stopped
    bool until_complete = false;
};
/// Receives what a gateway publishes into an SQLite file. Fails if a batch came with other content,
/// or if it was to be complete and is not.
[[nodiscard]] Exit receive(const ReceiveRequest& request);

[[nodiscard]] Exit read_at(const Paths& paths, const std::string& point, const std::string& time,
                           bool as_json);

}  // namespace metergate::app
