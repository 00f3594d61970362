#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <utility>

#include "gateway/app/step_thread.hpp"
#include "gateway/record/directory.hpp"
#include "gateway/record/live_values.hpp"
#include "gateway/record/store.hpp"
#include "northbound/delivery.hpp"

namespace metergate::app {

/// One destination with its delivery, on a thread of its own.
class DestinationWorker {
  public:
    struct Parts {
        std::unique_ptr<record::BatchSource> batches;
        std::unique_ptr<northbound::Publisher> publisher;
        record::CursorStore& cursors;
        const record::LiveValues& live_values;
        std::function<void(Event)> report;
    };

    DestinationWorker(const Clock& clock, const northbound::DeliveryOptions& options,
                      record::Directory directory, Parts parts,
                      northbound::Delivery::Stored stored);

    void start() { thread_.start(); }
    [[nodiscard]] StepThread& thread() { return thread_; }
    [[nodiscard]] const Id& id() const { return id_; }
    /// Any thread.
    [[nodiscard]] northbound::DeliveryStatus status() const { return delivery_.status(); }
    void tell(const Event& event) {
        delivery_.tell(event);
        thread_.wake();
    }
    void describe(record::Directory directory) {
        delivery_.describe(std::move(directory));
        thread_.wake();
    }
    /// The answer comes on the destination's thread, or at once.
    void test(northbound::TestAnswer answer) {
        delivery_.test(std::move(answer));
        thread_.wake();
    }
    void batch_stored(BatchSeq newest) {
        delivery_.batch_stored(newest);
        thread_.wake();
    }

  private:
    void say_goodbye();

    const Clock* clock_;
    Id id_;
    std::unique_ptr<record::BatchSource> batches_;
    std::unique_ptr<northbound::Publisher> publisher_;
    northbound::Delivery delivery_;
    StepThread thread_;
};

}  // namespace metergate::app
