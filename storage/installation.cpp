#include "storage/installation.hpp"

#include <fmt/format.h>

namespace metergate::storage {
namespace {

std::optional<std::int64_t> seconds_of(const std::optional<UtcSeconds>& time) {
    return time ? std::optional(epoch_s(*time)) : std::nullopt;
}

Result<void> check_change(const ChangeOut& change) {
    const auto missing = [](std::string_view what) {
        return Error{Fault::invalid, fmt::format("change of meter: {} is missing", what)};
    };
    if (change.new_serial.empty()) {
        return missing("the serial number of the new meter");
    }
    if (change.reason.empty()) {
        return missing("the reason");
    }
    if (change.who.empty()) {
        return missing("the name of who changed it");
    }
    if (change.multiplier.numerator < 1 || change.multiplier.denominator < 1) {
        return Error{Fault::invalid, "change of meter: the multiplier is not positive"};
    }
    return {};
}

void put_installation(Database& database, const Installation& row) {
    database.prepare("INSERT INTO installation VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
        .with(raw(row.point), epoch_s(row.from), seconds_of(row.to), row.serial,
              row.multiplier.numerator, row.multiplier.denominator, row.first_read, row.last_read,
              row.reason, row.who)
        .run();
}

std::vector<Installation> rows_of(Database& database, PointNumber point) {
    Statement row = database.prepare(
        "SELECT valid_from, valid_to, serial, multiplier_num, multiplier_den, first_read, "
        "last_read, "
        "reason, who FROM installation WHERE point = ? ORDER BY valid_from");
    row.with(raw(point));
    std::vector<Installation> installations;
    while (row.next()) {
        Installation one;
        one.point = point;
        one.from = utc_from_s(row.integer(0));
        if (const auto to = row.optional_integer(1)) {
            one.to = utc_from_s(*to);
        }
        one.serial = row.text(2);
        one.multiplier = {row.integer(3), row.integer(4)};
        one.first_read = row.optional_integer(5);
        one.last_read = row.optional_integer(6);
        one.reason = row.text(7);
        one.who = row.text(8);
        installations.push_back(std::move(one));
    }
    return installations;
}

std::string id_of(Database& database, PointNumber point) {
    Statement row = database.prepare("SELECT id FROM point WHERE number = ?");
    std::string id;
    if (row.with(raw(point)).next()) {
        id = row.text(0);
        row.reset();
    }
    return id;
}

/// The meter that stands there now; one that was never recorded is taken as there from the
/// beginning.
Result<Installation> close_present(Database& database, PointNumber point, const ChangeOut& change) {
    const std::vector<Installation> known = rows_of(database, point);
    if (known.empty()) {
        Installation unknown{.point = point,
                             .serial = {},
                             .multiplier = change.multiplier,
                             .from = UtcSeconds{},
                             .to = change.at,
                             .first_read = std::nullopt,
                             .last_read = change.last_read,
                             .reason = "in place before installations were recorded",
                             .who = change.who};
        put_installation(database, unknown);
        return unknown;
    }
    const Installation& present = known.back();
    if (change.at <= present.from) {
        return Error{Fault::invalid,
                     fmt::format("change of meter: at {} s, but the present meter {} came at {} s",
                                 epoch_s(change.at), present.serial, epoch_s(present.from))};
    }
    database
        .prepare(
            "UPDATE installation SET valid_to = ?, last_read = ? "
            "WHERE point = ? AND valid_from = ?")
        .with(epoch_s(change.at), change.last_read, raw(point), epoch_s(present.from))
        .run();
    return present;
}

Event event_of_change(const Installation& old, const ChangeOut& change, const std::string& id,
                      UtcTime now) {
    Event event;
    event.at = now;
    event.panel = panel_of(old.point);
    event.source = id;
    event.kind = EventKind::meter_change_out;
    event.start = change.at;
    event.old_value = fmt::format("{} {}", old.serial, change.last_read);
    event.new_value = fmt::format("{} {}", change.new_serial, change.first_read);
    event.text = fmt::format("Meter of point {} changed from {} to {} by {}: {}.", id,
                             old.serial.empty() ? "(serial not recorded)" : old.serial,
                             change.new_serial, change.who, change.reason);
    return event;
}

}  // namespace

Result<void> record_change_out(Database& database, Writer& writer, PointNumber point,
                               const ChangeOut& change, UtcTime now) {
    if (const Result<void> complete = check_change(change); !complete) {
        return complete.error();
    }
    Transaction transaction(database, Transaction::Kind::write, "change of meter");
    const std::string id = id_of(database, point);
    if (id.empty() && !database.failed()) {
        return Error{Fault::not_found, fmt::format("change of meter: no point {}", raw(point))};
    }
    const Result<Installation> old = close_present(database, point, change);
    if (!old) {
        return old.error();
    }
    put_installation(database, {.point = point,
                                .serial = change.new_serial,
                                .multiplier = change.multiplier,
                                .from = change.at,
                                .to = std::nullopt,
                                .first_read = change.first_read,
                                .last_read = std::nullopt,
                                .reason = change.reason,
                                .who = change.who});
    writer.put_events({event_of_change(*old, change, id, now)}, now);
    Result<void> done = transaction.commit();
    if (!done) {
        writer.forget();
    }
    return done;
}

Result<std::vector<Installation>> read_installations(Database& database, PointNumber point) {
    Transaction transaction(database, Transaction::Kind::read, "read installations");
    std::vector<Installation> installations = rows_of(database, point);
    if (const Result<void> done = transaction.commit(); !done) {
        return done.error();
    }
    return installations;
}

}  // namespace metergate::storage
