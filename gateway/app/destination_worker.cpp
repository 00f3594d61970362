#include "gateway/app/destination_worker.hpp"

#include <algorithm>
#include <utility>

namespace metergate::app {

DestinationWorker::DestinationWorker(const Clock& clock, const northbound::DeliveryOptions& options,
                                     record::Directory directory, Parts parts,
                                     northbound::Delivery::Stored stored)
    : clock_(&clock),
      id_(options.destination),
      batches_(std::move(parts.batches)),
      publisher_(std::move(parts.publisher)),
      delivery_(options, std::move(directory),
                {clock, *batches_, parts.cursors, *publisher_, parts.live_values,
                 std::move(parts.report)},
                std::move(stored)),
      thread_("to-" + options.destination, clock,
              {.step = [this] { return delivery_.step(); },
               .readable_fd = [this] { return publisher_->readable_fd(); },
               .finish = [this] { say_goodbye(); }}) {
    publisher_->on_news([this] { thread_.wake(); });
}

void DestinationWorker::say_goodbye() {
    delivery_.stop();
    const Waiter waiter(*clock_);
    Instant next = delivery_.step();
    while (!delivery_.stopped()) {
        // News of the publisher wakes the thread's own waiter, not this one.
        waiter.wait(std::min(next, clock_->now() + std::chrono::milliseconds{20}),
                    publisher_->readable_fd());
        next = delivery_.step();
    }
}

}  // namespace metergate::app
