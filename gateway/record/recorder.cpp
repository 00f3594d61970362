#include "gateway/record/recorder.hpp"

#include <algorithm>
#include <iterator>
#include <string>
#include <utility>

namespace metergate::record {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

/// Readings wait this long at most before they are looked at.
constexpr Duration pace = milliseconds{250};
/// Without arrivals: slots become overdue and the clock may be set.
constexpr Duration idle_pace = seconds{1};
/// Events and cursors share a commit: each one costs the flash about 20 KiB.
constexpr Duration others_wait = seconds{1};
constexpr Duration retry_after_min = seconds{1};
constexpr Duration retry_after_max = seconds{30};

UtcTime valid_from(const RecordPlan& plan, const Restart& restart) {
    return restart.newest_end ? std::max<UtcTime>(plan.clock_valid_from, *restart.newest_end)
                              : plan.clock_valid_from;
}

std::string sentence_for(const ClockWatch::Step& step) {
    const bool forward = step.found > step.expected;
    const auto by = std::chrono::round<seconds>(std::chrono::abs(step.found - step.expected));
    return std::string("the clock was set ") + (forward ? "forward" : "back") + " by " +
           std::to_string(by.count()) + " s";
}

std::string text_of(UtcTime time) {
    return std::to_string(epoch_ms(time));
}

}  // namespace

Recorder::Recorder(const Clock& clock, Store& store, RecorderInbox& inbox, LiveValues& live,
                   const RecordPlan& plan, const Restart& restart)
    : clock_(&clock),
      store_(&store),
      inbox_(&inbox),
      live_(&live),
      commit_wait_(plan.commit_wait),
      grids_(plan.zone),
      clock_watch_(valid_from(plan, restart)) {}

Result<Recorder> Recorder::make(const Clock& clock, Store& store, RecorderInbox& inbox,
                                LiveValues& live, const RecordPlan& plan, const Restart& restart) {
    Recorder recorder(clock, store, inbox, live, plan, restart);
    const bool power_failed = !restart.clean_stop && !restart.new_store;
    const Flags open_slots = power_failed ? Flags(Flag::power_fail) : Flags();
    for (const PanelPlan& panel_plan : plan.panels) {
        auto panel = PanelRecorder::make(panel_plan, plan, recorder.grids_);
        if (!panel) {
            return panel.error();
        }
        panel->resume(restart, open_slots, clock.utc());
        recorder.add_panel(std::move(*panel));
    }
    for (const PanelEventMark& mark : restart.panel_marks) {
        recorder.panel_marks_.emplace(mark.panel, mark);
    }
    recorder.memories_.arrange(recorder.panels_);
    return recorder;
}

Result<void> Recorder::check(const RecordPlan& plan) {
    Grids grids(plan.zone);
    for (const PanelPlan& panel : plan.panels) {
        if (const auto made = PanelRecorder::make(panel, plan, grids); !made) {
            return made.error();
        }
    }
    return {};
}

Result<void> Recorder::change_plan(const RecordPlan& plan, const Restart& restart) {
    auto changed = make_changed(plan);
    if (!changed) {
        return changed.error();
    }
    observe_clock();
    take_readings();
    commit_wait_ = plan.commit_wait;
    for (PanelRecorder& panel : *changed) {
        if (PanelRecorder* before = find_panel(panel.number())) {
            panel.take_over(*before, restart, utc_);
            *before = std::move(panel);
        } else {
            panel.resume(restart, Flag::config_changed, utc_);
            add_panel(std::move(panel));
        }
    }
    const auto is_planned = [&](const PanelRecorder& panel) {
        return std::any_of(plan.panels.begin(), plan.panels.end(), [&](const PanelPlan& planned) {
            return planned.number == panel.number();
        });
    };
    for (PanelRecorder& panel : panels_) {
        if (!is_planned(panel)) {
            retire(panel);
        }
    }
    std::erase_if(panels_, [&](const PanelRecorder& panel) { return !is_planned(panel); });
    memories_.arrange(panels_);
    collect();
    // A failure is noted and tried again with the next steps.
    static_cast<void>(commit(now_));
    return {};
}

/// New recorders for panels that are new or planned otherwise; not yet in place.
Result<std::vector<PanelRecorder>> Recorder::make_changed(const RecordPlan& plan) {
    std::vector<PanelRecorder> changed;
    for (const PanelPlan& planned : plan.panels) {
        const PanelRecorder* known = find_panel(planned.number);
        if (known != nullptr && known->plan() == planned &&
            known->close_wait() == plan.close_wait) {
            continue;
        }
        auto panel = PanelRecorder::make(planned, plan, grids_);
        if (!panel) {
            return panel.error();
        }
        changed.push_back(std::move(*panel));
    }
    return changed;
}

void Recorder::retire(PanelRecorder& panel) {
    panel.end_all();
    panel.take_all(pending_.batches);
    panel.take_events(pending_.events);
}

void Recorder::forget_cursor(const Id& destination) {
    take_events_and_cursors();
    std::erase_if(pending_.cursors,
                  [&](const CursorMove& move) { return move.destination == destination; });
}

