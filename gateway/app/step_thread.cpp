#include "gateway/app/step_thread.hpp"

#include <pthread.h>
#include <sys/prctl.h>

#include <csignal>
#include <utility>

namespace metergate::app {
namespace {

/// Signals are the main thread's business.
void block_signals() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, nullptr);
}

/// The kernel lets a thread oversleep by 50 us to save wake-ups. On a wire whose silence between
/// frames is 334 us that would be time in which nobody sends.
void wake_in_time() {
    constexpr unsigned long slack_ns = 1000;
    prctl(PR_SET_TIMERSLACK, slack_ns);
}

}  // namespace

StepThread::StepThread(std::string name, const Clock& clock, Steps steps)
    : name_(std::move(name)), clock_(&clock), steps_(std::move(steps)), waiter_(clock) {}

StepThread::~StepThread() {
    request_stop();
    join();
}

void StepThread::start() {
    last_step_us_ = clock_->now().time_since_epoch().count();
    thread_ = std::thread([this] { run(); });
}

void StepThread::request_stop() {
    stop_ = true;
    waiter_.wake();
}

void StepThread::join() {
    if (thread_.joinable()) {
        thread_.join();
    }
}

void StepThread::run() {
    block_signals();
    wake_in_time();
    // The kernel keeps 15 characters of a name.
    pthread_setname_np(pthread_self(), name_.substr(0, 15).c_str());
    while (!stop_) {
        last_step_us_ = clock_->now().time_since_epoch().count();
        const Instant next = steps_.step();
        if (!stop_) {
            waiter_.wait(next, steps_.readable_fd ? steps_.readable_fd() : -1);
        }
    }
    if (steps_.finish) {
        steps_.finish();
    }
    ended_ = true;
}

}  // namespace metergate::app
