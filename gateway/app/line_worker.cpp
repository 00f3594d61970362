#include "gateway/app/line_worker.hpp"

#include <algorithm>
#include <utility>

#include "gateway/app/waiter.hpp"

namespace metergate::app {
namespace {

constexpr Duration status_period = std::chrono::seconds{1};
constexpr Duration goodbye_time = std::chrono::milliseconds{1500};

std::vector<PanelNumber> numbers_of(const LinePlan& plan) {
    std::vector<PanelNumber> numbers;
    numbers.reserve(plan.panels.size());
    for (const southbound::PanelDriver& panel : plan.panels) {
        numbers.push_back(panel.setup().number);
    }
    return numbers;
}

}  // namespace

LineWorker::LineWorker(const Clock& clock, std::unique_ptr<southbound::Line> line, LinePlan plan,
                       Hooks hooks, const Past& past)
    : clock_(&clock),
      id_(plan.settings.id),
      begin_(past.begin),
      line_(std::move(line)),
      panels_(numbers_of(plan)),
      poller_(clock, *line_, id_, std::move(plan.panels), hooks.sinks, std::move(plan.edges)),
      logs_(clock, poller_, std::move(hooks.logged)),
      clocks_(clock, poller_, {hooks.sinks.event, std::move(hooks.is_time_known)}),
      event_logs_(clock, poller_, past.panel_marks, std::move(hooks.panel_events)),
      parameters_(clock, poller_, std::move(hooks.sinks.event)),
      guest_door_(std::make_shared<GuestDoor>(clock, id_)),
      thread_("line-" + id_, clock,
              {.step = [this] { return step(); },
               .readable_fd = [this] { return line_->readable_fd(); },
               .finish = [this] { finish(); }}) {
    reads_.on_push([this] { thread_.wake(); });
    parameter_orders_.on_push([this] { thread_.wake(); });
    guest_door_->on_ask([this] { thread_.wake(); });
    publish_status();
}

void LineWorker::request_read(Id panel, southbound::ReadAnswer answer) {
    reads_.push(clock_->now(), {std::move(panel), std::move(answer)});
}

void LineWorker::request_parameters(southbound::ParameterOrder order) {
    parameter_orders_.push(clock_->now(), std::move(order));
}

Instant LineWorker::step() {
    if (clock_->now() < begin_) {
        return begin_;
    }
    while (auto read = reads_.pop(clock_->now())) {
        poller_.request_read(read->panel, std::move(read->answer));
    }
    while (auto order = log_orders_->pop(clock_->now())) {
        logs_.order(*order);
    }
    while (auto order = parameter_orders_.pop(clock_->now())) {
        parameters_.order(std::move(*order));
    }
    let_guests_in();
    logs_.step();
    clocks_.step();
    event_logs_.step();
    parameters_.step();
    const Instant next_poll = poller_.step();
    const Instant next = std::min({next_poll, logs_.next_at(), clocks_.next_at(),
                                   event_logs_.next_at(), parameters_.next_at()});
    if (clock_->now() >= status_due_) {
        publish_status();
    }
    return next;
}

void LineWorker::let_guests_in() {
    while (auto asked = guest_door_->take()) {
        poller_.request_guest(
            {std::move(asked->client), std::move(asked->request),
             [this, answer = std::move(asked->answer)](const Result<southbound::Reply>& reply) {
                 answer({reply, poller_.exception_code()});
             }});
    }
}

/// The request under way is finished: its reply must not meet whoever opens the wire next.
void LineWorker::finish() {
    poller_.rest();
    logs_.end();
    parameters_.end();
    const Waiter waiter(*clock_);
    const Instant give_up = clock_->now() + goodbye_time;
    while (clock_->now() < give_up) {
        const Instant next = step();
        if (poller_.at_rest()) {
            break;
        }
        waiter.wait(std::min(next, give_up), line_->readable_fd());
    }
    guest_door_->close();
}

void LineWorker::publish_status() {
    status_due_ = clock_->now() + status_period;
    auto panels = poller_.status();
    clocks_.add_to(panels);
    status_.set({id_, poller_.line_fault(), poller_.line_counters(), poller_.wire_state(),
                 poller_.load(), std::move(panels)});
}

}  // namespace metergate::app
