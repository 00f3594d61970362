#include "gateway/control/protocol.hpp"

#include <algorithm>
#include <array>

namespace metergate::control {
namespace {

using schema::Json;

constexpr std::array<Method, 10> methods{{
    {"status", Role::viewer, "lines, panels, store and destinations as they are now"},
    {"read", Role::viewer, "reads a panel now: params line, panel"},
    {"events", Role::viewer, "the newest events: params count (1..1000)"},
    {"history", Role::viewer,
     "a series of a point, page by page: params point, series, from, to, page, limit (1..5000)"},
    {"read-at", Role::viewer, "a register at a past moment: params point, time_s"},
    {"parameters", Role::viewer, "what a panel itself is set to: params line, panel"},
    {"write", Role::admin,
     "sets a parameter of a panel: params line, panel, parameter, point, value, who, reason"},
    {"apply", Role::admin,
     "takes other settings into use: params settings (the document), dry_run, drop_cursors"},
    {"test-destination", Role::admin,
     "sends a message marked as a test and waits until it is taken: params destination"},
    {"change-out", Role::admin,
     "records a change of meter: params point, new_serial, last_read_wh, first_read_wh, at_s, "
     "reason, "
     "who"},
}};

// In the order of the enumerators.
constexpr std::array<std::string_view, 7> fault_names{
    "invalid", "not-found", "busy", "timeout", "disconnected", "refused", "damaged"};

Fault fault_named(std::string_view name) {
    const auto found = std::find(fault_names.begin(), fault_names.end(), name);
    return found == fault_names.end() ? Fault::full
                                      : static_cast<Fault>(found - fault_names.begin());
}

Result<Json> parse_object(std::string_view line) {
    auto parsed = schema::parse_json(line, {.size_max = line_size_max});
    if (parsed && parsed->as_object() == nullptr) {
        return Error{Fault::invalid,
                     "expected an object, found " + std::string(parsed->kind_text())};
    }
    return parsed;
}

Json id_of(const Json& message) {
    const Json* id = message.find("id");
    return id == nullptr ? Json() : *id;
}

std::string line_of(const Json& message) {
    return schema::write_compact(message) + "\n";
}

}  // namespace

const Method* find_method(std::string_view name) {
    const auto* found = std::find_if(methods.begin(), methods.end(),
                                     [&](const Method& method) { return method.name == name; });
    return found == methods.end() ? nullptr : found;
}

Result<Request> parse_request(std::string_view line) {
    auto message = parse_object(line);
    if (!message) {
        return message.error().within("request");
    }
    if (message->integer_at("v") != protocol_version) {
        return Error{Fault::invalid, "request: v must be 1"};
    }
    const std::string* method = message->string_at("method");
    if (method == nullptr) {
        return Error{Fault::invalid, "request: method is missing or no string"};
    }
    const Json* params = message->find("params");
    if (params != nullptr && params->as_object() == nullptr) {
        return Error{Fault::invalid, "request: params must be an object"};
    }
    return Request{id_of(*message), *method, params == nullptr ? Json::object() : *params};
}

std::string request_line(const Request& request) {
    return line_of(Json::object()
                       .set("v", protocol_version)
                       .set("id", request.id)
                       .set("method", request.method)
                       .set("params", request.params));
}

std::string progress_line(const Json& id, const Json& progress) {
    return line_of(Json::object().set("id", id).set("progress", progress));
}

std::string result_line(const Json& id, const Json& result) {
    return result_line(id, schema::write_compact(result));
}

std::string result_line(const Json& id, std::string_view result_json) {
    return "{\"id\":" + schema::write_compact(id) + ",\"result\":" + std::string(result_json) +
           "}\n";
}

std::string error_line(const Json& id, const Error& error, std::string_view path) {
    Json body = Json::object();
    body.set("kind", name_of(error.fault));
    if (!path.empty()) {
        body.set("path", path);
    }
    body.set("message", error.text);
    return line_of(Json::object().set("id", id).set("error", body));
}

Result<Answer> parse_answer(std::string_view line) {
    const auto message = parse_object(line);
    if (!message) {
        return Error{Fault::damaged, "answer: " + message.error().text};
    }
    Answer answer{id_of(*message), {}, {}, {}};
    if (const Json* progress = message->find("progress")) {
        answer.progress = *progress;
    } else if (const Json* result = message->find("result")) {
        answer.result = *result;
    } else if (const Json* error = message->find("error")) {
        const std::string* kind = error->string_at("kind");
        const std::string* text = error->string_at("message");
        answer.error = Error{fault_named(kind == nullptr ? "" : *kind),
                             text == nullptr ? "no reason given" : *text};
    } else {
        return Error{Fault::damaged, "answer: neither progress, result nor error"};
    }
    return answer;
}

std::string_view name_of(Fault fault) {
    const auto index = static_cast<std::size_t>(fault);
    return index < fault_names.size() ? fault_names.at(index) : "full";
}

}  // namespace metergate::control
