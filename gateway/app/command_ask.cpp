#include <charconv>
#include <cstdio>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/schema/utc_text.hpp"
#include "gateway/app/commands.hpp"
#include "gateway/app/console.hpp"
#include "gateway/app/daemon_answer.hpp"
#include "gateway/app/direct_read.hpp"
#include "gateway/app/status_text.hpp"
#include "gateway/app/text_table.hpp"
#include "gateway/control/client.hpp"
#include "gateway/model/clock.hpp"
#include "gateway/model/quantity.hpp"

/// The commands that ask a running daemon.
namespace metergate::app {
namespace {

using schema::Json;

constexpr int answer_timeout_ms = 10'000;
/// A read waits its turn on a slow line.
constexpr int read_timeout_ms = 60'000;

/// One cell of a table: texts as they are, numbers and null as people write them.
std::string cell(const Json* value) {
    if (value == nullptr || value->is_null()) {
        return "-";
    }
    if (const auto* text = value->as_string()) {
        return text->empty() ? "-" : *text;
    }
    if (const auto* yes = value->as_bool()) {
        return *yes ? "yes" : "no";
    }
    return schema::write_compact(*value);
}

std::vector<std::string> cells(const Json& object, const std::vector<std::string_view>& keys) {
    std::vector<std::string> row;
    row.reserve(keys.size());
    for (const auto key : keys) {
        row.push_back(cell(object.find(key)));
    }
    return row;
}

/// The items of a list as a table of some of their members.
std::string list_table(const Json& list, const std::vector<std::string_view>& keys) {
    std::vector<std::vector<std::string>> rows{{keys.begin(), keys.end()}};
    if (const auto* items = list.as_array()) {
        for (const Json& item : *items) {
            rows.push_back(cells(item, keys));
        }
    }
    return text_table(rows);
}

/// Points with their values, a column for each quantity that any of them has.
std::string points_table(const Json& points, const std::vector<std::string_view>& leading) {
    std::vector<std::string_view> quantities;
    for (std::size_t i = 0; i < quantity_count; ++i) {
        const std::string_view name = facts_of(static_cast<Quantity>(i)).name;
        for (const Json& point : *points.as_array()) {
            const Json* values = point.find("values");
            if (values != nullptr && values->find(name) != nullptr) {
                quantities.push_back(name);
                break;
            }
        }
    }
    std::vector<std::vector<std::string>> rows{{leading.begin(), leading.end()}};
    rows.front().insert(rows.front().end(), quantities.begin(), quantities.end());
    for (const Json& point : *points.as_array()) {
        auto row = cells(point, leading);
        const auto values = cells(*point.find("values"), quantities);
        row.insert(row.end(), values.begin(), values.end());
        rows.push_back(std::move(row));
    }
    return text_table(rows);
}

/// Who confirms what it has, and where nobody can.
std::string receivers_text(const Json& destinations) {
    std::vector<std::vector<std::string>> rows{{"destination", "receiver", "missing", "heard"}};
    std::string problems;
    for (const Json& destination : *destinations.as_array()) {
        const std::string name = cell(destination.find("destination"));
        if (const auto* problem = destination.string_at("receivers_problem");
            problem != nullptr && !problem->empty()) {
            problems += "destination " + name + ": " + *problem + "\n\n";
        }
        for (const Json& receiver : *destination.find("receivers")->as_array()) {
            auto row = cells(receiver, {"receiver", "missing", "heard"});
            row.insert(row.begin(), name);
            rows.push_back(std::move(row));
        }
    }
    return (rows.size() > 1 ? text_table(rows) + "\n" : "") + problems;
}

void print_status_text(const Json& status) {
    print("gateway " + cell(status.find("gateway")) + ", metergate " +
          cell(status.find("version")) + "\n\n");
    for (const Json& line : *status.find("lines")->as_array()) {
        print(line_heading(line) + "\n" + wire_lines(line));
        print(
            list_table(*line.find("panels"),
                       {"panel", "state", "serial", "age_ms", "replies", "timeouts", "bad_frames",
                        "reply_median_ms", "reply_p99_ms", "gap_ms", "clock_ahead_ms", "problem"}) +
            "\n");
    }
    const Json& recorder = *status.find("recorder");
    const Json& days_left = *status.find("store")->find("days_left");
    print("recorder: newest interval " + cell(recorder.find("newest_end")) + ", time known " +
          cell(recorder.find("time_trusted")) + ", store " +
          (recorder.find("store_fault")->is_null() ? "good" : cell(recorder.find("store_fault"))) +
          (days_left.is_null() ? "" : ", room for " + cell(&days_left) + " more days") + "\n\n");
    print(list_table(*status.find("destinations"),
                     {"destination", "state", "cursor", "backlog", "acknowledged_last_min",
                      "last_success", "last_error"}) +
          "\n");
    print(receivers_text(*status.find("destinations")));
    if (const std::string modbus = modbus_heading(status.find("modbus_gateway")); !modbus.empty()) {
        print(modbus + "\n");
        print(list_table(*status.find("modbus_gateway")->find("clients"),
                         {"client", "connections", "requests"}) +
              "\n");
    }
    print(points_table(*status.find("points"), {"panel", "point", "age_ms"}));
}

Result<Json> ask(const Paths& paths, const std::string& method, const Json& params,
                 int timeout_ms) {
    auto client = control::Client::connect(paths.socket);
    if (!client) {
        return client.error();
    }
    return client->call(method, params, timeout_ms);
}

/// "1234.567" as Wh. Nothing if it is no number of kWh with at most three decimals.
std::optional<Milli> wh_from_kwh(const std::string& text) {
    const auto dot = text.find('.');
    std::string digits = text.substr(0, dot);
    std::string decimals = dot == std::string::npos ? "" : text.substr(dot + 1);
    if (digits.empty() || digits.size() > 12 || decimals.size() > 3) {
        return std::nullopt;
    }
    decimals.resize(3, '0');
    digits += decimals;
    Milli wh = 0;
    const char* end = digits.data() + digits.size();
    const auto [stop, fault] = std::from_chars(digits.data(), end, wh);
    return fault == std::errc{} && stop == end && wh >= 0 ? std::optional(wh) : std::nullopt;
}

}  // namespace

Exit print_status(const Paths& paths, bool as_json) {
    return ask_and_show(paths, "status", Json::object(), answer_timeout_ms,
                        [&](const Json& status) {
                            if (as_json) {
                                print(schema::write_pretty(status));
                            } else {
                                print_status_text(status);
                            }
                        });
}

Exit print_events(const Paths& paths, std::size_t count, bool as_json) {
    const Json params = Json::object().set("count", count);
    return ask_and_show(paths, "events", params, answer_timeout_ms, [&](const Json& events) {
        print(as_json ? schema::write_pretty(events)
                      : list_table(events, {"seq", "at", "source", "kind", "occurrence", "text"}));
    });
}

Exit read_panel(const Paths& paths, const std::string& line, const std::string& panel,
                bool as_json) {
    auto points =
        ask(paths, "read", Json::object().set("line", line).set("panel", panel), read_timeout_ms);
    if (!points && points.error().fault == Fault::not_found) {
        auto client = control::Client::connect(paths.socket);
        if (!client) {
            points = read_directly(paths, line, panel);
        }
    }
    if (!points) {
        return complain(points.error());
    }
    if (as_json) {
        print(schema::write_pretty(*points));
        return Exit::ok;
    }
    if (!points->as_array()->empty()) {
        if (const std::string* device = points->as_array()->front().string_at("device")) {
            print(*device + "\n");
        }
    }
    print(points_table(*points, {"point"}));
    return Exit::ok;
}

Exit test_destination(const Paths& paths, const std::string& destination) {
    constexpr int timeout_ms =
        120'000;  // of connection and acknowledgement, as long as they may be
    auto client = control::Client::connect(paths.socket);
    if (!client) {
        return complain_of_connection(client.error());
    }
    const auto taken = client->call("test-destination",
                                    Json::object().set("destination", destination), timeout_ms);
    if (!taken) {
        return complain(taken.error().within("destination " + destination));
    }
    print("destination " + destination + ": the test message was taken after " +
          cell(taken->find("ms")) + " ms\n");
    return Exit::ok;
}

Exit change_out(const Paths& paths, const ChangeOutRequest& request) {
    const auto last = wh_from_kwh(request.last_read_kwh);
    const auto first = wh_from_kwh(request.first_read_kwh);
    if (!last || !first) {
        std::fputs("a read is written in kWh like 81250.125, with at most three decimals\n",
                   stderr);
        return Exit::usage;
    }
    const auto now = std::chrono::floor<std::chrono::seconds>(SystemClock().utc());
    const Json params = Json::object()
                            .set("point", request.point)
                            .set("new_serial", request.new_serial)
                            .set("last_read_wh", *last)
                            .set("first_read_wh", *first)
                            .set("at_s", epoch_s(now))
                            .set("reason", request.reason)
                            .set("who", request.who);
    return ask_and_show(paths, "change-out", params, answer_timeout_ms, [&](const Json&) {
        print("recorded: " + request.point + " has meter " + request.new_serial + " from " +
              schema::utc_text(now) + "\n");
    });
}

Exit read_at(const Paths& paths, const std::string& point, const std::string& time, bool as_json) {
    const auto at = schema::utc_from_text(time);
    if (!at) {
        std::fputs("a time is written in UTC like 2026-01-31T05:00:00Z\n", stderr);
        return Exit::usage;
    }
    const Json params = Json::object().set("point", point).set("time_s", epoch_s(*at));
    return ask_and_show(paths, "read-at", params, answer_timeout_ms, [&](const Json& around) {
        if (as_json) {
            print(schema::write_pretty(around));
            return;
        }
        for (const std::string_view side : {"before", "after"}) {
            const Json& read = *around.find(side);
            print(std::string(side) + ": " +
                  (read.is_null() ? "nothing recorded"
                                  : cell(read.find("kwh")) + " kWh at " + cell(read.find("at")) +
                                        ", within " + cell(read.find("uncertainty_kwh")) + " kWh") +
                  "\n");
        }
    });
}

}  // namespace metergate::app
