#include "storage/restart.hpp"

#include <algorithm>
#include <set>
#include <unordered_map>

#include "storage/schema.hpp"

namespace metergate::storage {
namespace {

using record::ChainState;
using record::LastReading;

std::vector<ChainState> read_chains(Database& database) {
    Statement row = database.prepare(
        "SELECT point, series, identity, opened, opened_register, edge, edge_register, "
        "closed_through, open_flags "
        "FROM chain ORDER BY point, series");
    std::vector<ChainState> chains;
    while (row.next()) {
        ChainState chain;
        chain.point = PointNumber{static_cast<std::uint32_t>(row.integer(0))};
        chain.series = SeriesNumber{static_cast<std::uint32_t>(row.integer(1))};
        chain.identity = static_cast<std::uint64_t>(row.integer(2));
        chain.opened = utc_from_s(row.integer(3));
        chain.opened_register = row.integer(4);
        chain.edge = utc_from_s(row.integer(5));
        chain.edge_register = row.integer(6);
        chain.closed_through = utc_from_s(row.integer(7));
        chain.open_flags = Flags::from_bits(static_cast<std::uint32_t>(row.integer(8)));
        chains.push_back(chain);
    }
    return chains;
}

std::vector<LastReading> read_last_readings(Database& database) {
    Statement row = database.prepare(
        "SELECT point, quantity, at, register FROM last_reading ORDER BY point, quantity");
    std::vector<LastReading> readings;
    while (row.next()) {
        readings.push_back({PointNumber{static_cast<std::uint32_t>(row.integer(0))},
                            static_cast<Quantity>(row.integer(1)), utc_from_ms(row.integer(2)),
                            row.integer(3)});
    }
    return readings;
}

std::vector<PanelEventMark> read_panel_marks(Database& database) {
    Statement row =
        database.prepare("SELECT panel, identity, through FROM panel_mark ORDER BY panel");
    std::vector<PanelEventMark> marks;
    while (row.next()) {
        marks.push_back({PanelNumber{static_cast<std::uint32_t>(row.integer(0))},
                         static_cast<std::uint64_t>(row.integer(1)),
                         static_cast<std::uint32_t>(row.integer(2))});
    }
    return marks;
}

/// Series that are billed from panels' logs.
std::set<SeriesNumber> logged_series(Database& database) {
    std::set<SeriesNumber> logged;
    Statement row = database.prepare("SELECT number FROM series WHERE source = ?");
    row.with(static_cast<int>(BillingSource::panel_log));
    while (row.next()) {
        logged.insert(SeriesNumber{static_cast<std::uint32_t>(row.integer(0))});
    }
    return logged;
}

/// Moves the edges of chains forward to their newest records with a register, or with a value where
/// a log may have no registers, and what they have closed to their newest records of any kind. The
/// edge of a log's chain that was stored with slots still to be read stands: there reading goes on.
class Baselines {
  public:
    Baselines(Database& database, std::vector<ChainState>& chains)
        : records_(database.prepare(
              R"(SELECT point, series, value, register FROM record WHERE "end" = ? AND point BETWEEN ? AND ?
              AND revision = ?)")),
          batches_(database.prepare(
              R"(SELECT "end", panel, revision FROM batch INDEXED BY batch_by_end WHERE "end" > ?
              ORDER BY "end" DESC, panel DESC, revision DESC)")),
          logged_(logged_series(database)) {
        for (ChainState& chain : chains) {
            if (logged_.contains(chain.series) && chain.edge < chain.closed_through) {
                with_unread_.insert(&chain);
            }
            open_[raw(panel_of(chain.point))].push_back(&chain);
            oldest_edge_ = std::min(oldest_edge_, chain.edge);
        }
    }

    void advance() {
        batches_.with(epoch_s(oldest_edge_));
        while (!open_.empty() && batches_.next()) {
            look_at(utc_from_s(batches_.integer(0)),
                    static_cast<std::uint32_t>(batches_.integer(1)), batches_.integer(2));
        }
        batches_.reset();
    }

  private:
    void look_at(UtcSeconds end, std::uint32_t panel, std::int64_t revision) {
        const auto found = open_.find(panel);
        if (found == open_.end()) {
            return;
        }
        std::vector<ChainState*>& chains = found->second;
        // Also drops a chain whose edge an earlier, higher revision of this same end has set.
        std::erase_if(chains, [this, end](const ChainState* chain) {
            return chain->edge >= end || done_.contains(chain);
        });
        if (chains.empty()) {
            open_.erase(found);
            return;
        }
        const PointNumber first = point_number(PanelNumber{panel}, 0);
        records_.with(epoch_s(end), raw(first), raw(first) + points_per_panel_max - 1, revision);
        while (records_.next()) {
            for (ChainState* chain : chains) {
                if (raw(chain->point) == records_.integer(0) &&
                    raw(chain->series) == records_.integer(1)) {
                    note_record(*chain, end);
                }
            }
        }
    }

    void note_record(ChainState& chain, UtcSeconds end) {
        chain.closed_through = std::max(chain.closed_through, end);
        const auto reg = records_.optional_integer(3);
        const bool is_edge = logged_.contains(chain.series)
                                 ? records_.optional_integer(2) && !with_unread_.contains(&chain)
                                 : reg.has_value();
        if (with_unread_.contains(&chain)) {
            done_.insert(&chain);  // nothing older says more
        }
        if (is_edge) {
            chain.edge = end;
            chain.edge_register = reg.value_or(0);
            chain.open_flags = {};
        }
    }

    Statement records_;
    Statement batches_;
    std::set<SeriesNumber> logged_;
    std::set<const ChainState*> with_unread_;
    std::set<const ChainState*> done_;
    std::unordered_map<std::uint32_t, std::vector<ChainState*>>
        open_;  ///< by panel: still searched
    UtcSeconds oldest_edge_ = UtcSeconds::max();
};

}  // namespace

Result<record::Restart> read_restart(Database& database) {
    Transaction transaction(database, Transaction::Kind::read, "read what the last run left");
    record::Restart restart;
    restart.clean_stop = read_meta(database, "clean") != 0;
    restart.chains = read_chains(database);
    restart.last_readings = read_last_readings(database);
    restart.panel_marks = read_panel_marks(database);
    const auto newest_end =
        database
            .prepare(R"(SELECT "end" FROM batch INDEXED BY batch_by_end WHERE panel <> 0
            ORDER BY "end" DESC LIMIT 1)")
            .number();
    if (newest_end) {
        restart.newest_end = utc_from_s(*newest_end);
    }
    Baselines(database, restart.chains).advance();
    if (const Result<void> done = transaction.commit(); !done) {
        return done.error();
    }
    return restart;
}

}  // namespace metergate::storage
