#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "config/disk.hpp"
#include "gateway/app/catalogue.hpp"
#include "gateway/app/commands.hpp"
#include "gateway/app/console.hpp"
#include "gateway/app/scan_expected.hpp"
#include "gateway/app/scan_progress.hpp"
#include "gateway/app/scan_report.hpp"
#include "gateway/app/scan_target.hpp"
#include "gateway/app/settings_source.hpp"
#include "gateway/app/stop_signals.hpp"
#include "gateway/app/waiter.hpp"
#include "gateway/control/client.hpp"
#include "gateway/model/clock.hpp"
#include "southbound/scan_run.hpp"

/// Looking for devices on a wire, without a running gateway.
namespace metergate::app {
namespace {

using schema::Json;

constexpr int status_timeout_ms = 5000;
constexpr std::size_t sheet_size_max = 1024UL * 1024;

struct Task {
    ScanTarget target;
    std::optional<std::vector<ExpectedDevice>> expected;
};

bool same_port(const std::string& a, const std::string& b) {
    std::error_code ignored;
    return std::filesystem::weakly_canonical(a, ignored) ==
           std::filesystem::weakly_canonical(b, ignored);
}

bool same_wire(const schema::LineSettings& a, const schema::LineSettings& b) {
    if (a.rs485 && b.rs485) {
        return same_port(a.rs485->port, b.rs485->port);
    }
    const auto same_endpoint = [](const auto& one, const auto& other) {
        return one && other && one->host == other->host && one->port == other->port;
    };
    return same_endpoint(a.modbus_tcp, b.modbus_tcp) ||
           same_endpoint(a.rtu_over_tcp, b.rtu_over_tcp);
}

/// Ids of the lines that a gateway polls just now; empty if none runs.
std::vector<std::string> lines_polled(const Paths& paths) {
    std::vector<std::string> ids;
    auto client = control::Client::connect(paths.socket);
    if (!client) {
        return ids;
    }
    const auto status = client->call("status", Json::object(), status_timeout_ms);
    const Json* lines = status ? status->find("lines") : nullptr;
    if (lines != nullptr && lines->as_array() != nullptr) {
        for (const Json& line : *lines->as_array()) {
            const std::string* id = line.string_at("line");
            ids.push_back(id == nullptr ? "" : *id);
        }
    }
    return ids;
}

/// Two who ask on one wire take each other's replies for their own. Nothing: the wire is free.
std::optional<Error> refusal_of_gateway(const Paths& paths, const ScanTarget& target) {
    const std::vector<std::string> polled = lines_polled(paths);
    if (polled.empty()) {
        return std::nullopt;
    }
    const auto settings = load_checked(paths);
    for (const std::string& id : polled) {
        bool is_it = id == target.wires.front().id;
        if (settings) {
            for (const schema::LineSettings& line : settings->lines) {
                is_it = is_it || (line.id == id && same_wire(line, target.wires.front()));
            }
        }
        if (is_it) {
            return Error{
                Fault::busy,
                "line " + id +
                    " is being read by the running gateway, and two who ask on one wire "
                    "disturb each other.\nStop the gateway (systemctl stop metergate), scan, and "
                    "start it again (systemctl start metergate):\nthe meters go on counting "
                    "meanwhile, and what passed is recorded as a gap with its energy."};
        }
    }
    return std::nullopt;
}

Result<ScanTarget> target_from(const Paths& paths, const ScanRequest& request,
                               std::optional<schema::LineSettings>& line, Exit& exit) {
    exit = Exit::usage;
    if (request.line.empty()) {
        if (request.port.empty() && request.host.empty()) {
            return Error{Fault::invalid, "name a LINE of the settings, or --port, or --host"};
        }
        return target_of(request);
    }
    const auto settings = load_checked(paths);
    if (!settings) {
        exit = Exit::bad_settings;
        return settings.error();
    }
    const auto found = std::find_if(settings->lines.begin(), settings->lines.end(),
                                    [&](const auto& one) { return one.id == request.line; });
    if (found == settings->lines.end()) {
        exit = Exit::failed;
        return Error{Fault::not_found, "there is no line \"" + request.line + "\""};
    }
    line = *found;
    return target_of(request, *found);
}

Result<std::vector<ExpectedDevice>> expected_from(const std::string& file) {
    config::SystemDisk disk;
    const auto text = disk.read(file, sheet_size_max);
    if (!text) {
        return text.error();
    }
    auto expected = expected_from_csv(*text);
    return expected ? std::move(expected) : expected.error().within(file);
}

Result<Task> task_from(const Paths& paths, const ScanRequest& request, Exit& exit) {
    std::optional<schema::LineSettings> line;
    auto target = target_from(paths, request, line, exit);
    if (!target) {
        return target.error();
    }
    Task task{std::move(*target), std::nullopt};
    if (!request.expected_file.empty()) {
        auto expected = expected_from(request.expected_file);
        if (!expected) {
            exit = Exit::failed;
            return expected.error();
        }
        if (line) {
            take_addresses(*expected, *line);
        }
        task.expected = std::move(*expected);
    }
    return task;
}

/// To its end, or until a signal. True: it was stopped.
bool run_scan(southbound::ScanRun& run, const Clock& clock, ScanProgressView& view) {
    constexpr Duration look = std::chrono::milliseconds{200};
    const StopSignals signals;
    const Waiter waiter(clock);
    Instant shown{};
    while (!run.done()) {
        const Instant next = run.step();
        if (const Instant now = clock.now(); now >= shown + look) {
            view.show(run.progress(), run.scan().found());
            shown = now;
        }
        if (signals.came()) {
            return true;
        }
        waiter.wait(std::min(next, shown + look), run.readable_fd());
    }
    return false;
}

void say_why_incomplete(const std::optional<Error>& failure, const FoundDevices& found) {
    if (failure) {
        static_cast<void>(complain(*failure));
        return;
    }
    std::fputs(found.empty() ? "stopped before the end; nothing was found so far\n"
                             : "stopped before the end; this was found so far:\n",
               stderr);
}

void print_found(const FoundDevices& found, const Task& task, const ScanRequest& request,
                 bool complete, const std::optional<ScanDifference>& difference) {
    const Wires& wires = task.target.wires;
    if (request.form == ScanForm::json) {
        Json json = Json::object();
        json.set("complete", complete).set("devices", found_json(found, wires));
        if (difference) {
            json.set("expected", difference_json(*difference));
        }
        print(schema::write_pretty(json));
        return;
    }
    const std::string differences = difference ? "\n" + difference_text(*difference) : "";
    if (request.form == ScanForm::fragment) {
        const Fragment fragment = fragment_of(found, wires);
        print(fragment.line ? schema::write_pretty(*fragment.line) : "");
        std::fputs((fragment.remarks + differences).c_str(), stderr);
        return;
    }
    print((found.empty() ? nothing_text(task.target) : found_text(found, wires)) + differences);
}

}  // namespace

Exit scan(const Paths& paths, const ScanRequest& request) {
    Exit bad = Exit::failed;
    const auto task = task_from(paths, request, bad);
    if (!task) {
        static_cast<void>(complain(task.error()));
        return bad;
    }
    if (const auto refusal = refusal_of_gateway(paths, task->target)) {
        return complain(*refusal);
    }
    const SystemClock clock;
    southbound::ScanRun run(
        clock, scan_plan(task->target, request.all_formats),
        [&](std::size_t wire) { return make_line(task->target.wires.at(wire), clock); });
    ScanProgressView view(task->target, ::isatty(STDERR_FILENO) != 0);
    const bool stopped = run_scan(run, clock, view);
    const FoundDevices found = run.scan().found();
    view.end(found);
    const bool complete = !stopped && !run.failure();
    if (!complete) {
        say_why_incomplete(run.failure(), found);
    }
    std::optional<ScanDifference> difference;
    if (task->expected && complete) {
        difference = compare(*task->expected, found);
    }
    if (complete || !found.empty() || request.form == ScanForm::json) {
        print_found(found, *task, request, complete, difference);
    }
    return !complete || (difference && difference->any()) ? Exit::failed : Exit::ok;
}

}  // namespace metergate::app
