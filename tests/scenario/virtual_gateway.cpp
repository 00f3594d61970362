#include "tests/scenario/virtual_gateway.hpp"

#include <algorithm>
#include <utility>

#include "config/document.hpp"
#include "gateway/app/apply_plan.hpp"
#include "gateway/app/profile_facts.hpp"
#include "gateway/app/site.hpp"
#include "northbound/delivery.hpp"
#include "southbound/modbus/rtu_line.hpp"
#include "southbound/modbus/tcp_line.hpp"
#include "southbound/panel_clocks.hpp"
#include "southbound/panel_event_logs.hpp"
#include "southbound/panel_logs.hpp"
#include "southbound/poller.hpp"
#include "storage/reader.hpp"
#include "storage/store.hpp"
#include "tests/building/gateway_settings.hpp"

namespace metergate::scenario {
namespace {

constexpr Duration drain_time = std::chrono::minutes{3};
constexpr Duration truth_period = std::chrono::minutes{1};

schema::Settings settings_of(const building::Scenario& scenario, bool with_broker,
                             std::string& problem) {
    building::GatewayConnections connections;
    if (with_broker) {
        connections.mqtt_port = 1883;
    }
    const app::ProfileFactsBook facts;
    auto loaded = config::load_text(building::settings_for(scenario, connections), facts);
    for (const auto& found : loaded.problems) {
        problem += schema::text_of(found) + "\n";
    }
    return std::move(loaded.settings);
}

/// Panels of the scenario may have narrower registers than the profile of their kind says.
void narrow_registers(const building::Scenario& scenario, record::RecordPlan& plan) {
    for (record::PanelPlan& panel : plan.panels) {
        const auto found =
            std::find_if(scenario.panels.begin(), scenario.panels.end(),
                         [&](const building::PanelPlan& one) { return one.id == panel.id; });
        if (found == scenario.panels.end()) {
            continue;
        }
        for (record::PointPlan& point : panel.points) {
            for (auto& [quantity, modulus] : point.moduli) {
                modulus = std::min<Milli>(modulus, found->modulus_wh);
            }
        }
    }
}

bool is_own_fault(building::FaultKind kind) {
    return kind == building::FaultKind::gateway_stop || kind == building::FaultKind::gateway_kill ||
           kind == building::FaultKind::broker_stop || kind == building::FaultKind::removed;
}

}  // namespace

/// Cursors as the daemon moves them: through the recorder's inbox.
class InboxCursors final : public record::CursorStore {
  public:
    InboxCursors(const Clock& clock, storage::SqliteStore& store, record::RecorderInbox& inbox)
        : clock_(&clock), store_(&store), inbox_(&inbox) {}
    Result<std::optional<BatchSeq>> load(const Id& destination) override {
        return store_->cursor(destination);
    }
    Result<std::vector<record::Receipt>> load_receipts(const Id& destination) override {
        return store_->receipts(destination);
    }
    void move(const record::CursorMove& move) override {
        inbox_->cursors.push(clock_->now(), move);
    }
    void keep(const record::Receipt& receipt) override {
        inbox_->receipts.push(clock_->now(), receipt);
    }

