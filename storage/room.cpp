#include "storage/room.hpp"

#include <algorithm>
#include <chrono>

#include "storage/purge.hpp"
#include "storage/schema.hpp"

namespace metergate::storage {
namespace {

constexpr std::int64_t day_s = 86'400;

/// Of the batches that still have their rows.
struct Stock {
    std::int64_t kept = 0;
    std::int64_t unsent = 0;
    std::int64_t of_last_day = 0;  ///< 0: the oldest is younger than a day
};

std::optional<std::int64_t> stored_s(Statement& find, std::int64_t seq) {
    return find.with(seq).number();
}

/// Batches are stored in order of their seq, so that the first of the last day is found by halves.
std::int64_t count_of_last_day(Database& database, std::int64_t oldest, std::int64_t newest,
                               std::int64_t now_s) {
    Statement find = database.prepare("SELECT stored FROM batch WHERE seq = ?");
    const auto is_recent = [&](std::int64_t seq) {
        return stored_s(find, seq).value_or(now_s) > now_s - day_s;
    };
    if (is_recent(oldest)) {
        return 0;
    }
    std::int64_t older = oldest;
    std::int64_t recent = newest + 1;
    while (recent - older > 1) {
        const std::int64_t middle = older + (recent - older) / 2;
        (is_recent(middle) ? recent : older) = middle;
    }
    return newest + 1 - recent;
}

Stock count_stock(Database& database, UtcTime now) {
    const std::int64_t newest = database.prepare("SELECT max(seq) FROM batch").number().value_or(0);
    const std::int64_t gone = read_meta(database, "purged_through");
    const std::int64_t delivered =
        database.prepare("SELECT min(through) FROM cursor").number().value_or(newest);
    const std::int64_t unconfirmed =
        database
            .prepare(
                "SELECT min(b.seq) FROM receipt AS r JOIN batch AS b "
                "ON b.number = r.through + 1 AND b.panel = r.panel AND b.epoch = r.epoch")
            .number()
            .value_or(newest + 1);
    const std::int64_t sent = std::min(delivered, unconfirmed - 1);
    Stock stock{.kept = newest - gone, .unsent = newest - std::max(sent, gone)};
    if (stock.kept > 0) {
        stock.of_last_day = count_of_last_day(
            database, gone + 1, newest, epoch_s(std::chrono::floor<std::chrono::seconds>(now)));
    }
    return stock;
}

/// The size of a batch is the mean of those kept. What was sent counts as room: it goes first.
std::optional<std::int64_t> days_left(const Stock& stock, std::int64_t used,
                                      std::int64_t capacity) {
    if (stock.of_last_day <= 0) {
        return std::nullopt;
    }
    const double batch = static_cast<double>(used) / static_cast<double>(stock.kept);
    const double room = static_cast<double>(capacity) - batch * static_cast<double>(stock.unsent);
    const double a_day = batch * static_cast<double>(stock.of_last_day);
    return std::max<std::int64_t>(0, static_cast<std::int64_t>(room / a_day));
}

}  // namespace

Result<Room> measure_room(Database& database, std::int64_t pages_max, UtcTime now) {
    const Result<std::int64_t> disk_free = database.files().room_beside(database.path());
    if (!disk_free) {
        return disk_free.error();
    }
    const std::int64_t pages = database.prepare("PRAGMA page_count").number().value_or(0);
    const std::int64_t free = database.prepare("PRAGMA freelist_count").number().value_or(0);
    // An empty store has a page for each table and index.
    const std::int64_t empty =
        database.prepare("SELECT count(*) FROM sqlite_schema WHERE rootpage > 0")
            .number()
            .value_or(0) *
        page_size;
    const Stock stock = count_stock(database, now);
    if (const Result<void> read = database.outcome("measure the room left"); !read) {
        return read.error();
    }
    Room room{.used_bytes = (pages - free) * page_size,
              .limit_bytes = pages_max * page_size,
              .disk_free_bytes = *disk_free,
              .days_left = std::nullopt};
    const std::int64_t capacity =
        std::min(room.limit_bytes / 100 * unsent_percent, pages * page_size + room.disk_free_bytes);
    room.days_left = days_left(stock, room.used_bytes - empty, capacity - empty);
    return room;
}

}  // namespace metergate::storage
