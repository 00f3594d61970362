#include <poll.h>
#include <unistd.h>

#include <utility>

#include "tests/building/live_line.hpp"
#include "tests/building/loopback.hpp"

namespace metergate::building {

Result<std::uint16_t> DeviceServer::listen() {
    const auto listening = listen_on_loopback(port_, id());
    if (!listening) {
        return listening.error();
    }
    listener_ = *listening;
    return port_;
}

Result<void> DeviceServer::plug_in() {
    if (listener_ < 0) {
        if (const auto listening = listen(); !listening) {
            return listening.error();
        }
    }
    if (master_ < 0) {
        master_ = accept_on(listener_);
    }
    return {};
}

void DeviceServer::hung_up() {
    close(std::exchange(master_, -1));
}

void DeviceServer::take_away() {
    // The listener first: else the master may be back before it is gone.
    if (listener_ >= 0) {
        close(std::exchange(listener_, -1));
    }
    if (master_ >= 0) {
        hung_up();
    }
}

void DeviceServer::watch(std::vector<pollfd>& descriptors) const {
    if (listener_ >= 0 && master_ < 0) {
        descriptors.push_back({listener_, POLLIN, 0});
    }
    PacedLine::watch(descriptors);
}

}  // namespace metergate::building
