/// How long a year of one point takes to read, and what packing costs: tests/bench/run history.
///
/// The year: 32 panels x 24 points at 15 minutes. The first panel's rows are written and packed by
/// the store's own writer and packer; the blocks of the other 31 panels are copies of those under
/// other keys, since 27 million rows would take an hour. Files lie in the folder for temporary ones
/// and are in the system's cache while they are read.

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <random>
#include <string>
#include <vector>

#include "gateway/app/history_page.hpp"
#include "gateway/model/clock.hpp"
#include "storage/schema.hpp"
#include "storage/store.hpp"
#include "storage/writer.hpp"
#include "tests/support/temp_dir.hpp"

namespace {

using namespace metergate;
using std::chrono::days;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr const char* zone = "America/Toronto";
constexpr double target_ms = 20.0;
constexpr std::uint32_t panels = 32;
constexpr std::uint32_t points = 24;
constexpr int year_days = 365;
constexpr std::size_t page_rows = 5000;
const UtcSeconds first_midnight = utc_from_s(1'735'707'600);  // 2025-01-01 in Toronto

void need(bool good, const char* what) {
    if (!good) {
        std::fprintf(stderr, "history_bench: %s failed\n", what);
        std::exit(1);
    }
}

class Watch {
  public:
    [[nodiscard]] double ms() const {
        return static_cast<double>((clock_.now() - begun_).count()) / 1e3;
    }

  private:
    SystemClock clock_;
    Instant begun_ = clock_.now();
};

/// Bytes that this process has handed to write(), to whatever file.
std::uint64_t bytes_written() {
    std::ifstream io("/proc/self/io");
    std::string word;
    std::uint64_t value = 0;
    while (io >> word >> value) {
        if (word == "wchar:") {
            return value;
        }
    }
    return 0;
}

record::NumberingRequest building() {
    record::NumberingRequest request;
    for (std::uint32_t panel = 0; panel < panels; ++panel) {
        record::NumberingRequest::Panel one{"panel-" + std::to_string(panel), {}};
        for (std::uint32_t point = 0; point < points; ++point) {
            one.points.push_back("suite-" + std::to_string(panel) + "-" + std::to_string(point));
        }
        request.panels.push_back(std::move(one));
    }
    request.series = {Series{}};
    return request;
}

/// Loads as tenants have them: interpolated edges, a value that changes from slot to slot.
class Loads {
  public:
    Batch batch(PanelNumber panel, SeriesNumber series, UtcSeconds end) {
        Batch made;
        made.panel = panel;
        made.end = end;
        registers_.resize(static_cast<std::size_t>(panels + 1) * points, 5'000'000);
        for (std::uint32_t point = 0; point < points; ++point) {
            Record record;
            record.end = end;
            record.start = end - minutes{15};
            record.point = point_number(panel, point);
            record.series = series;
            record.value = static_cast<Milli>(50 + random_() % 900);
            Milli& reg = registers_.at(raw(panel) * points + point);
            reg += *record.value;
            record.reg = reg;
            record.flags = Flag::interpolated;
            record.uncertainty = static_cast<Milli>(1 + random_() % 4);
            made.records.push_back(record);
        }
        return made;
    }

  private:
    std::mt19937_64 random_{7};
    std::vector<Milli> registers_;
};

struct Wear {
    double commits_kb = 0;
    double packing_kb = 0;
    double step_max_ms = 0;
    double step_mean_ms = 0;
    std::size_t blocks = 0;
};

/// A day of all 768 points through the whole store, a commit an edge, then its packing.
Wear measure_a_day(const std::string& path) {
    VirtualClock clock(first_midnight + days{2});
    storage::SqliteStore::Options options;
    options.zone = zone;
    auto store = std::move(*storage::SqliteStore::open(path, clock, options));
    const auto numbering = store->number(building());
    need(numbering.has_value(), "numbering");
    Loads loads;
    Wear wear;
    const auto commit_day = [&](UtcSeconds midnight) {
        for (UtcSeconds end = midnight + minutes{15}; end <= midnight + days{1};
             end += minutes{15}) {
            record::Commit commit;
            for (const auto& panel : numbering->panels) {
                commit.batches.push_back(
                    loads.batch(panel.number, numbering->series.front().second, end));
            }
            need(store->commit(commit).has_value(), "commit");
        }
        record::Commit fold;
        fold.clean_stop = true;  // empties the log, so that each part pays for its own pages
        need(store->commit(fold).has_value(), "checkpoint");
    };
    const std::uint64_t before = bytes_written();
    commit_day(first_midnight);
    const std::uint64_t committed = bytes_written();
    int steps = 0;
    for (bool more = true; more;) {
        const Watch watch;
        const auto step = store->pack_days();
        need(step.has_value(), "packing");
        more = step->more;
        if (step->blocks > 0) {
            ++steps;
            wear.blocks += step->blocks;
            wear.step_mean_ms += watch.ms();
            wear.step_max_ms = std::max(wear.step_max_ms, watch.ms());
        }
    }
    record::Commit fold;
    fold.clean_stop = true;
    need(store->commit(fold).has_value(), "checkpoint");
    wear.step_mean_ms /= std::max(steps, 1);
    wear.commits_kb = static_cast<double>(committed - before) / 1024;
    wear.packing_kb = static_cast<double>(bytes_written() - committed) / 1024;
    return wear;
}

/// The other panels' blocks of a day that the packer has packed for the first one.
void copy_blocks(storage::Database& database, storage::Statement& put,
                 const storage::PackedDays::Day& day, const record::Numbering& numbering) {
    storage::PackedDays packed(database);
    const SeriesNumber series = numbering.series.front().second;
    for (std::uint32_t point = 0; point < points; ++point) {
        const storage::DayKey key{day.start, day.end,
                                  numbering.panels.front().points.at(point).number, series};
        auto records = storage::unpack_day(key, packed.block(key).value_or(""));
        need(records.has_value(), "unpacking");
        for (std::uint32_t panel = 1; panel < panels; ++panel) {
            storage::DayKey other = key;
            other.point = numbering.panels.at(panel).points.at(point).number;
            put.with(epoch_s(day.end), raw(other.point), raw(series),
                     storage::Bytes{storage::pack_day(other, *records)})
                .run();
        }
    }
}

/// Returns the packed blocks' bytes.
std::int64_t make_year(const std::string& path, record::Numbering& numbering) {
    VirtualClock clock(first_midnight);
    numbering = *(*storage::SqliteStore::open(path, clock, {}))->number(building());
    auto database =
        std::move(*storage::open_existing({.path = path,
                                           .now = clock.utc(),
                                           .pages_max = 4'000'000,
                                           .epoch = {},
                                           .disk = {},
                                           .schema = *storage::schema_of(storage::migrations())}));
    const auto grid = metering::IntervalGrid::make(zone, days{1}, TimeBase::local);
    {
        storage::Writer writer(database, *storage::read_epoch(database), *grid);
        storage::PackedDays packed(database);
        auto put = database.prepare(
            "INSERT INTO packed_day(day, point, series, block) "
            "VALUES(?, ?, ?, ?)");
        Loads loads;
        UtcSeconds begin = first_midnight;
        for (int day = 0; day < year_days; ++day) {
            const UtcSeconds until = grid->next_edge(begin);
            storage::Transaction transaction(database, storage::Transaction::Kind::write, "a day");
            record::Commit commit;
            for (UtcSeconds end = begin + minutes{15}; end <= until; end += minutes{15}) {
                commit.batches.push_back(loads.batch(numbering.panels.front().number,
                                                     numbering.series.front().second, end));
            }
            writer.put(commit, until);
            while (writer.packer().step(until + minutes{20}).more) {
            }
            copy_blocks(database, put, *packed.next_day(begin), numbering);
            need(transaction.commit().has_value(), "writing the year");
            need(database.checkpoint(false).has_value(), "checkpoint");
            begin = until;
        }
    }
    return database.prepare("SELECT sum(length(block)) FROM packed_day").number().value_or(0);
}

struct YearRead {
    double ms = 0;
    std::size_t records = 0;
    std::size_t pages = 0;
};

YearRead read_year(storage::SqliteHistory& history, const storage::DayKey& year) {
    YearRead read;
    const Watch watch;
    storage::DayKey key = year;
    while (key.start < key.end) {
        const auto span = history.records(key, {page_rows, {}});
        need(span.has_value(), "reading");
        read.records += span->records.size();
        ++read.pages;
        key.start = span->through;
    }
    read.ms = watch.ms();
    return read;
}

/// The same as the control socket's answers: slots, JSON text.
double year_as_pages_ms(storage::SqliteHistory& history, const std::string& point,
                        std::size_t& pages, std::size_t& bytes) {
    const UtcSeconds end = first_midnight + days{year_days};
    const Watch watch;
    app::HistoryQuestion question{point, {}, first_midnight, end, {}, page_rows};
    question.series = Series{};
    for (bool more = true; more;) {
        const auto page = app::read_history_page(history, question, zone, [] { return true; });
        need(page.has_value(), "a page");
        ++pages;
        bytes += page->json.size();
        more = page->next.has_value();
        question.after = page->next;
    }
    return watch.ms();
}

double rows_only_ms(const std::string& path, const storage::DayKey& year, std::size_t& count) {
    auto database = std::move(*storage::Database::open(path, storage::Access::read_only));
    const Watch watch;
    storage::Transaction transaction(database, storage::Transaction::Kind::read, "rows");
    count = storage::RecordRows(database).current(year).size();
    need(transaction.commit().has_value(), "reading rows");
    return watch.ms();
}

void row(const char* what, double value, const char* unit) {
    std::printf("%-58s %12.2f %s\n", what, value, unit);
}

}  // namespace

int main() {
    const support::TempDir folder;
    const Wear wear = measure_a_day(folder.file("day.sqlite"));
    record::Numbering numbering;
    const Watch making;
    const std::int64_t block_bytes = make_year(folder.file("year.sqlite"), numbering);
    std::fprintf(stderr, "the year was made in %.0f s\n", making.ms() / 1e3);

    auto history = std::move(*storage::SqliteHistory::open(folder.file("year.sqlite")));
    const UtcSeconds end = first_midnight + days{year_days};
    std::vector<double> times;
    YearRead year;
    for (std::uint32_t panel = 0; panel < panels; ++panel) {
        const auto& point = numbering.panels.at(panel).points.at(panel % points);
        year = read_year(*history,
                         {first_midnight, end, point.number, numbering.series.front().second});
        times.push_back(year.ms);
    }
    std::sort(times.begin(), times.end());
    const double median = times.at(times.size() / 2);
    std::size_t pages = 0;
    std::size_t json_bytes = 0;
    const double json_ms =
        year_as_pages_ms(*history, numbering.panels.at(5).points.at(5).id, pages, json_bytes);
    std::size_t rows = 0;
    const double rows_ms =
        rows_only_ms(folder.file("year.sqlite"),
                     {first_midnight, end, numbering.panels.front().points.front().number,
                      numbering.series.front().second},
                     rows);

    const double record_count = static_cast<double>(year.records);
    std::printf("%-58s %12.2f ms  (target under %.0f ms)\n",
                "a year of one point, 15 min, read and decoded (median of 32)", median, target_ms);
    row("  slowest of 32 points", times.back(), "ms");
    row("  records", record_count, "");
    row("  pages of 5000", static_cast<double>(year.pages), "");
    row("the same with the pages' JSON text", json_ms, "ms");
    row("  JSON", static_cast<double>(json_bytes) / 1024, "KiB");
    row("the same from rows, of a store with one panel only", rows_ms, "ms");
    row("a packed record", static_cast<double>(block_bytes) / (record_count * panels * points),
        "bytes");
    row("written for a day of 768 points: 96 commits of rows", wear.commits_kb, "KiB");
    row("written for packing that day, log and file", wear.packing_kb, "KiB");
    row("  blocks", static_cast<double>(wear.blocks), "");
    row("  a step, mean", wear.step_mean_ms, "ms");
    row("  a step, longest", wear.step_max_ms, "ms");
    std::printf(
        "{\"year_of_one_point_ms\": %.2f, \"slowest_ms\": %.2f, \"records\": %zu, "
        "\"pages\": %zu, \"json_ms\": %.2f, \"rows_only_ms\": %.2f, "
        "\"packed_day_written_kib\": %.0f, \"rows_day_written_kib\": %.0f, "
        "\"pack_step_max_ms\": %.2f}\n",
        median, times.back(), year.records, year.pages, json_ms, rows_ms, wear.packing_kb,
        wear.commits_kb, wear.step_max_ms);
    const bool whole =
        year.records == static_cast<std::size_t>(year_days) * 96 && rows == year.records;
    return whole ? 0 : 1;
}
