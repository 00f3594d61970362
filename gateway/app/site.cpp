#include "gateway/app/site.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <string_view>
#include <utility>

#include "config/schema/settings_tables.hpp"
#include "gateway/app/edge_times.hpp"
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

southbound::ClockCare clock_care_of(schema::ClockCare care) {
    switch (care) {
        case schema::ClockCare::leave:
            return southbound::ClockCare::leave;
        case schema::ClockCare::watch:
            return southbound::ClockCare::watch;
        case schema::ClockCare::set:
            break;
    }
    return southbound::ClockCare::set;
}

Result<southbound::PanelDriver> make_driver(const schema::LineSettings& line,
                                            const schema::PanelSettings& panel,
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
    setup.clock_care = clock_care_of(panel.clock);
    const auto wire = wire_format_of(line);
    setup.character = wire ? wire->character() : std::chrono::nanoseconds{};
    for (std::size_t i = 0; i < panel.points.size(); ++i) {
        setup.points.push_back({numbers.points.at(i).number,
                                static_cast<std::uint32_t>(panel.points[i].slot),
                                transformers_of(panel.points[i]), panel.points[i].id});
    }
    setup.in_turn = southbound::other_quantities(*profile, setup.every_poll);
    return southbound::PanelDriver(std::move(setup), std::move(*profile));
}

/// Which register stands behind a point, and in what scale its values come.
std::string source_of(const southbound::Profile& profile, const schema::PointSettings& point) {
    const Ratio scale = multiplier_of(profile, point);
    return profile.name + " slot " + std::to_string(point.slot) + " x " +
           std::to_string(scale.numerator) + "/" + std::to_string(scale.denominator);
}

/// HOST:PORT of what a line connects to; empty on a serial port.
std::string endpoint_of(const schema::LineSettings& line) {
    if (line.modbus_tcp) {
        return line.modbus_tcp->host + ":" + std::to_string(line.modbus_tcp->port);
    }
    if (line.rtu_over_tcp) {
        return line.rtu_over_tcp->host + ":" + std::to_string(line.rtu_over_tcp->port);
    }
    return {};
}

/// Where a panel is asked. The name of a serial port says little: it changes with the adapter.
std::string place_of(const schema::LineSettings& line, const schema::PanelSettings& panel) {
    const std::string wire = endpoint_of(line);
    return line.id + " " + wire + " unit " + std::to_string(panel.address);
}

/// What is sealed or logged of one object of the settings, without the list of what stands below.
std::string parameters_of(const schema::Json& object) {
    schema::Json own = schema::Json::object();
    for (const auto& member : *object.as_object()) {
        if (member.key != "points") {
            own.set(member.key, member.value);
        }
    }
    return schema::write_compact(own);
}

/// Adds one panel to the plan of the recorder and to the directory.
class PanelAssembly {
  public:
    PanelAssembly(const schema::Settings& settings, const record::Numbering& numbering, Site& site)
        : settings_(&settings), numbering_(&numbering), site_(&site) {}

    /// `sealed` is the panel as the parameter hash sees it.
    Result<void> add(const schema::LineSettings& line, const schema::PanelSettings& panel,
                     const southbound::PanelDriver& driver, const schema::Json& sealed) {
        const auto& numbers = entry_of(*numbering_, panel.id);
        record::PanelPlan plan{.number = numbers.number,
                               .id = panel.id,
                               .poll_period = milliseconds{panel.poll_period_ms},
                               .remembers = driver.profile().interval_log.has_value(),
                               .points = {},
                               .place = place_of(line, panel),
                               .parameters = parameters_of(sealed)};
        const auto& sealed_points = *sealed.find("points")->as_array();
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
            plan.points.back().parameters = parameters_of(sealed_points.at(i));
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
                               .series = {},
                               .source = source_of(driver.profile(), point),
                               .parameters = {}};
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

/// Names of what the store knows and the settings do not.
void add_retired(const record::Numbering& all, record::Directory& directory) {
    for (const auto& panel : all.panels) {
        record::Directory::Panel retired{.number = panel.number,
                                         .id = panel.id,
                                         .line = {},
                                         .name = {},
                                         .profile = {},
                                         .points = {}};
        for (const auto& point : panel.points) {
            if (!directory.is_in_use(point.number)) {
                retired.points.emplace_back();
                retired.points.back().number = point.number;
                retired.points.back().id = point.id;
            }
        }
        if (!retired.points.empty() || directory.find_panel(panel.number) == nullptr) {
            directory.retired_panels.push_back(std::move(retired));
        }
    }
    for (const auto& [series, number] : all.series) {
        if (directory.find_series(number) == nullptr) {
            directory.retired_series.push_back({number, series, code_of(series)});
        }
    }
}

}  // namespace

