#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "gateway/metering/gap_repair.hpp"
#include "gateway/model/panel_log.hpp"
#include "gateway/record/log_complaint.hpp"
#include "gateway/record/panel_recorder.hpp"
#include "gateway/record/store.hpp"

namespace metergate::record {

/// Has the gaps of one panel filled from the panel's own log, one after the other, the oldest
/// first.
///
/// Which gaps there are is read from the store: LONG records of the chains that are recorded now.
/// A gap is asked for from its beginning on as far as the log has every slot, then from its end
/// back; portion by portion, each of them one transaction that leaves a smaller LONG record or
/// none. So nothing has to be remembered over a restart, and a gap of any length costs one portion
/// of memory. Stepped by the recorder, on its thread.
class Backfill {
  public:
    Backfill(PanelNumber panel, Duration poll_period);

    [[nodiscard]] PanelNumber panel() const { return panel_; }
    /// The panel has answered: only then is it asked for what it remembers.
    void heard(Instant now) { heard_at_ = now; }
    /// A LONG record of it was stored.
    void note_gap();
    /// All that take() gave out is stored.
    void note_stored();

    /// What is to be asked now; nothing: an answer is awaited, or there is nothing to ask.
    [[nodiscard]] std::optional<LogOrder> next_order(Instant now, const PanelRecorder& recorder,
                                                     Store& store);
    /// Whoever had the order is gone.
    void order_again();

    struct Filled {
        std::vector<Batch> batches;  ///< to be stored together
        std::vector<Event> events;
    };
    /// Answers to other orders than the last are ignored. `at`: the stamp of its events.
    [[nodiscard]] Filled take(const LogAnswer& answer, Instant now, UtcTime at,
                              const PanelRecorder& recorder, Store& store);

  private:
    enum class State : std::uint8_t {
        looking,   ///< something may be to ask
        ordered,   ///< an answer is awaited
        storing,   ///< what came of it is on its way into the store
        finished,  ///< no gap is left, until another is noted
    };
    /// The gap being filled: the LONG records of a panel that end at one moment.
    struct Place {
        UtcSeconds found_at;  ///< where it ended when it was found
        UtcSeconds end;       ///< where its rest ends now
        bool newest_first = false;
    };
    using Batches = std::map<UtcSeconds, Batch>;

    [[nodiscard]] Result<std::vector<Record>> gaps(UtcSeconds after, UtcSeconds through,
                                                   const PanelRecorder& recorder, Store& store);
    [[nodiscard]] bool find_place(const PanelRecorder& recorder, Store& store);
    [[nodiscard]] LogOrder order_for(const std::vector<Record>& gaps,
                                     const PanelRecorder& recorder);
    void leave_place();
    void try_later(Instant now);
    void fill(const Record& gap, const LogAnswer& answer, UtcTime at, const PanelRecorder& recorder,
              Batches& batches, Filled& out) const;
    void go_on(const LogAnswer& answer, bool took_some);

    PanelNumber panel_;
    Duration silence_max_;  ///< a panel that was heard no longer ago is there
    std::optional<Instant> heard_at_;
    State state_ = State::looking;
    std::optional<Place> place_;
    UtcSeconds done_through_;  ///< gaps that end by then have been seen to
    UtcSeconds log_begins_;    ///< gaps that end by then are older than what the panel keeps
    std::uint64_t order_ = 0;
    Instant retry_at_{};
    Duration retry_after_{};
    LogComplaint complaint_;
};

}  // namespace metergate::record
