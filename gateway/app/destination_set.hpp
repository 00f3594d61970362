#pragma once

#include <algorithm>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "gateway/app/destination_worker.hpp"

namespace metergate::app {

/// The destinations that run now. Other threads tell them news while the main thread changes who is
/// there.
class DestinationSet {
  public:
    // Any thread.
    void batch_stored(BatchSeq newest) {
        const std::scoped_lock lock(mutex_);
        for (const auto& destination : workers_) {
            destination->batch_stored(newest);
        }
    }
    void tell(const Event& event) {
        const std::scoped_lock lock(mutex_);
        for (const auto& destination : workers_) {
            destination->tell(event);
        }
    }

    // The main thread.
    void add(std::unique_ptr<DestinationWorker> worker) {
        const std::scoped_lock lock(mutex_);
        workers_.push_back(std::move(worker));
    }
    /// The worker of that id, no longer told anything; null if there is none.
    [[nodiscard]] std::unique_ptr<DestinationWorker> take(const Id& id) {
        const std::scoped_lock lock(mutex_);
        const auto found = std::find_if(workers_.begin(), workers_.end(),
                                        [&](const auto& worker) { return worker->id() == id; });
        if (found == workers_.end()) {
            return nullptr;
        }
        auto taken = std::move(*found);
        workers_.erase(found);
        return taken;
    }
    [[nodiscard]] const std::vector<std::unique_ptr<DestinationWorker>>& all() const {
        return workers_;
    }

  private:
    mutable std::mutex mutex_;
    std::vector<std::unique_ptr<DestinationWorker>> workers_;
};

}  // namespace metergate::app
