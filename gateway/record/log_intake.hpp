#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "gateway/model/panel_log.hpp"
#include "gateway/record/log_complaint.hpp"
#include "gateway/record/panel_recorder.hpp"
#include "gateway/record/store.hpp"

namespace metergate::record {

/// Has the log of one panel read for the series that are billed as it has them: each slot when it
/// closes, before all else; those that were not read in time when the panel answers again, the
/// oldest first, portion by portion. Stepped by the recorder, on its thread.
class LogIntake {
  public:
    LogIntake(PanelNumber panel, Duration poll_period);

    [[nodiscard]] PanelNumber panel() const { return panel_; }
    /// The panel has answered: only then is its log asked for.
    void heard(Instant now) { heard_at_ = now; }

    /// What is to be asked now. `all_stored`: nothing that was decided of this panel is on its way
    /// into the store.
    void next_orders(Instant now, UtcTime utc, const PanelRecorder& recorder, bool all_stored,
                     std::vector<LogOrder>& out);
    /// Whoever had the orders is gone.
    void order_again();
    /// Answers to other orders than the last are ignored. Appends what is to be told.
    void take(const LogAnswer& answer, Instant now, UtcTime utc, PanelRecorder& recorder,
              Store& store, std::vector<Event>& events);

  private:
    /// One of the two things that are asked for.
    struct Asking {
        LogOrder order;
        bool is_open = false;  ///< an answer is awaited
        Instant not_before{};  ///< while open: when the order is taken for lost
        Duration pause{};      ///< after failures
    };

    [[nodiscard]] bool may_ask(Asking& asking, Instant now);
    [[nodiscard]] LogOrder place(Asking& asking, LogUse use, UtcSeconds first, UtcSeconds last,
                                 Instant now);
    void take_fresh(const LogAnswer& answer, Instant now, UtcTime utc, PanelRecorder& recorder);
    void take_unread(const LogAnswer& answer, Instant now, UtcTime utc, PanelRecorder& recorder,
                     Store& store);
    static void try_later(Asking& asking, Instant now);
    [[nodiscard]] static std::optional<Error> misfit(const LogAnswer& answer,
                                                     const LoggedSeries& logged);

    PanelNumber panel_;
    Duration silence_max_;  ///< a panel that was heard no longer ago is there
    std::optional<Instant> heard_at_;
    Asking fresh_;
    Asking unread_;
    std::uint64_t orders_ = 0;
    std::chrono::milliseconds clock_behind_{};  ///< the panel's, when it was last read
    LogComplaint complaint_;
};

}  // namespace metergate::record
