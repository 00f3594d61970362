#include "storage/day_packer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <map>

#include "config/schema/utc_text.hpp"

namespace metergate::storage {
namespace {

using std::chrono::seconds;

/// Late readings and repairs of the last slots come within minutes: waiting for them saves the disk
/// from packing the day twice.
constexpr seconds settle_time = std::chrono::minutes{15};
/// The longest day has 25 hours.
constexpr seconds longest_day = std::chrono::hours{25};
/// Of one step: a few milliseconds.
constexpr std::int64_t records_per_step = 2400;
constexpr std::int64_t points_per_step = 24;
constexpr std::int64_t blocks_per_drop = 256;
/// Ten years and the leap days.
constexpr std::chrono::days blocks_kept{3653};

UtcSeconds seconds_of(UtcTime time) {
    return std::chrono::floor<seconds>(time);
}

}  // namespace

DayPacker::DayPacker(Database& database, const metering::IntervalGrid& local_days)
    : database_(database),
      local_days_(local_days),
      rows_(database),
      days_(database),
      newest_day_(database.prepare(R"(SELECT max("end") FROM closed_day)")),
      day_before_(database.prepare(R"(SELECT max("end") FROM closed_day WHERE "end" < ?)")),
      unfinished_day_(database.prepare(
          R"(SELECT "end" FROM closed_day WHERE unpacked_from IS NOT NULL ORDER BY "end" LIMIT 1)")),
      add_day_(database.prepare(R"(INSERT INTO closed_day("end", start, unpacked_from)
          VALUES(?, ?, ?))")),
      mark_day_(database.prepare(R"(UPDATE closed_day SET unpacked_from = ? WHERE "end" = ?)")),
      last_point_(database.prepare(R"(SELECT max(number) FROM
          (SELECT number FROM point WHERE number >= ? ORDER BY number LIMIT ?))")),
      put_block_(database.prepare("INSERT INTO packed_day(day, point, series, block) "
                                  "VALUES(?, ?, ?, ?) "
                                  "ON CONFLICT DO UPDATE SET block = excluded.block")) {}

void DayPacker::absorb(const Batch& batch, std::int64_t revision) {
    const auto newest = newest_day_.with().number();
    if (!newest || epoch_s(batch.end) > *newest || batch.records.empty()) {
        return;
    }
    auto day = days_.next_day(batch.end - seconds{1});
    if (!day || day->start >= batch.end) {
        // A day without records until now, between days that are closed.
        day = day_of(batch.end);
        add_day_.with(epoch_s(day->end), epoch_s(day->start), std::nullopt).run();
    }
    for (Record record : batch.records) {
        record.revision = static_cast<std::uint32_t>(revision);
        absorb_record(*day, record);
    }
}

void DayPacker::absorb_record(const PackedDays::Day& day, const Record& record) {
    if (day.unpacked_from && record.point >= *day.unpacked_from) {
        return;  // a step to come finds its row
    }
    const DayKey key{day.start, day.end, record.point, record.series};
    // Without a block readers use the rows; one with this record alone would hide the others.
    pack(key, days_.block(key) ? std::vector{record} : rows_.current(key));
}

DayPacker::Step DayPacker::step(UtcTime now) {
    Step done;
    const auto day = day_to_pack(now);
    if (!day) {
        done.more = drop_expired(now) > 0;
        return done;
    }
    const std::int64_t first = raw(*day->unpacked_from);
    const auto last = last_point_.with(first, points_at_once(*day)).number();
    if (last) {
        done.blocks =
            pack_points(*day, *day->unpacked_from, PointNumber{static_cast<std::uint32_t>(*last)});
    }
    const auto next = last ? std::optional(*last + 1) : std::nullopt;
    mark_day_.with(next, epoch_s(day->end)).run();
    done.more = true;
    return done;
}

std::optional<PackedDays::Day> DayPacker::day_to_pack(UtcTime now) {
    if (const auto unfinished = unfinished_day_.with().number()) {
        return days_.next_day(utc_from_s(*unfinished) - seconds{1});
    }
    const UtcSeconds newest = utc_from_s(newest_day_.with().number().value_or(0));
    const auto first_end = rows_.next_end(newest);
    if (!first_end) {
        return std::nullopt;
    }
    PackedDays::Day day = day_of(*first_end);
    if (day.end + settle_time > seconds_of(now)) {
        return std::nullopt;
    }
    day.unpacked_from = PointNumber{0};
    add_day_.with(epoch_s(day.end), epoch_s(day.start), raw(*day.unpacked_from)).run();
    return day;
}

/// The local day around an end, cut where closed days stand already: those of another zone, from
/// before the setting was changed, may not fit.
PackedDays::Day DayPacker::day_of(UtcSeconds end) {
    const UtcSeconds last_moment = end - seconds{1};
    PackedDays::Day day{end - 2 * longest_day, local_days_.next_edge(last_moment), {}};
    for (UtcSeconds edge = local_days_.next_edge(day.start); edge < day.end;
         edge = local_days_.next_edge(edge)) {
        day.start = edge;
    }
    if (const auto before = day_before_.with(epoch_s(end)).number()) {
        day.start = std::max(day.start, utc_from_s(*before));
    }
    if (const auto after = days_.next_day(last_moment)) {
        day.end = std::min(day.end, after->start);
    }
    return day;
}

std::int64_t DayPacker::points_at_once(const PackedDays::Day& day) {
    if (slots_of_day_.first != day.end) {
        std::int64_t slots = 0;
        for (auto end = rows_.next_end(day.start); end && *end <= day.end;
             end = rows_.next_end(*end)) {
            ++slots;
        }
        slots_of_day_ = {day.end, slots};
    }
    return std::clamp<std::int64_t>(
        records_per_step / std::max<std::int64_t>(slots_of_day_.second, 1), 1, points_per_step);
}

std::size_t DayPacker::pack_points(const PackedDays::Day& day, PointNumber first,
                                   PointNumber last) {
    std::map<std::pair<PointNumber, SeriesNumber>, std::vector<Record>> rows;
    for (const Record& record : rows_.current(day.start, day.end, first, last)) {
        rows[{record.point, record.series}].push_back(record);
    }
    std::size_t written = 0;
    for (const auto& [who, records] : rows) {
        written += pack({day.start, day.end, who.first, who.second}, records) ? 1U : 0U;
    }
    return written;
}

bool DayPacker::pack(const DayKey& key, const std::vector<Record>& rows) {
    const auto present = days_.block(key);
    const auto packed = present ? unpack_day(key, *present) : std::nullopt;
    if (present && !packed) {
        const bool rebuilt = !rows_.purged(key);
        damaged_.push_back({key, rebuilt});
        if (!rebuilt) {
            return false;  // readers use the rows that are left, and say so
        }
    }
    const std::vector<Record> records = present && !packed
                                            ? rows_.current(key)
                                            : merged(packed.value_or(std::vector<Record>{}), rows);
    const std::string block = pack_day(key, records);
    if (records.empty() || block == present) {
        return false;
    }
    put_block_.with(epoch_s(key.end), raw(key.point), raw(key.series), Bytes{block}).run();
    return true;
}

void DayPacker::repair(const DayKey& key) {
    pack(key, {});
}

void DayPacker::pack_all_again() {
    database_.exec("UPDATE closed_day SET unpacked_from = 0");
}

std::string DayPacker::point_id(PointNumber point) {
    Statement row = database_.prepare("SELECT id FROM point WHERE number = ?");
    return row.with(raw(point)).next() ? row.text(0) : fmt::format("{}", raw(point));
}

std::vector<Event> DayPacker::take_events(UtcTime now) {
    std::vector<Event> events;
    for (const auto& [key, rebuilt] : std::exchange(damaged_, {})) {
        Event event;
        event.at = now;
        event.start = now;
        event.panel = gateway_panel;
        event.source = "gateway";
        event.kind = EventKind::history_damaged;
        event.text = fmt::format(
            "The packed history of point {}, series {}, of the day from {} to {} was damaged; {}.",
            point_id(key.point), raw(key.series), schema::utc_text(key.start),
            schema::utc_text(key.end),
            rebuilt ? "it was packed again from the records"
                    : "its records are purged, so what is not kept elsewhere is lost");
        events.push_back(std::move(event));
    }
    return events;
}

std::size_t DayPacker::drop_expired(UtcTime now) {
    const auto oldest = database_.prepare("SELECT min(day) FROM packed_day").number();
    const bool expired = oldest && utc_from_s(*oldest) < seconds_of(now) - blocks_kept;
    return expired ? drop_oldest_blocks(database_) : 0;
}

std::size_t drop_oldest_blocks(Database& database) {
    database
        .prepare(
            "DELETE FROM packed_day WHERE rowid IN (SELECT rowid FROM packed_day "
            "WHERE day = (SELECT min(day) FROM packed_day) LIMIT ?)")
        .with(blocks_per_drop)
        .run();
    return static_cast<std::size_t>(database.changes());
}

}  // namespace metergate::storage
