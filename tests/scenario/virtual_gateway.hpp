#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "config/schema/settings.hpp"
#include "gateway/app/site.hpp"
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
    /// Other settings for the running gateway, by the decisions the daemon makes. Destinations stay
    /// as they are.
    void apply(const schema::Settings& wanted);
    /// The settings in use.
    [[nodiscard]] const schema::Settings& settings() const { return settings_; }
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
    [[nodiscard]] schema::Settings settings_due() const;
    struct Wire;
    void add_wire(app::LinePlan plan, Instant begin);
    void add_recorder_actor();
    void add_wire_actor(Wire& wire);
    void route_log_orders();
    Instant end_wires(const std::vector<Id>& lines);
    void report(Event event);
    void stop_gateway(bool cleanly);
    void add_actors();
    void do_own_faults();
    [[nodiscard]] std::vector<Instant> turning_points() const;

    building::Scenario scenario_;
    schema::Settings all_settings_;  ///< of the whole building
    schema::Settings settings_;      ///< in use: a panel may be taken out
    RunOptions options_;
    VirtualClock clock_;
    building::Building building_;
    FarEnd far_end_;
    support::TimeLine time_line_;
    std::unique_ptr<Parts> gateway_;
    bool takes_out_ = false;  ///< a fault `removed` is under way
    std::string problem_;
    std::vector<std::string> events_;
};

}  // namespace metergate::scenario
