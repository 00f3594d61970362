#include "southbound/modbus/port_keeper.hpp"

#include <algorithm>
#include <utility>

namespace metergate::southbound::modbus {

PortKeeper::PortKeeper(const Clock& clock, std::unique_ptr<Transport> transport)
    : clock_(clock), transport_(std::move(transport)) {}

bool PortKeeper::try_open() {
    if (open_) {
        return true;
    }
    if (clock_.now() < next_try_) {
        return false;
    }
    const Result<void> opened = transport_->open();
    if (opened.has_error()) {
        fault_ = opened.error();
        back_off();
        return false;
    }
    open_ = true;
    proven_ = false;
    fault_.reset();
    if (ever_open_) {
        ++reopened_;
    }
    ever_open_ = true;
    return true;
}

void PortKeeper::lost(Error why) {
    transport_->close();
    open_ = false;
    if (proven_) {
        proven_ = false;
        next_try_ = clock_.now();
        return;
    }
    fault_ = std::move(why);
    back_off();
}

void PortKeeper::proven() {
    proven_ = true;
    wait_ = back_off_min;
}

void PortKeeper::back_off() {
    next_try_ = clock_.now() + wait_;
    wait_ = std::min(wait_ * 2, back_off_max);
}

}  // namespace metergate::southbound::modbus
