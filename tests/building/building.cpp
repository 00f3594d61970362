#include "tests/building/building.hpp"

#include <utility>

namespace metergate::building {
namespace {

/// What a line owns; the wire itself stays with the building, which reads its counters at the end.
class WireHandle final : public southbound::modbus::Transport {
  public:
    explicit WireHandle(VirtualWire& wire) : wire_(wire) {}

    [[nodiscard]] Result<void> open() override { return wire_.open(); }
    void close() override { wire_.close(); }
    [[nodiscard]] Result<void> send(std::span<const std::uint8_t> frame) override {
        return wire_.send(frame);
    }
    [[nodiscard]] Result<std::size_t> receive(std::span<std::uint8_t> buffer) override {
        return wire_.receive(buffer);
    }
    [[nodiscard]] Instant wake_by(Instant deadline) override { return wire_.wake_by(deadline); }

  private:
    VirtualWire& wire_;
};

}  // namespace

Building::Building(const Scenario& scenario, const Clock& clock)
    : scenario_(scenario),
      clock_(clock),
      timeline_{clock.utc(), clock.now()},
      truth_until_(std::chrono::floor<std::chrono::minutes>(scenario.start)) {
    ledger_.set_run(scenario_.run_facts());
    for (const PanelPlan& plan : scenario_.panels) {
        panels_.push_back(make_panel(plan, scenario_.start, scenario_.utc_offset, ledger_));
    }
    for (const LinePlan& line : scenario_.lines) {
        std::vector<PanelModel*> on_line;
        for (const auto& panel : panels_) {
            if (panel->plan().line == line.id) {
                on_line.push_back(panel.get());
            }
        }
        buses_.push_back(std::make_unique<Bus>(line, timeline_, std::move(on_line), ledger_));
        if (line.kind == WireKind::tcp) {
            wires_.push_back(std::make_unique<VirtualTcpWire>(clock, *buses_.back()));
        } else {
            wires_.push_back(std::make_unique<VirtualRtuWire>(clock, *buses_.back()));
        }
    }
    for (const PlannedFault& fault : scenario_.faults) {
        ledger_.fault(fault);
        if (fault.kind == FaultKind::clock_step) {
            ledger_.clock_step({fault.from, std::chrono::milliseconds{fault.ms}});
        }
    }
}

VirtualWire* Building::wire(const Id& line) {
    for (std::size_t i = 0; i < wires_.size(); ++i) {
        if (scenario_.lines[i].id == line) {
            return wires_[i].get();
        }
    }
    return nullptr;
}

std::unique_ptr<southbound::modbus::Transport> Building::make_transport(const Id& line) {
    VirtualWire* const found = wire(line);
    return found == nullptr ? nullptr : std::make_unique<WireHandle>(*found);
}

Instant Building::step_clock(VirtualClock& clock) {
    const std::vector<ClockStep>& steps = ledger_.clock_steps();
    while (clock_steps_done_ < steps.size()) {
        const ClockStep& step = steps[clock_steps_done_];
        if (timeline_.when(step.at) > clock.now()) {
            return timeline_.when(step.at);
        }
        clock.step_utc(step.by);
        ++clock_steps_done_;
    }
    return never;
}

void Building::note_truth() {
    const UtcTime now = timeline_.at(clock_.now());
    while (truth_until_ + std::chrono::minutes{1} <= now) {
        truth_until_ += std::chrono::minutes{1};
        for (const auto& panel : panels_) {
            panel->note_truth(truth_until_);
        }
    }
}

void Building::finish() {
    note_truth();
    for (const auto& panel : panels_) {
        panel->note_truth(timeline_.at(clock_.now()));
    }
    for (const auto& wire : wires_) {
        if (wire->facts().requests > 0) {
            ledger_.wire(wire->facts());
        }
    }
}

}  // namespace metergate::building
