#include "gateway/app/waiter.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>

namespace metergate::app {
namespace {

constexpr Duration longest = std::chrono::seconds{1};

timespec as_timespec(Duration time) {
    const auto whole = std::chrono::floor<std::chrono::seconds>(time);
    timespec value{};
    value.tv_sec = whole.count();
    value.tv_nsec = static_cast<long>((time - whole).count() * 1000);
    return value;
}

}  // namespace

Waiter::Waiter(const Clock& clock)
    : clock_(&clock), event_fd_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
    if (event_fd_ < 0) {
        std::perror("eventfd");
        std::abort();  // a process without descriptors cannot do its work
    }
}

Waiter::~Waiter() {
    ::close(event_fd_);
}

void Waiter::wake() const {
    const std::uint64_t one = 1;
    // A full counter means that the wake is already pending.
    static_cast<void>(::write(event_fd_, &one, sizeof one) == sizeof one);
}

void Waiter::wait(Instant until, int readable_fd) const {
    const Duration left = std::clamp(until - clock_->now(), Duration{0}, longest);
    std::array<pollfd, 2> watched{{{event_fd_, POLLIN, 0}, {readable_fd, POLLIN, 0}}};
    const timespec timeout = as_timespec(left);
    ppoll(watched.data(), readable_fd < 0 ? 1 : 2, &timeout, nullptr);
    std::uint64_t wakes = 0;
    static_cast<void>(::read(event_fd_, &wakes, sizeof wakes) == sizeof wakes);
}

}  // namespace metergate::app
