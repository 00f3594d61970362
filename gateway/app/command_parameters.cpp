#include <fmt/format.h>

#include <string>
#include <vector>

#include "gateway/app/commands.hpp"
#include "gateway/app/console.hpp"
#include "gateway/app/daemon_answer.hpp"
#include "gateway/app/text_table.hpp"

/// The commands about what a panel itself is set to.
namespace metergate::app {
namespace {

using schema::Json;

/// A panel that falls silent while it is written to is given most of a minute, and others may come
/// first.
constexpr int answer_timeout_ms = 120'000;

std::string text_at(const Json& object, std::string_view key) {
    const std::string* text = object.string_at(key);
    return text == nullptr ? "" : *text;
}

std::int64_t number_at(const Json& object, std::string_view key) {
    return object.integer_at(key).value_or(0);
}

std::vector<std::string> row_of(const Json& parameter) {
    const std::string point = text_at(parameter, "point");
    const bool writable = parameter.bool_at("writable").value_or(false);
    return {text_at(parameter, "parameter"),
            point.empty() ? "-" : point,
            std::to_string(number_at(parameter, "value")),
            text_at(parameter, "unit"),
            writable ? fmt::format("{}..{}", number_at(parameter, "minimum"),
                                   number_at(parameter, "maximum"))
                     : "-",
            text_at(parameter, "seal")};
}

Json params_of(const ParameterRequest& request) {
    return Json::object().set("line", request.line).set("panel", request.panel);
}

}  // namespace

Exit print_parameters(const Paths& paths, const ParameterRequest& request, bool as_json) {
    return ask_and_show(
        paths, "parameters", params_of(request), answer_timeout_ms, [&](const Json& parameters) {
            if (as_json) {
                print(schema::write_pretty(parameters));
                return;
            }
            std::vector<std::vector<std::string>> rows{
                {"parameter", "point", "value", "unit", "can be", "seal"}};
            for (const Json& parameter : *parameters.as_array()) {
                rows.push_back(row_of(parameter));
            }
            print(rows.size() > 1 ? text_table(rows)
                                  : "the profile of " + request.panel + " names no parameters\n");
        });
}

Exit write_parameter(const Paths& paths, const ParameterRequest& request) {
    const Json params = params_of(request)
                            .set("parameter", request.parameter)
                            .set("point", request.point)
                            .set("value", request.value)
                            .set("who", request.who)
                            .set("reason", request.reason);
    return ask_and_show(paths, "write", params, answer_timeout_ms, [&](const Json& written) {
        const Json& now = written.as_array()->front();
        const std::int64_t before = number_at(now, "before");
        const std::string name =
            request.parameter + (request.point.empty() ? "" : " of " + request.point);
        const std::string value =
            fmt::format("{} {}", number_at(now, "value"), text_at(now, "unit"));
        print(before == number_at(now, "value")
                  ? fmt::format("{} is {} already\n", name, value)
                  : fmt::format("{} is {} now; it was {}\n", name, value, before));
    });
}

}  // namespace metergate::app
