#pragma once

#include "southbound/poller.hpp"

#include <gtest/gtest.h>

#include <utility>

#include "tests/support/scripted_panel.hpp"

namespace metergate::southbound {

using std::chrono::milliseconds;
using std::chrono::seconds;

inline constexpr modbus::WireFormat wire_format{19'200, 11};

class Polling : public ::testing::Test {
  protected:
    PanelSetup setup_of(std::uint8_t unit) {
        PanelSetup setup;
        setup.number = PanelNumber{unit};
        setup.id = "panel-" + std::to_string(unit);
        setup.unit = unit;
        for (std::uint32_t slot = 1; slot <= 24; ++slot) {
            setup.points.push_back({point_number(setup.number, slot), slot, {}});
        }
        return setup;
    }

    ScriptedPanel& add(std::uint8_t unit) {
        return add(setup_of(unit), ScriptedPanel::metergate_panel(unit, 1000U + unit));
    }
    ScriptedPanel& add(PanelSetup setup, ScriptedPanel panel) {
        drivers_.emplace_back(std::move(setup), *profile_named("metergate-panel-24"));
        return bus_.add(std::move(panel));
    }

    Poller& poller() {
        if (!poller_) {
            poller_.emplace(
                clock_, line_, "riser-1", std::move(drivers_),
                Sinks{[this](Reading reading) { readings_.push_back(std::move(reading)); },
                      [this](Event event) { events_.push_back(std::move(event)); }});
        }
        return *poller_;
    }

    void run(Duration duration) {
        const Instant until = clock_.now() + duration;
        for (;;) {
            const Instant next = poller().step();
            if (next > until) {
                break;
            }
            ASSERT_GT(next, clock_.now()) << "the poller must not ask to run at once for ever";
            clock_.advance_to(next);
        }
        clock_.advance_to(until);
    }

    std::vector<EventKind> event_kinds() const {
        std::vector<EventKind> kinds;
        for (const Event& event : events_) {
            kinds.push_back(event.kind);
        }
        return kinds;
    }

    /// Readings of the panel that hold energy.
    std::size_t energy_readings(std::uint8_t unit) const {
        std::size_t count = 0;
        for (const Reading& reading : readings_) {
            if (reading.panel == PanelNumber{unit} &&
                reading.values.front().quantity == Quantity::energy_delivered) {
                ++count;
            }
        }
        return count;
    }

    VirtualClock clock_{utc_from_s(1'700'000'000)};
    ScriptedBus bus_{clock_, wire_format};
    modbus::RtuLine line_{clock_, std::make_unique<ScriptedTransport>(bus_.wire), wire_format};
    std::vector<PanelDriver> drivers_;
    std::optional<Poller> poller_;
    std::vector<Reading> readings_;
    std::vector<Event> events_;
};

}  // namespace metergate::southbound
