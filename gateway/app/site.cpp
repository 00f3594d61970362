#include "gateway/app/site.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <string_view>
#include <utility>

#include "southbound/profile.hpp"

namespace metergate::app {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

/// A point whose wiring is not stated may be a three-phase meter.
constexpr std::int64_t elements_if_unknown = 3;

Result<std::vector<Series>> series_of(const schema::PointSettings& point,
                                      const schema::RecordingSettings& recording) {
    std::vector<Series> all;
    for (const std::string& code : point.series.empty() ? recording.series : point.series) {
        auto series = series_from_code(code);
        if (!series) {
            return series.error().within("point " + point.id);
        }
        all.push_back(*series);
    }
    return all;
}

std::vector<Element> elements_of(const schema::PointSettings& point) {
    std::vector<Element> elements;
    if (!point.service) {
        return elements;
    }
    const auto phases = phases_of(*point.service);
    for (std::size_t i = 0; i < phases.size() && i < point.channels.size(); ++i) {
        const auto channel = point.channels[i];
        const auto& reversed = point.reversed_channels;
        elements.push_back(
            {static_cast<std::uint8_t>(channel), phases[i],
             std::find(reversed.begin(), reversed.end(), channel) != reversed.end()});
    }
    return elements;
}

std::int64_t full_load_of(const schema::PointSettings& point, std::int64_t element_mv) {
    const std::int64_t elements = point.service
                                      ? static_cast<std::int64_t>(phases_of(*point.service).size())
                                      : elements_if_unknown;
    return full_load_w(transformers_of(point), element_mv, elements);
}

std::string_view name_of(schema::PointRole role) {
    constexpr std::array<std::string_view, 4> names{"tenant", "common", "bulk", "check"};
    return names.at(static_cast<std::size_t>(role));
}

const record::Numbering::PanelEntry& entry_of(const record::Numbering& numbering, const Id& panel) {
    return *std::find_if(numbering.panels.begin(), numbering.panels.end(),
                         [&](const auto& entry) { return entry.id == panel; });
}

SeriesNumber number_of(const record::Numbering& numbering, const Series& series) {
    return std::find_if(numbering.series.begin(), numbering.series.end(),
                        [&](const auto& entry) { return entry.first == series; })
        ->second;
}

Result<southbound::PanelDriver> make_driver(const schema::PanelSettings& panel,
                                            const record::Numbering::PanelEntry& numbers) {
    auto profile = southbound::profile_named(panel.profile);
    if (!profile) {
        return profile.error().within("panel " + panel.id);
    }
    southbound::PanelSetup setup;
    setup.number = numbers.number;
    setup.id = panel.id;
    setup.unit = static_cast<std::uint8_t>(panel.address);
    setup.expected_serial = panel.serial;
    setup.poll_period = milliseconds{panel.poll_period_ms};
    for (std::size_t i = 0; i < panel.points.size(); ++i) {
        setup.points.push_back({numbers.points.at(i).number,
                                static_cast<std::uint32_t>(panel.points[i].slot),
                                transformers_of(panel.points[i])});
    }
    setup.in_turn = southbound::other_quantities(*profile, setup.every_poll);
    return southbound::PanelDriver(std::move(setup), std::move(*profile));
}

/// Adds one panel to the plan of the recorder and to the directory.
class PanelAssembly {
  public:
    PanelAssembly(const schema::Settings& settings, const record::Numbering& numbering, Site& site)
        : settings_(&settings), numbering_(&numbering), site_(&site) {}

    Result<void> add(const schema::LineSettings& line, const schema::PanelSettings& panel,
                     const southbound::PanelDriver& driver) {
        const auto& numbers = entry_of(*numbering_, panel.id);
        record::PanelPlan plan{.number = numbers.number,
                               .id = panel.id,
                               .poll_period = milliseconds{panel.poll_period_ms},
                               .points = {}};
        record::Directory::Panel entry{.number = numbers.number,
                                       .id = panel.id,
                                       .line = line.id,
                                       .name = panel.name,
                                       .profile = panel.profile,
                                       .points = {}};
        for (std::size_t i = 0; i < panel.points.size(); ++i) {
            const auto& point = panel.points[i];
            auto series = series_of(point, settings_->recording);
            if (!series) {
                return series.error();
            }
            const PointNumber number = numbers.points.at(i).number;
            plan.points.push_back(point_plan(panel, point, number, *series, driver));
            entry.points.push_back(directory_point(point, number, *series));
        }
        site_->plan.panels.push_back(std::move(plan));
        site_->directory.panels.push_back(std::move(entry));
        return {};
    }

