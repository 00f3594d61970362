#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "southbound/modbus/rtu_line.hpp"
#include "southbound/poller.hpp"
#include "tests/building/building.hpp"

namespace metergate::southbound {

/// Simulated panels on one line, `riser`, at 19200 baud, polled each 10 s. What is asked of them
/// beside that, a guest of the poller, is stepped with it.
class GuestLine : public ::testing::Test {
  protected:
    /// `panels` and `faults`: lists as in a scenario.
    void make_line(const std::string& panels, const std::string& faults,
                   std::vector<PanelDriver> drivers) {
        building_ = std::make_unique<building::Building>(
            *building::parse_scenario(R"({"lines": [{"id": "riser", "baud": 19200}], "panels": [)" +
                                      panels + R"(], "faults": [)" + faults + "]}"),
            clock_);
        line_ = std::make_unique<modbus::RtuLine>(clock_, building_->make_transport("riser"),
                                                  modbus::WireFormat{19'200, 11});
        poller_ = std::make_unique<Poller>(
            clock_, *line_, "riser", std::move(drivers),
            Sinks{[this](const Reading& reading) { ++readings_[raw(reading.panel)]; },
                  [](const Event&) {}});
    }
    template <class Guest>
    void step_with(Guest& guest, Instant until) {
        guest.step();
        const Instant next_poll = poller_->step();
        const Instant next = std::min(next_poll, guest.next_at());
        clock_.advance_to(std::min(std::max(next, clock_.now() + Duration{1}), until));
        building_->note_truth();
    }
    template <class Guest>
    void run_with(Guest& guest, Duration duration) {
        const Instant until = clock_.now() + duration;
        while (clock_.now() < until) {
            step_with(guest, until);
        }
    }

    VirtualClock clock_{building::parse_scenario("{}")->start};
    std::unique_ptr<building::Building> building_;
    std::unique_ptr<modbus::RtuLine> line_;
    std::unique_ptr<Poller> poller_;
    std::map<std::uint32_t, int> readings_;  ///< by panel
};

}  // namespace metergate::southbound
