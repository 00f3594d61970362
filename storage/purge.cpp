#include "storage/purge.hpp"

#include <fmt/format.h>

#include <limits>
#include <map>
#include <string>
#include <vector>

#include "storage/day_packer.hpp"
#include "storage/schema.hpp"

namespace metergate::storage {
namespace {

constexpr std::int64_t batches_per_step = 64;
/// A purge itself needs a few pages, also when the store may not grow any more.
constexpr std::int64_t reserve_pages = 256;
/// A commit that finds no room although so many pages are free lacks room outside the store's file.
constexpr std::int64_t free_pages_enough = 64;

struct Victim {
    std::int64_t seq = 0;
    std::int64_t panel = 0;
    std::int64_t number = 0;
    std::int64_t end_s = 0;
    std::int64_t revision = 0;
    std::int64_t stored_s = 0;
};

class Purge {
  public:
    Purge(Database& database, Writer& writer, const PurgeLimits& limits)
        : database_(database), writer_(writer), limits_(limits) {}

    PurgeReport step(UtcTime now) {
        forget_silent_receivers(now);
        find_pressure();
        find_receipts();
        sent_through_ = database_.prepare("SELECT min(through) FROM cursor")
                            .number()
                            .value_or(std::numeric_limits<std::int64_t>::max());
        const std::vector<Victim> oldest = oldest_batches();
        PurgeReport report;
        std::vector<Victim> lost;
        for (const Victim& victim : oldest) {
            if (!may_go(victim)) {
                break;
            }
            empty(victim);
            ++report.batches;
            if (!sent(victim)) {
                lost.push_back(victim);
            }
        }
        report.unsent_batches = lost.size();
        const bool dropped =
            pressed_for_unsent_ && report.batches == 0 && drop_oldest_blocks(database_) > 0;
        report.more = !limits_.no_room &&
                      (dropped || report.batches == static_cast<std::size_t>(batches_per_step));
        if (report.batches > 0) {
            database_.prepare("UPDATE meta SET value = ? WHERE key = 'purged_through'")
                .with(oldest.at(report.batches - 1).seq)
                .run();
        }
        if (!lost.empty()) {
            writer_.put_events({loss(lost, now)}, now);
        }
        return report;
    }

  private:
    void find_pressure() {
        const std::int64_t free = database_.prepare("PRAGMA freelist_count").number().value_or(0);
        const std::int64_t used =
            database_.prepare("PRAGMA page_count").number().value_or(0) - free;
        // Where free pages did not help a commit, more of them would not either.
        const bool pages_help = free < free_pages_enough;
        sent_may_go_ =
            (limits_.no_room && pages_help) || used * 100 > limits_.pages_max * sent_percent;
        pressed_for_unsent_ = (limits_.still_no_room && pages_help) ||
                              used * 100 > limits_.pages_max * unsent_percent;
        // Packed days are derived: they go before anything that a destination still waits for.
        unsent_may_go_ =
            pressed_for_unsent_ && !database_.prepare("SELECT 1 FROM packed_day LIMIT 1").number();
    }

    void find_receipts() {
        Statement row = database_.prepare(
            "SELECT panel, min(through) FROM receipt WHERE epoch = ? GROUP BY panel");
        row.with(read_meta(database_, "epoch"));
        while (row.next()) {
            received_through_[row.integer(0)] = row.integer(1);
        }
    }

    /// Who holds up a batch that is a month old and has said nothing of its panel since.
    void forget_silent_receivers(UtcTime now) {
        Statement row = database_.prepare(
            "SELECT destination, receiver, panel FROM receipt WHERE heard < ?1 AND EXISTS "
            "(SELECT 1 FROM batch WHERE number = receipt.through + 1 AND panel = receipt.panel "
            "AND epoch = receipt.epoch AND stored < ?1) ORDER BY destination, receiver, panel");
        row.with(epoch_s(limits_.silent_before));
        struct Silent {
            std::string destination;
            std::string receiver;
            std::int64_t panel = 0;
        };
        std::vector<Silent> silent;
        while (row.next()) {
            silent.push_back({row.text(0), row.text(1), row.integer(2)});
        }
        Statement remove = database_.prepare(
            "DELETE FROM receipt WHERE destination = ? AND receiver = ? AND panel = ?");
        std::vector<Event> told;
        for (const Silent& one : silent) {
            remove.with(one.destination, one.receiver, one.panel).run();
            if (told.empty() || told.back().source != one.destination ||
                told.back().old_value != one.receiver) {
                told.push_back(silence(one.destination, one.receiver, now));
            }
        }
        if (!told.empty()) {
            writer_.put_events(told, now);
        }
    }

    static Event silence(const std::string& destination, const std::string& receiver, UtcTime now) {
        Event event;
        event.at = now;
        event.start = now;
        event.panel = gateway_panel;
        event.source = destination;
        event.kind = EventKind::receiver_silent;
        event.old_value = receiver;
        event.text = fmt::format(
            "Receiver {} of destination {} has confirmed nothing for {} days: what it lacks is "
            "kept for it no longer.",
            receiver, destination, record::receiver_silence_max.count());
        return event;
    }