  private:
    [[nodiscard]] record::PointPlan point_plan(const schema::PanelSettings& panel,
                                               const schema::PointSettings& point,
                                               PointNumber number,
                                               const std::vector<Series>& series,
                                               const southbound::PanelDriver& driver) const {
        record::PointPlan plan{.number = number,
                               .id = point.id,
                               .power_max_w = full_load_of(point, panel.nominal_mv),
                               .moduli = {},
                               .series = {}};
        const auto slot = static_cast<std::uint32_t>(point.slot);
        for (const Series& one : series) {
            plan.series.emplace_back(one, number_of(*numbering_, one));
            if (const auto modulus = driver.register_modulus(one.quantity, slot)) {
                plan.moduli.emplace_back(one.quantity, *modulus);
            }
        }
        return plan;
    }

    [[nodiscard]] record::Directory::Point directory_point(
        const schema::PointSettings& point, PointNumber number,
        const std::vector<Series>& series) const {
        record::Directory::Point entry{.number = number,
                                       .id = point.id,
                                       .name = point.name,
                                       .role = std::string(name_of(point.role)),
                                       .fed_from = point.fed_from,
                                       .suite = point.suite,
                                       .elements = elements_of(point),
                                       .series = {}};
        for (const Series& one : series) {
            entry.series.push_back(number_of(*numbering_, one));
        }
        return entry;
    }

    const schema::Settings* settings_;
    const record::Numbering* numbering_;
    Site* site_;
};

}  // namespace

Transformers transformers_of(const schema::PointSettings& point) {
    return {.ct_primary_ma = point.ct_primary_a * 1000,
            .ct_secondary_ma = point.ct_secondary_ma,
            .turns = point.ct_turns,
            .pt_ratio = {point.pt_ratio_thousandths, 1000}};
}

Result<record::NumberingRequest> numbering_request(const schema::Settings& settings) {
    record::NumberingRequest request;
    for (const auto& line : settings.lines) {
        for (const auto& panel : line.panels) {
            record::NumberingRequest::Panel asked{panel.id, {}};
            for (const auto& point : panel.points) {
                asked.points.push_back(point.id);
                auto series = series_of(point, settings.recording);
                if (!series) {
                    return series.error();
                }
                for (const Series& one : *series) {
                    auto& known = request.series;
                    if (std::find(known.begin(), known.end(), one) == known.end()) {
                        known.push_back(one);
                    }
                }
            }
            request.panels.push_back(std::move(asked));
        }
    }
    return request;
}

Result<Site> assemble_site(const schema::Settings& settings, const record::Numbering& numbering,
                           UtcTime clock_valid_from) {
    Site site;
    site.plan.zone = settings.gateway.zone;
    site.plan.close_wait = seconds{settings.recording.close_wait_s};
    site.plan.commit_wait = seconds{settings.recording.commit_wait_s};
    site.plan.laboratory = settings.gateway.laboratory;
    site.plan.clock_valid_from = clock_valid_from;
    site.directory.gateway = settings.gateway.id;
    site.directory.gateway_name = settings.gateway.name;
    site.directory.zone = settings.gateway.zone;
    for (const auto& [series, number] : numbering.series) {
        site.directory.series.push_back({number, series, code_of(series)});
    }
    PanelAssembly assembly(settings, numbering, site);
    for (const auto& line : settings.lines) {
        LinePlan plan{line, {}};
        for (const auto& panel : line.panels) {
            auto driver = make_driver(panel, entry_of(numbering, panel.id));
            if (!driver) {
                return driver.error().within("line " + line.id);
            }
            if (auto added = assembly.add(line, panel, *driver); !added) {
                return added.error().within("line " + line.id);
            }
            plan.panels.push_back(std::move(*driver));
        }
        site.lines.push_back(std::move(plan));
    }
    return site;
}

Result<LinePlan> assemble_line(const schema::LineSettings& line) {
    LinePlan plan{line, {}};
    for (std::uint32_t i = 0; i < line.panels.size(); ++i) {
        const auto& panel = line.panels[i];
        record::Numbering::PanelEntry numbers{panel.id, PanelNumber{i + 1}, {}};
        for (std::uint32_t p = 0; p < panel.points.size(); ++p) {
            numbers.points.push_back({panel.points[p].id, point_number(numbers.number, p)});
        }
        auto driver = make_driver(panel, numbers);
        if (!driver) {
            return driver.error().within("line " + line.id);
        }
        plan.panels.push_back(std::move(*driver));
    }
    return plan;
}

}  // namespace metergate::app
