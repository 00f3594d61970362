#include <sys/signalfd.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <charconv>
#include <csignal>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <sstream>
#include <string>
#include <vector>

#include "gateway/model/clock.hpp"
#include "tests/building/live_building.hpp"
#include "tests/building/received.hpp"
#include "tests/building/verdict.hpp"

namespace metergate::building {
namespace {

constexpr int exit_good = 0;
constexpr int exit_bad = 1;

struct RunArguments {
    std::string scenario;
    std::string folder;
    double seconds = 0;
    std::string gateway = "demo";
    std::string mqtt_host = "127.0.0.1";
    std::uint16_t mqtt_port = 0;
    bool note_requests = false;
};

struct VerifyArguments {
    std::string ledger;
    std::string received;
    std::vector<std::string> gateway_faults;
    std::int64_t expect_from_s = 0;
    std::int64_t expect_until_s = 0;
    std::int64_t reach_s = 0;
    /// Processes on a busy machine see a byte some time after it was written.
    std::int64_t stamp_tolerance_ms = 500;
    bool from_first_batch = false;
    bool json = false;
};

int failed(const Error& error) {
    std::cerr << "simbuilding: " << error.text << '\n';
    return exit_bad;
}

/// A descriptor that becomes readable on SIGTERM and SIGINT.
int stop_descriptor() {
    sigset_t stops;
    sigemptyset(&stops);
    sigaddset(&stops, SIGTERM);
    sigaddset(&stops, SIGINT);
    sigprocmask(SIG_BLOCK, &stops, nullptr);
    return signalfd(-1, &stops, SFD_CLOEXEC);
}

int run(const RunArguments& arguments) {
    const int stop = stop_descriptor();
    std::signal(SIGPIPE, SIG_IGN);  // a master that hangs up ends its connection only
    auto scenario = load_scenario(arguments.scenario);
    if (!scenario) {
        return failed(scenario.error());
    }
    GatewayConnections connections;
    connections.gateway = arguments.gateway;
    connections.mqtt_host = arguments.mqtt_host;
    if (arguments.mqtt_port != 0) {
        connections.mqtt_port = arguments.mqtt_port;
    }
    const SystemClock clock;
    LiveBuilding building(std::move(*scenario), clock, arguments.folder, connections);
    if (arguments.note_requests) {
        building.note_requests();
    }
    if (const auto opened = building.open(); !opened) {
        return failed(opened.error());
    }
    std::cout << "simbuilding: ready in " << arguments.folder << std::endl;
    const Instant end = arguments.seconds > 0
                            ? clock.now() + std::chrono::duration_cast<Duration>(
                                                std::chrono::duration<double>(arguments.seconds))
                            : never;
    if (const auto served = building.serve(end, stop); !served) {
        return failed(served.error());
    }
    return exit_good;
}

/// Reads `kind:from:until`, times in epoch seconds.
Result<PlannedFault> gateway_fault(const std::string& text) {
    std::istringstream parts(text);
    std::string word;
    std::int64_t from_s = 0;
    std::int64_t until_s = 0;
    char colon = 0;
    std::getline(parts, word, ':');
    parts >> from_s >> colon >> until_s;
    const auto kind = fault_kind_named(word);
    if (!kind || is_panel_fault(*kind) || is_wire_fault(*kind) || !parts || colon != ':') {
        return Error{Fault::invalid, "--gateway-fault " + text +
                                         ": not gateway-stop, gateway-kill or broker-stop with "
                                         ":FROM:UNTIL in epoch seconds"};
    }
    PlannedFault fault;
    fault.kind = *kind;
    fault.target = "gateway";
    fault.from = utc_from_s(from_s);
    fault.until = utc_from_s(until_s);
    return fault;
}

int verify(const VerifyArguments& arguments) {
    std::ifstream ledger_file(arguments.ledger);
    std::ifstream received_file(arguments.received);
    if (!ledger_file || !received_file) {
        const std::string& name = ledger_file ? arguments.received : arguments.ledger;
        return failed({Fault::not_found, name + ": cannot be read"});
    }
    auto ledger = read_ledger(ledger_file);
    if (!ledger) {
        return failed(ledger.error().within(arguments.ledger));
    }
    const auto received = read_received(received_file);
    if (!received) {
        return failed(received.error().within(arguments.received));
    }
    for (const std::string& text : arguments.gateway_faults) {
        auto fault = gateway_fault(text);
        if (!fault) {
            return failed(fault.error());
        }
        ledger->fault(std::move(*fault));
    }
    VerdictOptions options = options_for(ledger->run());
    options.stamp_tolerance_ms = arguments.stamp_tolerance_ms;
    options.from_first_batch = arguments.from_first_batch;
    if (arguments.reach_s > 0) {
        options.reach_s = arguments.reach_s;
    }
    if (arguments.expect_from_s > 0) {
        options.expect_from_s = arguments.expect_from_s;
    }
    if (arguments.expect_until_s > 0) {
        options.expect_until_s = arguments.expect_until_s;
    }
    const Verdict verdict = judge(*ledger, *received, options);
    std::cout << (arguments.json ? json_of(verdict) + "\n" : table_of(verdict));
    return verdict.clean() ? exit_good : exit_bad;
}

CLI::App* add_run(CLI::App& app, RunArguments& arguments) {
    CLI::App* const command = app.add_subcommand(
        "run",
        "Serve a scenario in real time until --seconds are over or SIGTERM comes.\n"
        "Writes DIR/<line> (serial ports), DIR/settings.json, DIR/ledger.ndjson, DIR/ready.");
    command->add_option("--scenario", arguments.scenario, "Scenario file (JSON)")
        ->required()
        ->type_name("FILE");
    command->add_option("--dir", arguments.folder, "Folder for ports and files")
        ->required()
        ->type_name("DIR");
    command->add_option("--seconds", arguments.seconds, "End after so many seconds")
        ->type_name("N");
    command->add_option("--gateway", arguments.gateway, "Gateway id in settings.json")
        ->capture_default_str();
    command->add_option("--mqtt-host", arguments.mqtt_host, "Broker in settings.json")
        ->capture_default_str();
    command->add_option("--mqtt-port", arguments.mqtt_port,
                        "Port of the broker; without it there is no destination");
    command->add_flag("--note-requests", arguments.note_requests,
                      "Write each request on a serial line into DIR/<line>.requests.csv");
    return command;
}

void add_verify(CLI::App& app, VerifyArguments& arguments) {
    CLI::App* const command = app.add_subcommand(
        "verify", "Compare a ledger with what a subscriber received; exit status 0 if clean.");
    command->add_option("--ledger", arguments.ledger, "ledger.ndjson of a run")
        ->required()
        ->type_name("FILE");
    command
        ->add_option("--received", arguments.received,
                     "Lines as printed by: mosquitto_sub -v -t 'metergate/+/batch/+'")
        ->required()
        ->type_name("FILE");
    command
        ->add_option("--gateway-fault", arguments.gateway_faults,
                     "What was done to the gateway: gateway-stop, gateway-kill or broker-stop, "
                     "with times in epoch seconds; may stand several times")
        ->type_name("KIND:FROM:UNTIL");
    command
        ->add_option("--expect-from", arguments.expect_from_s,
                     "Intervals that end after this must be there (epoch seconds)")
        ->type_name("S");
    command
        ->add_option("--expect-until", arguments.expect_until_s,
                     "Intervals that end up to this must be there (epoch seconds)")
        ->type_name("S");
    command
        ->add_option("--reach", arguments.reach_s,
                     "Seconds after a fault in which its flags may still appear (default 120)")
        ->type_name("S");
    command
        ->add_option("--stamp-tolerance", arguments.stamp_tolerance_ms,
                     "How far the gateway's stamp of a reading may be from the panel's")
        ->type_name("MS")
        ->capture_default_str();
    command->add_flag("--from-first-batch", arguments.from_first_batch,
                      "Batch numbers must begin at 1");
    command->add_flag("--json", arguments.json, "Print one line of JSON");
}

int start(int argc, char** argv) {
    CLI::App app{
        "A simulated building: tenants behind metering panels on RS485 lines and Modbus TCP, a\n"
        "ledger of what really happened, and the verdict over what a gateway made of it."};
    app.require_subcommand(1);
    RunArguments run_arguments;
    VerifyArguments verify_arguments;
    const CLI::App* const run_command = add_run(app, run_arguments);
    add_verify(app, verify_arguments);
    CLI11_PARSE(app, argc, argv);
    return run_command->parsed() ? run(run_arguments) : verify(verify_arguments);
}

}  // namespace
}  // namespace metergate::building

int main(int argc, char** argv) {
    return metergate::building::start(argc, argv);
}
