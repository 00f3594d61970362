#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "config/schema/json.hpp"
#include "gateway/model/series.hpp"
#include "gateway/model/time.hpp"
#include "storage/history.hpp"

/// The method `history` of the control socket: a stretch of one series of one point, page by page.
namespace metergate::app {

/// Slots that end after `from` and not after `to`.
struct HistoryQuestion {
    Id point;
    std::optional<Series> series;  ///< absent: the first of the point's
    UtcSeconds from;
    UtcSeconds to;
    std::optional<UtcSeconds> after;  ///< the page token: all up to here was in earlier pages
    std::size_t limit = 0;            ///< rows of a page, 1..5000
};

/// Reads `params`: point; series (a code); from, to (seconds since 1970, or a text that
/// metering::LocalTime reads; `to` is now if absent, `from` a day before it); page; limit (1000 if
/// absent). Errors: invalid, naming the parameter.
[[nodiscard]] Result<HistoryQuestion> history_question(const schema::Json& params,
                                                       const std::string& zone, UtcTime now);

struct HistoryPage {
    /// Point, series, unit, zone, from_s, to_s, columns, rows, next (null at the end), problems.
    std::string json;
    std::optional<UtcSeconds> next;        ///< `after` of the next page; absent at the end
    std::vector<storage::DayKey> damaged;  ///< packed days that want repair
};

/// One page: stops at the limit, at 900 kB, or when `keep_going` says so, whatever comes first; the
/// rest is the next page. A slot of which there is no record is a row flagged MISSING without a
/// revision. Errors: not_found (point, series), and those of the store.
[[nodiscard]] Result<HistoryPage> read_history_page(storage::SqliteHistory& history,
                                                    const HistoryQuestion& question,
                                                    const std::string& zone,
                                                    const std::function<bool()>& keep_going);

}  // namespace metergate::app
