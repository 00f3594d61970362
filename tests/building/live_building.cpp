#include "tests/building/live_building.hpp"

#include <poll.h>

#include <algorithm>
#include <ctime>
#include <filesystem>
#include <utility>

namespace metergate::building {
namespace {

constexpr Duration ledger_period = std::chrono::seconds{1};
/// Replies younger than this may still be doubted by the wire.
constexpr std::chrono::seconds settled_after{5};

Scenario beginning_now(Scenario scenario, const Clock& clock) {
    scenario.start_at(std::chrono::floor<std::chrono::seconds>(clock.utc()));
    return scenario;
}

}  // namespace

LiveBuilding::LiveBuilding(Scenario scenario, const Clock& clock, std::string folder,
                           GatewayConnections connections)
    : clock_(clock),
      folder_(std::move(folder)),
      connections_(std::move(connections)),
      building_(beginning_now(std::move(scenario), clock), clock) {}

Result<void> LiveBuilding::write_file(const std::string& name, const std::string& text) const {
    const std::string path = folder_ + "/" + name;
    std::ofstream file(path, std::ios::trunc);
    file << text;
    file.close();
    if (!file) {
        return Error{Fault::refused, path + ": cannot be written"};
    }
    return {};
}

Result<void> LiveBuilding::open() {
    std::error_code problem;
    std::filesystem::create_directories(folder_, problem);
    folder_ = std::filesystem::absolute(folder_, problem).string();
    std::filesystem::remove(folder_ + "/ready", problem);
    const auto& plans = building_.scenario().lines;
    for (std::size_t i = 0; i < plans.size(); ++i) {
        if (plans[i].kind == WireKind::rtu) {
            if (auto added = add_serial_line(building_.bus(i)); !added) {
                return added;
            }
            continue;
        }
        const bool is_serial = plans[i].kind == WireKind::rtu_over_tcp;
        auto added = is_serial ? add_listener(std::make_unique<DeviceServer>(building_.bus(i)))
                               : add_listener(std::make_unique<TcpDevice>(building_.bus(i)));
        if (!added) {
            return added;
        }
    }
    if (const auto stepped = step_lines(); !stepped) {
        return stepped.error();
    }
    if (auto written =
            write_file("settings.json", settings_for(building_.scenario(), connections_));
        !written) {
        return written;
    }
    ledger_file_.open(folder_ + "/ledger.ndjson", std::ios::trunc);
    if (auto written = write_ledger(building_.scenario().start); !written) {
        return written;
    }
    return write_file("ready", "ready\n");
}

template <class Listener>
Result<void> LiveBuilding::add_listener(std::unique_ptr<Listener> line) {
    const auto port = line->listen();
    if (!port) {
        return port.error();
    }
    connections_.tcp_ports[line->id()] = *port;
    lines_.push_back(std::move(line));
    return {};
}

Result<void> LiveBuilding::add_serial_line(Bus& bus) {
    const std::string link = folder_ + "/" + bus.plan().id;
    auto line = std::make_unique<PtyLine>(bus, link);
    if (notes_requests_) {
        RequestLog& log = request_logs_.emplace_back();
        if (auto opened = log.open(link + ".requests.csv"); !opened) {
            return opened;
        }
        line->note_requests(log);
    }
    lines_.push_back(std::move(line));
    connections_.serial_ports[bus.plan().id] = link;
    return {};
}

Result<void> LiveBuilding::write_ledger(UtcTime until) {
    ledger_writer_.write_new(building_.ledger(), ledger_file_, until);
    ledger_file_.flush();
    if (!ledger_file_) {
        return Error{Fault::refused, folder_ + "/ledger.ndjson: cannot be written"};
    }
    return {};
}

Result<Instant> LiveBuilding::step_lines() {
    Instant next = never;
    for (const auto& line : lines_) {
        const auto wanted = line->step(clock_.now());
        if (!wanted) {
            return wanted.error();
        }
        next = std::min(next, *wanted);
    }
    return next;
}

bool LiveBuilding::wait(Instant until, int stop_descriptor) {
    std::vector<pollfd> descriptors{{stop_descriptor, POLLIN, 0}};
    for (const auto& line : lines_) {
        line->watch(descriptors);
    }
    const Duration left = std::max(until - clock_.now(), Duration{0});
    timespec timeout{};
    timeout.tv_sec = left.count() / 1'000'000;
    timeout.tv_nsec = left.count() % 1'000'000 * 1000;
    ppoll(descriptors.data(), descriptors.size(), &timeout, nullptr);
    return descriptors.front().revents != 0;
}

Result<void> LiveBuilding::serve(Instant end, int stop_descriptor) {
    Instant ledger_due = clock_.now() + ledger_period;
    for (Instant now = clock_.now(); now < end; now = clock_.now()) {
        const auto next = step_lines();
        if (!next) {
            return next.error();
        }
        building_.note_truth();
        if (now >= ledger_due) {
            const UtcTime settled = building_.timeline().at(now) - settled_after;
            if (auto written = write_ledger(settled); !written) {
                return written;
            }
            ledger_due = now + ledger_period;
        }
        if (wait(std::min({*next, ledger_due, end}), stop_descriptor)) {
            break;
        }
    }
    building_.finish();
    for (const auto& line : lines_) {
        building_.ledger().wire(line->facts());
    }
    for (RequestLog& log : request_logs_) {
        if (auto finished = log.finish(); !finished) {
            return finished;
        }
    }
    return write_ledger(UtcTime::max());
}

}  // namespace metergate::building