Instant Recorder::step() {
    observe_clock();
    take_readings();
    take_events_and_cursors();
    take_receipts();
    take_logged();
    take_panel_events();
    if (trusted_) {
        for (PanelRecorder& panel : panels_) {
            panel.close_overdue(utc_);
        }
    }
    collect();
    if (commit_due(now_)) {
        // A failure is noted and tried again; nothing more to do here.
        static_cast<void>(commit(now_));
    }
    order_logged();
    const bool is_idle = !batches_since_ && !others_since_;
    return now_ + (is_idle ? idle_pace : pace);
}

Instant Recorder::arrivals_due() const {
    const Instant oldest = inbox_->oldest();
    return oldest == never ? never : oldest + pace;
}

void Recorder::on_log_order(std::function<void(const LogOrder&)> listener) {
    ordered_ = std::move(listener);
    memories_.order_again();
}

void Recorder::take_logged() {
    while (auto answer = inbox_->logged.pop(now_)) {
        PanelRecorder* panel = find_panel(answer->panel);
        if (panel == nullptr) {
            continue;
        }
        auto filled = memories_.take(*answer, now_, utc_, *panel, *store_);
        std::move(filled.batches.begin(), filled.batches.end(),
                  std::back_inserter(pending_.batches));
        std::move(filled.events.begin(), filled.events.end(), std::back_inserter(pending_.events));
    }
}

/// A line that was made anew may read once more what an earlier one has read.
void Recorder::take_panel_events() {
    while (auto found = inbox_->panel_events.pop(now_)) {
        PanelEventMark& known = panel_marks_.try_emplace(found->mark.panel).first->second;
        if (found->is_new_log || known.identity != found->mark.identity) {
            known = found->mark;
            pending_.panel_marks.push_back(known);
            continue;
        }
        for (NumberedEvent& one : found->events) {
            if (one.number > known.through) {
                one.event.clock_ok = trusted_;
                pending_.events.push_back(std::move(one.event));
            }
        }
        if (found->mark.through > known.through) {
            known = found->mark;
            pending_.panel_marks.push_back(known);
        }
    }
}

/// Slots are stamped by clocks: as long as ours is not trusted, none is asked for.
void Recorder::order_logged() {
    if (!ordered_ || !trusted_ || retry_at_) {
        return;
    }
    for (const PanelRecorder& panel : panels_) {
        for (const LogOrder& order :
             memories_.next_orders(now_, utc_, panel, pending_.batches, *store_)) {
            ordered_(order);
        }
    }
}

void Recorder::observe_clock() {
    now_ = clock_->now();
    utc_ = clock_->utc();
    const auto seen = clock_watch_.observe(now_, utc_);
    const bool was_trusted = std::exchange(trusted_, seen.trusted);
    was_ever_untrusted_ = was_ever_untrusted_ || !trusted_;
    if (seen.step) {
        note_step(*seen.step);
    }
    if (trusted_ && !was_trusted && was_ever_untrusted_) {
        become_trusted();
    }
}

void Recorder::note_step(const ClockWatch::Step& step) {
    add_event(EventKind::clock_stepped, sentence_for(step), text_of(step.expected),
              text_of(step.found));
    for (PanelRecorder& panel : panels_) {
        panel.mark(Flag::clock_set, std::max(step.expected, step.found));
        // Their waiting time is told by a clock that may have gone back.
        panel.take_all(pending_.batches);
    }
}

void Recorder::become_trusted() {
    add_event(EventKind::clock_valid, "the time is known; readings taken before are stamped now");
    for (const Reading& reading : held_.release(now_, utc_)) {
        if (PanelRecorder* panel = find_panel(reading.panel)) {
            panel->mark(Flag::clock_unsync, reading.at_utc);
            panel->feed(reading);
            panel->mark(Flag::clock_unsync, reading.at_utc);
        }
    }
}

void Recorder::take_readings() {
    while (auto reading = inbox_->readings.pop(now_)) {
        ++status_.readings;
        reading->at_utc = stamp_of(*reading);
        live_->update(*reading);
        memories_.heard(reading->panel, reading->at);
        PanelRecorder* panel = find_panel(reading->panel);
        if (panel == nullptr) {
            continue;
        }
        if (trusted_) {
            panel->feed(*reading);
        } else if (panel->has_use_for(*reading)) {
            held_.hold(std::move(*reading));
        }
    }
}

/// A reading that waited while the clock was set was stamped by the old time.
UtcTime Recorder::stamp_of(const Reading& reading) const {
    if (!clock_step_between(reading.at, reading.at_utc, now_, utc_)) {
        return reading.at_utc;
    }
    return utc_ - std::chrono::floor<milliseconds>(now_ - reading.at);
}

void Recorder::add_panel(PanelRecorder panel) {
    panels_.insert(place_of(panel.number()), std::move(panel));
}

PanelRecorder* Recorder::find_panel(PanelNumber number) {
    const auto panel = place_of(number);
    return panel == panels_.end() || panel->number() != number ? nullptr : &*panel;
}

