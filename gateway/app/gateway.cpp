#include "gateway/app/gateway.hpp"

#include <algorithm>
#include <filesystem>
#include <limits>
#include <set>
#include <system_error>
#include <tuple>
#include <utility>
#include <vector>

#include "gateway/app/catalogue.hpp"
#include "gateway/app/history_page.hpp"
#include "gateway/app/modbus_routes.hpp"
#include "gateway/app/running_gateway.hpp"
#include "gateway/app/version.hpp"
#include "southbound/profile.hpp"
#include "storage/reader.hpp"

namespace metergate::app {
namespace {

/// A wire's open blocks for a second, a commit on worn flash for several: more means stuck.
constexpr Duration stuck_after = std::chrono::seconds{30};

Result<void> make_data_folder(const std::string& path) {
    std::error_code error;
    std::filesystem::create_directories(path, error);
    if (!error) {
        std::filesystem::permissions(path, std::filesystem::perms::owner_all, error);
    }
    if (error) {
        return Error{Fault::refused, "data folder " + path + ": " + error.message()};
    }
    return {};
}

/// What the registers of a point are multiplied by; 1 for an unknown point.
Ratio multiplier_of_point(const schema::Settings& settings, const Id& id) {
    for (const auto& line : settings.lines) {
        for (const auto& panel : line.panels) {
            for (const auto& point : panel.points) {
                if (point.id == id) {
                    const auto profile = southbound::profile_named(panel.profile);
                    return profile ? multiplier_of(*profile, point) : Ratio{};
                }
            }
        }
    }
    return {};
}

}  // namespace

Result<void> RunningGateway::open() {
    if (auto opened = open_store(); !opened) {
        return opened;
    }
    if (auto assembled = assemble(); !assembled) {
        return assembled;
    }
    start_threads();
    return {};
}

Result<void> RunningGateway::open_store() {
    storage::SqliteStore::Options options;
    options.retention_days = setup_.settings.recording.retention_days;
    options.store_max_mb = setup_.settings.recording.store_max_mb;
    options.zone = setup_.settings.gateway.zone;
    auto store = storage::SqliteStore::open(setup_.paths.store(), *clock_, options);
    if (!store) {
        return store.error();
    }
    store_ = std::move(*store);
    return {};
}

Result<void> RunningGateway::assemble() {
    const auto request = numbering_request(setup_.settings);
    if (!request) {
        return request.error();
    }
    const auto numbering = store_->number(*request);
    if (!numbering) {
        return numbering.error();
    }
    const auto all = store_->all_numbers();
    if (!all) {
        return all.error();
    }
    auto site = assemble_site(setup_.settings, *numbering, *all, program_written);
    if (!site) {
        return site.error();
    }
    const auto restart = store_->restart_state();
    if (!restart) {
        return restart.error();
    }
    directory_ = std::move(site->directory);
    if (auto made = make_recorder(site->plan, *restart); !made) {
        return made;
    }
    for (LinePlan& plan : site->lines) {
        lines_.push_back(make_line_worker(std::move(plan), {{}, restart->panel_marks}));
    }
    make_modbus_worker(setup_.settings);
    if (auto made = make_destinations(); !made) {
        return made;
    }
    tell_how_it_started(*restart);
    return {};
}

/// What the recorder was to do before. Error: it is not known, or nothing of it can be gone on
/// with.
Result<record::RecordPlan> RunningGateway::plan_of_last_run() {
    const Error unknown{Fault::not_found, "the settings of the last run are not known"};
    if (!setup_.last_run || !plan_apply(*setup_.last_run, setup_.settings).refusals.empty()) {
        return unknown;
    }
    const auto request = numbering_request(*setup_.last_run);
    const auto numbering = request ? store_->number(*request) : Result<record::Numbering>(unknown);
    if (!numbering) {
        return numbering.error();
    }
    auto site = assemble_site(*setup_.last_run, *numbering, {}, program_written);
    return site ? Result<record::RecordPlan>(std::move(site->plan)) : site.error();
}

Result<void> RunningGateway::make_recorder(const record::RecordPlan& plan,
                                           const record::Restart& restart) {
    const auto before = plan_of_last_run();
    auto recorder =
        record::Recorder::make(*clock_, *store_, inbox_, live_, before ? *before : plan, restart);
    if (!recorder) {
        return recorder.error();
    }
    if (before) {
        if (auto changed = recorder->change_plan(plan, restart); !changed) {
            return changed;
        }
    }
    recorder_ =
        std::make_unique<RecorderWorker>(*clock_, *store_, inbox_, std::move(*recorder), events_);
    recorder_->on_stored([this](BatchSeq newest) { destinations_.batch_stored(newest); });
    return {};
}

std::unique_ptr<LineWorker> RunningGateway::make_line_worker(LinePlan plan,
                                                             const LineWorker::Past& past) {
    auto line = make_line(plan.settings, *clock_);
    southbound::Sinks sinks{
        .reading =
            [this](Reading reading) { inbox_.readings.push(clock_->now(), std::move(reading)); },
        .event = [this](Event event) { events_.report(std::move(event)); }};
    auto logged = [this](LogAnswer answer) {
        inbox_.logged.push(clock_->now(), std::move(answer));
    };
    auto noted = [this](PanelEvents events) {
        inbox_.panel_events.push(clock_->now(), std::move(events));
    };
    LineWorker::Hooks hooks{std::move(sinks), std::move(logged), std::move(noted),
                            [this] { return recorder_->status().time_trusted; }};
    return std::make_unique<LineWorker>(*clock_, std::move(line), std::move(plan), std::move(hooks),
                                        past);
}

/// Tells the recorder which line has which panel. To be called again when lines were made anew:
/// orders that those before them had are then given again.
void RunningGateway::route_log_orders() {
    std::map<PanelNumber, std::shared_ptr<Queue<LogOrder>>> routes;
    for (const auto& line : lines_) {
        for (const PanelNumber panel : line->panels()) {
            routes[panel] = line->log_orders();
        }
    }
    recorder_->with_recorder([routes = std::move(routes), clock = clock_](
                                 record::Recorder& recorder, storage::SqliteStore&) {
        recorder.on_log_order([routes, clock](const LogOrder& order) {
            if (const auto route = routes.find(order.panel); route != routes.end()) {
                route->second->push(clock->now(), order);
            }
        });
    });
}

ModbusWorker::Reach RunningGateway::modbus_reach(const schema::Settings& settings) const {
    ModbusWorker::Reach reach{modbus_routes(settings), {}};
    for (const auto& line : lines_) {
        reach.doors.emplace(line->id(), line->guest_door());
    }
    return reach;
}

/// Only if it is wanted.
void RunningGateway::make_modbus_worker(const schema::Settings& settings) {
    if (settings.modbus_gateway.enabled) {
        modbus_ = std::make_unique<ModbusWorker>(
            *clock_, settings.modbus_gateway, modbus_reach(settings),
            [this](Event event) { events_.report(std::move(event)); });
    }
}

void RunningGateway::tell_how_it_started(const record::Restart& restart) {
    const auto& report = store_->open_report();
    if (report.replaced) {
        events_.report_own(EventKind::store_replaced,
                           "the store could not be used (" + report.reason +
                               ") and was kept aside as " + report.kept_aside_as +
                               "; a new one was begun");
    }
    if (!setup_.settings_note.empty()) {
        events_.report_own(EventKind::settings_damaged, setup_.settings_note);
    }
    if (!restart.new_store && !restart.clean_stop) {
        events_.report_own(EventKind::gateway_power_failed,
                           "the last run did not end cleanly: power failed or it was killed");
    }
    if (setup_.last_run) {
        const auto differences = config::differences(*setup_.last_run, setup_.settings);
        for (Event& event : programming_events(differences, clock_->utc())) {
            events_.report(std::move(event));
        }
    }
    events_.report_own(EventKind::gateway_started,
                       "metergate " + std::string(program_version) + " runs");
}

void RunningGateway::start_threads() {
    route_log_orders();
    recorder_->start();
    reader_->start();
    for (const auto& destination : destinations_.all()) {
        destination->start();
    }
    for (const auto& line : lines_) {
        line->start();
    }
    if (modbus_) {
        modbus_->start();
    }
    started_ = true;
}

void RunningGateway::stop() {
    if (!std::exchange(started_, false)) {
        return;
    }
    if (modbus_) {
        modbus_->stop();
    }
    for (const auto& line : lines_) {
        line->thread().request_stop();
    }
    for (const auto& line : lines_) {
        line->thread().join();
    }
    for (const auto& destination : destinations_.all()) {
        destination->thread().request_stop();
    }
    for (const auto& destination : destinations_.all()) {
        destination->thread().join();
    }
    reader_->thread().request_stop();
    reader_->thread().join();
    // Last, so that it stores the last readings and where the destinations have got to.
    recorder_->thread().request_stop();
    recorder_->thread().join();
}

std::vector<StepThread*> RunningGateway::threads() const {
    std::vector<StepThread*> all{&recorder_->thread(), &reader_->thread()};
    for (const auto& line : lines_) {
        all.push_back(&line->thread());
    }
    for (const auto& destination : destinations_.all()) {
        all.push_back(&destination->thread());
    }
    if (modbus_) {
        all.push_back(&modbus_->thread());
    }
    return all;
}

std::optional<std::string> RunningGateway::stuck_thread() const {
    for (const StepThread* thread : threads()) {
        if (clock_->now() - thread->last_step() > stuck_after) {
            return thread->name();
        }
    }
    return std::nullopt;
}

Json RunningGateway::status() const {
    const Instant now = clock_->now();
    Json lines = Json::array();
    for (const auto& line : lines_) {
        lines.push(status_of_line(line->status(), now));
    }
    Json destinations = Json::array();
    for (const auto& destination : destinations_.all()) {
        destinations.push(status_of_destination(destination->status()));
    }
    return Json::object()
        .set("gateway", directory_.gateway)
        .set("version", program_version)
        .set("recorder", status_of_recorder(recorder_->status()))
        .set("store", status_of_store(recorder_->room()))
        .set("lines", lines)
        .set("destinations", destinations)
        .set("modbus_gateway", modbus_ ? status_of_modbus(modbus_->status()) : Json())
        .set("points", live_values_json(live_, directory_, now));
}

void RunningGateway::events(std::size_t count_max, Asker asker) {
    // A copy of the directory: the reader shares nothing with this thread.
    reader_->ask(
        std::move(asker),
        [count_max, directory = directory_](storage::SqliteHistory& history,
                                            const ReaderWorker::KeepGoing&) -> Result<std::string> {
            const auto newest_first =
                history.events(std::numeric_limits<std::int64_t>::max(), count_max);
            if (!newest_first) {
                return newest_first.error();
            }
            Json list = Json::array();
            for (const Event& event : *newest_first) {
                list.push(event_json(event, directory));
            }
            return schema::write_compact(list);
        });
}

void RunningGateway::history(const Json& params, Asker asker) {
    const std::string& zone = setup_.settings.gateway.zone;
    auto question = history_question(params, zone, clock_->utc());
    if (!question) {
        asker.answer(question.error());
        return;
    }
    reader_->ask(std::move(asker),
                 [this, question = std::move(*question), zone](
                     storage::SqliteHistory& history,
                     const ReaderWorker::KeepGoing& keep_going) -> Result<std::string> {
                     auto page = read_history_page(history, question, zone, keep_going);
                     if (!page) {
                         return page.error();
                     }
                     mend(std::move(page->damaged));
                     return std::move(page->json);
                 });
}

/// Only the recorder writes: what the reader finds damaged is packed again over there.
void RunningGateway::mend(std::vector<storage::DayKey> days) {
    // A day that cannot be mended is told once in a run, not with every question.
    std::erase_if(days, [this](const auto& day) {
        return !damaged_days_.emplace(day.end, day.point, day.series).second;
    });
    if (!days.empty()) {
        recorder_->with_store([days = std::move(days)](storage::SqliteStore& store) {
            // If it fails the store is in trouble of which the recorder tells.
            [[maybe_unused]] const auto mended = store.repair_days(days);
        });
    }
}

/// Error: not_found.
Result<LineWorker*> RunningGateway::line_named(const Id& line) {
    const auto found = std::find_if(lines_.begin(), lines_.end(),
                                    [&](const auto& worker) { return worker->id() == line; });
    if (found == lines_.end()) {
        return Error{Fault::not_found, "there is no line \"" + line + "\""};
    }
    return found->get();
}

void RunningGateway::read(const Id& line, const Id& panel, southbound::ReadAnswer answer) {
    const auto worker = line_named(line);
    if (worker) {
        (*worker)->request_read(panel, std::move(answer));
    } else {
        answer(worker.error());
    }
}

void RunningGateway::parameters(const Id& line, southbound::ParameterOrder order) {
    const auto worker = line_named(line);
    if (worker) {
        (*worker)->request_parameters(std::move(order));
    } else {
        order.answer(worker.error());
    }
}

const record::Directory::Point* RunningGateway::find_point(const Id& id) const {
    for (const auto& panel : directory_.panels) {
        for (const auto& point : panel.points) {
            if (point.id == id) {
                return &point;
            }
        }
    }
    return nullptr;
}

void RunningGateway::change_out(const Id& point, storage::ChangeOut change, Done done) {
    const auto* found = find_point(point);
    if (found == nullptr) {
        done(Error{Fault::not_found, "there is no point \"" + point + "\""});
        return;
    }
    change.multiplier = multiplier_of_point(setup_.settings, point);
    recorder_->with_store([number = found->number, change = std::move(change),
                           done = std::move(done)](storage::SqliteStore& store) {
        done(store.change_out(number, change));
    });
}

void RunningGateway::read_at(const Id& point, UtcSeconds time, Asker asker) {
    const auto* found = find_point(point);
    if (found == nullptr) {
        asker.answer(Error{Fault::not_found, "there is no point \"" + point + "\""});
        return;
    }
    reader_->ask(std::move(asker),
                 [number = found->number, series = found->series.front(), time](
                     storage::SqliteHistory& history,
                     const ReaderWorker::KeepGoing&) -> Result<std::string> {
                     const auto around = history.register_at(number, series, time);
                     if (!around) {
                         return around.error();
                     }
                     return schema::write_compact(register_around_json(*around));
                 });
}

Result<std::unique_ptr<Gateway>> Gateway::start(Setup setup, const Clock& clock, const Log& log) {
    if (auto made = make_data_folder(setup.paths.data); !made) {
        return made.error();
    }
    auto lock = InstanceLock::take(setup.paths.lock());
    if (!lock) {
        return lock.error();
    }
    auto gateway = std::make_unique<RunningGateway>(std::move(setup), clock, log, std::move(*lock));
    if (auto opened = gateway->open(); !opened) {
        return opened.error();
    }
    return std::unique_ptr<Gateway>(std::move(gateway));
}

}  // namespace metergate::app
