#include "storage/numbering.hpp"

#include <fmt/format.h>

namespace metergate::storage {
namespace {

class Numberer {
  public:
    explicit Numberer(Database& database)
        : find_panel_(database.prepare("SELECT number FROM panel WHERE id = ?")),
          add_panel_(database.prepare("INSERT INTO panel SELECT max(number) + 1, ? FROM panel "
                                      "RETURNING number")),
          find_point_(database.prepare("SELECT number FROM point WHERE id = ?")),
          newest_point_(database.prepare("SELECT max(number) FROM point WHERE panel = ?")),
          add_point_(database.prepare("INSERT INTO point VALUES(?, ?, ?)")),
          panel_id_(database.prepare("SELECT id FROM panel WHERE number = ?")),
          find_series_(database.prepare("SELECT number FROM series WHERE quantity = ? AND rate = ? "
                                        "AND length_s = ? AND time_base = ? AND source = ?")),
          add_series_(database.prepare("INSERT INTO series(quantity, rate, length_s, time_base, "
                                       "source) VALUES(?, ?, ?, ?, ?) RETURNING number")) {}

    PanelNumber panel(const Id& id) {
        auto number = find_panel_.with(id).number();
        if (!number) {
            number = add_panel_.with(id).number();
        }
        return PanelNumber{static_cast<std::uint32_t>(number.value_or(0))};
    }

    Result<PointNumber> point(const Id& id, PanelNumber panel, const Id& panel_id) {
        if (const auto known = find_point_.with(id).number()) {
            const PointNumber number{static_cast<std::uint32_t>(*known)};
            if (panel_of(number) != panel) {
                return Error{Fault::invalid,
                             fmt::format("point {} belongs to panel {} in the store, but the "
                                         "settings have it under panel {}: an id is never used "
                                         "again, give the point a new id",
                                         id, id_of(panel_of(number)), panel_id)};
            }
            return number;
        }
        const std::optional<std::int64_t> newest = newest_point_.with(raw(panel)).number();
        const auto index =
            newest ? index_in_panel(PointNumber{static_cast<std::uint32_t>(*newest)}) + 1 : 0;
        if (index >= points_per_panel_max) {
            return Error{Fault::invalid,
                         fmt::format("point {}: panel {} has used all its {} point numbers", id,
                                     panel_id, points_per_panel_max)};
        }
        const PointNumber number = point_number(panel, index);
        add_point_.with(raw(number), id, raw(panel)).run();
        return number;
    }

    SeriesNumber series(const Series& series) {
        const auto bind = [&series](Statement& statement) -> Statement& {
            return statement.with(raw(series.quantity), series.rate, series.length.count(),
                                  raw(series.time_base), raw(series.source));
        };
        auto number = bind(find_series_).number();
        if (!number) {
            number = bind(add_series_).number();
        }
        return SeriesNumber{static_cast<std::uint32_t>(number.value_or(0))};
    }

  private:
    Id id_of(PanelNumber panel) {
        Id id;
        if (panel_id_.with(raw(panel)).next()) {
            id = panel_id_.text(0);
            panel_id_.reset();
        }
        return id;
    }

    Statement find_panel_;
    Statement add_panel_;
    Statement find_point_;
    Statement newest_point_;
    Statement add_point_;
    Statement panel_id_;
    Statement find_series_;
    Statement add_series_;
};

}  // namespace

Result<record::Numbering> give_numbers(Database& database,
                                       const record::NumberingRequest& request) {
    Transaction transaction(database, Transaction::Kind::write, "give numbers");
    Numberer numberer(database);
    record::Numbering numbering;
    for (const auto& asked : request.panels) {
        record::Numbering::PanelEntry panel{asked.id, numberer.panel(asked.id), {}};
        for (const Id& id : asked.points) {
            const Result<PointNumber> number = numberer.point(id, panel.number, asked.id);
            if (!number) {
                return number.error();
            }
            panel.points.push_back({id, *number});
        }
        numbering.panels.push_back(std::move(panel));
    }
    for (const Series& series : request.series) {
        numbering.series.emplace_back(series, numberer.series(series));
    }
    if (const Result<void> done = transaction.commit(); !done) {
        return done.error();
    }
    return numbering;
}

Result<record::Numbering> read_numbers(Database& database) {
    Transaction transaction(database, Transaction::Kind::read, "read numbers");
    record::Numbering numbering;
    Statement panels = database.prepare("SELECT number, id FROM panel WHERE number > 0 ORDER BY 1");
    while (panels.next()) {
        numbering.panels.push_back(
            {panels.text(1), PanelNumber{static_cast<std::uint32_t>(panels.integer(0))}, {}});
    }
    Statement points = database.prepare("SELECT number, id FROM point WHERE panel = ? ORDER BY 1");
    for (auto& panel : numbering.panels) {
        points.with(raw(panel.number));
        while (points.next()) {
            panel.points.push_back(
                {points.text(1), PointNumber{static_cast<std::uint32_t>(points.integer(0))}});
        }
        points.reset();
    }
    Statement series = database.prepare(
        "SELECT number, quantity, rate, length_s, time_base, source FROM series ORDER BY 1");
    while (series.next()) {
        const Series one{.quantity = static_cast<Quantity>(series.integer(1)),
                         .rate = static_cast<std::uint8_t>(series.integer(2)),
                         .length = std::chrono::seconds{series.integer(3)},
                         .time_base = static_cast<TimeBase>(series.integer(4)),
                         .source = static_cast<BillingSource>(series.integer(5))};
        numbering.series.emplace_back(one,
                                      SeriesNumber{static_cast<std::uint32_t>(series.integer(0))});
    }
    if (const Result<void> done = transaction.commit(); !done) {
        return done.error();
    }
    return numbering;
}

}  // namespace metergate::storage
