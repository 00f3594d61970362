#include "storage/writer.hpp"

#include <fmt/format.h>

#include <chrono>

namespace metergate::storage {
namespace {

std::int64_t seconds_of(UtcTime time) {
    return epoch_s(std::chrono::floor<std::chrono::seconds>(time));
}

Error broken(const Batch& batch, const Record& record, std::string_view rule) {
    return {Fault::invalid,
            fmt::format(
                "batch of panel {} ending at {}: record of point {}, series {}, ending at {}: {}",
                raw(batch.panel), epoch_s(batch.end), raw(record.point), raw(record.series),
                epoch_s(record.end), rule)};
}

Result<void> check_record(const Batch& batch, const Record& record) {
    if (record.end != batch.end) {
        return broken(batch, record, "ends at another time than its batch");
    }
    if (panel_of(record.point) != batch.panel) {
        return broken(batch, record, "the point is of another panel");
    }
    if (record.start > record.end) {
        return broken(batch, record, "starts after its end");
    }
    if (record.flags.has(Flag::missing) == record.value.has_value()) {
        return broken(batch, record, "must have a value exactly when it is not MISSING");
    }
    return {};
}

}  // namespace

Result<void> check_commit(const record::Commit& commit) {
    for (const Batch& batch : commit.batches) {
        if (!batch.events.empty()) {
            return Error{Fault::invalid,
                         fmt::format("batch of panel {} ending at {}: events must stand in the "
                                     "commit, not in the batch",
                                     raw(batch.panel), epoch_s(batch.end))};
        }
        for (const Record& record : batch.records) {
            if (const Result<void> kept = check_record(batch, record); !kept) {
                return kept.error();
            }
        }
    }
    return {};
}

Writer::Writer(Database& database, Epoch epoch, const metering::IntervalGrid& local_days)
    : database_(database),
      epoch_(epoch),
      numbers_(database, epoch),
      packer_(database, local_days),
      newest_seq_(database.prepare("SELECT max(seq) FROM batch")),
      next_revision_(
          database.prepare(R"(SELECT max(revision) + 1 FROM batch WHERE "end" = ? AND panel = ?)")),
      add_batch_(
          database.prepare(R"(INSERT INTO batch(epoch, panel, number, "end", revision, stored)
          VALUES(?, ?, ?, ?, ?, ?))")),
      add_record_(database.prepare("INSERT INTO record VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")),
      count_event_(database.prepare("INSERT INTO event_count VALUES(?, ?, 1) "
                                    "ON CONFLICT DO UPDATE SET count = count + 1 RETURNING count")),
      add_event_(database.prepare(
          R"(INSERT INTO event(at, clock_ok, panel, source, kind, phase, occurrence, start, "end",
          old_value, new_value, text) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?))")),
      attach_events_(
          database.prepare("UPDATE event SET batch = ? WHERE batch IS NULL AND panel = ?")),
      gateway_seconds_(database.prepare("SELECT at / 1000 FROM event WHERE batch IS NULL "
                                        "AND panel = 0 ORDER BY seq LIMIT 1")),
      attach_gateway_events_(database.prepare(
          "UPDATE event SET batch = ? WHERE batch IS NULL AND panel = 0 AND at / 1000 = ?")),
      put_chain_(database.prepare(
          "INSERT INTO chain VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE "
          "SET identity = excluded.identity, opened = excluded.opened, "
          "opened_register = excluded.opened_register, edge = excluded.edge, "
          "edge_register = excluded.edge_register, "
          "closed_through = excluded.closed_through, "
          "open_flags = excluded.open_flags")),
      // A move beyond the newest batch would skip batches that are still to come; ignoring it only
      // means that some are sent again.
      move_cursor_(database.prepare(
          "INSERT INTO cursor SELECT ?1, ?2 WHERE ?2 <= (SELECT coalesce(max(seq), 0) FROM batch) "
          "ON CONFLICT DO UPDATE SET through = excluded.through "
          "WHERE excluded.through > cursor.through")),
      // A receipt that repeats what is known is written once an hour, as a sign of life.
      keep_receipt_(database.prepare(
          "INSERT INTO receipt VALUES(?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET "
          "through = CASE WHEN excluded.epoch = receipt.epoch "
          "THEN max(excluded.through, receipt.through) ELSE excluded.through END, "
          "epoch = excluded.epoch, heard = excluded.heard WHERE excluded.epoch <> receipt.epoch "
          "OR excluded.through > receipt.through OR abs(excluded.heard - receipt.heard) >= 3600")),
      keep_panel_mark_(database.prepare("INSERT OR REPLACE INTO panel_mark VALUES(?, ?, ?)")),
      set_clean_(
          database.prepare("UPDATE meta SET value = ?1 WHERE key = 'clean' AND value <> ?1")),
      clear_last_readings_(database.prepare("DELETE FROM last_reading")),
      add_last_reading_(database.prepare("INSERT INTO last_reading VALUES(?, ?, ?, ?)")) {}

void Writer::put(const record::Commit& commit, UtcTime now) {
    for (const Event& event : commit.events) {
        put_event(event);
    }
    for (const Batch& batch : commit.batches) {
        put_batch(batch, now);
    }
    put_packer_events(now);  // and the batches of the gateway's own events
    for (const record::ChainState& chain : commit.chains) {
        put_chain(chain);
    }
    for (const record::CursorMove& move : commit.cursors) {
        move_cursor_.with(move.destination, raw(move.through)).run();
    }
    for (const record::Receipt& receipt : commit.receipts) {
        put_receipt(receipt, now);
    }
    for (const PanelEventMark& mark : commit.panel_marks) {
        keep_panel_mark_
            .with(raw(mark.panel), static_cast<std::int64_t>(mark.identity), mark.through)
            .run();
    }
    put_clean_stop(commit);
}

void Writer::put_events(const std::vector<Event>& events, UtcTime now) {
    for (const Event& event : events) {
        put_event(event);
    }
    put_gateway_batches(now);
}

BatchSeq Writer::newest() {
    return BatchSeq{newest_seq_.with().number().value_or(0)};
}

void Writer::put_event(const Event& event) {
    const auto occurrence = count_event_.with(event.source, raw(event.kind)).number();
    const std::optional<std::int64_t> end =
        event.end ? std::optional(epoch_ms(*event.end)) : std::nullopt;
    add_event_
        .with(epoch_ms(event.at), event.clock_ok, raw(event.panel), event.source, raw(event.kind),
              event.phase, occurrence, epoch_ms(event.start), end, event.old_value, event.new_value,
              event.text)
        .run();
}

void Writer::put_batch(const Batch& batch, UtcTime now) {
    const BatchRow row = put_batch_row(batch.panel, epoch_s(batch.end), now);
    put_records(batch, row.revision);
    packer_.absorb(batch, row.revision);
    attach_events_.with(row.seq, raw(batch.panel)).run();
}

Writer::BatchRow Writer::put_batch_row(PanelNumber panel, std::int64_t end_s, UtcTime now) {
    const std::int64_t revision = next_revision_.with(end_s, raw(panel)).number().value_or(0);
    add_batch_
        .with(raw(epoch_), raw(panel), ++newest_number(panel), end_s, revision, seconds_of(now))
        .run();
    return {database_.last_row(), revision};
}

void Writer::put_records(const Batch& batch, std::int64_t revision) {
    for (const Record& record : batch.records) {
        add_record_
            .with(epoch_s(record.end), raw(record.point), raw(record.series), revision,
                  epoch_s(record.start), record.value, record.reg, record.flags.bits(),
                  raw(record.origin), record.uncertainty)
            .run();
    }
}

void Writer::put_gateway_batches(UtcTime now) {
    while (const auto second = gateway_seconds_.with().number()) {
        const BatchRow row = put_batch_row(gateway_panel, *second, now);
        attach_gateway_events_.with(row.seq, *second).run();
        if (database_.failed()) {
            return;
        }
    }
}

void Writer::put_chain(const record::ChainState& chain) {
    put_chain_
        .with(raw(chain.point), raw(chain.series), chain.identity, epoch_s(chain.opened),
              chain.opened_register, epoch_s(chain.edge), chain.edge_register,
              epoch_s(chain.closed_through), chain.open_flags.bits())
        .run();
}

void Writer::put_receipt(const record::Receipt& receipt, UtcTime now) {
    const std::uint64_t newest = newest_number(receipt.panel);
    if (receipt.epoch == epoch_ && newest > 0 && receipt.through <= newest) {
        keep_receipt_
            .with(receipt.destination, receipt.receiver, raw(receipt.panel), raw(receipt.epoch),
                  receipt.through, seconds_of(now))
            .run();
    }
}

void Writer::put_clean_stop(const record::Commit& commit) {
    set_clean_.with(commit.clean_stop).run();
    if (!commit.clean_stop) {
        // Readings kept over a clean stop are spent with the first commit after it.
        if (database_.changes() > 0) {
            clear_last_readings_.with().run();
        }
        return;
    }
    clear_last_readings_.with().run();
    for (const record::LastReading& reading : commit.last_readings) {
        add_last_reading_
            .with(raw(reading.point), raw(reading.quantity), epoch_ms(reading.at), reading.reg)
            .run();
    }
}

std::uint64_t& Writer::newest_number(PanelNumber panel) {
    auto known = newest_number_.find(raw(panel));
    if (known == newest_number_.end()) {
        known = newest_number_.emplace(raw(panel), numbers_.newest(panel)).first;
    }
    return known->second;
}

}  // namespace metergate::storage
