#include "storage/record_days.hpp"

#include <algorithm>
#include <chrono>
#include <iterator>
#include <utility>

#include "storage/rows.hpp"

namespace metergate::storage {
namespace {

constexpr std::chrono::days rows_at_once{1};

PointNumber point_from(std::int64_t number) {
    return PointNumber{static_cast<std::uint32_t>(number)};
}

}  // namespace

RecordRows::RecordRows(Database& database)
    : next_end_(
          database.prepare(R"(SELECT "end" FROM record WHERE "end" > ? ORDER BY "end" LIMIT 1)")),
      records_(database.prepare("SELECT " + std::string(record_columns) +
                                R"( FROM record WHERE "end" = ? AND point BETWEEN ? AND ?
                                ORDER BY "end", point, series, revision)")),
      purged_(database.prepare(R"(SELECT 1 FROM batch INDEXED BY batch_by_end
          WHERE "end" > ? AND "end" <= ? AND panel = ? AND purged = 1 LIMIT 1)")) {}

std::optional<UtcSeconds> RecordRows::next_end(UtcSeconds after) {
    const auto end = next_end_.with(epoch_s(after)).number();
    return end ? std::optional(utc_from_s(*end)) : std::nullopt;
}

std::vector<Record> RecordRows::current(UtcSeconds after, UtcSeconds through, PointNumber first,
                                        PointNumber last) {
    std::vector<Record> found;
    // From end to end, so that the rows of other points are never touched.
    for (auto end = next_end(after); end && *end <= through; end = next_end(*end)) {
        records_.with(epoch_s(*end), raw(first), raw(last));
        while (records_.next()) {
            Record record = record_of(records_);
            const bool replaces = !found.empty() && found.back().end == record.end &&
                                  found.back().point == record.point &&
                                  found.back().series == record.series;
            if (replaces) {
                found.back() = record;
            } else {
                found.push_back(record);
            }
        }
    }
    return found;
}

std::vector<Record> RecordRows::current(const DayKey& key) {
    std::vector<Record> found = current(key.start, key.end, key.point, key.point);
    std::erase_if(found, [&key](const Record& record) { return record.series != key.series; });
    return found;
}

bool RecordRows::purged(const DayKey& key) {
    return purged_.with(epoch_s(key.start), epoch_s(key.end), raw(panel_of(key.point)))
        .number()
        .has_value();
}

PackedDays::PackedDays(Database& database)
    : next_day_(database.prepare(R"(SELECT start, "end", unpacked_from FROM closed_day
          WHERE "end" > ? ORDER BY "end" LIMIT 1)")),
      block_(database.prepare(
          "SELECT block FROM packed_day WHERE day = ? AND point = ? AND series = ?")) {}

std::optional<PackedDays::Day> PackedDays::next_day(UtcSeconds after) {
    if (!next_day_.with(epoch_s(after)).next()) {
        return std::nullopt;
    }
    Day day{utc_from_s(next_day_.integer(0)), utc_from_s(next_day_.integer(1)), {}};
    if (const auto point = next_day_.optional_integer(2)) {
        day.unpacked_from = point_from(*point);
    }
    next_day_.reset();
    return day;
}

std::optional<std::string> PackedDays::block(const DayKey& key) {
    if (!block_.with(epoch_s(key.end), raw(key.point), raw(key.series)).next()) {
        return std::nullopt;
    }
    std::string bytes = block_.text(0);
    block_.reset();
    return bytes;
}

std::vector<Record> merged(const std::vector<Record>& packed, const std::vector<Record>& rows) {
    std::vector<Record> result;
    result.reserve(std::max(packed.size(), rows.size()));
    auto one = packed.begin();
    auto other = rows.begin();
    while (one != packed.end() && other != rows.end()) {
        if (one->end == other->end) {
            result.push_back(one->revision > other->revision ? *one : *other);
            ++one;
            ++other;
        } else {
            result.push_back(one->end < other->end ? *one++ : *other++);
        }
    }
    std::copy(one, packed.end(), std::back_inserter(result));
    std::copy(other, rows.end(), std::back_inserter(result));
    return result;
}

RecordReader::RecordReader(Database& database) : rows_(database), days_(database) {}

RecordSpan RecordReader::read(const DayKey& key, const Limits& limits) {
    RecordSpan span;
    span.through = key.start;
    do {
        const auto day = days_.next_day(span.through);
        if (day && day->start <= span.through) {
            read_day(key, *day, span);
            continue;
        }
        // No closed day here: the rows of a day, up to where the next closed one begins.
        DayKey wanted = key;
        wanted.end = day ? std::min(key.end, day->start) : key.end;
        read_rows(wanted, span);
    } while (span.through < key.end && span.records.size() < limits.count_max &&
             (!limits.keep_going || limits.keep_going()));
    return span;
}

void RecordReader::read_day(const DayKey& wanted, const PackedDays::Day& day, RecordSpan& span) {
    const DayKey whole{day.start, day.end, wanted.point, wanted.series};
    const UtcSeconds through = std::min(wanted.end, day.end);
    const auto block = days_.block(whole);
    auto unpacked = block ? unpack_day(whole, *block) : std::nullopt;
    if (block && !unpacked) {
        span.damaged.push_back({whole, rows_.purged(whole)});
    }
    if (!unpacked) {
        unpacked = rows_.current({span.through, through, wanted.point, wanted.series});
    }
    std::copy_if(
        unpacked->begin(), unpacked->end(), std::back_inserter(span.records),
        [&](const Record& record) { return record.end > span.through && record.end <= through; });
    span.through = through;
}

void RecordReader::read_rows(const DayKey& wanted, RecordSpan& span) {
    const auto first = rows_.next_end(span.through);
    if (!first || *first > wanted.end) {
        span.through = wanted.end;
        return;
    }
    const UtcSeconds through = std::min(wanted.end, *first + rows_at_once);
    const auto found = rows_.current({span.through, through, wanted.point, wanted.series});
    span.records.insert(span.records.end(), found.begin(), found.end());
    span.through = through;
}

}  // namespace metergate::storage