    std::vector<Victim> oldest_batches() {
        Statement row = database_.prepare(
            R"(SELECT seq, panel, epoch = ?, number, "end", revision, stored FROM batch WHERE seq > ?
            ORDER BY seq LIMIT ?)");
        row.with(read_meta(database_, "epoch"), read_meta(database_, "purged_through"),
                 batches_per_step);
        std::vector<Victim> victims;
        while (row.next()) {
            // Receipts speak of the present epoch only: number 0 waits for none.
            victims.push_back({row.integer(0), row.integer(1),
                               row.integer(2) == 1 ? row.integer(3) : 0, row.integer(4),
                               row.integer(5), row.integer(6)});
        }
        return victims;
    }

    /// Nobody said how far it is: nothing to wait for.
    [[nodiscard]] bool sent(const Victim& victim) const {
        const auto receipt = received_through_.find(victim.panel);
        return victim.seq <= sent_through_ &&
               (receipt == received_through_.end() || victim.number <= receipt->second);
    }

    [[nodiscard]] bool may_go(const Victim& victim) const {
        if (!sent(victim)) {
            return unsent_may_go_;
        }
        return sent_may_go_ || victim.stored_s < epoch_s(limits_.sent_before);
    }

    void empty(const Victim& victim) {
        const std::int64_t first = victim.panel * points_per_panel_max;
        const std::int64_t last = first + points_per_panel_max - 1;
        keep_edges_.with(victim.end_s, first, last, victim.revision).run();
        mark_.with(victim.seq).run();
        remove_records_.with(victim.end_s, first, last, victim.revision).run();
        remove_events_.with(victim.seq).run();
    }

    Event loss(const std::vector<Victim>& lost, UtcTime now) {
        Statement behind = database_.prepare(
            "SELECT destination FROM cursor WHERE through < ? ORDER BY through LIMIT 1");
        std::string destination;
        if (behind.with(lost.back().seq).next()) {
            destination = behind.text(0);
            behind.reset();
        }
        Event event;
        event.at = now;
        event.start = now;
        event.panel = gateway_panel;
        event.source = "gateway";
        event.kind = EventKind::records_purged;
        event.old_value = std::to_string(lost.front().seq);
        event.new_value = std::to_string(lost.back().seq);
        event.text = fmt::format(
            "The store is full: {} batches (seq {} to {}) were removed before {} had received "
            "them.",
            lost.size(), event.old_value, event.new_value,
            destination.empty() ? "every receiver" : "destination " + destination);
        return event;
    }

    Database& database_;
    Writer& writer_;
    PurgeLimits limits_;
    std::int64_t sent_through_ = 0;
    std::map<std::int64_t, std::int64_t>
        received_through_;  ///< panel -> least number of its receipts
    bool sent_may_go_ = false;
    bool pressed_for_unsent_ = false;
    bool unsent_may_go_ = false;

    Statement keep_edges_ = database_.prepare(
        R"(UPDATE chain SET edge = r."end", edge_register = r.register FROM record AS r
        WHERE r."end" = ? AND r.point BETWEEN ? AND ? AND r.revision = ?
        AND r.register IS NOT NULL AND chain.point = r.point AND chain.series = r.series
        AND chain.edge < r."end")");
    Statement mark_ = database_.prepare("UPDATE batch SET purged = 1 WHERE seq = ?");
    Statement remove_records_ = database_.prepare(
        R"(DELETE FROM record WHERE "end" = ? AND point BETWEEN ? AND ? AND revision = ?)");
    Statement remove_events_ = database_.prepare("DELETE FROM event WHERE batch = ?");
};

Result<PurgeReport> step_in_transaction(Database& database, Writer& writer,
                                        const PurgeLimits& limits, UtcTime now) {
    Transaction transaction(database, Transaction::Kind::write, "purge");
    const PurgeReport report = Purge(database, writer, limits).step(now);
    if (const Result<void> done = transaction.commit(); !done) {
        writer.forget();
        return done.error();
    }
    return report;
}

}  // namespace

Result<PurgeReport> purge_step(Database& database, Writer& writer, const PurgeLimits& limits,
                               UtcTime now) {
    database.exec(fmt::format("PRAGMA max_page_count={}", limits.pages_max + reserve_pages));
    if (const Result<void> widened = database.outcome("purge: use the reserve"); !widened) {
        return widened.error();
    }
    Result<PurgeReport> report = step_in_transaction(database, writer, limits, now);
    database.exec(fmt::format("PRAGMA max_page_count={}", limits.pages_max));
    if (const Result<void> narrowed = database.outcome("purge: give the reserve back"); !narrowed) {
        return narrowed.error();
    }
    return report;
}

}  // namespace metergate::storage
