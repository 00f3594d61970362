#pragma once

#include "southbound/poller.hpp"

#include <gtest/gtest.h>

#include <utility>

#include "tests/support/scripted_panel.hpp"

namespace metergate::southbound {

using std::chrono::milliseconds;
using std::chrono::seconds;

inline constexpr modbus::WireFormat wire_format{19'200, 11};
/// Of a silent panel of the open map: silence, identity request, timeout, as long as the reply.
inline constexpr Duration probe_time = wire_format.silence() + wire_format.characters(8) +
                                       milliseconds{500} + wire_format.characters(5 + 2 * 6);

class Polling : public ::testing::Test {
  protected:
    static PanelSetup setup_of(std::uint8_t unit) {
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

    /// Panels 1..count whose polls keep the wire for 0.1 s each.
    void add_tenths_of_a_second(std::uint8_t count) {
        for (std::uint8_t unit = 1; unit <= count; ++unit) {
            PanelSetup setup = setup_of(unit);
            setup.every_poll = {Quantity::power};
            ScriptedPanel panel = ScriptedPanel::metergate_panel(unit, 1000U + unit);
            panel.turnaround =
                milliseconds{100} - wire_format.silence() - wire_format.characters(8 + 5 + 2 * 48);
            add(std::move(setup), std::move(panel));
        }
    }
    /// Before the first run().
    void poll_every(Duration period) {
        for (PanelDriver& driver : drivers_) {
            PanelSetup setup = driver.setup();
            setup.poll_period = period;
            driver = PanelDriver(setup, driver.profile());
        }
    }
    void add_to_bus(std::uint8_t unit, bool silent = false) {
        bus_.add(ScriptedPanel::metergate_panel(unit, 1000U + unit)).silent = silent;
    }
    /// The panels first..last answer no more.
    void silence(std::uint8_t first, std::uint8_t last) {
        for (std::uint8_t unit = first; unit <= last; ++unit) {
            add_to_bus(unit, true);
        }
    }

    Poller& poller() {
        if (!poller_) {
            poller_.emplace(
                clock_, line_, "riser-1", std::move(drivers_),
                Sinks{[this](Reading reading) { readings_.push_back(std::move(reading)); },
                      [this](Event event) { events_.push_back(std::move(event)); }},
                edges_);
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

    /// When in its period of 10 s each poll of a panel began, from the given frame on.
    std::vector<Duration> poll_phases(std::uint8_t unit, std::size_t from_frame) const {
        std::vector<Duration> phases;
        for (std::size_t i = from_frame; i < bus_.wire.sent().size(); ++i) {
            const auto& sent = bus_.wire.sent()[i];
            const unsigned address = sent.bytes.at(2) * 256U + sent.bytes.at(3);
            if (sent.bytes.at(0) == unit && address == 1000) {
                phases.push_back((sent.at - Instant{}) % seconds{10});
            }
        }
        return phases;
    }

    VirtualClock clock_{utc_from_s(1'700'000'000)};
    ScriptedBus bus_{clock_, wire_format};
    modbus::RtuLine line_{clock_, std::make_unique<ScriptedTransport>(bus_.wire), wire_format};
    std::vector<PanelDriver> drivers_;
    EdgeClock edges_;  ///< before the first run()
    std::optional<Poller> poller_;
    std::vector<Reading> readings_;
    std::vector<Event> events_;
};

}  // namespace metergate::southbound