std::optional<southbound::modbus::WireFormat> wire_format_of(const schema::LineSettings& line) {
    using southbound::modbus::WireFormat;
    if (line.rtu_over_tcp) {
        // Whatever parity the device server uses: a character is never longer.
        return WireFormat{static_cast<std::uint32_t>(line.rtu_over_tcp->baud), 11};
    }
    if (!line.rs485) {
        return std::nullopt;
    }
    const auto stop_bits = static_cast<std::uint32_t>(line.rs485->stop_bits);
    const std::uint32_t parity_bits = line.rs485->parity == schema::Parity::none ? 0 : 1;
    return WireFormat{static_cast<std::uint32_t>(line.rs485->baud),
                      1 + 8 + parity_bits + stop_bits};
}

southbound::modbus::RtuOptions rtu_options_of(const schema::LineSettings& line) {
    using southbound::modbus::RtuOptions;
    using southbound::modbus::WhenForeign;
    RtuOptions options = line.rtu_over_tcp ? RtuOptions::over_tcp() : RtuOptions{};
    const auto share_as = [&options](const auto& settings) {
        options.listen_max = milliseconds{settings.listen_max_ms};
        options.when_foreign = settings.foreign_master == schema::ForeignMaster::share
                                   ? WhenForeign::share
                                   : WhenForeign::wait;
    };
    if (line.rtu_over_tcp) {
        share_as(*line.rtu_over_tcp);
    } else if (line.rs485) {
        share_as(*line.rs485);
    }
    return options;
}

Transformers transformers_of(const schema::PointSettings& point) {
    return {.ct_primary_ma = point.ct_primary_a * 1000,
            .ct_secondary_ma = point.ct_secondary_ma,
            .turns = point.ct_turns,
            .pt_ratio = {point.pt_ratio_thousandths, 1000}};
}

Ratio multiplier_of(const southbound::Profile& profile, const schema::PointSettings& point) {
    const auto* energy = profile.find(Quantity::energy_delivered);
    return energy == nullptr ? Ratio{} : billing_multiplier(energy->side, transformers_of(point));
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
                           const record::Numbering& all, UtcTime clock_valid_from) {
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
    const schema::Json sealed =
        schema::settings_to_json(settings, {.defaults = true, .only_sealed_and_logged = true});
    for (std::size_t l = 0; l < settings.lines.size(); ++l) {
        const auto& line = settings.lines[l];
        const auto& sealed_panels = *sealed.find("lines")->as_array()->at(l).find("panels");
        LinePlan plan{line, {}};
        for (std::size_t p = 0; p < line.panels.size(); ++p) {
            const auto& panel = line.panels[p];
            auto driver = make_driver(line, panel, entry_of(numbering, panel.id));
            if (!driver) {
                return driver.error().within("line " + line.id);
            }
            const auto& sealed_panel = sealed_panels.as_array()->at(p);
            if (auto added = assembly.add(line, panel, *driver, sealed_panel); !added) {
                return added.error().within("line " + line.id);
            }
            plan.panels.push_back(std::move(*driver));
        }
        site.lines.push_back(std::move(plan));
    }
    for (LinePlan& line : site.lines) {
        line.edges = edge_times(site.plan);
    }
    add_retired(all, site.directory);
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
        auto driver = make_driver(line, panel, numbers);
        if (!driver) {
            return driver.error().within("line " + line.id);
        }
        plan.panels.push_back(std::move(*driver));
    }
    return plan;
}

}  // namespace metergate::app
