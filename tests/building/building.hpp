#pragma once

#include <memory>
#include <vector>

#include "gateway/model/clock.hpp"
#include "southbound/modbus/transport.hpp"
#include "tests/building/bus.hpp"
#include "tests/building/ledger.hpp"
#include "tests/building/panel_model.hpp"
#include "tests/building/scenario.hpp"
#include "tests/building/wire.hpp"

namespace metergate::building {

/// A scenario come to life: panels on buses, one ledger, and for each line a wire in virtual time.
/// It must outlive the transports it gave out. One thread.
class Building {
  public:
    /// The clock must show scenario.start now, to the second. Building time goes on from there with
    /// the clock's monotonic time.
    Building(const Scenario& scenario, const Clock& clock);

    [[nodiscard]] const Scenario& scenario() const { return scenario_; }
    [[nodiscard]] Ledger& ledger() { return ledger_; }
    [[nodiscard]] const Timeline& timeline() const { return timeline_; }
    [[nodiscard]] Bus& bus(std::size_t line) { return *buses_.at(line); }
    /// The simulated wire of a line; never null for a line of the scenario.
    [[nodiscard]] VirtualWire* wire(const Id& line);
    /// A transport for the gateway's side of that line.
    [[nodiscard]] std::unique_ptr<southbound::modbus::Transport> make_transport(const Id& line);

    /// Applies the clock steps of the scenario that are due; returns when the next one is.
    Instant step_clock(VirtualClock& clock);
    /// Notes the truth of every whole minute up to now.
    void note_truth();
    /// Notes the truth up to now and what the wires' masters did. Once, at the end.
    void finish();

  private:
    Scenario scenario_;
    const Clock& clock_;
    Timeline timeline_;
    Ledger ledger_;
    std::vector<std::unique_ptr<PanelModel>> panels_;
    std::vector<std::unique_ptr<Bus>> buses_;
    std::vector<std::unique_ptr<VirtualWire>> wires_;
    UtcTime truth_until_;
    std::size_t clock_steps_done_ = 0;
};

}  // namespace metergate::building
