#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <vector>

#include "gateway/model/clock.hpp"
#include "gateway/model/panel_events.hpp"
#include "gateway/record/clock_watch.hpp"
#include "gateway/record/grids.hpp"
#include "gateway/record/held_readings.hpp"
#include "gateway/record/live_values.hpp"
#include "gateway/record/panel_memories.hpp"
#include "gateway/record/panel_recorder.hpp"
#include "gateway/record/plan.hpp"
#include "gateway/record/recorder_inbox.hpp"
#include "gateway/record/store.hpp"

namespace metergate::record {

/// How the recorder is doing, for people.
struct RecorderStatus {
    bool time_trusted = false;
    bool readings_held = false;
    std::optional<Error> store_fault;
    std::size_t batches_waiting = 0;  ///< decided but not yet stored
    std::optional<UtcSeconds> newest_end;
    BatchSeq newest_batch{};
    std::uint64_t readings = 0;
    std::uint64_t readings_dropped = 0;
    std::uint64_t commits = 0;
};

/// Makes records of readings and has them stored: rows, batches, events and cursors in one
/// transaction. Stepped; one thread, the only one that touches the store.
///
/// A store that fails is tried again, with what was to be written kept, while measuring goes on.
class Recorder {
  public:
    Recorder(const Recorder&) = delete;  // chains point into the grids
    Recorder& operator=(const Recorder&) = delete;
    Recorder(Recorder&&) = default;
    Recorder& operator=(Recorder&&) = default;
    ~Recorder() = default;

    /// Error: the plan names an unusable zone or length. All references must outlive the recorder.
    [[nodiscard]] static Result<Recorder> make(const Clock& clock, Store& store,
                                               RecorderInbox& inbox, LiveValues& live,
                                               const RecordPlan& plan, const Restart& restart);

    /// Runs after each commit that wrote batches, on the recorder's thread.
    void on_stored(std::function<void(BatchSeq)> listener) { stored_ = std::move(listener); }
    /// Hands orders for panels' logs over, on the recorder's thread; the answer is awaited in the
    /// inbox. Without it no log is read. Set anew, the orders that wait for an answer are given
    /// again.
    void on_log_order(std::function<void(const LogOrder&)> listener);

    /// Takes in what has arrived, decides what is due, stores what is ready. Returns when it wants
    /// to run next if nothing arrives before.
    Instant step();
    /// When it wants to run because of what has arrived: a little later, as more may come.
    [[nodiscard]] Instant arrivals_due() const;

    /// Whether a recorder can be made of the plan. Error: an unusable zone or length. Any thread.
    [[nodiscard]] static Result<void> check(const RecordPlan& plan);
    /// Goes on with another plan of the same zone. Panels that are planned as before are not
    /// touched; the others are made anew, going on where nothing changed. Readings that arrived
    /// before are booked by the old plan. `restart` tells of panels and points that were there once
    /// and come back. Error as in check(): then nothing has changed.
    [[nodiscard]] Result<void> change_plan(const RecordPlan& plan, const Restart& restart);
    /// Lets go of what a destination has told of its cursor, so that it can be dropped.
    void forget_cursor(const Id& destination);

    /// Stores everything decided so far and the last readings; the last call before destruction.
    [[nodiscard]] Result<void> finish();

    [[nodiscard]] RecorderStatus status() const;

  private:
    Recorder(const Clock& clock, Store& store, RecorderInbox& inbox, LiveValues& live,
             const RecordPlan& plan, const Restart& restart);

    void observe_clock();
    void note_step(const ClockWatch::Step& step);
    void become_trusted();
    void take_readings();
    void take_events_and_cursors();
    void take_receipts();
    void take_logged();
    void take_panel_events();
    void order_logged();
    [[nodiscard]] UtcTime stamp_of(const Reading& reading) const;
    void add_panel(PanelRecorder panel);
    [[nodiscard]] PanelRecorder* find_panel(PanelNumber number);
    [[nodiscard]] std::vector<PanelRecorder>::iterator place_of(PanelNumber number);
    [[nodiscard]] Result<std::vector<PanelRecorder>> make_changed(const RecordPlan& plan);
    void retire(PanelRecorder& panel);
    void collect();
    [[nodiscard]] bool commit_due(Instant now) const;
    [[nodiscard]] bool all_panels_in() const;
    Result<void> commit(Instant now);
    void note_failure(Instant now, const Error& error);
    void add_event(EventKind kind, std::string text, std::string old_value = {},
                   std::string new_value = {});

    const Clock* clock_;
    Store* store_;
    RecorderInbox* inbox_;
    LiveValues* live_;
    std::chrono::seconds commit_wait_;
    Grids grids_;
    std::vector<PanelRecorder> panels_;  ///< by number
    std::map<PanelNumber, PanelEventMark> panel_marks_;
    PanelMemories memories_;
    ClockWatch clock_watch_;
    HeldReadings held_;
    bool trusted_ = false;
    bool was_ever_untrusted_ = false;
    Instant now_;  ///< both times of this step, taken together
    UtcTime utc_;

    Commit pending_;
    std::optional<Instant> batches_since_;  ///< when the oldest waiting batch became ready
    std::optional<Instant> others_since_;   ///< the same for events, chains and cursors
    std::optional<Instant> retry_at_;
    Duration retry_after_{};
    std::function<void(BatchSeq)> stored_;
    std::function<void(const LogOrder&)> ordered_;
    RecorderStatus status_;
};

}  // namespace metergate::record
