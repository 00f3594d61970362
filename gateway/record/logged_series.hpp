#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "gateway/metering/logged_chain.hpp"
#include "gateway/model/panel_log.hpp"
#include "gateway/record/grids.hpp"
#include "gateway/record/plan.hpp"
#include "gateway/record/store.hpp"

namespace metergate::record {

/// The series of one panel that are billed as its own log has them. One thread: the recorder's.
class LoggedSeries {
  public:
    /// What became of it, for the panel's batches.
    struct Output {
        std::vector<Record> records;
        std::vector<Event> events;
    };
    /// What is another one since the settings changed.
    enum class Change : std::uint8_t { nothing, parameters, source };
    /// `identity`: of the meter that the chain counts for; 0 = unknown.
    using ChangeOf = std::function<Change(PointNumber point, std::uint64_t identity)>;

    explicit LoggedSeries(PanelNumber panel) : panel_(panel) {}

    /// Error: the series' length or the zone is not usable.
    [[nodiscard]] Result<void> add(const PointPlan& point, const Series& series,
                                   SeriesNumber number, const RecordPlan& all, Grids& grids);
    [[nodiscard]] bool empty() const { return chains_.empty(); }

    void resume(const Restart& restart);
    /// Goes on for the series of an earlier plan. Those that are planned no more end without a
    /// word: if they come back, what the panel remembers comes too.
    void take_over(LoggedSeries& before, const Restart& restart, const ChangeOf& change_of);

    /// The panel has answered a poll.
    void hear(UtcTime at, std::uint64_t identity, Output& out);
    /// Slots as they close.
    void take(const LogAnswer& answer, UtcTime now, Output& out);
    /// Slots that were declared missing: those that the `unread` records stand for. The log was
    /// read up to `through`.
    void take_unread(const LogAnswer& answer, const std::vector<Record>& unread, UtcSeconds through,
                     UtcTime now, Output& out);
    void close_overdue(UtcTime now, Output& out);

    /// The earliest edge that some series has not decided; nothing as long as none is recorded.
    [[nodiscard]] std::optional<UtcSeconds> undecided_edge() const;
    /// The same of those whose slots can be read now.
    [[nodiscard]] std::optional<UtcSeconds> readable_edge() const;
    /// The span (after, through] in which slots were declared missing and not looked for yet.
    struct Unread {
        UtcSeconds after;
        UtcSeconds through;
    };
    [[nodiscard]] std::optional<Unread> unread() const;
    /// Of a slot: all series of a panel share it. Unless empty.
    [[nodiscard]] std::chrono::seconds length() const {
        return chains_.front().slots.grid().length();
    }
    /// Whether any interval of them ends there.
    [[nodiscard]] bool is_edge(UtcSeconds time) const;

    /// Baselines to be stored; one that speaks of an end from `not_stored_from` on waits: then
    /// true.
    bool take_baselines(std::optional<UtcSeconds> not_stored_from, std::vector<ChainState>& out);

  private:
    struct Chain {
        PointNumber point{};
        Id point_id;
        Quantity quantity{};
        SeriesNumber series{};
        metering::LoggedChain slots;
        bool baseline_due = false;
    };
    static void resume(Chain& chain, const Restart& restart);
    [[nodiscard]] Chain* find(PointNumber point, SeriesNumber series);
    void collect(const Chain& chain, UtcTime at, Output& out);
    [[nodiscard]] Event event_of(const Chain& chain, EventKind kind, UtcTime at,
                                 std::string_view text) const;

    PanelNumber panel_;
    std::vector<Chain> chains_;
    metering::LoggedChain::Output output_;  ///< reused
};

}  // namespace metergate::record
