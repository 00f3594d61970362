#pragma once

#include <atomic>
#include <functional>
#include <string>
#include <thread>

#include "gateway/app/waiter.hpp"
#include "gateway/model/clock.hpp"

namespace metergate::app {

/// What a thread runs: `step` does what is due and says when it wants to run next; `readable_fd`
/// names the descriptor to watch meanwhile, -1 for none; `finish` runs once, last.
struct Steps {
    std::function<Instant()> step;
    std::function<int()> readable_fd;
    std::function<void()> finish;
};

/// A thread that steps one object until it is told to stop. All threads of the program are of this
/// kind.
class StepThread {
  public:
    StepThread(std::string name, const Clock& clock, Steps steps);
    StepThread(const StepThread&) = delete;
    StepThread& operator=(const StepThread&) = delete;
    /// Stops and joins.
    ~StepThread();

    void start();
    /// Asks it to end; any thread. It finishes the step under way and runs `finish`.
    void request_stop();
    void join();
    /// Makes the next step happen now; any thread.
    void wake() const { waiter_.wake(); }

    [[nodiscard]] const std::string& name() const { return name_; }
    /// When it last began a step: the watchdog's proof of life.
    [[nodiscard]] Instant last_step() const { return Instant{Duration{last_step_us_.load()}}; }
    [[nodiscard]] bool ended() const { return ended_.load(); }

  private:
    void run();

    std::string name_;
    const Clock* clock_;
    Steps steps_;
    Waiter waiter_;
    std::atomic<bool> stop_{false};
    std::atomic<bool> ended_{false};
    std::atomic<Duration::rep> last_step_us_{0};
    std::thread thread_;
};

}  // namespace metergate::app
