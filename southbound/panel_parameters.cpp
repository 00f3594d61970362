#include "southbound/panel_parameters.hpp"

#include <fmt/format.h>

#include <utility>

#include "southbound/panel_request.hpp"

namespace metergate::southbound {
namespace {

using std::chrono::seconds;

/// Whose requests these are, beside those of other guests.
constexpr const char* client = "panel-parameters";
/// A panel that is not to be asked just now has to answer a poll first, or may answer late.
constexpr Duration busy_wait = seconds{1};
/// People wait for the answer. Whether a write arrived is worth a longer look.
constexpr Duration patience = seconds{20};
constexpr Duration patience_to_verify = seconds{30};
constexpr std::uint8_t illegal_value = 3;

}  // namespace

PanelParameters::Job::Job() = default;

PanelParameters::PanelParameters(const Clock& clock, Poller& poller,
                                 std::function<void(Event)> event)
    : clock_(clock), poller_(poller), event_(std::move(event)) {}

void PanelParameters::order(ParameterOrder order) {
    if (waiting_.size() >= waiting_max) {
        order.answer(Error{Fault::busy, fmt::format("line {}: {} wait already for parameters",
                                                    poller_.line_id(), waiting_max)});
        return;
    }
    waiting_.push_back(std::move(order));
}

void PanelParameters::step() {
    while (!job_ && !waiting_.empty()) {
        ParameterOrder next = std::move(waiting_.front());
        waiting_.pop_front();
        begin(std::move(next));
    }
    if (job_ && !job_->asked && job_->not_before <= clock_.now()) {
        ask();
    }
}

Instant PanelParameters::next_at() const {
    if (!job_) {
        return waiting_.empty() ? never : clock_.now();
    }
    return job_->asked ? never : job_->not_before;
}

void PanelParameters::end() {
    const Error ends{Fault::busy, "line " + poller_.line_id() + " ends"};
    for (const ParameterOrder& order : std::exchange(waiting_, {})) {
        order.answer(ends);
    }
    if (job_) {
        finish(ends);
    }
}

void PanelParameters::begin(ParameterOrder order) {
    std::size_t place = 0;
    while (place < poller_.panel_count() && poller_.driver(place).setup().id != order.panel) {
        ++place;
    }
    if (place == poller_.panel_count()) {
        order.answer(Error{Fault::not_found,
                           "line " + poller_.line_id() + " has no panel \"" + order.panel + "\""});
        return;
    }
    const PanelDriver& driver = poller_.driver(place);
    std::vector<PanelParameter> parameters;
    if (order.change) {
        const auto wanted = parameter_to_change(driver, *order.change);
        if (!wanted) {
            order.answer(wanted.error().within("panel " + order.panel));
            return;
        }
        parameters = {*wanted};
    } else {
        parameters = parameters_of(driver);
    }
    job_.emplace();
    job_->order = std::move(order);
    job_->panel = place;
    job_->parameters = std::move(parameters);
    job_->give_up = clock_.now() + patience;
    look(Stage::look);
}

void PanelParameters::look(Stage stage) {
    job_->stage = stage;
    job_->book.clear();
    std::vector<RegisterSpan> wanted;
    for (const PanelParameter& parameter : job_->parameters) {
        wanted.push_back(span_of(parameter.field));
    }
    const auto plan = plan_reads(
        wanted, {wanted, {}}, read_limits(driver().profile().limits, driver().setup().character));
    job_->spans.assign(plan.begin(), plan.end());
    if (job_->spans.empty()) {
        finish(std::vector<ParameterValue>{});
    }
}

void PanelParameters::ask() {
    job_->asked = true;
    const PanelSetup& setup = driver().setup();
    const Request request =
        job_->stage == Stage::write
            ? parameter_write(driver(), job_->parameters.front(), job_->order.change->value)
            : Request(panel_request(setup.unit, driver().profile().limits, job_->spans.front()));
    poller_.request_guest(
        {client, request, [this](const Result<Reply>& outcome) { take(outcome); }});
}

/// What the poller answers; never asks again by itself, so that a refusal cannot go round for ever.
void PanelParameters::take(const Result<Reply>& outcome) {
    if (!job_) {
        return;  // the line has ended meanwhile
    }
    job_->asked = false;
    job_->not_before = clock_.now();
    if (!outcome) {
        take_fault(outcome.error());
    } else if (job_->stage == Stage::write) {
        look(Stage::verify);
    } else {
        take_registers(*registers_of(outcome));
    }
}

void PanelParameters::take_fault(const Error& error) {
    const bool may_pass = error.fault == Fault::busy || job_->stage == Stage::verify;
    if (may_pass && clock_.now() < job_->give_up) {
        job_->not_before = clock_.now() + busy_wait;
        return;
    }
    if (job_->stage == Stage::verify) {
        finish(Error{error.fault, error.text + "; whether " + text_of(job_->parameters.front()) +
                                      " was set is not known"});
        return;
    }
    if (job_->stage == Stage::look || error.fault == Fault::busy) {
        finish(error);
        return;
    }
    if (error.fault != Fault::refused) {
        job_->unheard = error;  // the panel may have heard it all the same
        job_->give_up = clock_.now() + patience_to_verify;
        look(Stage::verify);
        return;
    }
    const PanelParameter& parameter = job_->parameters.front();
    const bool may_be_sealed = parameter.profile->seal == schema::Seal::sealed &&
                               poller_.exception_code() == illegal_value;
    finish(Error{Fault::refused, error.text + "; " + text_of(parameter) + " was not set" +
                                     (may_be_sealed ? ": its seal may be closed" : "")});
}

void PanelParameters::take_registers(const RegisterReply& reply) {
    if (reply.registers.size() != job_->spans.front().count) {
        take_fault({Fault::damaged, "panel " + driver().setup().id + " answered with " +
                                        std::to_string(reply.registers.size()) + " registers"});
        return;
    }
    job_->book.keep(job_->spans.front(), reply.registers);
    job_->spans.pop_front();
    if (job_->spans.empty()) {
        take_values();
    }
}

void PanelParameters::take_values() {
    std::vector<ParameterValue> values;
    for (const PanelParameter& parameter : job_->parameters) {
        auto value = value_in(job_->book, parameter);
        if (!value) {
            finish(Error{Fault::damaged, "panel " + driver().setup().id + ": " +
                                             text_of(parameter) + " is no whole number"});
            return;
        }
        values.push_back(std::move(*value));
    }
    if (!job_->order.change) {
        finish(std::move(values));
    } else if (job_->stage == Stage::verify) {
        judge(values.front());
    } else if (values.front().value == job_->order.change->value) {
        values.front().before = values.front().value;
        finish(std::move(values));
    } else {
        job_->before = values.front().value;
        job_->stage = Stage::write;
    }
}

/// What the panel holds after the write.
void PanelParameters::judge(const ParameterValue& now) {
    const std::int64_t wanted = job_->order.change->value;
    if (now.value == wanted) {
        ParameterValue done = now;
        done.before = job_->before;
        tell(done);
        finish(std::vector<ParameterValue>{done});
        return;
    }
    const std::string name = text_of(job_->parameters.front());
    if (job_->unheard && now.value == job_->before) {
        finish(Error{job_->unheard->fault, job_->unheard->text + "; " + name + " was not set"});
        return;
    }
    finish(Error{Fault::refused, fmt::format("panel {}: {} is {} although it was set to {}",
                                             driver().setup().id, name, now.value, wanted)});
}

void PanelParameters::tell(const ParameterValue& value) {
    if (value.seal == schema::Seal::free) {
        return;
    }
    const ParameterChange& change = *job_->order.change;
    const PanelSetup& panel = driver().setup();
    Event event;
    event.kind = EventKind::programming;
    event.at = clock_.utc();
    event.start = event.at;
    event.panel = panel.number;
    event.source = panel.id;
    event.old_value = fmt::format("{} {}", *value.before, value.unit);
    event.new_value = fmt::format("{} {}", value.value, value.unit);
    event.text =
        fmt::format("{} of panel {} was set from {} to {} by {}{}",
                    text_of(job_->parameters.front()), panel.id, event.old_value, event.new_value,
                    change.who, change.reason.empty() ? "" : ": " + change.reason);
    event_(std::move(event));
}

void PanelParameters::finish(Result<std::vector<ParameterValue>> result) {
    const ParameterAnswer answer = std::move(job_->order.answer);
    job_.reset();
    answer(std::move(result));
}

}  // namespace metergate::southbound
