#include "gateway/app/history_page.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <iterator>
#include <string_view>

#include "gateway/metering/interval_grid.hpp"
#include "gateway/metering/local_time.hpp"
#include "gateway/model/flags.hpp"

namespace metergate::app {
namespace {

using schema::Json;
using std::chrono::seconds;

constexpr std::int64_t limit_max = 5000;
constexpr std::size_t limit_unless_told = 1000;
/// An answer line may have 1 MiB; a row has less than 400 bytes.
constexpr std::size_t rows_size_max = 900'000;

Error bad_param(std::string_view name, const std::string& why) {
    return {Fault::invalid, "params." + std::string(name) + ": " + why};
}

Result<UtcSeconds> time_param(const Json& params, std::string_view name,
                              const metering::LocalTime& site, UtcSeconds otherwise) {
    const Json* value = params.find(name);
    if (value == nullptr || value->is_null()) {
        return otherwise;
    }
    if (const auto* text = value->as_string()) {
        const auto time = site.read(*text);
        return time ? time : bad_param(name, time.error().text);
    }
    constexpr std::int64_t year_2200_s = 7'258'118'400;
    const auto* time_s = value->as_integer();
    if (time_s == nullptr || *time_s < 0 || *time_s >= year_2200_s) {
        return bad_param(name, "must be a time as text, or seconds since 1970");
    }
    return utc_from_s(*time_s);
}

Result<std::optional<Series>> series_param(const Json& params) {
    const Json* value = params.find("series");
    if (value == nullptr || value->is_null()) {
        return std::optional<Series>();
    }
    const auto series = series_from_code(value->as_string() == nullptr ? "" : *value->as_string());
    return series ? Result<std::optional<Series>>(*series)
                  : bad_param("series", series.error().text);
}

/// The token is the end of the last row, in seconds: whoever invents one gets a page all the same.
Result<std::optional<UtcSeconds>> page_param(const Json& params, UtcSeconds from, UtcSeconds to) {
    const Json* value = params.find("page");
    if (value == nullptr || value->is_null()) {
        return std::optional<UtcSeconds>();
    }
    std::int64_t after_s = -1;
    if (const auto* text = value->as_string()) {
        const char* end = text->data() + text->size();
        const auto [stop, fault] = std::from_chars(text->data(), end, after_s);
        after_s = fault == std::errc{} && stop == end ? after_s : -1;
    }
    if (after_s < epoch_s(from) || after_s > epoch_s(to)) {
        return bad_param("page", "is not the `next` of a page of these times");
    }
    return std::optional(utc_from_s(after_s));
}

Result<std::size_t> limit_param(const Json& params) {
    const Json* value = params.find("limit");
    if (value == nullptr || value->is_null()) {
        return limit_unless_told;
    }
    const auto* limit = value->as_integer();
    if (limit == nullptr || *limit < 1 || *limit > limit_max) {
        return bad_param("limit", "is outside 1..5000");
    }
    return static_cast<std::size_t>(*limit);
}

std::string_view name_of(Origin origin) {
    constexpr std::array<std::string_view, 3> names{"gateway", "panel_log", "person"};
    return raw(origin) < names.size() ? names.at(raw(origin)) : "unknown";
}

/// Makes the rows of one page.
class Rows {
  public:
    explicit Rows(std::size_t limit) : limit_(limit) {}

    [[nodiscard]] bool full() const { return count_ >= limit_ || text_.size() >= rows_size_max; }
    [[nodiscard]] std::int64_t left() const { return static_cast<std::int64_t>(limit_ - count_); }
    [[nodiscard]] const std::string& text() const { return text_; }

    void add(const Record& record) {
        begin(record.start, record.end);
        put(record.value);
        put(record.reg);
        if (record.flags != flags_) {
            flags_ = record.flags;
            flags_text_ = schema::write_compact(Json::of(names_of(flags_)));
        }
        text_ += ',';
        text_ += flags_text_;
        put(record.revision);
        text_ += ",\"";
        text_ += name_of(record.origin);
        text_ += '"';
        put(record.uncertainty);
        text_ += ']';
    }
    void add_missing(UtcSeconds start, UtcSeconds end) {
        begin(start, end);
        text_ += ",null,null,[\"MISSING\"],null,null,null]";
    }

  private:
    void begin(UtcSeconds start, UtcSeconds end) {
        text_ += count_ == 0 ? "[" : ",[";
        text_ += std::to_string(epoch_s(start));
        put(epoch_s(end));
        ++count_;
    }
    void put(const std::optional<std::int64_t>& value) {
        text_ += ',';
        text_ += value ? std::to_string(*value) : "null";
    }

    std::size_t limit_;
    std::size_t count_ = 0;
    std::string text_;
    Flags flags_;  ///< of the row before: mostly the same
    std::string flags_text_ = "[]";
};

/// Walks from slot to slot; what the records leave out becomes a row of its own.
class SlotWalk {
  public:
    SlotWalk(const metering::IntervalGrid& grid, UtcSeconds at, Rows& rows)
        : grid_(&grid), at_(at), rows_(&rows) {}

    /// Everything up to here is in the rows.
    [[nodiscard]] UtcSeconds at() const { return at_; }

