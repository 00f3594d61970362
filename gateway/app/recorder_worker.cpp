#include "gateway/app/recorder_worker.hpp"

#include <algorithm>
#include <utility>

namespace metergate::app {
namespace {

constexpr Duration upkeep_period = std::chrono::minutes{1};
constexpr Duration upkeep_soon = std::chrono::seconds{1};

}  // namespace

RecorderWorker::RecorderWorker(const Clock& clock, storage::SqliteStore& store,
                               record::RecorderInbox& inbox, record::Recorder recorder,
                               EventDesk& events)
    : clock_(&clock),
      store_(&store),
      inbox_(&inbox),
      recorder_(std::move(recorder)),
      events_(&events),
      thread_(
          "recorder", clock,
          {.step = [this] { return step(); }, .readable_fd = {}, .finish = [this] { finish(); }}) {
    inbox.on_arrival([this] { thread_.wake(); });
    status_.set(recorder_.status());
}

void RecorderWorker::with_store(StoreWork work) {
    with_recorder(
        [work = std::move(work)](record::Recorder&, storage::SqliteStore& store) { work(store); });
}

void RecorderWorker::with_recorder(RecorderWork work) {
    work_.push(clock_->now(), std::move(work));
    thread_.wake();
}

Result<std::optional<BatchSeq>> RecorderWorker::load(const Id& destination) {
    return store_->cursor(destination);
}

Result<std::vector<record::Receipt>> RecorderWorker::load_receipts(const Id& destination) {
    return store_->receipts(destination);
}

void RecorderWorker::move(const record::CursorMove& move) {
    inbox_->cursors.push(clock_->now(), move);
}

void RecorderWorker::keep(const record::Receipt& receipt) {
    inbox_->receipts.push(clock_->now(), receipt);
}

Instant RecorderWorker::step() {
    while (auto work = work_.pop(clock_->now())) {
        (*work)(recorder_, *store_);
        next_ = Instant{};
    }
    if (std::min(next_, recorder_.arrivals_due()) <= clock_->now()) {
        next_ = recorder_.step();
        keep_up();
        pack_days();
        status_.set(recorder_.status());
    }
    return std::min(next_, recorder_.arrivals_due());
}

/// Housekeeping in small steps between the recorder's own.
void RecorderWorker::keep_up() {
    const bool disk_full =
        recorder_.status().store_fault && recorder_.status().store_fault->fault == Fault::full;
    if (clock_->now() < upkeep_at_ && !disk_full) {
        return;
    }
    const auto done = store_->upkeep();
    upkeep_at_ = clock_->now() + (done && done->more ? upkeep_soon : upkeep_period);
    const bool failed = !done;
    if (failed && !purge_failed_) {
        events_->report_own(EventKind::store_low_space,
                            "the store cannot be tidied up: " + done.error().text);
    }
    purge_failed_ = failed;
    watch_room();
}

void RecorderWorker::watch_room() {
    const Result<storage::Room> room = store_->room();
    if (!room) {
        return;  // what fails here fails in the next commit too, and is told there
    }
    room_.set(*room);
    if (const auto news = space_alarm_.observe(*room)) {
        events_->report_own(EventKind::store_low_space, *news);
    }
}

/// Closed days, a few points at a time, and not while the store has other troubles.
void RecorderWorker::pack_days() {
    if (clock_->now() < pack_at_ || purge_failed_ || recorder_.status().store_fault) {
        return;
    }
    const auto step = store_->pack_days();
    // What fails here fails for the commits too: the recorder tells of it.
    pack_at_ = clock_->now() + (step && step->more ? upkeep_soon : upkeep_period);
}

void RecorderWorker::finish() {
    events_->report_own(EventKind::gateway_stopped, "the gateway stops");
    if (const auto stored = recorder_.finish(); !stored) {
        events_->report_own(EventKind::store_failing,
                            "the last records could not be stored: " + stored.error().text);
    }
    status_.set(recorder_.status());
}

}  // namespace metergate::app
