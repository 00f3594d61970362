/// How a running daemon takes other settings. What can fail comes first: the check, the numbers of
/// the store, everything that is to be made, the saving of the file. Only then is anything stopped.

#include <algorithm>
#include <utility>

#include "config/disk.hpp"
#include "config/document.hpp"
#include "gateway/app/profile_facts.hpp"
#include "gateway/app/running_gateway.hpp"
#include "gateway/app/settings_source.hpp"

namespace metergate::app {
namespace {

bool holds(const std::vector<Id>& ids, const Id& id) {
    return std::find(ids.begin(), ids.end(), id) != ids.end();
}

Error all_problems(const schema::Problems& problems) {
    std::string text = "the settings have errors:";
    for (const auto& problem : problems) {
        text += "\n  " + schema::text_of(problem);
    }
    return {Fault::invalid, text};
}

Error all_refusals(const std::vector<std::string>& refusals) {
    std::string text;
    for (const std::string& refusal : refusals) {
        text += (text.empty() ? "" : "\n") + refusal;
    }
    return {Fault::refused, text};
}

Json parts_json(const PartsPlan& parts) {
    return Json::object()
        .set("kept", Json::of(parts.kept))
        .set("changed", Json::of(parts.changed))
        .set("added", Json::of(parts.added))
        .set("removed", Json::of(parts.removed));
}

Json answer_for(const ApplyPlan& plan) {
    Json list = Json::array();
    for (const auto& difference : plan.differences) {
        list.push(Json::object()
                      .set("path", difference.path)
                      .set("seal", name_of(difference.seal))
                      .set("text", config::text_of(difference)));
    }
    return Json::object()
        .set("differences", list)
        .set("lines", parts_json(plan.lines))
        .set("destinations", parts_json(plan.destinations))
        .set("modbus_gateway", name_of(plan.modbus_gateway))
        .set("notes", Json::of(plan.notes))
        .set("refusals", Json::of(plan.refusals));
}

/// Whether points may come back of which the store knows.
bool touches_panels(const ApplyPlan& plan) {
    return std::any_of(plan.differences.begin(), plan.differences.end(), [](const auto& one) {
        return one.path.starts_with("lines") || one.path.starts_with("recording.");
    });
}

/// What keeps a recorder from changing its plan just now.
std::optional<Error> hindrance(const record::RecorderStatus& recorder) {
    if (recorder.store_fault) {
        return Error{Fault::busy,
                     "the store does not take records just now: " + recorder.store_fault->text};
    }
    if (recorder.readings_held) {
        return Error{
            Fault::busy,
            "readings wait until the time is known: apply then, or stop the gateway first"};
    }
    return std::nullopt;
}

}  // namespace

void RunningGateway::apply(ApplyRequest request, Applied done) {
    if (applying_) {
        done(Error{Fault::busy, "another apply is under way"});
        return;
    }
    const ProfileFactsBook facts;
    auto loaded = config::load_text(request.settings, facts);
    if (loaded.state != config::DocumentState::good) {
        done(all_problems(loaded.problems));
        return;
    }
    auto plan = plan_apply(setup_.settings, loaded.settings);
    for (const Id& id : request.drop_cursors) {
        if (holds(plan.destinations.kept, id) || holds(plan.destinations.beginning(), id)) {
            plan.refusals.push_back("destination " + id +
                                    " is in the settings: its cursor is in use");
        }
    }
    if (request.dry_run) {
        done(answer_for(plan));
    } else if (!plan.refusals.empty()) {
        done(all_refusals(plan.refusals));
    } else if (const auto hindered = hindrance(recorder_->status())) {
        done(*hindered);
    } else {
        applying_ = std::make_unique<ApplyUnderWay>();
        applying_->wanted = std::move(loaded.settings);
        applying_->plan = std::move(plan);
        applying_->drop_cursors = std::move(request.drop_cursors);
        applying_->done = std::move(done);
        ask_store();
    }
}

/// Numbers for what is new, and what is known of what comes back.
void RunningGateway::ask_store() {
    recorder_->with_recorder([this](record::Recorder&, storage::SqliteStore& store) {
        ApplyUnderWay& job = *applying_;
        const auto take = [&job](auto result, auto& into) {
            if (result) {
                into = std::move(*result);
            } else if (!job.store_error) {
                job.store_error = result.error();
            }
        };
        if (const auto request = numbering_request(job.wanted)) {
            take(store.number(*request), job.numbering);
        } else {
            job.store_error = request.error();
        }
        take(store.all_numbers(), job.all_numbers);
        if (touches_panels(job.plan)) {
            take(store.restart_state(), job.restart);
        }
        for (const Id& id : job.plan.destinations.beginning()) {
            take(store.cursor(id), job.stored[id].cursor);
            take(store.receipts(id), job.stored[id].receipts);
        }
        setup_.on_main([this] { prepare(); });
    });
}

void RunningGateway::prepare() {
    if (const auto ready = make_ready(); !ready) {
        end_apply(ready.error());
        return;
    }
    for (const auto& destination : destinations_.all()) {
        destination->describe(applying_->site.directory);
    }
    end_parts();
    change_recorder();
}

/// Everything that may still fail.
Result<void> RunningGateway::make_ready() {
    ApplyUnderWay& job = *applying_;
    if (job.store_error) {
        return *job.store_error;
    }
    auto site = assemble_site(job.wanted, job.numbering, job.all_numbers, program_written);
    if (!site) {
        return site.error();
    }
    if (const auto usable = record::Recorder::check(site->plan); !usable) {
        return usable.error();
    }
    job.site = std::move(*site);
    for (const auto& settings : job.wanted.destinations) {
        if (!holds(job.plan.destinations.beginning(), settings.id)) {
            continue;
        }
        auto parts = make_destination_parts(settings, job.site.directory);
        if (!parts) {
            return parts.error();
        }
        job.destinations.push_back(std::move(*parts));
    }
    config::SystemDisk disk;
    const auto saved =
        config::apply_canonical(disk, setup_.paths.settings, setup_.paths.data, job.wanted);
    if (!saved) {
        return saved.error().within("the settings cannot be saved, so nothing was changed");
    }
    job.saved = saved->report;
    return {};
}

/// Ends the threads of what is changed or removed. All are asked before any is waited for.
void RunningGateway::end_parts() {
    ApplyUnderWay& job = *applying_;
    if (job.plan.modbus_gateway == PartChange::removed ||
        job.plan.modbus_gateway == PartChange::changed) {
        modbus_.reset();
    }
    std::vector<std::unique_ptr<DestinationWorker>> destinations;
    for (const Id& id : job.plan.destinations.ending()) {
        destinations.push_back(destinations_.take(id));
        destinations.back()->thread().request_stop();
    }
    const auto ends = [&job](const std::unique_ptr<LineWorker>& line) {
        return holds(job.plan.lines.ending(), line->id());
    };
    for (const auto& line : lines_) {
        if (ends(line)) {
            line->thread().request_stop();
        }
    }
    for (const auto& line : lines_) {
        if (ends(line)) {
            line->thread().join();
            job.lines_quiet_from = std::max(job.lines_quiet_from, line->quiet_from());
        }
    }
    std::erase_if(lines_, ends);
    for (const auto& destination : destinations) {
        destination->thread().join();
        job.stored[destination->id()].cursor = destination->status().cursor;
    }
}

/// All readings of the lines that ended wait in the recorder's inbox by now.
void RunningGateway::change_recorder() {
    recorder_->with_recorder([this](record::Recorder& recorder, storage::SqliteStore& store) {
        ApplyUnderWay& job = *applying_;
        // The plan was tried before; a failure here would leave nothing to go on with.
        recorder.change_plan(job.site.plan, job.restart).value();
        for (const Id& id : job.drop_cursors) {
            recorder.forget_cursor(id);
            const auto dropped = store.drop_cursor(id);
            job.plan.notes.push_back(
                "the cursor of destination " + id +
                (dropped ? " is dropped" : " is kept: " + dropped.error().text));
        }
        setup_.on_main([this] { begin_parts(); });
    });
}

void RunningGateway::begin_parts() {
    ApplyUnderWay& job = *applying_;
    for (DestinationParts& parts : job.destinations) {
        const Id id = parts.options.destination;
        auto worker = make_destination_worker(std::move(parts), std::move(job.stored[id]));
        worker->start();
        destinations_.add(std::move(worker));
    }
    for (LinePlan& plan : job.site.lines) {
        if (holds(job.plan.lines.beginning(), plan.settings.id)) {
            lines_.push_back(
                make_line_worker(std::move(plan), {job.lines_quiet_from, job.restart.panel_marks}));
            lines_.back()->start();
        }
    }
    begin_modbus();
    route_log_orders();
    directory_ = std::move(job.site.directory);
    tell_what_was_applied();
    setup_.settings = std::move(job.wanted);
    config::SystemDisk disk;
    const auto kept = config::keep_last_good(disk, setup_.paths.data, setup_.settings);
    if (!kept) {
        job.plan.notes.push_back("the last good settings cannot be kept: " + kept.error().text);
    }
    end_apply(answer_for(job.plan).set("saved", job.saved));
}

/// Clients that are connected stay so as long as the server itself is kept.
void RunningGateway::begin_modbus() {
    const ApplyUnderWay& job = *applying_;
    if (!modbus_) {
        make_modbus_worker(job.wanted);
        if (modbus_) {
            modbus_->start();
        }
    } else if (!job.plan.lines.ending().empty() || !job.plan.lines.beginning().empty()) {
        modbus_->change_reach(modbus_reach(job.wanted));
    }
}

void RunningGateway::tell_what_was_applied() {
    const ApplyUnderWay& job = *applying_;
    for (Event& event : programming_events(job.plan.differences, clock_->utc())) {
        events_.report(std::move(event));
    }
    Event event;
    event.at = clock_->utc();
    event.start = event.at;
    event.panel = gateway_panel;
    event.source = "gateway";
    event.kind = EventKind::settings_applied;
    event.old_value = config::parameter_hash(setup_.settings);
    event.new_value = config::parameter_hash(job.wanted);
    event.text = "settings applied; differences: " + std::to_string(job.plan.differences.size()) +
                 "; old and new are the hashes over all sealed and logged parameters";
    events_.report(std::move(event));
}

void RunningGateway::end_apply(Result<Json> answer) {
    const auto job = std::move(applying_);
    job->done(std::move(answer));
}

}  // namespace metergate::app
