#include "config/wiring_csv.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <map>
#include <optional>
#include <vector>

#include "config/findings.hpp"
#include "config/schema/csv.hpp"
#include "gateway/model/wiring.hpp"

namespace metergate::config {
namespace {

using schema::csv_row;
using schema::CsvRow;
using schema::PanelSettings;
using schema::PointSettings;
using schema::Problems;
using schema::read_csv;
using schema::without_apostrophe;

enum Column : std::size_t { suite, point, service, cable, pair, phase, polarity, ratio, breaker };
const std::vector<std::string>& column_names() {
    static const std::vector<std::string> names{"suite", "point",    "service", "cable",    "pair",
                                                "phase", "polarity", "ratio",   "breaker_a"};
    return names;
}

// ---- Printing
// ------------------------------------------------------------------------------------

/// Milliamperes in amperes: 80 -> 0.08.
std::string amperes_text(std::int64_t milliamperes) {
    std::string text = std::to_string(milliamperes / 1'000);
    std::string fraction = std::to_string(milliamperes % 1'000 + 1'000).substr(1);
    fraction.erase(fraction.find_last_not_of('0') + 1);
    return fraction.empty() ? text : text + "." + fraction;
}

std::string ratio_text(const PointSettings& of) {
    const std::string turns = of.ct_turns == 1 ? "" : "x" + std::to_string(of.ct_turns);
    return std::to_string(of.ct_primary_a) + ":" + amperes_text(of.ct_secondary_ma) + turns;
}

std::vector<std::string> cells_of(const PointSettings& of) {
    std::vector<std::string> cells(column_names().size());
    cells[suite] = of.suite;
    cells[point] = of.id;
    cells[service] = of.service ? name_of(*of.service) : "";
    cells[ratio] = ratio_text(of);
    cells[breaker] = of.breaker_a == 0 ? "" : std::to_string(of.breaker_a);
    return cells;
}

void append_rows(std::string& out, const PointSettings& of) {
    std::vector<std::string> cells = cells_of(of);
    if (of.channels.empty()) out += csv_row(cells);
    const std::vector<Phase> phases = of.service ? phases_of(*of.service) : std::vector<Phase>{};
    for (std::size_t i = 0; i < of.channels.size(); ++i) {
        const auto channel = static_cast<unsigned>(of.channels[i]);
        const auto& reversed = of.reversed_channels;
        const bool is_reversed = std::ranges::find(reversed, of.channels[i]) != reversed.end();
        cells[cable] = std::to_string(cable_of(channel));
        cells[pair] = std::to_string(pair_of(channel));
        cells[phase] = i < phases.size() ? name_of(phases[i]) : "";
        cells[polarity] = is_reversed ? "reversed" : "normal";
        out += csv_row(cells);
    }
}

// ---- Reading
// -------------------------------------------------------------------------------------

std::optional<std::int64_t> whole_number(std::string_view text) {
    std::int64_t value = 0;
    const char* const end = text.data() + text.size();
    const auto [stop, failure] = std::from_chars(text.data(), end, value);
    return failure == std::errc{} && stop == end ? std::optional(value) : std::nullopt;
}

/// "0.08" -> 80 mA; a comma serves as well as a point.
std::optional<std::int64_t> milliamperes(std::string_view text) {
    const std::size_t mark = text.find_first_of(".,");
    const auto amperes = whole_number(text.substr(0, mark));
    if (!amperes || *amperes < 0 || *amperes > 1'000'000) return std::nullopt;
    if (mark == std::string_view::npos) return *amperes * 1'000;
    std::string fraction(text.substr(mark + 1));
    const bool digits = std::ranges::all_of(fraction, [](char c) { return c >= '0' && c <= '9'; });
    if (fraction.empty() || fraction.size() > 3 || !digits) return std::nullopt;
    fraction.resize(3, '0');
    return *amperes * 1'000 + whole_number(fraction).value_or(0);
}

struct CtRatio {
    std::int64_t primary_a = 0;
    std::int64_t secondary_ma = 0;
    std::int64_t turns = 1;

    bool operator==(const CtRatio&) const = default;
};

/// "200:0.08", "400:5x2".
std::optional<CtRatio> ct_ratio(std::string_view text) {
    const std::size_t colon = text.find(':');
    if (colon == std::string_view::npos) return std::nullopt;
    std::string_view secondary = text.substr(colon + 1);
    std::optional<std::int64_t> turns = 1;
    if (const std::size_t mark = secondary.find('x'); mark != std::string_view::npos) {
        turns = whole_number(secondary.substr(mark + 1));
        secondary = secondary.substr(0, mark);
    }
    const auto primary_a = whole_number(text.substr(0, colon));
    const auto secondary_ma = milliamperes(secondary);
    const bool valid = primary_a && secondary_ma && turns && *primary_a >= 1 &&
                       *primary_a <= 10'000 && *secondary_ma >= 1 && *secondary_ma <= 10'000 &&
                       *turns >= 1 && *turns <= 100;
    if (!valid) return std::nullopt;
    return CtRatio{*primary_a, *secondary_ma, *turns};
}

/// Reads the rows one after the other into a copy of the panel.
class Importer {
  public:
    explicit Importer(const PanelSettings& panel) : panel_(panel) {}

    WiringImport run(const std::vector<CsvRow>& rows) {
        if (read_heading(rows)) {
            for (std::size_t i = 1; i < rows.size(); ++i)
                read_row(rows[i]);
            for (const auto& [id, line] : first_lines_)
                check_count(id, line);
        }
        return {std::move(panel_), std::move(problems_)};
    }

  private:
    void add(const CsvRow& row, const std::string& column, std::string text) {
        problems_.push_back(
            {"line " + std::to_string(row.line) + (column.empty() ? "" : ", " + column),
             std::move(text),
             {}});
    }

    bool read_heading(const std::vector<CsvRow>& rows) {
        const CsvRow heading = rows.empty() ? CsvRow{1, {}} : rows.front();
        if (heading.cells == column_names()) return true;
        std::string wanted;
        for (const std::string& name : column_names())
            wanted += (wanted.empty() ? "" : ",") + name;
        add(heading, "", "the first line must be: " + wanted);
        return false;
    }

    PointSettings* point_named(const CsvRow& row, const std::string& id) {
        const auto at = std::ranges::find(panel_.points, id, &PointSettings::id);
        if (at != panel_.points.end()) return &*at;
        std::vector<std::string> ids;
        for (const PointSettings& known : panel_.points)
            ids.push_back(known.id);
        add(row, column_names()[point],
            "panel " + panel_.id + " has no point " + quoted(id) + did_you_mean(id, ids));
        return nullptr;
    }

    void read_row(const CsvRow& row) {
        if (row.cells.size() != column_names().size()) {
            add(row, "",
                "has " + std::to_string(row.cells.size()) + " cells, not " +
                    std::to_string(column_names().size()));
            return;
        }
        PointSettings* of = point_named(row, row.cells[point]);
        if (of == nullptr) return;
        if (first_lines_.emplace(of->id, row.line).second) {
            of->channels.clear();
            of->reversed_channels.clear();
            read_point(row, *of);
        } else {
            check_same_point(row, *of);
        }
        read_channel(row, *of);
    }

    /// What is the same in every row of a point.
    void read_point(const CsvRow& row, PointSettings& of) {
        const std::string& service_name = row.cells[service];
        of.suite = without_apostrophe(row.cells[suite]);
        of.service = service_named(service_name);
        if (!of.service && !service_name.empty()) {
            add(row, column_names()[service], quoted(service_name) + " is no service");
        }
        if (const auto ct = ct_ratio(row.cells[ratio])) {
            of.ct_primary_a = ct->primary_a;
            of.ct_secondary_ma = ct->secondary_ma;
            of.ct_turns = ct->turns;
        } else {
            add(row, column_names()[ratio],
                quoted(row.cells[ratio]) + " is no CT ratio; write 200:0.08 or 400:5x2");
        }
        const std::string& amperes = row.cells[breaker];
        const auto breaker_a =
            amperes.empty() ? std::optional<std::int64_t>(0) : whole_number(amperes);
        if (breaker_a && *breaker_a >= 0 && *breaker_a <= 10'000) {
            of.breaker_a = *breaker_a;
        } else {
            add(row, column_names()[breaker], quoted(amperes) + " is outside 0..10000");
        }
        first_cells_[of.id] = row.cells;
    }

    void check_same_point(const CsvRow& row, const PointSettings& of) {
        const auto& first = first_cells_.at(of.id);
        for (const Column column : {suite, service, ratio, breaker}) {
            if (row.cells[column] != first[column]) {
                add(row, column_names()[column],
                    quoted(row.cells[column]) + " differs from " + quoted(first[column]) +
                        " of the same point in line " + std::to_string(first_lines_.at(of.id)));
            }
        }
    }

    std::optional<unsigned> number_in(const CsvRow& row, Column column, unsigned max) {
        const auto number = whole_number(row.cells[column]);
        if (number && *number >= 1 && *number <= max) return static_cast<unsigned>(*number);
        add(row, column_names()[column],
            quoted(row.cells[column]) + " is outside 1.." + std::to_string(max));
        return std::nullopt;
    }

    void read_channel(const CsvRow& row, PointSettings& of) {
        if (row.cells[cable].empty() && row.cells[pair].empty())
            return;  // a point without channels
        const auto cable_number = number_in(row, cable, channels_max / channels_per_cable);
        const auto pair_number = number_in(row, pair, channels_per_cable);
        if (!cable_number || !pair_number) return;
        const unsigned channel = channel_at(*cable_number, *pair_number);
        check_phase(row, of);
        of.channels.push_back(channel);
        if (row.cells[polarity] == "reversed") {
            of.reversed_channels.push_back(channel);
        } else if (row.cells[polarity] != "normal") {
            add(row, column_names()[polarity],
                quoted(row.cells[polarity]) + " is none of normal, reversed");
        }
    }

    /// The phase follows from the service; the sheet must agree, or one of the two is wrong.
    void check_phase(const CsvRow& row, const PointSettings& of) {
        if (!of.service) return;
        const std::vector<Phase> phases = phases_of(*of.service);
        const std::size_t index = of.channels.size();
        if (index >= phases.size() || phase_named(row.cells[phase]) == phases[index]) return;
        add(row, column_names()[phase],
            quoted(row.cells[phase]) + " should be " + std::string(name_of(phases[index])) +
                ": service " + std::string(name_of(*of.service)));
    }

    void check_count(const Id& id, std::size_t line) {
        const auto of = std::ranges::find(panel_.points, id, &PointSettings::id);
        const std::string path = "line " + std::to_string(line);
        if (of->channels.empty()) return;
        if (!of->service) {
            const bool told = std::ranges::any_of(problems_, [&](const schema::Problem& problem) {
                return problem.path == path + ", service";
            });
            if (!told) problems_.push_back({path + ", service", "is needed with channels", {}});
            return;
        }
        const std::size_t needed = phases_of(*of->service).size();
        if (of->channels.size() == needed) return;
        problems_.push_back({path,
                             "point " + id + ": service " + std::string(name_of(*of->service)) +
                                 " needs " + std::to_string(needed) + " rows, here are " +
                                 std::to_string(of->channels.size()),
                             {}});
    }

    PanelSettings panel_;
    Problems problems_;
    std::map<Id, std::size_t> first_lines_;
    std::map<Id, std::vector<std::string>> first_cells_;
};

}  // namespace

std::string wiring_to_csv(const PanelSettings& panel) {
    std::string out = csv_row(column_names());
    for (const PointSettings& of : panel.points)
        append_rows(out, of);
    return out;
}

WiringImport wiring_from_csv(std::string_view text, const PanelSettings& panel) {
    constexpr std::size_t size_max = 1024UL * 1024;
    const auto refused = [&](std::string why) {
        return WiringImport{panel, {{"", std::move(why), {}}}};
    };
    if (text.size() > size_max) {
        return refused("the sheet has more than " + std::to_string(size_max) + " bytes");
    }
    const auto rows = read_csv(text);
    return rows ? Importer(panel).run(*rows) : refused(rows.error().text);
}

}  // namespace metergate::config
