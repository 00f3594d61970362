#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <random>
#include <utility>
#include <vector>

#include "gateway/model/clock.hpp"

namespace metergate::support {

/// Steps everything that takes time on one virtual clock: whoever wants to run first runs first;
/// ties are broken by the seed, so that nothing can rely on an order that threads would not keep.
class TimeLine {
  public:
    using Step = std::function<Instant()>;
    using Actor = std::size_t;

    TimeLine(VirtualClock& clock, std::uint64_t seed) : clock_(&clock), random_(seed) {}

    Actor add(Step step) {
        actors_.push_back({std::move(step), clock_->now()});
        return actors_.size() - 1;
    }
    /// The actor is never stepped again.
    void remove(Actor actor) { actors_[actor] = {{}, never}; }
    void remove_all() { actors_.clear(); }
    /// Lets the actor run now, as a wake from another thread would.
    void wake(Actor actor) { actors_[actor].next = std::min(actors_[actor].next, clock_->now()); }

    void run_until(Instant end) {
        while (true) {
            Entry* first = next_actor();
            if (first == nullptr || first->next > end) {
                break;
            }
            clock_->advance_to(first->next);
            const Instant asked = first->step();
            // Who asks to run at once is let wait a moment, so that time goes on.
            first->next = std::max(asked, clock_->now() + Duration{1});
        }
        clock_->advance_to(end);
    }

  private:
    struct Entry {
        Step step;
        Instant next;
    };

    Entry* next_actor() {
        Entry* first = nullptr;
        const std::size_t count = actors_.size();
        const std::size_t begin = count == 0 ? 0 : random_() % count;
        for (std::size_t i = 0; i < count; ++i) {
            Entry& candidate = actors_[begin + i < count ? begin + i : begin + i - count];
            if (candidate.step && (first == nullptr || candidate.next < first->next)) {
                first = &candidate;
            }
        }
        return first;
    }

    VirtualClock* clock_;
    std::minstd_rand random_;
    std::vector<Entry> actors_;
};

}  // namespace metergate::support