    void take(const storage::RecordSpan& span) {
        for (const Record& record : span.records) {
            const bool follows = record.start == at_ && record.end - at_ <= grid_->length();
            if (!follows) {
                miss_slots_before(record.end);
            }
            if (rows_->full()) {
                return;
            }
            rows_->add(record);
            at_ = record.end;
        }
        miss_slots_before(span.through + seconds{1});
        if (!rows_->full()) {
            at_ = span.through;
        }
    }

  private:
    void miss_slots_before(UtcSeconds end) {
        for (UtcSeconds edge = grid_->next_edge(at_); edge < end && !rows_->full();
             edge = grid_->next_edge(at_)) {
            rows_->add_missing(std::max(at_, edge - grid_->length()), edge);
            at_ = edge;
        }
    }

    const metering::IntervalGrid* grid_;
    UtcSeconds at_;
    Rows* rows_;
};

void note_damage(const storage::RecordSpan& span, const metering::LocalTime& site, Json& problems,
                 std::vector<storage::DayKey>& damaged) {
    for (const auto& [day, rows_purged] : span.damaged) {
        damaged.push_back(day);
        if (!rows_purged) {
            continue;  // all of it was read from the records
        }
        problems.push(Json::object()
                          .set("from_s", epoch_s(day.start))
                          .set("to_s", epoch_s(day.end))
                          .set("text", "the history from " + site.text(day.start) + " to " +
                                           site.text(day.end) +
                                           " is damaged and its records are purged: slots "
                                           "without a revision may be lost, not missing"));
    }
}

Json head_json(const HistoryQuestion& question, const Series& series, const std::string& zone) {
    return Json::object()
        .set("point", question.point)
        .set("series", code_of(series))
        .set("unit", facts_of(series.quantity).unit)
        .set("exponent", milli_exponent)
        .set("zone", zone)
        .set("from_s", epoch_s(question.from))
        .set("to_s", epoch_s(question.to))
        .set("columns", Json::array({Json::of("start_s"), Json::of("end_s"), Json::of("value"),
                                     Json::of("register"), Json::of("flags"), Json::of("revision"),
                                     Json::of("origin"), Json::of("uncertainty")}));
}

/// What there is to read at all: times before the first record and after the newest have no slots.
struct Stretch {
    UtcSeconds at;
    UtcSeconds end;
};

Result<Stretch> stretch_of(storage::SqliteHistory& history, const HistoryQuestion& question) {
    const auto extent = history.extent();
    if (!extent) {
        return extent.error();
    }
    if (!*extent) {
        return Stretch{question.to, question.to};  // nothing was recorded yet
    }
    Stretch stretch{std::max(question.from, (*extent)->start),
                    std::min(question.to, (*extent)->newest_end)};
    stretch.at = std::max(stretch.at, question.after.value_or(stretch.at));
    return stretch;
}

std::string text_of(const Json& head, const Rows& rows) {
    std::string text = schema::write_compact(head);
    text.back() = ',';  // the object goes on
    return text + "\"rows\":[" + rows.text() + "]}";
}

}  // namespace

Result<HistoryQuestion> history_question(const Json& params, const std::string& zone, UtcTime now) {
    const auto site = metering::LocalTime::make(zone);
    if (!site) {
        return site.error();
    }
    const std::string* point = params.string_at("point");
    if (point == nullptr || point->empty()) {
        return bad_param("point", "is missing or no text");
    }
    const auto series = series_param(params);
    const auto to = time_param(params, "to", *site, std::chrono::floor<seconds>(now));
    if (!series || !to) {
        return series ? to.error() : series.error();
    }
    const auto from = time_param(params, "from", *site, *to - std::chrono::days{1});
    if (!from) {
        return from.error();
    }
    if (*from > *to) {
        return bad_param("from", "lies after `to`");
    }
    const auto page = page_param(params, *from, *to);
    const auto limit = limit_param(params);
    if (!page || !limit) {
        return page ? limit.error() : page.error();
    }
    return HistoryQuestion{*point, *series, *from, *to, *page, *limit};
}

Result<HistoryPage> read_history_page(storage::SqliteHistory& history,
                                      const HistoryQuestion& question, const std::string& zone,
                                      const std::function<bool()>& keep_going) {
    const auto site = metering::LocalTime::make(zone);
    const auto found = history.find_series(question.point, question.series);
    const auto stretch = stretch_of(history, question);
    if (!site || !found || !stretch) {
        return !site ? site.error() : !found ? found.error() : stretch.error();
    }
    const auto grid =
        metering::IntervalGrid::make(zone, found->series.length, found->series.time_base);
    if (!grid) {
        return grid.error();
    }
    Rows rows(question.limit);
    SlotWalk walk(*grid, stretch->at, rows);
    HistoryPage page;
    Json problems = Json::array();
    do {
        // Not further than the page can hold, be there records or not.
        const UtcSeconds end =
            std::min(stretch->end, walk.at() + rows.left() * found->series.length);
        const auto span = history.records({walk.at(), end, found->point, found->number},
                                          {question.limit, keep_going});
        if (!span) {
            return span.error();
        }
        walk.take(*span);
        note_damage(*span, *site, problems, page.damaged);
    } while (walk.at() < stretch->end && !rows.full() && keep_going());
    if (walk.at() < stretch->end) {
        page.next = walk.at();
    }
    Json head = head_json(question, found->series, zone);
    head.set("problems", problems);
    head.set("next", page.next ? Json::of(std::to_string(epoch_s(*page.next))) : Json());
    page.json = text_of(head, rows);
    return page;
}

}  // namespace metergate::app
