#include "gateway/app/guest_door.hpp"

#include <string_view>
#include <utility>

namespace metergate::app {
namespace {

using southbound::gateway::LineRequest;

void refuse(const LineRequest& request, const Id& line, std::string_view why) {
    request.answer({Error{Fault::busy, "line " + line + std::string(why)}, 0});
}

}  // namespace

GuestDoor::GuestDoor(const Clock& clock, Id line) : clock_(&clock), line_(std::move(line)) {}

void GuestDoor::ask(LineRequest request) {
    bool is_open = false;
    {
        const std::scoped_lock lock(mutex_);
        is_open = open_;
        if (open_ && waiting_.size() < waiting_max) {
            waiting_.push(clock_->now(), std::move(request));
            if (wake_) {
                wake_();
            }
            return;
        }
    }
    refuse(request, line_, is_open ? ": too many requests of guests are waiting" : " has ended");
}

std::optional<LineRequest> GuestDoor::take() {
    return waiting_.pop(clock_->now());
}

void GuestDoor::close() {
    {
        const std::scoped_lock lock(mutex_);
        open_ = false;
    }
    while (const auto request = take()) {
        refuse(*request, line_, " has ended");
    }
}

}  // namespace metergate::app
