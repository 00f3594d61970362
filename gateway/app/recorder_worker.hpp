#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "gateway/app/event_desk.hpp"
#include "gateway/app/published.hpp"
#include "gateway/app/space_alarm.hpp"
#include "gateway/app/step_thread.hpp"
#include "gateway/model/queue.hpp"
#include "gateway/record/recorder.hpp"
#include "storage/store.hpp"

namespace metergate::app {

/// The recorder with its store, on a thread of its own: the only one that writes.
class RecorderWorker final : public record::CursorStore {
  public:
    /// `recorder` works on `store` and `inbox`, which the caller keeps alive.
    RecorderWorker(const Clock& clock, storage::SqliteStore& store, record::RecorderInbox& inbox,
                   record::Recorder recorder, EventDesk& events);

    void start() { thread_.start(); }
    [[nodiscard]] StepThread& thread() { return thread_; }
    /// As it was at the last step. Any thread.
    [[nodiscard]] record::RecorderStatus status() const { return status_.get(); }
    /// As measured with the last upkeep; all zero before. Any thread.
    [[nodiscard]] storage::Room room() const { return room_.get(); }

    /// Runs after commits that wrote batches, on the recorder's thread. Before start().
    void on_stored(std::function<void(BatchSeq)> listener) {
        recorder_.on_stored(std::move(listener));
    }

    /// Runs on the recorder's thread soon. Any thread.
    using StoreWork = std::function<void(storage::SqliteStore&)>;
    void with_store(StoreWork work);
    /// The same, with the recorder itself: between two of its steps.
    using RecorderWork = std::function<void(record::Recorder&, storage::SqliteStore&)>;
    void with_recorder(RecorderWork work);

    // CursorStore: loads before start(), the others from any thread.
    [[nodiscard]] Result<std::optional<BatchSeq>> load(const Id& destination) override;
    [[nodiscard]] Result<std::vector<record::Receipt>> load_receipts(
        const Id& destination) override;
    void move(const record::CursorMove& move) override;
    void keep(const record::Receipt& receipt) override;

  private:
    Instant step();
    void keep_up();
    void watch_room();
    void pack_days();
    void finish();

    const Clock* clock_;
    storage::SqliteStore* store_;
    record::RecorderInbox* inbox_;
    record::Recorder recorder_;
    EventDesk* events_;
    // What people ask of the store is rare and answered: nothing is dropped.
    Queue<RecorderWork> work_{64, WhenFull::never_drop};
    Published<record::RecorderStatus> status_;
    Instant next_{};  ///< when the recorder wants to run if nothing arrives
    Instant upkeep_at_{};
    bool purge_failed_ = false;
    Published<storage::Room> room_;
    SpaceAlarm space_alarm_;
    Instant pack_at_{};
    StepThread thread_;
};

}  // namespace metergate::app
