#include "gateway/app/line_worker.hpp"

#include <utility>

namespace metergate::app {
namespace {

constexpr Duration status_period = std::chrono::seconds{1};

}  // namespace

LineWorker::LineWorker(const Clock& clock, std::unique_ptr<southbound::Line> line, LinePlan plan,
                       southbound::Sinks sinks)
    : clock_(&clock),
      id_(plan.settings.id),
      line_(std::move(line)),
      poller_(clock, *line_, id_, std::move(plan.panels), std::move(sinks)),
      thread_("line-" + id_, clock,
              {.step = [this] { return step(); },
               .readable_fd = [this] { return line_->readable_fd(); },
               .finish = {}}) {
    reads_.on_push([this] { thread_.wake(); });
    publish_status();
}

void LineWorker::request_read(Id panel, southbound::ReadAnswer answer) {
    reads_.push(clock_->now(), {std::move(panel), std::move(answer)});
}

Instant LineWorker::step() {
    while (auto read = reads_.pop(clock_->now())) {
        poller_.request_read(read->panel, std::move(read->answer));
    }
    const Instant next = poller_.step();
    if (clock_->now() >= status_due_) {
        publish_status();
    }
    return next;
}

void LineWorker::publish_status() {
    status_due_ = clock_->now() + status_period;
    status_.set({id_, poller_.line_fault(), poller_.line_counters(), poller_.status()});
}

}  // namespace metergate::app
