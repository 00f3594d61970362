#include "config/point_figures.hpp"

#include <algorithm>
#include <array>

#include "config/check_panel.hpp"
#include "gateway/model/wiring.hpp"

namespace metergate::config {
namespace {

using schema::PanelSettings;
using schema::PointSettings;

constexpr std::size_t column_count = 7;
using Row = std::array<std::string, column_count>;

std::string channels_text(const PointSettings& point) {
    std::string text;
    for (const std::int64_t channel : point.channels) {
        const auto number = static_cast<unsigned>(channel);
        const bool reversed =
            std::ranges::find(point.reversed_channels, channel) != point.reversed_channels.end();
        text += (text.empty() ? "" : " ") + std::to_string(cable_of(number)) + "." +
                std::to_string(pair_of(number)) + (reversed ? "-" : "");
    }
    return text;
}

std::string ct_text(const PointSettings& point) {
    std::string text = std::to_string(point.ct_primary_a) +
                       " A : " + std::to_string(point.ct_secondary_ma) + " mA";
    if (point.ct_turns > 1) text += ", " + std::to_string(point.ct_turns) + " turns";
    return text;
}

std::string multiplier_text(Ratio ratio) {
    const std::string numerator = std::to_string(ratio.numerator);
    return ratio.denominator == 1 ? numerator : numerator + "/" + std::to_string(ratio.denominator);
}

std::string kw_text(std::int64_t watts) {
    const std::string fraction = std::to_string(watts % 1'000 / 100);
    return std::to_string(watts / 1'000) + "." + fraction;
}

PointFigures figures_of(const PanelSettings& panel, const PointSettings& point, RegisterSide side) {
    PointFigures figures{.panel = panel.id,
                         .point = point.id,
                         .service = {},
                         .channels = channels_text(point),
                         .ct = ct_text(point),
                         .multiplier = billing_multiplier(side, transformers_of(point)),
                         .full_load_w = std::nullopt};
    if (point.service) {
        const auto elements = static_cast<std::int64_t>(phases_of(*point.service).size());
        figures.service = name_of(*point.service);
        figures.full_load_w = full_load_w(transformers_of(point), panel.nominal_mv, elements);
    }
    return figures;
}

Row row_of(const PointFigures& figures) {
    const auto or_dash = [](const std::string& text) { return text.empty() ? "-" : text; };
    return {figures.panel,
            figures.point,
            or_dash(figures.service),
            or_dash(figures.channels),
            figures.ct,
            multiplier_text(figures.multiplier),
            figures.full_load_w ? kw_text(*figures.full_load_w) : "-"};
}

}  // namespace

std::vector<PointFigures> point_figures(const schema::Settings& settings, const Facts& facts) {
    std::vector<PointFigures> all;
    for (const auto& line : settings.lines) {
        for (const PanelSettings& panel : line.panels) {
            const ProfileFacts* profile = facts.profile(panel.profile);
            if (profile == nullptr) continue;
            for (const PointSettings& point : panel.points) {
                all.push_back(figures_of(panel, point, profile->side));
            }
        }
    }
    return all;
}

std::string figures_table(const std::vector<PointFigures>& figures) {
    std::vector<Row> rows{
        {"panel", "point", "service", "channels", "CT", "multiplier", "full load kW"}};
    for (const PointFigures& point : figures)
        rows.push_back(row_of(point));
    std::array<std::size_t, column_count> widths{};
    for (const Row& row : rows) {
        for (std::size_t i = 0; i < column_count; ++i) {
            widths.at(i) = std::max(widths.at(i), row.at(i).size());
        }
    }
    constexpr std::size_t first_number = 5;  // numbers stand to the right
    std::string out;
    for (const Row& row : rows) {
        for (std::size_t i = 0; i < column_count; ++i) {
            const std::string padding(widths.at(i) - row.at(i).size(), ' ');
            const bool last = i + 1 == column_count;
            out += i >= first_number ? padding + row.at(i) : row.at(i) + padding;
            out += last ? "\n" : "  ";
        }
    }
    return out;
}

}  // namespace metergate::config
