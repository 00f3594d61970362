#include <CLI/CLI.hpp>
#include <functional>
#include <string>

#include "gateway/app/commands.hpp"
#include "gateway/app/version.hpp"
#include "northbound/formats/encoder.hpp"

namespace {

using namespace metergate::app;
namespace formats = metergate::northbound::formats;

/// What the command line asks for.
struct Invocation {
    Paths paths;
    std::string root;
    bool as_json = false;
    bool as_manual = false;
    std::size_t count = 50;
    std::string line;
    std::string panel;
    std::string destination;
    std::string file;
    std::string point;
    std::string time;
    ChangeOutRequest change;
    ParameterRequest parameter;
    ReceiveRequest receive;
    HistoryRequest history;
    ExportRequest exported;
    ApplyOptions apply;
    ScanRequest scan;
    std::function<Exit()> command;
};

CLI::App* add_command(CLI::App& program, Invocation& call, const std::string& name,
                      const std::string& help, std::function<Exit()> command) {
    CLI::App* added = program.add_subcommand(name, help);
    added->callback([&call, command = std::move(command)] { call.command = command; });
    return added;
}

void add_settings_commands(CLI::App& program, Invocation& call) {
    add_command(program, call, "check",
                "Check the settings; print multiplier and full-load kW of each point",
                [&call] { return check_settings(call.paths); });
    auto* schema = add_command(program, call, "schema", "Print the JSON Schema of the settings",
                               [&call] { return print_schema(call.as_manual); });
    schema->add_flag("--manual", call.as_manual, "A table of all fields for people (Markdown)");
    auto* print = add_command(program, call, "wiring-print", "Print a panel's wiring as CSV",
                              [&call] { return print_wiring(call.paths, call.panel); });
    print->add_option("PANEL", call.panel, "Id of the panel")->required();
    auto* import = add_command(
        program, call, "wiring-import", "Take a panel's wiring from a CSV file into the settings",
        [&call] { return import_wiring(call.paths, call.panel, call.file); });
    import->add_option("PANEL", call.panel, "Id of the panel")->required();
    import->add_option("FILE", call.file, "The CSV file")->required();
}

void add_test_command(CLI::App& program, Invocation& call) {
    auto* command = add_command(program, call, "test-destination",
                                "Prove the way to a destination with a message marked as a test",
                                [&call] { return test_destination(call.paths, call.destination); });
    command->add_option("DESTINATION", call.destination, "Id of the destination")->required();
}

void add_apply_command(CLI::App& program, Invocation& call) {
    auto* apply = add_command(
        program, call, "apply",
        "Take a settings file into use; what it does not change runs on. Shows the differences",
        [&call] { return apply_settings(call.paths, call.apply); });
    apply->add_option("FILE", call.apply.file, "The new settings")->required();
    apply->add_flag("--dry-run", call.apply.dry_run, "Only show the differences");
    apply->add_option("--drop-cursor", call.apply.drop_cursors,
                      "Forget how far a removed destination has got: nothing is kept for it then");
}

void add_asking_commands(CLI::App& program, Invocation& call) {
    auto* status = add_command(program, call, "status",
                               "Show lines, panels, points and destinations as they are now",
                               [&call] { return print_status(call.paths, call.as_json); });
    status->add_flag("--json", call.as_json, "As JSON");
    auto* read = add_command(
        program, call, "read", "Read a panel now, through the daemon or, without one, directly",
        [&call] { return read_panel(call.paths, call.line, call.panel, call.as_json); });
    read->add_option("LINE", call.line, "Id of the line")->required();
    read->add_option("PANEL", call.panel, "Id of the panel")->required();
    read->add_flag("--json", call.as_json, "As JSON");
    auto* events = add_command(program, call, "events", "Show the newest events", [&call] {
        return print_events(call.paths, call.count, call.as_json);
    });
    events->add_option("--count", call.count, "How many")
        ->check(CLI::Range(1, 1000))
        ->capture_default_str();
    events->add_flag("--json", call.as_json, "As JSON");
}

void add_history_command(CLI::App& program, Invocation& call) {
    HistoryRequest& asked = call.history;
    auto* history =
        add_command(program, call, "history", "Show what was recorded of a point, slot by slot",
                    [&call] { return print_history(call.paths, call.history); });
    history->add_option("POINT", asked.point, "Id of the point")->required();
    history->add_option("--series", asked.series,
                        "Like kwh-15min; without it the point's first one");
    history->add_option("--from", asked.from,
                        "2026-01-31 or 2026-01-31T17:30 by the site's clock, or "
                        "2026-01-31T22:30:00Z; without it a day before --to");
    history->add_option("--to", asked.to, "The same; without it now");
    auto* csv = history->add_flag_callback(
        "--csv", [&asked] { asked.form = HistoryForm::csv; }, "As CSV");
    history
        ->add_flag_callback(
            "--json", [&asked] { asked.form = HistoryForm::json; }, "As JSON")
        ->excludes(csv);
}

void add_export_command(CLI::App& program, Invocation& call) {
    ExportRequest& asked = call.exported;
    auto* command =
        add_command(program, call, "export", "Write what was recorded into a file that others read",
                    [&call] { return export_history(call.paths, call.exported); });
    command->add_option("--format", asked.format, "Format, described in northbound/formats.md")
        ->check(CLI::IsMember(formats::format_names()))
        ->required();
    command->add_option("--points", asked.points, "Ids of points; without it all")->delimiter(',');
    command->add_option("--series", asked.series, "Like kwh-15min; without it all of each point")
        ->delimiter(',');
    command->add_option("--from", asked.from,
                        "2026-01-31 or 2026-01-31T17:30 by the site's clock, or "
                        "2026-01-31T22:30:00Z; without it a day before --to");
    command->add_option("--to", asked.to, "The same; without it now");
    command->add_option("--receiver", asked.receiver, "Who it is for, where the format says that");
    command->add_option("--output", asked.output,
                        "File, there when it is complete; without it standard output");
}

void add_meter_commands(CLI::App& program, Invocation& call) {
    auto* change =
        add_command(program, call, "change-out", "Record that a point's meter was changed",
                    [&call] { return change_out(call.paths, call.change); });
    change->add_option("POINT", call.change.point, "Id of the point")->required();
    change->add_option("--new-serial", call.change.new_serial, "Serial number of the new meter")
        ->required();
    change->add_option("--last-read", call.change.last_read_kwh, "kWh on the meter that went")
        ->required();
    change->add_option("--first-read", call.change.first_read_kwh, "kWh on the meter that came")
        ->required();
    change->add_option("--reason", call.change.reason, "Why it was changed")->required();
    change->add_option("--who", call.change.who, "Who changed it")->required();
    auto* read =
        add_command(program, call, "read-at", "Show a point's register at a past moment",
                    [&call] { return read_at(call.paths, call.point, call.time, call.as_json); });
    read->add_option("POINT", call.point, "Id of the point")->required();
    read->add_option("TIME", call.time, "UTC, like 2026-01-31T05:00:00Z")->required();
    read->add_flag("--json", call.as_json, "As JSON");
}

void add_parameter_commands(CLI::App& program, Invocation& call) {
    ParameterRequest& asked = call.parameter;
    auto* show = add_command(
        program, call, "parameters", "Show what a panel itself is set to, such as its CT ratios",
        [&call] { return print_parameters(call.paths, call.parameter, call.as_json); });
    show->add_option("LINE", asked.line, "Id of the line")->required();
    show->add_option("PANEL", asked.panel, "Id of the panel")->required();
    show->add_flag("--json", call.as_json, "As JSON");
    auto* write = add_command(program, call, "write", "Set a parameter of a panel and read it back",
                              [&call] { return write_parameter(call.paths, call.parameter); });
    write->add_option("LINE", asked.line, "Id of the line")->required();
    write->add_option("PANEL", asked.panel, "Id of the panel")->required();
    write->add_option("PARAMETER", asked.parameter, "As `parameters` names it")->required();
    write->add_option("VALUE", asked.value, "In the parameter's unit, a whole number")->required();
    write->add_option("--point", asked.point, "Of which point, if each has its own");
    write->add_option("--who", asked.who, "Who sets it; of a sealed or logged parameter required");
    write->add_option("--reason", asked.reason, "Why; of a sealed parameter required");
}

void add_scan_command(CLI::App& program, Invocation& call) {
    ScanRequest& wanted = call.scan;
    auto* scan = add_command(program, call, "scan", "Find out which meters hang on a wire, and how",
                             [&call] { return metergate::app::scan(call.paths, call.scan); });
    scan->footer(
        "Asks every address, at 9600 and 19200 baud first, and says what answers: speed and "
        "parity,\n"
        "panel profile, serial number. Nothing is written into any meter. Ends at the first speed\n"
        "and parity with meters, unless --all. Ctrl-C ends it and shows what was found so far.\n"
        "A wire that a running gateway reads cannot be scanned: stop the gateway first.\n"
        "Exit status 1: it could not come to its end, or something differs from --expected.");
    auto* line = scan->add_option("LINE", wanted.line,
                                  "Id of a line in the settings: its port, speed and parity");
    auto* port = scan->add_option("--port", wanted.port, "Serial port, like /dev/ttyUSB0");
    auto* host = scan->add_option("--host", wanted.host,
                                  "HOST or HOST:PORT of a Modbus TCP gateway or meter");
    line->excludes(port)->excludes(host);
    port->excludes(host);
    scan->add_flag("--rtu-over-tcp", wanted.rtu_over_tcp,
                   "HOST:PORT is a serial device server that passes RTU frames on")
        ->needs(host);
    scan->add_option("--baud", wanted.bauds,
                     "Only these speeds, like 9600,19200; with --rtu-over-tcp the one that is set\n"
                     "in the device server (9600 without it)");
    scan->add_option("--parity", wanted.parities, "Only these of none, even, odd")->excludes(host);
    scan->add_option("--addresses,--units", wanted.addresses, "Which addresses, like 1-32,40")
        ->capture_default_str();
    scan->add_flag("--all", wanted.all_formats,
                   "Go on with the other speeds and parities after meters were found");
    scan->add_option("--expected", wanted.expected_file,
                     "CSV with the columns serial,suite,panel (and address, if you like): says\n"
                     "what is missing, unexpected or at another address");
    auto* json = scan->add_flag_callback(
        "--json", [&wanted] { wanted.form = ScanForm::json; }, "As JSON");
    scan->add_flag_callback(
            "--fragment", [&wanted] { wanted.form = ScanForm::fragment; },
            "As a line for the settings file; edit its ids")
        ->excludes(json);
}

void add_receive_command(CLI::App& program, Invocation& call) {
    ReceiveRequest& wanted = call.receive;
    auto* receive = add_command(program, call, "receive",
                                "Receive what a gateway publishes, completely, into an SQLite file",
                                [&call] { return metergate::app::receive(call.receive); });
    receive->footer(
        "Keeps every batch once, asks the gateway for those that are missing, and sends a receipt\n"
        "for what is safely on this disk. Its last line says what was received, doubled, is\n"
        "missing, was purged by the gateway before, and came with changed content. Exit status 1:\n"
        "something came changed, or --until-complete was not reached.");
    receive->add_option("--broker", wanted.broker, "HOST:PORT of the MQTT broker")->required();
    receive->add_option("--gateway", wanted.gateway, "Id of the gateway")->required();
    receive->add_option("--to", wanted.file, "The file; made if there is none")->required();
    receive
        ->add_option("--name", wanted.name,
                     "Name in receipts: one for each receiver, always the same")
        ->capture_default_str();
    receive->add_option("--seconds", wanted.seconds, "End after so long")
        ->check(CLI::Range(1, 1'000'000'000));
    receive->add_flag("--until-complete", wanted.until_complete,
                      "End when all that the gateway's status names is here and confirmed");
    receive->add_flag("--no-tls", wanted.plain, "Connect without TLS");
    receive->add_option("--ca-file", wanted.ca_file,
                        "Certificates of trusted authorities; without it the system's");
    receive->add_option("--certificate-file", wanted.certificate_file, "Client certificate");
    receive->add_option("--private-key-file", wanted.private_key_file, "Its private key");
    receive->add_option("--user", wanted.user, "User at the broker");
    receive->add_option("--password-file", wanted.password_file,
                        "File whose first line is the password");
    receive->add_flag("--mqtt-3.1.1", wanted.mqtt_3_1_1, "Speak MQTT 3.1.1 instead of 5");
}

void add_paths(CLI::App& program, Invocation& call) {
    program.add_option("--root", call.root,
                       "Folder with settings.json, data/ and control.sock; sets the three below");
    program.add_option("--settings", call.paths.settings, "The settings file")
        ->capture_default_str();
    program.add_option("--data", call.paths.data, "Folder of the store")->capture_default_str();
    program.add_option("--socket", call.paths.socket, "Control socket of the daemon")
        ->capture_default_str();
}

/// `--root` gives the places that were not named one by one.
Paths resolved(const CLI::App& program, const Invocation& call) {
    if (call.root.empty()) {
        return call.paths;
    }
    Paths paths = Paths::below(call.root);
    if (program.count("--settings") > 0) {
        paths.settings = call.paths.settings;
    }
    if (program.count("--data") > 0) {
        paths.data = call.paths.data;
    }
    if (program.count("--socket") > 0) {
        paths.socket = call.paths.socket;
    }
    return paths;
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App program("Metergate: brings tenant metering panels to the internet.", "metergate");
    program.footer("Exit status: 0 ok, 1 failed, 2 usage, 3 bad settings, 4 no daemon runs.");
    program.set_version_flag("--version", "metergate " + std::string(program_version));
    program.require_subcommand(1);
    program.fallthrough();

    Invocation call;
    add_paths(program, call);
    add_command(program, call, "run", "Poll, record and publish until stopped",
                [&call] { return run_daemon(call.paths); });
    add_settings_commands(program, call);
    add_apply_command(program, call);
    add_asking_commands(program, call);
    add_history_command(program, call);
    add_export_command(program, call);
    add_test_command(program, call);
    add_meter_commands(program, call);
    add_parameter_commands(program, call);
    add_scan_command(program, call);
    add_receive_command(program, call);

    try {
        program.parse(argc, argv);
    } catch (const CLI::ParseError& stop) {
        // --help and --version end here too, with status 0.
        return program.exit(stop) == 0 ? 0 : static_cast<int>(Exit::usage);
    }
    call.paths = resolved(program, call);
    return static_cast<int>(call.command());
}
