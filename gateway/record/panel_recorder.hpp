#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "gateway/metering/interval_chain.hpp"
#include "gateway/model/reading.hpp"
#include "gateway/record/grids.hpp"
#include "gateway/record/logged_series.hpp"
#include "gateway/record/plan.hpp"
#include "gateway/record/store.hpp"

namespace metergate::record {

/// The chains of one panel, and its slots on their way into batches. One thread: the recorder's.
class PanelRecorder {
  public:
    /// Error: a series' length or the zone is not usable.
    [[nodiscard]] static Result<PanelRecorder> make(const PanelPlan& plan, const RecordPlan& all,
                                                    Grids& grids);

    /// Goes on for a recorder of the same panel whose plan was another one, without a seam where
    /// nothing changed. A chain whose register is another one now, or may be, is ended and begun
    /// anew; what is not planned any more is ended; the open slot of what has other parameters is
    /// flagged CONFIG_CHANGED. `restart` tells of points that were there once and come back.
    void take_over(PanelRecorder& before, const Restart& restart, UtcTime now);
    /// Ends all chains at their last readings, before the panel goes.
    void end_all();

    /// Goes on where an earlier run stopped. `open_slots` marks the slots that were open then, and
    /// those missed until `now`.
    void resume(const Restart& restart, Flags open_slots, UtcTime now);

    /// A reading of this panel, in the order read. Values of other panels' points are ignored.
    void feed(const Reading& reading);
    /// Whether feed() would make anything of it; live values alone make no record.
    [[nodiscard]] bool has_use_for(const Reading& reading) const;
    /// Marks the slots that are open now; see IntervalChain::mark.
    void mark(Flags flags, UtcTime until);
    /// Declares slots missing whose waiting time is over.
    void close_overdue(UtcTime now);

    /// What its log said: slots that just closed, as ordered.
    void take_fresh(const LogAnswer& answer, UtcTime now);
    /// Slots that were read too late; see LoggedSeries::take_unread.
    void take_unread(const LogAnswer& answer, const std::vector<Record>& unread, UtcSeconds through,
                     UtcTime now);
    [[nodiscard]] const LoggedSeries& logged() const { return logged_; }
    /// Whether slots are decided that are not in a batch yet.
    [[nodiscard]] bool has_pending() const { return !pending_.empty(); }

    /// Moves the batches out that are complete, or due by time.
    void take_ready(UtcTime now, std::vector<Batch>& out);
    /// Moves all of them out, complete or not: before a stop.
    void take_all(std::vector<Batch>& out);
    /// Baselines that are to be stored with the batches taken before. One waits as long as it
    /// speaks of a batch that was not taken yet.
    void take_baselines(std::vector<ChainState>& out);
    void take_events(std::vector<Event>& out);
    /// The newest reading of each register. Appends.
    void last_readings(std::vector<LastReading>& out) const;

    /// The chain of a point's series; nothing if it is not recorded. Valid until the next change.
    struct Recorded {
        const metering::IntervalChain* intervals = nullptr;
        Quantity quantity{};
        Id point_id;
    };
    [[nodiscard]] std::optional<Recorded> find(PointNumber point, SeriesNumber series) const;

    [[nodiscard]] PanelNumber number() const { return plan_.number; }
    [[nodiscard]] const Id& id() const { return plan_.id; }
    [[nodiscard]] const PanelPlan& plan() const { return plan_; }
    [[nodiscard]] std::chrono::seconds close_wait() const { return close_wait_; }
    /// The earliest edge some chain has not decided; nothing before the first reading.
    [[nodiscard]] std::optional<UtcSeconds> undecided_edge() const { return undecided_edge_; }

  private:
    struct Chain {
        PointNumber point{};
        Id point_id;
        Quantity quantity{};
        SeriesNumber series{};
        metering::IntervalChain intervals;
        bool baseline_due = false;
        bool goes_on = false;  ///< a successor has taken it over
    };
    PanelRecorder(const PanelPlan& plan, std::chrono::seconds close_wait);
    /// The chains that a value of this panel goes to.
    [[nodiscard]] const std::vector<std::size_t>& chains_for(const Measured& measured) const;
    [[nodiscard]] Result<void> add_point(const PointPlan& point, const PanelPlan& plan,
                                         const RecordPlan& all, Grids& grids);
    static void resume(Chain& chain, const Restart& restart, Flags open_slot, UtcTime now);
    [[nodiscard]] Chain* find_chain(PointNumber point, SeriesNumber series);
    [[nodiscard]] const PointPlan* find_point(PointNumber point) const;
    void go_on(Chain& chain, Chain& before, const PanelRecorder& from, UtcTime now);
    /// What the settings changed of a point since `from`.
    [[nodiscard]] LoggedSeries::Change change_of(PointNumber point, std::uint64_t identity,
                                                 const PanelRecorder& from) const;
    void end(Chain& chain);
    void collect(const Chain& chain);
    void collect_logged();
    void add_record(const Record& record);
    void add_event(const Chain& chain, const metering::ChainNotice& notice);
    void find_undecided_edge();

    PanelPlan plan_;
    std::chrono::seconds close_wait_;
    std::vector<Chain> chains_;
    LoggedSeries logged_;
    /// Indices into chains_ by index in panel x quantity_count + quantity.
    std::vector<std::vector<std::size_t>> chains_of_;
    std::map<UtcSeconds, Batch> pending_;  ///< by end: not complete, not due
    std::vector<Event> events_;
    metering::ChainOutput output_;  ///< reused, so that a reading allocates nothing
    LoggedSeries::Output logged_output_;
    std::optional<UtcSeconds> undecided_edge_;
    bool baselines_to_look_at_ = false;  ///< something happened that may have made one due
};

}  // namespace metergate::record
