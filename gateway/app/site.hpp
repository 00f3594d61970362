#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "config/schema/settings.hpp"
#include "gateway/model/result.hpp"
#include "gateway/record/directory.hpp"
#include "gateway/record/plan.hpp"
#include "gateway/record/store.hpp"
#include "southbound/edge_train.hpp"
#include "southbound/modbus/rtu_line.hpp"
#include "southbound/panel_driver.hpp"

/// What checked settings mean to the parts of the program. Pure: no file, no wire, no time.
namespace metergate::app {

/// No clock that shows an earlier time can be right: the program did not exist.
inline constexpr UtcTime program_written = utc_from_ms(1'767'225'600'000);  // 2026-01-01

/// The panels of one line, ready to be polled; in the order of the settings.
struct LinePlan {
    schema::LineSettings settings;
    std::vector<southbound::PanelDriver> panels;
    southbound::EdgeClock edges{};  ///< where the intervals end that are recorded; empty = none are
};

struct Site {
    record::RecordPlan plan;
    record::Directory directory;
    std::vector<LinePlan> lines;
};

/// Everything that needs a permanent number from the store.
[[nodiscard]] Result<record::NumberingRequest> numbering_request(const schema::Settings& settings);

/// `all` is every number ever given out, so that what the settings name no more keeps its names.
/// Errors: not_found (a profile), invalid (a series code): both are found by `check` before.
[[nodiscard]] Result<Site> assemble_site(const schema::Settings& settings,
                                         const record::Numbering& numbering,
                                         const record::Numbering& all, UtcTime clock_valid_from);

/// The panels of one line without a store, for reading them from the command line: panels and
/// points are numbered in the order of the settings.
[[nodiscard]] Result<LinePlan> assemble_line(const schema::LineSettings& line);

/// How long characters take on a serial line, also on one behind a device server; nothing on a
/// network.
[[nodiscard]] std::optional<southbound::modbus::WireFormat> wire_format_of(
    const schema::LineSettings& line);

/// How a serial line is to be driven, also one behind a device server.
[[nodiscard]] southbound::modbus::RtuOptions rtu_options_of(const schema::LineSettings& line);

/// CTs and PTs of a point as its settings say.
[[nodiscard]] Transformers transformers_of(const schema::PointSettings& point);
/// What the energy register of a point is multiplied by; 1 if its profile has none.
[[nodiscard]] Ratio multiplier_of(const southbound::Profile& profile,
                                  const schema::PointSettings& point);

}  // namespace metergate::app
