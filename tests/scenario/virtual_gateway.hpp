#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "gateway/model/clock.hpp"
#include "gateway/record/recorder.hpp"
#include "tests/building/building.hpp"
#include "tests/building/verdict.hpp"
#include "tests/scenario/far_end.hpp"
#include "tests/support/time_line.hpp"

namespace metergate::scenario {

struct RunOptions {
    std::string folder;       ///< where the store goes: an empty folder, best on tmpfs
    bool with_broker = true;  ///< false: the settings name no destination at all
    bool live_values = false;
};

/// A scenario's building with the real gateway on it: real settings, frames, drivers, recorder,
/// store and delivery, all stepped on one virtual time line. Only wires, broker and threads are
/// simulated.
///
/// Of the scenario's faults it does those that concern the gateway and the broker itself.
class ScenarioRun {
  public:
    ScenarioRun(const building::Scenario& scenario, RunOptions options);
    ~ScenarioRun();
    ScenarioRun(const ScenarioRun&) = delete;
    ScenarioRun& operator=(const ScenarioRun&) = delete;

    /// Runs on until so long after the start. Returns false if the gateway could not start;
    /// `problem` says why.
    bool run_for(std::chrono::seconds since_start);
    /// Lets the backlog drain, stops the gateway cleanly, and compares.
    [[nodiscard]] building::Verdict finish();

    [[nodiscard]] const FarEnd& far_end() const { return far_end_; }
    [[nodiscard]] building::Building& building() { return building_; }
    [[nodiscard]] VirtualClock& clock() { return clock_; }
    [[nodiscard]] const std::string& problem() const { return problem_; }
    [[nodiscard]] record::RecorderStatus recorder_status() const;
    /// Every event of the gateway so far, as its kind's name.
    [[nodiscard]] const std::vector<std::string>& events() const { return events_; }

  private:
    struct Parts;  ///< the gateway itself: made at start, gone after a stop

    void start_gateway();
    void stop_gateway(bool cleanly);
    void add_actors();
    void do_own_faults();
    [[nodiscard]] std::vector<Instant> turning_points() const;

    building::Scenario scenario_;
    RunOptions options_;
    VirtualClock clock_;
    building::Building building_;
    FarEnd far_end_;
    support::TimeLine time_line_;
    std::unique_ptr<Parts> gateway_;
    std::string problem_;
    std::vector<std::string> events_;
};

}  // namespace metergate::scenario
