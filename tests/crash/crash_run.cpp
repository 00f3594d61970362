#include "tests/crash/crash_run.hpp"

#include <fmt/format.h>

#include <chrono>
#include <stdexcept>

namespace metergate::crash {
namespace {

using storage::Database;

constexpr std::uint32_t points = 3;

Database reader_of(VirtualDisk& disk) {
    Result<Database> database =
        Database::open(store_path, storage::Access::read_only, disk.as_disk());
    if (!database) {
        throw std::runtime_error(database.error().text);
    }
    return std::move(*database);
}

Event event_of(PanelNumber panel, EventKind kind, int i) {
    Event event;
    event.panel = panel;
    event.kind = kind;
    event.source = "riser";
    event.at = utc_from_s(noon_s + i);
    event.start = event.at;
    event.text = "It happened.";
    return event;
}

}  // namespace

CrashRun::CrashRun(storage::SqliteStore::Options asked) : options(std::move(asked)) {
    options.epoch = Epoch{77};
    options.disk = disk.as_disk();
    if (!options.schema) {
        options.schema = *storage::schema_of(storage::migrations());
    }
}

void CrashRun::begin_here() {
    base = disk.contents();
    disk.start(base);
    marks.clear();
    if (store == nullptr && base.contains(store_path)) {
        mark({});
    }
}

void CrashRun::open() {
    close();
    auto opened = storage::SqliteStore::open(store_path, clock, options);
    if (!opened) {
        throw std::runtime_error(opened.error().text);
    }
    store = std::move(*opened);
    mark({});
}

void CrashRun::number(const std::vector<Id>& panels) {
    record::NumberingRequest request{{}, {Series{}}};
    for (const Id& panel : panels) {
        request.panels.push_back({panel, {panel + "1", panel + "2", panel + "3"}});
    }
    const auto numbering = store->number(request);
    mark(numbering ? Result<void>() : numbering.error());
    panels_.clear();
    for (const auto& panel : numbering->panels) {
        panels_.push_back(panel.number);
    }
    kwh_ = numbering->series.at(0).second;
}

void CrashRun::commit(const record::Commit& what) {
    const auto done = store->commit(what);
    mark(done ? Result<void>() : done.error());
}

void CrashRun::upkeep() {
    const auto done = store->upkeep();
    mark(done ? Result<void>() : done.error());
}

void CrashRun::pack_days() {
    const auto done = store->pack_days();
    mark(done ? Result<void>() : done.error());
}

void CrashRun::change_out(std::uint32_t point, const std::string& serial) {
    clock.advance(std::chrono::minutes{1});
    mark(store->change_out(point_number(panels_.at(0), point),
                           {.new_serial = serial,
                            .multiplier = {1, 1},
                            .last_read = 5,
                            .first_read = 0,
                            .at = std::chrono::floor<std::chrono::seconds>(clock.utc()),
                            .reason = "it stood still",
                            .who = "anna"}));
}

record::Commit CrashRun::collected(int i) const {
    record::Commit made;
    for (const PanelNumber panel : panels_) {
        made.batches.push_back(batch(panel, i));
        for (std::uint32_t index = 0; index < points; ++index) {
            record::ChainState chain;
            chain.point = point_number(panel, index);
            chain.series = kwh_;
            chain.edge = made.batches.back().end;
            chain.edge_register = 100 * i;
            made.chains.push_back(chain);
        }
    }
    made.events = {event_of(panels_.at(0), EventKind::panel_lost, i),
                   event_of(gateway_panel, EventKind::line_lost, i)};
    made.cursors = {{"head-end", BatchSeq{i}}, {"billing", BatchSeq{i / 2}}};
    return made;
}

Batch CrashRun::batch(PanelNumber panel, int i) const {
    Batch made;
    made.panel = panel;
    made.end = utc_from_s(noon_s + 900 * i);
    for (std::uint32_t index = 0; index < points; ++index) {
        Record record;
        record.end = made.end;
        record.start = made.end - std::chrono::seconds{900};
        record.point = point_number(panel, index);
        record.series = kwh_;
        record.value = 10 + index;
        record.reg = Milli{100} * i + index;
        made.records.push_back(record);
    }
    return made;
}

std::string CrashRun::dump() {
    Database database = reader_of(disk);
    return rows_of(database);
}

void CrashRun::mark(const Result<void>& done) {
    if (!done) {
        throw std::runtime_error(done.error().text);
    }
    Database database = reader_of(disk);
    check_numbers(database);
    const auto newest = database.prepare("SELECT max(seq) FROM batch").number();
    marks.push_back({disk.steps().size(), rows_of(database), BatchSeq{newest.value_or(0)}});
}

/// Every crash state is compared with a mark, so these rules hold for all of them.
void CrashRun::check_numbers(Database& database) {
    const auto broken =
        database
            .prepare(
                "SELECT (SELECT count(*) FROM (SELECT 1 FROM batch GROUP BY epoch, panel "
                "HAVING max(number) <> count(*) OR min(number) <> 1)) + "
                "(SELECT count(*) FROM cursor WHERE through > "
                "(SELECT coalesce(max(seq), 0) FROM batch))")
            .number();
    if (broken != 0) {
        throw std::runtime_error("numbers have gaps, or a cursor stands beyond the newest batch");
    }
}

}  // namespace metergate::crash