  private:
    const Clock* clock_;
    storage::SqliteStore* store_;
    record::RecorderInbox* inbox_;
};

struct ScenarioRun::Wire {
    Id id;
    support::TimeLine::Actor actor = 0;
    Instant begin{};
    std::unique_ptr<southbound::Line> line;
    std::unique_ptr<southbound::Poller> poller;
    std::unique_ptr<southbound::PanelLogs> logs;
    std::unique_ptr<southbound::PanelClocks> clocks;
    std::unique_ptr<southbound::PanelEventLogs> event_logs;
};

struct ScenarioRun::Parts {
    record::RecorderInbox inbox;
    record::LiveValues live;
    std::unique_ptr<storage::SqliteStore> store;
    std::unique_ptr<record::Recorder> recorder;
    std::vector<Wire> wires;
    std::unique_ptr<InboxCursors> cursors;
    std::unique_ptr<storage::SqliteBatchSource> batches;
    std::unique_ptr<northbound::Publisher> publisher;
    std::unique_ptr<northbound::Delivery> delivery;
};

ScenarioRun::ScenarioRun(const building::Scenario& scenario, RunOptions options)
    : scenario_(scenario),
      options_(std::move(options)),
      clock_(scenario.start),
      building_(scenario, clock_),
      far_end_(clock_),
      time_line_(clock_, scenario.seed) {
    building_.step_clock(clock_);  // the clock may be wrong from the start
    all_settings_ = settings_of(scenario_, options_.with_broker, problem_);
    settings_ = settings_due();
    start_gateway();
}

ScenarioRun::~ScenarioRun() = default;

void ScenarioRun::report(Event event) {
    events_.emplace_back(name_of(event.kind));
    gateway_->inbox.events.push(clock_.now(), std::move(event));
}

void ScenarioRun::start_gateway() {
    if (!problem_.empty()) {
        return;
    }
    const schema::Settings& settings = settings_;
    auto parts = std::make_unique<Parts>();
    auto store = storage::SqliteStore::open(options_.folder + "/store.sqlite", clock_, {});
    if (!store) {
        problem_ = store.error().text;
        return;
    }
    parts->store = std::move(*store);
    const auto numbering = parts->store->number(*app::numbering_request(settings));
    auto site = app::assemble_site(settings, *numbering, *parts->store->all_numbers(),
                                   app::program_written);
    narrow_registers(scenario_, site->plan);
    auto recorder = record::Recorder::make(clock_, *parts->store, parts->inbox, parts->live,
                                           site->plan, *parts->store->restart_state());
    parts->recorder = std::make_unique<record::Recorder>(std::move(*recorder));
    gateway_ = std::move(parts);
    for (auto& plan : site->lines) {
        add_wire(std::move(plan), Instant{});
    }
    route_log_orders();
    for (const auto& destination : settings.destinations) {
        auto options = northbound::delivery_options_from(destination, site->directory);
        options->live_values = options_.live_values;
        gateway_->cursors =
            std::make_unique<InboxCursors>(clock_, *gateway_->store, gateway_->inbox);
        gateway_->batches =
            std::move(*storage::SqliteBatchSource::open(options_.folder + "/store.sqlite"));
        gateway_->publisher = far_end_.make_publisher();
        gateway_->delivery = std::make_unique<northbound::Delivery>(
            *options, site->directory,
            northbound::Delivery::Parts{clock_, *gateway_->batches, *gateway_->cursors,
                                        *gateway_->publisher, gateway_->live,
                                        [this](Event event) { report(std::move(event)); }},
            northbound::Delivery::Stored{*gateway_->store->cursor(destination.id),
                                         *gateway_->store->receipts(destination.id)});
    }
    add_actors();
}

void ScenarioRun::add_wire(app::LinePlan plan, Instant begin) {
    auto transport = building_.make_transport(plan.settings.id);
    Wire wire;
    wire.id = plan.settings.id;
    wire.begin = begin;
    if (const auto format = app::wire_format_of(plan.settings)) {
        wire.line = std::make_unique<southbound::modbus::RtuLine>(
            clock_, std::move(transport), *format, app::rtu_options_of(plan.settings));
    } else {
        wire.line = std::make_unique<southbound::modbus::TcpLine>(clock_, std::move(transport));
    }
    wire.poller = std::make_unique<southbound::Poller>(
        clock_, *wire.line, wire.id, std::move(plan.panels),
        southbound::Sinks{.reading =
                              [this](Reading reading) {
                                  gateway_->inbox.readings.push(clock_.now(), std::move(reading));
                              },
                          .event = [this](Event event) { report(std::move(event)); }},
        std::move(plan.edges));
    wire.logs = std::make_unique<southbound::PanelLogs>(
        clock_, *wire.poller,
        [this](LogAnswer answer) { gateway_->inbox.logged.push(clock_.now(), std::move(answer)); });
    wire.clocks = std::make_unique<southbound::PanelClocks>(
        clock_, *wire.poller,
        southbound::PanelClocks::Sinks{
            [this](Event event) { report(std::move(event)); },
            [this] { return gateway_->recorder->status().time_trusted; }});
    wire.event_logs = std::make_unique<southbound::PanelEventLogs>(
        clock_, *wire.poller, gateway_->store->restart_state()->panel_marks,
        [this](PanelEvents events) {
            gateway_->inbox.panel_events.push(clock_.now(), std::move(events));
        });
    gateway_->wires.push_back(std::move(wire));
}

/// As the daemon does when its lines have been made.
void ScenarioRun::route_log_orders() {
    gateway_->recorder->on_log_order([this](const LogOrder& order) {
        for (Wire& wire : gateway_->wires) {
            for (std::size_t i = 0; i < wire.poller->panel_count(); ++i) {
                if (wire.poller->driver(i).setup().number == order.panel) {
                    wire.logs->order(order);
                    time_line_.wake(wire.actor);
                }
            }
        }
    });
}

/// Ends them as a line's thread ends: the request under way is finished. Returns when no reply can
/// come any more.
Instant ScenarioRun::end_wires(const std::vector<Id>& lines) {
    constexpr Duration pause = std::chrono::milliseconds{10};
    Instant quiet{};
    for (const Id& id : lines) {
        const auto wire = std::find_if(gateway_->wires.begin(), gateway_->wires.end(),
                                       [&](const Wire& one) { return one.id == id; });
        wire->poller->rest();
        wire->logs->end();
        while (!wire->poller->at_rest()) {
            time_line_.wake(wire->actor);
            time_line_.run_until(clock_.now() + pause);
        }
        quiet = std::max(quiet, wire->poller->quiet_from());
        time_line_.remove(wire->actor);
        gateway_->wires.erase(wire);
    }
    return quiet;
}

void ScenarioRun::apply(const schema::Settings& wanted) {
    const auto plan = app::plan_apply(settings_, wanted);
    storage::SqliteStore& store = *gateway_->store;
    const auto numbering = store.number(*app::numbering_request(wanted));
    auto site = app::assemble_site(wanted, *numbering, *store.all_numbers(), app::program_written);
    narrow_registers(scenario_, site->plan);
    if (!plan.refusals.empty() || !record::Recorder::check(site->plan)) {
        problem_ = "these settings cannot be applied";
        return;
    }
    const auto restart = *store.restart_state();
    if (gateway_->delivery) {
        gateway_->delivery->describe(site->directory);
    }
    const Instant begin = end_wires(plan.lines.ending());
    gateway_->recorder->change_plan(site->plan, restart).value();
    const auto beginning = plan.lines.beginning();
    for (auto& line : site->lines) {
        if (std::find(beginning.begin(), beginning.end(), line.settings.id) != beginning.end()) {
            add_wire(std::move(line), begin);
            add_wire_actor(gateway_->wires.back());
        }
    }
    route_log_orders();
    for (Event& event : app::programming_events(plan.differences, clock_.utc())) {
        report(std::move(event));
    }
    settings_ = wanted;
}

void ScenarioRun::add_actors() {
    time_line_.remove_all();
    time_line_.add([this] {
        building_.note_truth();
        return clock_.now() + truth_period;
    });
    time_line_.add([this] { return building_.step_clock(clock_); });
    if (!gateway_) {
        return;
    }
    add_recorder_actor();
    for (auto& wire : gateway_->wires) {
        add_wire_actor(wire);
    }
    if (gateway_->delivery) {
        const auto actor = time_line_.add(
            [this] { return std::min(gateway_->delivery->step(), far_end_.next_answer_at()); });
        gateway_->recorder->on_stored([this, actor](BatchSeq newest) {
            gateway_->delivery->batch_stored(newest);
            time_line_.wake(actor);
        });
    }
}

/// As the daemon's recorder thread: woken by arrivals, which it lets gather.
void ScenarioRun::add_recorder_actor() {
    const auto actor = time_line_.add([this, next = Instant{}]() mutable {
        record::Recorder& recorder = *gateway_->recorder;
        if (std::min(next, recorder.arrivals_due()) <= clock_.now()) {
            next = recorder.step();
        }
        return std::min(next, recorder.arrivals_due());
    });
    gateway_->inbox.on_arrival([this, actor] { time_line_.wake(actor); });
}

void ScenarioRun::add_wire_actor(Wire& wire) {
    wire.actor = time_line_.add([this, poller = wire.poller.get(), logs = wire.logs.get(),
                                 clocks = wire.clocks.get(), events = wire.event_logs.get(),
                                 begin = wire.begin] {
        if (clock_.now() < begin) {
            return begin;
        }
        logs->step();
        clocks->step();
        events->step();
        const Instant next_poll = poller->step();
        return std::min({next_poll, logs->next_at(), clocks->next_at(), events->next_at()});
    });
}

void ScenarioRun::stop_gateway(bool cleanly) {
    if (cleanly && gateway_) {
        if (gateway_->delivery) {
            gateway_->delivery->stop();
            for (Instant next = gateway_->delivery->step(); !gateway_->delivery->stopped();
                 next = gateway_->delivery->step()) {
                clock_.advance_to(std::max(next, clock_.now() + Duration{1}));
            }
        }
        if (const auto stored = gateway_->recorder->finish(); !stored) {
            problem_ = stored.error().text;
        }
    }
    gateway_.reset();
    add_actors();
}

/// The building's settings without the panels that a fault has taken out just now.
schema::Settings ScenarioRun::settings_due() const {
    const UtcTime now = building_.timeline().at(clock_.now());
    schema::Settings due = all_settings_;
    for (auto& line : due.lines) {
        std::erase_if(line.panels, [&](const schema::PanelSettings& panel) {
            return std::any_of(scenario_.faults.begin(), scenario_.faults.end(),
                               [&](const building::PlannedFault& fault) {
                                   return fault.kind == building::FaultKind::removed &&
                                          fault.target == panel.id && fault.active(now);
                               });
        });
    }
    return due;
}

/// The moments at which the gateway or its broker are to stop or come back.
std::vector<Instant> ScenarioRun::turning_points() const {
    std::vector<Instant> points;
    for (const auto& fault : scenario_.faults) {
        if (is_own_fault(fault.kind)) {
            points.push_back(building_.timeline().when(fault.from));
            points.push_back(building_.timeline().when(fault.until));
        }
    }
    std::sort(points.begin(), points.end());
    return points;
}

void ScenarioRun::do_own_faults() {
    const UtcTime now = building_.timeline().at(clock_.now());
    const auto active = [&](building::FaultKind kind) {
        return building::active_fault(scenario_.faults, kind, now) != nullptr;
    };
    far_end_.set_reachable(!active(building::FaultKind::broker_stop));
    takes_out_ = takes_out_ || active(building::FaultKind::removed);
    if (gateway_ && takes_out_) {
        apply(settings_due());
        takes_out_ = active(building::FaultKind::removed);
    }
    const bool killed = active(building::FaultKind::gateway_kill);
    const bool away = killed || active(building::FaultKind::gateway_stop);
    if (away && gateway_) {
        stop_gateway(!killed);
    } else if (!away && !gateway_) {
        start_gateway();
    }
}

bool ScenarioRun::run_for(std::chrono::seconds since_start) {
    const Instant end = building_.timeline().zero + since_start;
    for (const Instant point : turning_points()) {
        if (point >= clock_.now() && point < end) {
            time_line_.run_until(point);
            do_own_faults();
        }
    }
    time_line_.run_until(end);
    return problem_.empty();
}

building::Verdict ScenarioRun::finish() {
    const std::int64_t until_s = epoch_s(std::chrono::floor<std::chrono::seconds>(clock_.utc()));
    time_line_.run_until(clock_.now() + drain_time);
    stop_gateway(true);
    building_.finish();
    auto options = scenario_.verdict_options();
    options.expect_until_s = until_s;
    options.from_first_batch = true;
    return building::judge(building_.ledger(), far_end_.batches(), options);
}

record::RecorderStatus ScenarioRun::recorder_status() const {
    return gateway_ ? gateway_->recorder->status() : record::RecorderStatus{};
}

}  // namespace metergate::scenario
