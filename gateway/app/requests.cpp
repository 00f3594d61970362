#include "gateway/app/requests.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <string>
#include <utility>

#include "config/schema/utc_text.hpp"
#include "gateway/app/status_json.hpp"

namespace metergate::app {
namespace {

using schema::Json;

constexpr std::int64_t events_max = 1000;

Result<std::string> text_param(const Json& params, std::string_view name) {
    const std::string* value = params.string_at(name);
    if (value == nullptr || value->empty()) {
        return Error{Fault::invalid, "params." + std::string(name) + " is missing or no text"};
    }
    return *value;
}

Result<Milli> milli_param(const Json& params, std::string_view name) {
    const auto value = params.integer_at(name);
    if (!value || *value < 0) {
        return Error{Fault::invalid, "params." + std::string(name) + " must be Wh, from 0 up"};
    }
    return *value;
}

void answer(Responder& responder, const Result<Json>& result) {
    if (result) {
        responder.result(*result);
    } else {
        responder.error(result.error());
    }
}

Result<storage::ChangeOut> change_from(const Json& params) {
    const auto serial = text_param(params, "new_serial");
    const auto reason = text_param(params, "reason");
    const auto who = text_param(params, "who");
    for (const auto* text : {&serial, &reason, &who}) {
        if (!*text) {
            return text->error();
        }
    }
    const auto last = milli_param(params, "last_read_wh");
    const auto first = milli_param(params, "first_read_wh");
    const auto at = params.integer_at("at_s");
    if (!last || !first || !at) {
        return !last    ? last.error()
               : !first ? first.error()
                        : Error{Fault::invalid, "params.at_s must be seconds since 1970"};
    }
    storage::ChangeOut change;
    change.new_serial = *serial;
    change.last_read = *last;
    change.first_read = *first;
    change.at = utc_from_s(*at);
    change.reason = *reason;
    change.who = *who;
    return change;
}

std::string optional_text(const Json& params, std::string_view name) {
    const std::string* value = params.string_at(name);
    return value == nullptr ? std::string() : *value;
}

Result<southbound::ParameterChange> parameter_change_from(const Json& params) {
    const auto name = text_param(params, "parameter");
    const auto value = params.integer_at("value");
    if (!name || !value) {
        return name ? Error{Fault::invalid, "params.value must be a whole number"} : name.error();
    }
    southbound::ParameterChange change;
    change.name = *name;
    change.point = optional_text(params, "point");
    change.value = *value;
    change.who = optional_text(params, "who");
    change.reason = optional_text(params, "reason");
    return change;
}

Result<Gateway::ApplyRequest> apply_from(const Json& params) {
    const Json* settings = params.find("settings");
    if (settings == nullptr || settings->as_object() == nullptr) {
        return Error{Fault::invalid, "params.settings is missing or no object"};
    }
    Gateway::ApplyRequest request;
    request.settings = schema::write_pretty(*settings);
    request.dry_run = params.bool_at("dry_run").value_or(false);
    if (const Json* ids = params.find("drop_cursors"); ids != nullptr) {
        if (ids->as_array() == nullptr) {
            return Error{Fault::invalid, "params.drop_cursors must be a list"};
        }
        for (const Json& id : *ids->as_array()) {
            if (id.as_string() == nullptr || !is_valid_id(*id.as_string())) {
                return Error{Fault::invalid, "params.drop_cursors must hold ids of destinations"};
            }
            request.drop_cursors.push_back(*id.as_string());
        }
    }
    return request;
}

}  // namespace

void Requests::handle(const control::Request& request, std::shared_ptr<Responder> responder) {
    if (request.method == "status") {
        responder->result(gateway_->status());
    } else if (request.method == "events") {
        events(request.params, responder);
    } else if (request.method == "read-at") {
        read_at(request.params, responder);
    } else if (request.method == "history") {
        history(request.params, responder);
    } else if (request.method == "read") {
        read(request.params, std::move(responder));
    } else if (request.method == "parameters") {
        parameters(request.params, std::move(responder));
    } else if (request.method == "write") {
        write(request.params, std::move(responder));
    } else if (request.method == "apply") {
        apply(request.params, std::move(responder));
    } else if (request.method == "test-destination") {
        test_destination(request.params, std::move(responder));
    } else if (request.method == "change-out") {
        change_out(request.params, std::move(responder));
    } else {
        responder->error({Fault::not_found, "\"" + request.method + "\" is not there yet"});
    }
}

void Requests::events(const Json& params, const std::shared_ptr<Responder>& responder) {
    const std::int64_t count = params.integer_at("count").value_or(50);
    if (count < 1 || count > events_max) {
        responder->error({Fault::invalid, "params.count is outside 1..1000"});
        return;
    }
    gateway_->events(static_cast<std::size_t>(count), asker_for(responder));
}

void Requests::history(const Json& params, const std::shared_ptr<Responder>& responder) {
    gateway_->history(params, asker_for(responder));
}

void Requests::read_at(const Json& params, const std::shared_ptr<Responder>& responder) {
    const auto point = text_param(params, "point");
    const auto time = params.integer_at("time_s");
    if (!point || !time) {
        responder->error(point ? Error{Fault::invalid, "params.time_s must be seconds since 1970"}
                               : point.error());
        return;
    }
    gateway_->read_at(*point, utc_from_s(*time), asker_for(responder));
}

/// Brings the answer of another thread back to this one.
Asker Requests::asker_for(const std::shared_ptr<Responder>& responder) {
    Asker asker;
    asker.wanted = [responder] { return responder->wanted(); };
    asker.answer = [io = io_, responder](Result<std::string> json) {
        boost::asio::post(*io, [responder, json = std::move(json)] {
            if (json) {
                responder->result_text(*json);
            } else {
                responder->error(json.error());
            }
        });
    };
    return asker;
}

void Requests::read(const Json& params, std::shared_ptr<Responder> responder) {
    const auto line = text_param(params, "line");
    const auto panel = text_param(params, "panel");
    if (!line || !panel) {
        responder->error(line ? panel.error() : line.error());
        return;
    }
    gateway_->read(*line, *panel,
                   [this, responder = std::move(responder)](Result<southbound::PanelRead> read) {
                       // The names of points are the main thread's.
                       boost::asio::post(*io_, [this, responder, read = std::move(read)] {
                           answer(*responder, read ? Result<Json>(gateway_->readings(*read))
                                                   : Result<Json>(read.error()));
                       });
                   });
}

void Requests::parameters(const Json& params, std::shared_ptr<Responder> responder) {
    const auto line = text_param(params, "line");
    const auto panel = text_param(params, "panel");
    if (!line || !panel) {
        responder->error(line ? panel.error() : line.error());
        return;
    }
    order_parameters(*line, {*panel, {}, {}}, std::move(responder));
}

void Requests::write(const Json& params, std::shared_ptr<Responder> responder) {
    const auto line = text_param(params, "line");
    const auto panel = text_param(params, "panel");
    const auto change = parameter_change_from(params);
    if (!line || !panel || !change) {
        responder->error(!line ? line.error() : !panel ? panel.error() : change.error());
        return;
    }
    order_parameters(*line, {*panel, *change, {}}, std::move(responder));
}

void Requests::order_parameters(const Id& line, southbound::ParameterOrder order,
                                std::shared_ptr<Responder> responder) {
    order.answer = [this, responder = std::move(responder)](
                       const Result<std::vector<southbound::ParameterValue>>& values) {
        answer_later(responder, values ? Result<Json>(parameters_json(*values))
                                       : Result<Json>(values.error()));
    };
    gateway_->parameters(line, std::move(order));
}

void Requests::test_destination(const Json& params, std::shared_ptr<Responder> responder) {
    const auto destination = text_param(params, "destination");
    if (!destination) {
        responder->error(destination.error());
        return;
    }
    gateway_->test_destination(*destination, [this, responder = std::move(responder)](
                                                 const Result<std::chrono::milliseconds>& took) {
        answer_later(responder, took ? Result<Json>(Json::object().set("ms", took->count()))
                                     : Result<Json>(took.error()));
    });
}

void Requests::apply(const Json& params, std::shared_ptr<Responder> responder) {
    auto request = apply_from(params);
    if (!request) {
        responder->error(request.error());
        return;
    }
    gateway_->apply(std::move(*request),
                    [responder = std::move(responder)](const Result<Json>& applied) {
                        answer(*responder, applied);
                    });
}

void Requests::change_out(const Json& params, std::shared_ptr<Responder> responder) {
    const auto point = text_param(params, "point");
    auto change = change_from(params);
    if (!point || !change) {
        responder->error(point ? change.error() : point.error());
        return;
    }
    gateway_->change_out(*point, std::move(*change),
                         [this, responder = std::move(responder)](const Result<void>& done) {
                             answer_later(responder, done ? Result<Json>(Json::object())
                                                          : Result<Json>(done.error()));
                         });
}

void Requests::answer_later(std::shared_ptr<Responder> responder, Result<Json> result) {
    boost::asio::post(*io_, [responder = std::move(responder), result = std::move(result)] {
        answer(*responder, result);
    });
}

}  // namespace metergate::app
