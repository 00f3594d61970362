#include "gateway/app/step_thread.hpp"

#include <pthread.h>

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