/// Where the panel is, or would be.
std::vector<PanelRecorder>::iterator Recorder::place_of(PanelNumber number) {
    return std::lower_bound(
        panels_.begin(), panels_.end(), number,
        [](const PanelRecorder& panel, PanelNumber wanted) { return panel.number() < wanted; });
}

void Recorder::take_events_and_cursors() {
    while (auto event = inbox_->events.pop(now_)) {
        event->clock_ok = trusted_;
        pending_.events.push_back(std::move(*event));
    }
    while (auto move = inbox_->cursors.pop(now_)) {
        const auto same =
            std::find_if(pending_.cursors.begin(), pending_.cursors.end(),
                         [&](const CursorMove& m) { return m.destination == move->destination; });
        if (same != pending_.cursors.end()) {
            same->through = std::max(same->through, move->through);
        } else {
            pending_.cursors.push_back(std::move(*move));
        }
    }
}

void Recorder::take_receipts() {
    while (auto receipt = inbox_->receipts.pop(now_)) {
        const auto same =
            std::find_if(pending_.receipts.begin(), pending_.receipts.end(), [&](const Receipt& r) {
                return r.destination == receipt->destination && r.receiver == receipt->receiver &&
                       r.panel == receipt->panel && r.epoch == receipt->epoch;
            });
        if (same != pending_.receipts.end()) {
            same->through = std::max(same->through, receipt->through);
        } else {
            pending_.receipts.push_back(std::move(*receipt));
        }
    }
}

void Recorder::collect() {
    for (PanelRecorder& panel : panels_) {
        panel.take_ready(utc_, pending_.batches);
        panel.take_baselines(pending_.chains);
        panel.take_events(pending_.events);
    }
    if (!pending_.batches.empty() && !batches_since_) {
        batches_since_ = now_;
    }
    const bool others = !pending_.events.empty() || !pending_.chains.empty() ||
                        !pending_.cursors.empty() || !pending_.receipts.empty() ||
                        !pending_.panel_marks.empty();
    if (others && !others_since_) {
        others_since_ = now_;
    }
}

bool Recorder::commit_due(Instant now) const {
    if (retry_at_) {
        return now >= *retry_at_;
    }
    if (batches_since_) {
        return now >= *batches_since_ + commit_wait_ || all_panels_in();
    }
    return others_since_ && now >= *others_since_ + others_wait;
}

/// Whether no panel is still to decide an edge that another has ready: then waiting saves nothing.
bool Recorder::all_panels_in() const {
    UtcSeconds newest;
    for (const Batch& batch : pending_.batches) {
        newest = std::max(newest, batch.end);
    }
    return std::all_of(panels_.begin(), panels_.end(), [&](const PanelRecorder& panel) {
        return !panel.undecided_edge() || *panel.undecided_edge() > newest;
    });
}

Result<void> Recorder::commit(Instant now) {
    const auto stored = store_->commit(pending_);
    if (!stored) {
        note_failure(now, stored.error());
        return stored.error();
    }
    for (const Batch& batch : pending_.batches) {
        status_.newest_end = std::max(status_.newest_end.value_or(batch.end), batch.end);
    }
    memories_.note_stored(pending_.batches);
    status_.newest_batch = *stored;
    ++status_.commits;
    status_.store_fault.reset();
    const bool wrote_batches = !pending_.batches.empty() || !pending_.events.empty();
    pending_ = {};
    batches_since_.reset();
    others_since_.reset();
    retry_at_.reset();
    retry_after_ = {};
    if (wrote_batches && stored_) {
        stored_(*stored);
    }
    return {};
}

void Recorder::note_failure(Instant now, const Error& error) {
    if (!status_.store_fault) {
        add_event(EventKind::store_failing,
                  "the store does not take records; they are kept in memory: " + error.text);
    }
    status_.store_fault = error;
    retry_after_ = std::clamp(retry_after_ * 2, retry_after_min, retry_after_max);
    retry_at_ = now + retry_after_;
}

Result<void> Recorder::finish() {
    observe_clock();
    take_readings();
    take_events_and_cursors();
    take_receipts();
    take_panel_events();
    pending_.last_readings.clear();
    for (PanelRecorder& panel : panels_) {
        panel.take_all(pending_.batches);
        panel.last_readings(pending_.last_readings);
    }
    collect();
    pending_.clean_stop = true;
    return commit(now_);
}

RecorderStatus Recorder::status() const {
    RecorderStatus status = status_;
    status.time_trusted = trusted_;
    status.readings_held = !held_.empty();
    status.batches_waiting = pending_.batches.size();
    status.readings_dropped = inbox_->readings.overflows();
    return status;
}

void Recorder::add_event(EventKind kind, std::string text, std::string old_value,
                         std::string new_value) {
    Event event;
    event.at = utc_;
    event.start = event.at;
    event.clock_ok = trusted_;
    event.panel = gateway_panel;
    event.source = "gateway";
    event.kind = kind;
    event.old_value = std::move(old_value);
    event.new_value = std::move(new_value);
    event.text = std::move(text);
    pending_.events.push_back(std::move(event));
}

}  // namespace metergate::record
